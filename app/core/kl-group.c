/* SPDX-License-Identifier: GPL-3.0-or-later
 * A group: plain properties, the preview that follows its newest message, and who types, with the time-outs of that. */
#include "app/core/kl-group.h"
#include "app/core/kl-core-enums.h"

enum
{
  TYPING_FORGOTTEN_MS = 6000,
  PREVIEW_GRAPHEMES = 120,
  TYPING_MAX = 100,
};

struct _KlGroup
{
  GObject parent_instance;

  char *id;
  char *slug;
  char *address;
  char *name;
  char *topic;
  char *emoji;
  char *draft;
  char *preview;
  KlUser *peer;
  KlMessage *last_message;
  KlGroupCall *call;
  GListStore *typing;
  GHashTable *typing_sources; /* owned KlUser → GSource id */
  gint64 read_seq;
  gint64 others_read_seq;
  gint64 newest_seq;
  gint64 last_time;
  KlGroupKind kind;
  KlVisibility visibility;
  KlRole role;
  KlNotify notify;
  guint hue;
  guint members;
  guint online;
  guint here;
  guint unread;
  guint mentions;
  gboolean pinned;
  gboolean open;
};

typedef enum
{
  PROP_ID = 1,
  PROP_KIND,
  PROP_PEER,
  PROP_SLUG,
  PROP_ADDRESS,
  PROP_NAME,
  PROP_TOPIC,
  PROP_EMOJI,
  PROP_HUE,
  PROP_VISIBILITY,
  PROP_ROLE,
  PROP_MEMBERS,
  PROP_ONLINE,
  PROP_HERE,
  PROP_UNREAD,
  PROP_MENTIONS,
  PROP_PINNED,
  PROP_NOTIFY,
  PROP_READ_SEQ,
  PROP_OTHERS_READ_SEQ,
  PROP_NEWEST_SEQ,
  PROP_LAST_MESSAGE,
  PROP_LAST_TIME,
  PROP_PREVIEW,
  PROP_DRAFT,
  PROP_TYPING,
  PROP_OPEN,
  PROP_CALL,
} Prop;

static GParamSpec *props[PROP_CALL + 1];

G_DEFINE_FINAL_TYPE (KlGroup, kl_group, G_TYPE_OBJECT)

/* ── Preview ── */

static void
update_preview (KlGroup *self)
{
  g_autofree char *preview = NULL;

  if (self->last_message != NULL)
    preview = kl_message_dup_preview (self->last_message, PREVIEW_GRAPHEMES);
  if (g_set_str (&self->preview, preview))
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PREVIEW]);
}

static gboolean
set_last_message (KlGroup *self, KlMessage *message)
{
  if (self->last_message == message)
    return FALSE;
  if (self->last_message != NULL)
    g_signal_handlers_disconnect_by_func (self->last_message, update_preview, self);
  g_set_object (&self->last_message, message);
  if (message != NULL)
    {
      g_signal_connect_object (message, "notify::body", G_CALLBACK (update_preview), self, G_CONNECT_SWAPPED);
      g_signal_connect_object (message, "notify::deleted", G_CALLBACK (update_preview), self, G_CONNECT_SWAPPED);
    }
  return TRUE;
}

/* ── Typing ── */

typedef struct
{
  KlGroup *group; /* not owned: its dispose removes the source */
  KlUser *user;
} Typist;

static void
typist_free (gpointer data)
{
  Typist *typist = data;

  g_object_unref (typist->user);
  g_free (typist);
}

static void
remove_typist (KlGroup *self, KlUser *user)
{
  guint position;

  g_hash_table_remove (self->typing_sources, user);
  if (g_list_store_find (self->typing, user, &position))
    g_list_store_remove (self->typing, position);
}

static gboolean
on_typing_forgotten (gpointer data)
{
  Typist *typist = data;
  g_autoptr (KlUser) user = g_object_ref (typist->user);
  KlGroup *self = typist->group;

  g_hash_table_steal (self->typing_sources, user);
  g_object_unref (user); /* the stolen key's */
  remove_typist (self, user);
  return G_SOURCE_REMOVE;
}

static void
remove_source (gpointer id)
{
  g_source_remove (GPOINTER_TO_UINT (id));
}

