/* SPDX-License-Identifier: GPL-3.0-or-later
 * A message: plain properties. What the wire says comes in through kl-wire.c. */
#include "app/core/kl-message.h"
#include "app/core/kl-core-enums.h"

struct _KlMessage
{
  GObject parent_instance;

  char *id;
  char *group_id;
  char *client_id;
  char *body;
  char *reply_to;
  char *system_value;
  GError *error;
  KlUser *sender;
  KlUser *system_user;
  KlUser *system_by;
  GListModel *reactions;
  gint64 seq;
  gint64 rev;
  gint64 created_at;
  gint64 edited_at;
  KlMessageKind kind;
  KlSystemEvent system_event;
  KlMessageState state;
  gboolean mine;
  gboolean mentions_me;
  gboolean deleted;
};

typedef enum
{
  PROP_ID = 1,
  PROP_GROUP_ID,
  PROP_SEQ,
  PROP_REV,
  PROP_CLIENT_ID,
  PROP_SENDER,
  PROP_MINE,
  PROP_KIND,
  PROP_BODY,
  PROP_REPLY_TO,
  PROP_MENTIONS_ME,
  PROP_SYSTEM_EVENT,
  PROP_SYSTEM_USER,
  PROP_SYSTEM_BY,
  PROP_SYSTEM_VALUE,
  PROP_CREATED_AT,
  PROP_EDITED_AT,
  PROP_DELETED,
  PROP_STATE,
  PROP_ERROR,
  PROP_REACTIONS,
} Prop;

static GParamSpec *props[PROP_REACTIONS + 1];

G_DEFINE_FINAL_TYPE (KlMessage, kl_message, G_TYPE_OBJECT)

static void
kl_message_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KlMessage *self = KL_MESSAGE (object);

  switch ((Prop) id)
    {
    case PROP_ID:
      g_value_set_string (value, self->id);
      break;
    case PROP_GROUP_ID:
      g_value_set_string (value, self->group_id);
      break;
    case PROP_SEQ:
      g_value_set_int64 (value, self->seq);
      break;
    case PROP_REV:
      g_value_set_int64 (value, self->rev);
      break;
    case PROP_CLIENT_ID:
      g_value_set_string (value, self->client_id);
      break;
    case PROP_SENDER:
      g_value_set_object (value, self->sender);
      break;
    case PROP_MINE:
      g_value_set_boolean (value, self->mine);
      break;
    case PROP_KIND:
      g_value_set_enum (value, (int) self->kind);
      break;
    case PROP_BODY:
      g_value_set_string (value, kl_message_get_body (self));
      break;
    case PROP_REPLY_TO:
      g_value_set_string (value, self->reply_to);
      break;
    case PROP_MENTIONS_ME:
      g_value_set_boolean (value, self->mentions_me);
      break;
    case PROP_SYSTEM_EVENT:
      g_value_set_enum (value, (int) self->system_event);
      break;
    case PROP_SYSTEM_USER:
      g_value_set_object (value, self->system_user);
      break;
    case PROP_SYSTEM_BY:
      g_value_set_object (value, self->system_by);
      break;
    case PROP_SYSTEM_VALUE:
      g_value_set_string (value, self->system_value);
      break;
    case PROP_CREATED_AT:
      g_value_set_int64 (value, self->created_at);
      break;
    case PROP_EDITED_AT:
      g_value_set_int64 (value, self->edited_at);
      break;
    case PROP_DELETED:
      g_value_set_boolean (value, self->deleted);
      break;
    case PROP_STATE:
      g_value_set_enum (value, (int) self->state);
      break;
    case PROP_ERROR:
      g_value_set_boxed (value, self->error);
      break;
    case PROP_REACTIONS:
      g_value_set_object (value, self->reactions);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static gboolean
take_int64 (gint64 *field, const GValue *value)
{
  if (*field == g_value_get_int64 (value))
    return FALSE;
  *field = g_value_get_int64 (value);
  return TRUE;
}

static gboolean
take_boolean (gboolean *field, const GValue *value)
{
  if (*field == g_value_get_boolean (value))
    return FALSE;
  *field = g_value_get_boolean (value);
  return TRUE;
}

/* TRUE if the field changed. */
static gboolean
set_field (KlMessage *self, Prop id, const GValue *value)
{
  int number;

  switch (id)
    {
    case PROP_ID:
      return g_set_str (&self->id, g_value_get_string (value));
    case PROP_GROUP_ID:
      return g_set_str (&self->group_id, g_value_get_string (value));
    case PROP_SEQ:
      return take_int64 (&self->seq, value);
    case PROP_REV:
      return take_int64 (&self->rev, value);
    case PROP_CLIENT_ID:
      return g_set_str (&self->client_id, g_value_get_string (value));
    case PROP_SENDER:
      return g_set_object (&self->sender, g_value_get_object (value));
    case PROP_MINE:
      return take_boolean (&self->mine, value);
    case PROP_KIND:
      number = (int) self->kind;
      self->kind = (KlMessageKind) g_value_get_enum (value);
      return number != (int) self->kind;
    case PROP_BODY:
      return g_set_str (&self->body, g_value_get_string (value));
    case PROP_REPLY_TO:
      return g_set_str (&self->reply_to, g_value_get_string (value));
    case PROP_MENTIONS_ME:
      return take_boolean (&self->mentions_me, value);
    case PROP_SYSTEM_EVENT:
      number = (int) self->system_event;
      self->system_event = (KlSystemEvent) g_value_get_enum (value);
      return number != (int) self->system_event;
    case PROP_SYSTEM_USER:
      return g_set_object (&self->system_user, g_value_get_object (value));
    case PROP_SYSTEM_BY:
      return g_set_object (&self->system_by, g_value_get_object (value));
    case PROP_SYSTEM_VALUE:
      return g_set_str (&self->system_value, g_value_get_string (value));
    case PROP_CREATED_AT:
      return take_int64 (&self->created_at, value);
    case PROP_EDITED_AT:
      return take_int64 (&self->edited_at, value);
    case PROP_DELETED:
      return take_boolean (&self->deleted, value);
    case PROP_STATE:
      number = (int) self->state;
      self->state = (KlMessageState) g_value_get_enum (value);
      return number != (int) self->state;
    case PROP_ERROR:
      if (self->error == NULL && g_value_get_boxed (value) == NULL)
        return FALSE;
      g_clear_error (&self->error);
      self->error = g_value_dup_boxed (value);
      return TRUE;
    case PROP_REACTIONS:
      return g_set_object (&self->reactions, g_value_get_object (value));
    default:
      g_return_val_if_reached (FALSE);
    }
}

static void
kl_message_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (set_field (KL_MESSAGE (object), (Prop) id, value))
    g_object_notify_by_pspec (object, pspec);
}

