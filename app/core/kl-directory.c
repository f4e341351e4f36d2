/* SPDX-License-Identifier: GPL-3.0-or-later
 * "Find groups": one search at a time; a newer query throws the older one away. */
#include "app/core/kl-directory.h"
#include "app/core/kl-rest.h"
#include "app/core/kl-session-private.h"
#include "protocol/kl-id.h"

#include <string.h>

enum
{
  QUERY_DELAY_MS = 250,
};

struct _KlDirectory
{
  GObject parent_instance;

  GWeakRef session;
  GPtrArray *groups;         /* owned KlGroup */
  GCancellable *cancellable; /* of the search under way, or NULL */
  char *query;
  char *error;
  char *next;
  guint delay_source;
  gboolean fresh; /* the answer replaces what is there */
};

typedef enum
{
  PROP_QUERY = 1,
  PROP_LOADING,
  PROP_MORE,
  PROP_ERROR,
} Prop;

static GParamSpec *props[PROP_ERROR + 1];

static void
kl_directory_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (KlDirectory, kl_directory, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, kl_directory_model_init))

static GType
kl_directory_get_item_type (GListModel *model)
{
  return KL_TYPE_GROUP;
}

static guint
kl_directory_get_n_items (GListModel *model)
{
  return KL_DIRECTORY (model)->groups->len;
}

static gpointer
kl_directory_get_item (GListModel *model, guint position)
{
  KlDirectory *self = KL_DIRECTORY (model);

  return position < self->groups->len ? g_object_ref (g_ptr_array_index (self->groups, position)) : NULL;
}

static void
kl_directory_model_init (GListModelInterface *iface)
{
  iface->get_item_type = kl_directory_get_item_type;
  iface->get_n_items = kl_directory_get_n_items;
  iface->get_item = kl_directory_get_item;
}

/* ── Searching ── */

static void
set_cancellable (KlDirectory *self, GCancellable *cancellable)
{
  gboolean was = self->cancellable != NULL;

  if (was)
    g_cancellable_cancel (self->cancellable);
  g_set_object (&self->cancellable, cancellable);
  if (was != (cancellable != NULL))
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_LOADING]);
}

static void
set_error (KlDirectory *self, const char *error)
{
  if (g_set_str (&self->error, error))
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ERROR]);
}

static KlGroup *
read_group (KlSession *session, yyjson_val *object)
{
  const char *id = yyjson_get_str (yyjson_obj_get (object, "id"));
  KlTrack *track = kl_session_track (session, id);
  KlWireGroup more;

  if (track != NULL)
    return g_object_ref (track->group);
  if (id == NULL || !kl_id_is_valid (id))
    return NULL;
  g_autoptr (KlGroup) group = kl_group_new (id);
  return kl_wire_update_group (group, object, session->people, &more) ? g_steal_pointer (&group) : NULL;
}

static void
take_page (KlDirectory *self, KlSession *session, yyjson_val *answer)
{
  guint removed = self->fresh ? self->groups->len : 0, before;
  yyjson_val *object;
  size_t i, n;

  if (self->fresh)
    g_ptr_array_set_size (self->groups, 0);
  self->fresh = FALSE;
  before = self->groups->len;
  yyjson_arr_foreach (yyjson_obj_get (answer, "groups"), i, n, object)
    {
      KlGroup *group = read_group (session, object);
      if (group != NULL)
        g_ptr_array_add (self->groups, group);
    }
  g_set_str (&self->next, yyjson_get_str (yyjson_obj_get (answer, "next")));
  g_list_model_items_changed (G_LIST_MODEL (self), before, removed, self->groups->len - before);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_MORE]);
}

static void
on_page (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KlDirectory) self = user_data;
  g_autoptr (KlSession) session = g_weak_ref_get (&self->session);
  g_autoptr (KlJson) answer = NULL;
  g_autoptr (GError) error = NULL;

  if (!kl_rest_call_finish (result, &answer, &error))
    {
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
      set_error (self, error->message);
    }
  else if (g_cancellable_is_cancelled (g_task_get_cancellable (G_TASK (result))))
    return;
  else if (session != NULL && answer != NULL)
    {
      set_error (self, NULL);
      take_page (self, session, kl_json_get_root (answer));
    }
  set_cancellable (self, NULL);
}

static void
ask (KlDirectory *self, const char *after)
{
  g_autoptr (KlSession) session = g_weak_ref_get (&self->session);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GString) path = g_string_new ("/api/v1/groups?limit=50");

  if (session == NULL || !kl_session_is_alive (session))
    return;
  if (self->query != NULL && self->query[0] != '\0')
    {
      g_string_append (path, "&query=");
      g_string_append_uri_escaped (path, self->query, NULL, FALSE);
    }
  if (after != NULL)
    {
      g_string_append (path, "&after=");
      g_string_append_uri_escaped (path, after, NULL, FALSE);
    }
  self->fresh = after == NULL;
  set_cancellable (self, cancellable);
  kl_rest_call_async (session->soup, kl_account_get_url (session->account), kl_account_get_token (session->account),
                      "GET", path->str, NULL, cancellable, on_page, g_object_ref (self));
}