void
kl_group_note_typing (KlGroup *self, KlUser *user, gboolean typing)
{
  g_return_if_fail (KL_IS_GROUP (self));
  g_return_if_fail (KL_IS_USER (user));

  if (!typing)
    {
      remove_typist (self, user);
      return;
    }
  if (g_hash_table_size (self->typing_sources) >= TYPING_MAX && !g_hash_table_contains (self->typing_sources, user))
    return;
  Typist *typist = g_new0 (Typist, 1);
  typist->group = self;
  typist->user = g_object_ref (user);
  guint source = g_timeout_add_full (G_PRIORITY_DEFAULT, TYPING_FORGOTTEN_MS, on_typing_forgotten, typist, typist_free);
  g_hash_table_replace (self->typing_sources, g_object_ref (user), GUINT_TO_POINTER (source));
  if (!g_list_store_find (self->typing, user, NULL))
    g_list_store_append (self->typing, user);
}

void
kl_group_clear_typing (KlGroup *self)
{
  g_return_if_fail (KL_IS_GROUP (self));

  g_hash_table_remove_all (self->typing_sources);
  if (g_list_model_get_n_items (G_LIST_MODEL (self->typing)) > 0)
    g_list_store_remove_all (self->typing);
}

/* ── Properties ── */

static void
kl_group_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KlGroup *self = KL_GROUP (object);

  switch ((Prop) id)
    {
    case PROP_ID:
      g_value_set_string (value, self->id);
      break;
    case PROP_KIND:
      g_value_set_enum (value, (int) self->kind);
      break;
    case PROP_PEER:
      g_value_set_object (value, self->peer);
      break;
    case PROP_SLUG:
      g_value_set_string (value, self->slug);
      break;
    case PROP_ADDRESS:
      g_value_set_string (value, self->address);
      break;
    case PROP_NAME:
      g_value_set_string (value, kl_group_get_name (self));
      break;
    case PROP_TOPIC:
      g_value_set_string (value, kl_group_get_topic (self));
      break;
    case PROP_EMOJI:
      g_value_set_string (value, self->emoji);
      break;
    case PROP_HUE:
      g_value_set_uint (value, self->hue);
      break;
    case PROP_VISIBILITY:
      g_value_set_enum (value, (int) self->visibility);
      break;
    case PROP_ROLE:
      g_value_set_enum (value, (int) self->role);
      break;
    case PROP_MEMBERS:
      g_value_set_uint (value, self->members);
      break;
    case PROP_ONLINE:
      g_value_set_uint (value, self->online);
      break;
    case PROP_HERE:
      g_value_set_uint (value, self->here);
      break;
    case PROP_UNREAD:
      g_value_set_uint (value, self->unread);
      break;
    case PROP_MENTIONS:
      g_value_set_uint (value, self->mentions);
      break;
    case PROP_PINNED:
      g_value_set_boolean (value, self->pinned);
      break;
    case PROP_NOTIFY:
      g_value_set_enum (value, (int) self->notify);
      break;
    case PROP_READ_SEQ:
      g_value_set_int64 (value, self->read_seq);
      break;
    case PROP_OTHERS_READ_SEQ:
      g_value_set_int64 (value, self->others_read_seq);
      break;
    case PROP_NEWEST_SEQ:
      g_value_set_int64 (value, self->newest_seq);
      break;
    case PROP_LAST_MESSAGE:
      g_value_set_object (value, self->last_message);
      break;
    case PROP_LAST_TIME:
      g_value_set_int64 (value, self->last_time);
      break;
    case PROP_PREVIEW:
      g_value_set_string (value, kl_group_get_preview (self));
      break;
    case PROP_DRAFT:
      g_value_set_string (value, kl_group_get_draft (self));
      break;
    case PROP_TYPING:
      g_value_set_object (value, self->typing);
      break;
    case PROP_OPEN:
      g_value_set_boolean (value, self->open);
      break;
    case PROP_CALL:
      g_value_set_object (value, self->call);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static gboolean
take_uint (guint *field, guint value)
{
  gboolean changed = *field != value;

  *field = value;
  return changed;
}

static gboolean
take_int64 (gint64 *field, gint64 value)
{
  gboolean changed = *field != value;

  *field = value;
  return changed;
}

static gboolean
take_boolean (gboolean *field, gboolean value)
{
  gboolean changed = *field != value;

  *field = value;
  return changed;
}

/* TRUE if the field changed. */
static gboolean
set_field (KlGroup *self, Prop id, const GValue *value)
{
  int before;

  switch (id)
    {
    case PROP_ID:
      self->id = g_value_dup_string (value);
      self->hue = kl_hue_for_id (self->id != NULL ? self->id : "");
      return FALSE;
    case PROP_KIND:
      before = (int) self->kind;
      self->kind = (KlGroupKind) g_value_get_enum (value);
      return before != (int) self->kind;
    case PROP_PEER:
      return g_set_object (&self->peer, g_value_get_object (value));
    case PROP_SLUG:
      return g_set_str (&self->slug, g_value_get_string (value));
    case PROP_ADDRESS:
      return g_set_str (&self->address, g_value_get_string (value));
    case PROP_NAME:
      return g_set_str (&self->name, g_value_get_string (value));
    case PROP_TOPIC:
      return g_set_str (&self->topic, g_value_get_string (value));
    case PROP_EMOJI:
      return g_set_str (&self->emoji, g_value_get_string (value));
    case PROP_HUE:
      return take_uint (&self->hue, g_value_get_uint (value));
    case PROP_VISIBILITY:
      before = (int) self->visibility;
      self->visibility = (KlVisibility) g_value_get_enum (value);
      return before != (int) self->visibility;
    case PROP_ROLE:
      before = (int) self->role;
      self->role = (KlRole) g_value_get_enum (value);
      return before != (int) self->role;
    case PROP_MEMBERS:
      return take_uint (&self->members, g_value_get_uint (value));
    case PROP_ONLINE:
      return take_uint (&self->online, g_value_get_uint (value));
    case PROP_HERE:
      return take_uint (&self->here, g_value_get_uint (value));
    case PROP_UNREAD:
      return take_uint (&self->unread, g_value_get_uint (value));
    case PROP_MENTIONS:
      return take_uint (&self->mentions, g_value_get_uint (value));
    case PROP_PINNED:
      return take_boolean (&self->pinned, g_value_get_boolean (value));
    case PROP_NOTIFY:
      before = (int) self->notify;
      self->notify = (KlNotify) g_value_get_enum (value);
      return before != (int) self->notify;
    case PROP_READ_SEQ:
      return take_int64 (&self->read_seq, g_value_get_int64 (value));
    case PROP_OTHERS_READ_SEQ:
      return take_int64 (&self->others_read_seq, g_value_get_int64 (value));
    case PROP_NEWEST_SEQ:
      return take_int64 (&self->newest_seq, g_value_get_int64 (value));
    case PROP_LAST_MESSAGE:
      return set_last_message (self, g_value_get_object (value));
    case PROP_LAST_TIME:
      return take_int64 (&self->last_time, g_value_get_int64 (value));
    case PROP_DRAFT:
      return g_set_str (&self->draft, g_value_get_string (value));
    case PROP_OPEN:
      return take_boolean (&self->open, g_value_get_boolean (value));
    case PROP_CALL:
      return g_set_object (&self->call, g_value_get_object (value));
    case PROP_PREVIEW:
    case PROP_TYPING:
    default:
      g_return_val_if_reached (FALSE);
    }
}

static void
kl_group_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  KlGroup *self = KL_GROUP (object);

  if (!set_field (self, (Prop) id, value))
    return;
  g_object_notify_by_pspec (object, pspec);
  if (id == PROP_LAST_MESSAGE)
    update_preview (self);
}