static void
kl_message_finalize (GObject *object)
{
  KlMessage *self = KL_MESSAGE (object);

  g_free (self->id);
  g_free (self->group_id);
  g_free (self->client_id);
  g_free (self->body);
  g_free (self->reply_to);
  g_free (self->system_value);
  g_clear_error (&self->error);
  g_clear_object (&self->sender);
  g_clear_object (&self->system_user);
  g_clear_object (&self->system_by);
  g_clear_object (&self->reactions);
  G_OBJECT_CLASS (kl_message_parent_class)->finalize (object);
}

static void
kl_message_class_init (KlMessageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags rw = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->get_property = kl_message_get_property;
  object_class->set_property = kl_message_set_property;
  object_class->finalize = kl_message_finalize;

  props[PROP_ID] = g_param_spec_string ("id", NULL, NULL, NULL, rw);
  props[PROP_GROUP_ID] = g_param_spec_string ("group-id", NULL, NULL, NULL, rw);
  props[PROP_SEQ] = g_param_spec_int64 ("seq", NULL, NULL, 0, G_MAXINT64, 0, rw);
  props[PROP_REV] = g_param_spec_int64 ("rev", NULL, NULL, 0, G_MAXINT64, 0, rw);
  props[PROP_CLIENT_ID] = g_param_spec_string ("client-id", NULL, NULL, NULL, rw);
  props[PROP_SENDER] = g_param_spec_object ("sender", NULL, NULL, KL_TYPE_USER, rw);
  props[PROP_MINE] = g_param_spec_boolean ("mine", NULL, NULL, FALSE, rw);
  props[PROP_KIND] = g_param_spec_enum ("kind", NULL, NULL, KL_TYPE_MESSAGE_KIND, KL_MESSAGE_KIND_TEXT, rw);
  props[PROP_BODY] = g_param_spec_string ("body", NULL, NULL, "", rw);
  props[PROP_REPLY_TO] = g_param_spec_string ("reply-to", NULL, NULL, NULL, rw);
  props[PROP_MENTIONS_ME] = g_param_spec_boolean ("mentions-me", NULL, NULL, FALSE, rw);
  props[PROP_SYSTEM_EVENT]
      = g_param_spec_enum ("system-event", NULL, NULL, KL_TYPE_SYSTEM_EVENT, KL_SYSTEM_EVENT_NONE, rw);
  props[PROP_SYSTEM_USER] = g_param_spec_object ("system-user", NULL, NULL, KL_TYPE_USER, rw);
  props[PROP_SYSTEM_BY] = g_param_spec_object ("system-by", NULL, NULL, KL_TYPE_USER, rw);
  props[PROP_SYSTEM_VALUE] = g_param_spec_string ("system-value", NULL, NULL, NULL, rw);
  props[PROP_CREATED_AT] = g_param_spec_int64 ("created-at", NULL, NULL, 0, G_MAXINT64, 0, rw);
  props[PROP_EDITED_AT] = g_param_spec_int64 ("edited-at", NULL, NULL, 0, G_MAXINT64, 0, rw);
  props[PROP_DELETED] = g_param_spec_boolean ("deleted", NULL, NULL, FALSE, rw);
  props[PROP_STATE] = g_param_spec_enum ("state", NULL, NULL, KL_TYPE_MESSAGE_STATE, KL_MESSAGE_STATE_PENDING, rw);
  props[PROP_ERROR] = g_param_spec_boxed ("error", NULL, NULL, G_TYPE_ERROR, rw);
  props[PROP_REACTIONS] = g_param_spec_object ("reactions", NULL, NULL, G_TYPE_LIST_MODEL, rw);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
kl_message_init (KlMessage *self)
{
}

KlMessage *
kl_message_new (const char *group_id)
{
  return g_object_new (KL_TYPE_MESSAGE, "group-id", group_id, NULL);
}

const char *
kl_message_get_id (KlMessage *self)
{
  g_return_val_if_fail (KL_IS_MESSAGE (self), NULL);
  return self->id;
}

const char *
kl_message_get_group_id (KlMessage *self)
{
  g_return_val_if_fail (KL_IS_MESSAGE (self), NULL);
  return self->group_id;
}

gint64
kl_message_get_seq (KlMessage *self)
{
  g_return_val_if_fail (KL_IS_MESSAGE (self), 0);
  return self->seq;
}

gint64
kl_message_get_rev (KlMessage *self)
{
  g_return_val_if_fail (KL_IS_MESSAGE (self), 0);
  return self->rev;
}

const char *
kl_message_get_client_id (KlMessage *self)
{
  g_return_val_if_fail (KL_IS_MESSAGE (self), NULL);
  return self->client_id;
}

KlUser *
kl_message_get_sender (KlMessage *self)
{
  g_return_val_if_fail (KL_IS_MESSAGE (self), NULL);
  return self->sender;
}

gboolean
kl_message_get_mine (KlMessage *self)
{
  g_return_val_if_fail (KL_IS_MESSAGE (self), FALSE);
  return self->mine;
}

KlMessageKind
kl_message_get_kind (KlMessage *self)
{
  g_return_val_if_fail (KL_IS_MESSAGE (self), KL_MESSAGE_KIND_TEXT);
  return self->kind;
}

const char *
kl_message_get_body (KlMessage *self)
{
  g_return_val_if_fail (KL_IS_MESSAGE (self), NULL);
  return self->body != NULL ? self->body : "";
}

const char *
kl_message_get_reply_to (KlMessage *self)
{
  g_return_val_if_fail (KL_IS_MESSAGE (self), NULL);
  return self->reply_to;
}

gboolean
kl_message_get_mentions_me (KlMessage *self)
{
  g_return_val_if_fail (KL_IS_MESSAGE (self), FALSE);
  return self->mentions_me;
}

KlSystemEvent
kl_message_get_system_event (KlMessage *self)
{
  g_return_val_if_fail (KL_IS_MESSAGE (self), KL_SYSTEM_EVENT_NONE);
  return self->system_event;
}

KlUser *
kl_message_get_system_user (KlMessage *self)
{
  g_return_val_if_fail (KL_IS_MESSAGE (self), NULL);
  return self->system_user;
}

KlUser *
kl_message_get_system_by (KlMessage *self)
{
  g_return_val_if_fail (KL_IS_MESSAGE (self), NULL);
  return self->system_by;
}

const char *
kl_message_get_system_value (KlMessage *self)
{
  g_return_val_if_fail (KL_IS_MESSAGE (self), NULL);
  return self->system_value;
}

gint64
kl_message_get_created_at (KlMessage *self)
{
  g_return_val_if_fail (KL_IS_MESSAGE (self), 0);
  return self->created_at;
}

gint64
kl_message_get_edited_at (KlMessage *self)
{
  g_return_val_if_fail (KL_IS_MESSAGE (self), 0);
  return self->edited_at;
}

gboolean
kl_message_get_deleted (KlMessage *self)
{
  g_return_val_if_fail (KL_IS_MESSAGE (self), FALSE);
  return self->deleted;
}

KlMessageState
kl_message_get_state (KlMessage *self)
{
  g_return_val_if_fail (KL_IS_MESSAGE (self), KL_MESSAGE_STATE_SENT);
  return self->state;
}

const GError *
kl_message_get_error (KlMessage *self)
{
  g_return_val_if_fail (KL_IS_MESSAGE (self), NULL);
  return self->error;
}

GListModel *
kl_message_get_reactions (KlMessage *self)
{
  g_return_val_if_fail (KL_IS_MESSAGE (self), NULL);
  return self->reactions;
}

char *
kl_message_dup_preview (KlMessage *self, guint n_graphemes)
{
  g_return_val_if_fail (KL_IS_MESSAGE (self), NULL);
  if (self->deleted || self->kind == KL_MESSAGE_KIND_SYSTEM)
    return g_strdup ("");
  return kl_text_dup_preview (kl_message_get_body (self), n_graphemes);
}