static gboolean
on_delay_over (gpointer user_data)
{
  KlDirectory *self = user_data;

  self->delay_source = 0;
  ask (self, NULL);
  return G_SOURCE_REMOVE;
}

void
kl_directory_set_query (KlDirectory *self, const char *query)
{
  g_return_if_fail (KL_IS_DIRECTORY (self));

  if (!g_set_str (&self->query, query))
    return;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_QUERY]);
  g_clear_handle_id (&self->delay_source, g_source_remove);
  self->delay_source = g_timeout_add (QUERY_DELAY_MS, on_delay_over, self);
}

void
kl_directory_refresh (KlDirectory *self)
{
  g_return_if_fail (KL_IS_DIRECTORY (self));

  g_clear_handle_id (&self->delay_source, g_source_remove);
  ask (self, NULL);
}

void
kl_directory_load_more (KlDirectory *self)
{
  g_return_if_fail (KL_IS_DIRECTORY (self));

  if (self->cancellable == NULL && self->next != NULL)
    ask (self, self->next);
}

/* ── Object ── */

static void
kl_directory_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KlDirectory *self = KL_DIRECTORY (object);

  switch ((Prop) id)
    {
    case PROP_QUERY:
      g_value_set_string (value, kl_directory_get_query (self));
      break;
    case PROP_LOADING:
      g_value_set_boolean (value, self->cancellable != NULL);
      break;
    case PROP_MORE:
      g_value_set_boolean (value, self->next != NULL);
      break;
    case PROP_ERROR:
      g_value_set_string (value, self->error);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_directory_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  switch ((Prop) id)
    {
    case PROP_QUERY:
      kl_directory_set_query (KL_DIRECTORY (object), g_value_get_string (value));
      break;
    case PROP_LOADING:
    case PROP_MORE:
    case PROP_ERROR:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_directory_dispose (GObject *object)
{
  KlDirectory *self = KL_DIRECTORY (object);

  g_clear_handle_id (&self->delay_source, g_source_remove);
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  G_OBJECT_CLASS (kl_directory_parent_class)->dispose (object);
}

static void
kl_directory_finalize (GObject *object)
{
  KlDirectory *self = KL_DIRECTORY (object);

  g_weak_ref_clear (&self->session);
  g_ptr_array_unref (self->groups);
  g_free (self->query);
  g_free (self->error);
  g_free (self->next);
  G_OBJECT_CLASS (kl_directory_parent_class)->finalize (object);
}

static void
kl_directory_class_init (KlDirectoryClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags ro = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = kl_directory_get_property;
  object_class->set_property = kl_directory_set_property;
  object_class->dispose = kl_directory_dispose;
  object_class->finalize = kl_directory_finalize;

  props[PROP_QUERY] = g_param_spec_string ("query", NULL, NULL, "",
                                           G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  props[PROP_LOADING] = g_param_spec_boolean ("loading", NULL, NULL, FALSE, ro);
  props[PROP_MORE] = g_param_spec_boolean ("more", NULL, NULL, FALSE, ro);
  props[PROP_ERROR] = g_param_spec_string ("error", NULL, NULL, NULL, ro);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
kl_directory_init (KlDirectory *self)
{
  g_weak_ref_init (&self->session, NULL);
  self->groups = g_ptr_array_new_with_free_func (g_object_unref);
}

KlDirectory *
kl_directory_new (KlSession *session)
{
  g_return_val_if_fail (KL_IS_SESSION (session), NULL);

  KlDirectory *self = g_object_new (KL_TYPE_DIRECTORY, NULL);
  g_weak_ref_set (&self->session, session);
  ask (self, NULL);
  return self;
}

const char *
kl_directory_get_query (KlDirectory *self)
{
  g_return_val_if_fail (KL_IS_DIRECTORY (self), NULL);
  return self->query != NULL ? self->query : "";
}

gboolean
kl_directory_get_loading (KlDirectory *self)
{
  g_return_val_if_fail (KL_IS_DIRECTORY (self), FALSE);
  return self->cancellable != NULL;
}

gboolean
kl_directory_get_more (KlDirectory *self)
{
  g_return_val_if_fail (KL_IS_DIRECTORY (self), FALSE);
  return self->next != NULL;
}

const char *
kl_directory_get_error (KlDirectory *self)
{
  g_return_val_if_fail (KL_IS_DIRECTORY (self), NULL);
  return self->error;
}