static void
kl_group_dispose (GObject *object)
{
  KlGroup *self = KL_GROUP (object);

  g_hash_table_remove_all (self->typing_sources);
  set_last_message (self, NULL);
  G_OBJECT_CLASS (kl_group_parent_class)->dispose (object);
}

static void
kl_group_finalize (GObject *object)
{
  KlGroup *self = KL_GROUP (object);

  g_free (self->id);
  g_free (self->slug);
  g_free (self->address);
  g_free (self->name);
  g_free (self->topic);
  g_free (self->emoji);
  g_free (self->draft);
  g_free (self->preview);
  g_clear_object (&self->peer);
  g_clear_object (&self->call);
  g_clear_object (&self->typing);
  g_hash_table_unref (self->typing_sources);
  G_OBJECT_CLASS (kl_group_parent_class)->finalize (object);
}

static void
kl_group_class_init (KlGroupClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags rw = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;
  const GParamFlags ro = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = kl_group_get_property;
  object_class->set_property = kl_group_set_property;
  object_class->dispose = kl_group_dispose;
  object_class->finalize = kl_group_finalize;

  props[PROP_ID]
      = g_param_spec_string ("id", NULL, NULL, "", G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  props[PROP_KIND] = g_param_spec_enum ("kind", NULL, NULL, KL_TYPE_GROUP_KIND, KL_GROUP_KIND_GROUP, rw);
  props[PROP_PEER] = g_param_spec_object ("peer", NULL, NULL, KL_TYPE_USER, rw);
  props[PROP_SLUG] = g_param_spec_string ("slug", NULL, NULL, NULL, rw);
  props[PROP_ADDRESS] = g_param_spec_string ("address", NULL, NULL, NULL, rw);
  props[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, "", rw);
  props[PROP_TOPIC] = g_param_spec_string ("topic", NULL, NULL, "", rw);
  props[PROP_EMOJI] = g_param_spec_string ("emoji", NULL, NULL, NULL, rw);
  props[PROP_HUE] = g_param_spec_uint ("hue", NULL, NULL, 0, 7, 0, rw);
  props[PROP_VISIBILITY] = g_param_spec_enum ("visibility", NULL, NULL, KL_TYPE_VISIBILITY, KL_VISIBILITY_PRIVATE, rw);
  props[PROP_ROLE] = g_param_spec_enum ("role", NULL, NULL, KL_TYPE_ROLE, KL_ROLE_NONE, rw);
  props[PROP_MEMBERS] = g_param_spec_uint ("members", NULL, NULL, 0, G_MAXUINT, 0, rw);
  props[PROP_ONLINE] = g_param_spec_uint ("online", NULL, NULL, 0, G_MAXUINT, 0, rw);
  props[PROP_HERE] = g_param_spec_uint ("here", NULL, NULL, 0, G_MAXUINT, 0, rw);
  props[PROP_UNREAD] = g_param_spec_uint ("unread", NULL, NULL, 0, G_MAXUINT, 0, rw);
  props[PROP_MENTIONS] = g_param_spec_uint ("mentions", NULL, NULL, 0, G_MAXUINT, 0, rw);
  props[PROP_PINNED] = g_param_spec_boolean ("pinned", NULL, NULL, FALSE, rw);
  props[PROP_NOTIFY] = g_param_spec_enum ("notify", NULL, NULL, KL_TYPE_NOTIFY, KL_NOTIFY_ALL, rw);
  props[PROP_READ_SEQ] = g_param_spec_int64 ("read-seq", NULL, NULL, 0, G_MAXINT64, 0, rw);
  props[PROP_OTHERS_READ_SEQ] = g_param_spec_int64 ("others-read-seq", NULL, NULL, 0, G_MAXINT64, 0, rw);
  props[PROP_NEWEST_SEQ] = g_param_spec_int64 ("newest-seq", NULL, NULL, 0, G_MAXINT64, 0, rw);
  props[PROP_LAST_MESSAGE] = g_param_spec_object ("last-message", NULL, NULL, KL_TYPE_MESSAGE, rw);
  props[PROP_LAST_TIME] = g_param_spec_int64 ("last-time", NULL, NULL, 0, G_MAXINT64, 0, rw);
  props[PROP_PREVIEW] = g_param_spec_string ("preview", NULL, NULL, "", ro);
  props[PROP_DRAFT] = g_param_spec_string ("draft", NULL, NULL, "", rw);
  props[PROP_TYPING] = g_param_spec_object ("typing", NULL, NULL, G_TYPE_LIST_MODEL, ro);
  props[PROP_OPEN] = g_param_spec_boolean ("open", NULL, NULL, FALSE, rw);
  props[PROP_CALL] = g_param_spec_object ("call", NULL, NULL, KL_TYPE_GROUP_CALL, rw);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
kl_group_init (KlGroup *self)
{
  self->typing = g_list_store_new (KL_TYPE_USER);
  self->typing_sources = g_hash_table_new_full (NULL, NULL, g_object_unref, remove_source);
}

KlGroup *
kl_group_new (const char *id)
{
  return g_object_new (KL_TYPE_GROUP, "id", id, NULL);
}

void
kl_group_set_draft (KlGroup *self, const char *draft)
{
  g_return_if_fail (KL_IS_GROUP (self));

  if (draft != NULL && draft[0] == '\0')
    draft = NULL;
  if (g_set_str (&self->draft, draft))
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_DRAFT]);
}

