/* SPDX-License-Identifier: GPL-3.0-or-later
 * A person: plain properties, and what follows from them (initials, hue). */
#include "app/core/kl-user.h"
#include "app/core/kl-core-enums.h"
#include "protocol/kl-text.h"

#include <string.h>

struct _KlUser
{
  GObject parent_instance;

  char *id;
  char *name;
  char *address;
  char *display_name;
  char *initials;
  char *status_text;
  gint64 last_seen;
  KlUserStatus status;
  guint hue;
  gboolean deleted;
  gboolean server_admin;
  gboolean twin;
};

typedef enum
{
  PROP_ID = 1,
  PROP_NAME,
  PROP_ADDRESS,
  PROP_DISPLAY_NAME,
  PROP_INITIALS,
  PROP_HUE,
  PROP_STATUS,
  PROP_STATUS_TEXT,
  PROP_LAST_SEEN,
  PROP_DELETED,
  PROP_TWIN,
  PROP_SERVER_ADMIN,
} Prop;

static GParamSpec *props[PROP_SERVER_ADMIN + 1];

G_DEFINE_FINAL_TYPE (KlUser, kl_user, G_TYPE_OBJECT)

guint
kl_hue_for_id (const char *id)
{
  guint32 hash = 2166136261u;

  for (const guchar *p = (const guchar *) id; *p != '\0'; p++)
    hash = (guint32) (((guint64) (hash ^ *p) * 16777619u) & G_MAXUINT32);
  return hash % 8;
}

static void
append_cluster (GString *to, const char *word)
{
  g_string_append_len (to, word, kl_text_next_cluster (word, word + strlen (word)) - word);
}

/* The first cluster of the first word and of the last one. */
static char *
make_initials (const char *text)
{
  g_auto (GStrv) words = g_strsplit_set (text, " \t\n", -1);
  g_autoptr (GString) initials = g_string_new (NULL);
  const char *first = NULL, *last = NULL;

  for (guint i = 0; words[i] != NULL; i++)
    {
      if (words[i][0] == '\0')
        continue;
      if (first == NULL)
        first = words[i];
      else
        last = words[i];
    }
  if (first != NULL)
    append_cluster (initials, first);
  if (last != NULL)
    append_cluster (initials, last);
  return g_utf8_strup (initials->str, -1);
}

static void
update_initials (KlUser *self)
{
  g_autofree char *initials = make_initials (kl_user_get_display_name (self));

  if (g_set_str (&self->initials, initials))
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_INITIALS]);
}

static void
set_string (KlUser *self, char **field, const GValue *value, GParamSpec *pspec)
{
  if (g_set_str (field, g_value_get_string (value)))
    g_object_notify_by_pspec (G_OBJECT (self), pspec);
}