const char *
kl_group_get_id (KlGroup *self)
{
  g_return_val_if_fail (KL_IS_GROUP (self), NULL);
  return self->id;
}

KlGroupKind
kl_group_get_kind (KlGroup *self)
{
  g_return_val_if_fail (KL_IS_GROUP (self), KL_GROUP_KIND_GROUP);
  return self->kind;
}

KlUser *
kl_group_get_peer (KlGroup *self)
{
  g_return_val_if_fail (KL_IS_GROUP (self), NULL);
  return self->peer;
}

const char *
kl_group_get_slug (KlGroup *self)
{
  g_return_val_if_fail (KL_IS_GROUP (self), NULL);
  return self->slug;
}

const char *
kl_group_get_address (KlGroup *self)
{
  g_return_val_if_fail (KL_IS_GROUP (self), NULL);
  return self->address;
}

const char *
kl_group_get_name (KlGroup *self)
{
  g_return_val_if_fail (KL_IS_GROUP (self), NULL);
  return self->name != NULL ? self->name : "";
}

const char *
kl_group_get_topic (KlGroup *self)
{
  g_return_val_if_fail (KL_IS_GROUP (self), NULL);
  return self->topic != NULL ? self->topic : "";
}

const char *
kl_group_get_emoji (KlGroup *self)
{
  g_return_val_if_fail (KL_IS_GROUP (self), NULL);
  return self->emoji;
}

guint
kl_group_get_hue (KlGroup *self)
{
  g_return_val_if_fail (KL_IS_GROUP (self), 0);
  return self->hue;
}

KlVisibility
kl_group_get_visibility (KlGroup *self)
{
  g_return_val_if_fail (KL_IS_GROUP (self), KL_VISIBILITY_PRIVATE);
  return self->visibility;
}

KlRole
kl_group_get_role (KlGroup *self)
{
  g_return_val_if_fail (KL_IS_GROUP (self), KL_ROLE_NONE);
  return self->role;
}

guint
kl_group_get_members (KlGroup *self)
{
  g_return_val_if_fail (KL_IS_GROUP (self), 0);
  return self->members;
}

guint
kl_group_get_online (KlGroup *self)
{
  g_return_val_if_fail (KL_IS_GROUP (self), 0);
  return self->online;
}

guint
kl_group_get_here (KlGroup *self)
{
  g_return_val_if_fail (KL_IS_GROUP (self), 0);
  return self->here;
}

guint
kl_group_get_unread (KlGroup *self)
{
  g_return_val_if_fail (KL_IS_GROUP (self), 0);
  return self->unread;
}

guint
kl_group_get_mentions (KlGroup *self)
{
  g_return_val_if_fail (KL_IS_GROUP (self), 0);
  return self->mentions;
}

gboolean
kl_group_get_pinned (KlGroup *self)
{
  g_return_val_if_fail (KL_IS_GROUP (self), FALSE);
  return self->pinned;
}

KlNotify
kl_group_get_notify (KlGroup *self)
{
  g_return_val_if_fail (KL_IS_GROUP (self), KL_NOTIFY_ALL);
  return self->notify;
}

gint64
kl_group_get_read_seq (KlGroup *self)
{
  g_return_val_if_fail (KL_IS_GROUP (self), 0);
  return self->read_seq;
}

gint64
kl_group_get_others_read_seq (KlGroup *self)
{
  g_return_val_if_fail (KL_IS_GROUP (self), 0);
  return self->others_read_seq;
}

gint64
kl_group_get_newest_seq (KlGroup *self)
{
  g_return_val_if_fail (KL_IS_GROUP (self), 0);
  return self->newest_seq;
}

KlMessage *
kl_group_get_last_message (KlGroup *self)
{
  g_return_val_if_fail (KL_IS_GROUP (self), NULL);
  return self->last_message;
}

gint64
kl_group_get_last_time (KlGroup *self)
{
  g_return_val_if_fail (KL_IS_GROUP (self), 0);
  return self->last_time;
}

const char *
kl_group_get_preview (KlGroup *self)
{
  g_return_val_if_fail (KL_IS_GROUP (self), NULL);
  return self->preview != NULL ? self->preview : "";
}

const char *
kl_group_get_draft (KlGroup *self)
{
  g_return_val_if_fail (KL_IS_GROUP (self), NULL);
  return self->draft != NULL ? self->draft : "";
}

GListModel *
kl_group_get_typing (KlGroup *self)
{
  g_return_val_if_fail (KL_IS_GROUP (self), NULL);
  return G_LIST_MODEL (self->typing);
}

gboolean
kl_group_get_open (KlGroup *self)
{
  g_return_val_if_fail (KL_IS_GROUP (self), FALSE);
  return self->open;
}

KlGroupCall *
kl_group_get_call (KlGroup *self)
{
  g_return_val_if_fail (KL_IS_GROUP (self), NULL);
  return self->call;
}