static void
kl_user_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KlUser *self = KL_USER (object);

  switch ((Prop) id)
    {
    case PROP_ID:
      g_value_set_string (value, self->id);
      break;
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_ADDRESS:
      g_value_set_string (value, self->address);
      break;
    case PROP_DISPLAY_NAME:
      g_value_set_string (value, kl_user_get_display_name (self));
      break;
    case PROP_INITIALS:
      g_value_set_string (value, kl_user_get_initials (self));
      break;
    case PROP_HUE:
      g_value_set_uint (value, self->hue);
      break;
    case PROP_STATUS:
      g_value_set_enum (value, (int) self->status);
      break;
    case PROP_STATUS_TEXT:
      g_value_set_string (value, self->status_text);
      break;
    case PROP_LAST_SEEN:
      g_value_set_int64 (value, self->last_seen);
      break;
    case PROP_DELETED:
      g_value_set_boolean (value, self->deleted);
      break;
    case PROP_TWIN:
      g_value_set_boolean (value, self->twin);
      break;
    case PROP_SERVER_ADMIN:
      g_value_set_boolean (value, self->server_admin);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_user_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  KlUser *self = KL_USER (object);

  switch ((Prop) id)
    {
    case PROP_ID:
      self->id = g_value_dup_string (value);
      self->hue = kl_hue_for_id (self->id != NULL ? self->id : "");
      break;
    case PROP_NAME:
      set_string (self, &self->name, value, pspec);
      update_initials (self);
      break;
    case PROP_ADDRESS:
      set_string (self, &self->address, value, pspec);
      break;
    case PROP_DISPLAY_NAME:
      set_string (self, &self->display_name, value, pspec);
      update_initials (self);
      break;
    case PROP_STATUS:
      if (self->status == (KlUserStatus) g_value_get_enum (value))
        return;
      self->status = (KlUserStatus) g_value_get_enum (value);
      g_object_notify_by_pspec (object, pspec);
      break;
    case PROP_STATUS_TEXT:
      set_string (self, &self->status_text, value, pspec);
      break;
    case PROP_LAST_SEEN:
      if (self->last_seen == g_value_get_int64 (value))
        return;
      self->last_seen = g_value_get_int64 (value);
      g_object_notify_by_pspec (object, pspec);
      break;
    case PROP_DELETED:
      if (self->deleted == g_value_get_boolean (value))
        return;
      self->deleted = g_value_get_boolean (value);
      g_object_notify_by_pspec (object, pspec);
      break;
    case PROP_TWIN:
      if (self->twin == g_value_get_boolean (value))
        break;
      self->twin = g_value_get_boolean (value);
      g_object_notify_by_pspec (object, pspec);
      break;
    case PROP_SERVER_ADMIN:
      if (self->server_admin == g_value_get_boolean (value))
        return;
      self->server_admin = g_value_get_boolean (value);
      g_object_notify_by_pspec (object, pspec);
      break;
    case PROP_INITIALS:
    case PROP_HUE:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_user_finalize (GObject *object)
{
  KlUser *self = KL_USER (object);

  g_free (self->id);
  g_free (self->name);
  g_free (self->address);
  g_free (self->display_name);
  g_free (self->initials);
  g_free (self->status_text);
  G_OBJECT_CLASS (kl_user_parent_class)->finalize (object);
}

static void
kl_user_class_init (KlUserClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags rw = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;
  const GParamFlags ro = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = kl_user_get_property;
  object_class->set_property = kl_user_set_property;
  object_class->finalize = kl_user_finalize;

  props[PROP_ID]
      = g_param_spec_string ("id", NULL, NULL, "", G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  props[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, rw);
  props[PROP_ADDRESS] = g_param_spec_string ("address", NULL, NULL, NULL, rw);
  props[PROP_DISPLAY_NAME] = g_param_spec_string ("display-name", NULL, NULL, NULL, rw);
  props[PROP_INITIALS] = g_param_spec_string ("initials", NULL, NULL, NULL, ro);
  props[PROP_HUE] = g_param_spec_uint ("hue", NULL, NULL, 0, 7, 0, ro);
  props[PROP_STATUS] = g_param_spec_enum ("status", NULL, NULL, KL_TYPE_USER_STATUS, KL_USER_STATUS_UNKNOWN, rw);
  props[PROP_STATUS_TEXT] = g_param_spec_string ("status-text", NULL, NULL, NULL, rw);
  props[PROP_LAST_SEEN] = g_param_spec_int64 ("last-seen", NULL, NULL, 0, G_MAXINT64, 0, rw);
  props[PROP_DELETED] = g_param_spec_boolean ("deleted", NULL, NULL, FALSE, rw);
  props[PROP_TWIN] = g_param_spec_boolean ("twin", NULL, NULL, FALSE, rw);
  props[PROP_SERVER_ADMIN] = g_param_spec_boolean ("server-admin", NULL, NULL, FALSE, rw);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
kl_user_init (KlUser *self)
{
}

KlUser *
kl_user_new (const char *id)
{
  return g_object_new (KL_TYPE_USER, "id", id, NULL);
}

const char *
kl_user_get_id (KlUser *self)
{
  g_return_val_if_fail (KL_IS_USER (self), NULL);
  return self->id;
}

const char *
kl_user_get_name (KlUser *self)
{
  g_return_val_if_fail (KL_IS_USER (self), NULL);
  return self->name != NULL ? self->name : "";
}

const char *
kl_user_get_address (KlUser *self)
{
  g_return_val_if_fail (KL_IS_USER (self), NULL);
  return self->address != NULL ? self->address : "";
}

const char *
kl_user_get_display_name (KlUser *self)
{
  g_return_val_if_fail (KL_IS_USER (self), NULL);
  if (self->display_name != NULL && self->display_name[0] != '\0')
    return self->display_name;
  return kl_user_get_name (self);
}

const char *
kl_user_get_initials (KlUser *self)
{
  g_return_val_if_fail (KL_IS_USER (self), NULL);
  return self->initials != NULL ? self->initials : "";
}

guint
kl_user_get_hue (KlUser *self)
{
  g_return_val_if_fail (KL_IS_USER (self), 0);
  return self->hue;
}

KlUserStatus
kl_user_get_status (KlUser *self)
{
  g_return_val_if_fail (KL_IS_USER (self), KL_USER_STATUS_UNKNOWN);
  return self->status;
}

const char *
kl_user_get_status_text (KlUser *self)
{
  g_return_val_if_fail (KL_IS_USER (self), NULL);
  return self->status_text;
}

gint64
kl_user_get_last_seen (KlUser *self)
{
  g_return_val_if_fail (KL_IS_USER (self), 0);
  return self->last_seen;
}

gboolean
kl_user_get_deleted (KlUser *self)
{
  g_return_val_if_fail (KL_IS_USER (self), FALSE);
  return self->deleted;
}

gboolean
kl_user_get_twin (KlUser *self)
{
  g_return_val_if_fail (KL_IS_USER (self), FALSE);
  return self->twin;
}

gboolean
kl_user_get_server_admin (KlUser *self)
{
  g_return_val_if_fail (KL_IS_USER (self), FALSE);
  return self->server_admin;
}
