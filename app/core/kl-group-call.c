/* SPDX-License-Identifier: GPL-3.0-or-later
 * A group's call, as members see it. What the server says of it is the whole each time; here it becomes changes. */
#include "app/core/kl-group-call.h"

/* ── A device in it ── */

struct _KlGroupCallPeer
{
  GObject parent_instance;

  char *id;
  KlUser *user;
  gboolean flags[4];
};

typedef enum
{
  PEER_PROP_ID = 1,
  PEER_PROP_USER,
  PEER_PROP_AUDIO,
  PEER_PROP_VIDEO,
  PEER_PROP_SCREEN,
  PEER_PROP_HAND,
} PeerProp;

static GParamSpec *peer_props[PEER_PROP_HAND + 1];

G_DEFINE_FINAL_TYPE (KlGroupCallPeer, kl_group_call_peer, G_TYPE_OBJECT)

static void
kl_group_call_peer_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KlGroupCallPeer *self = KL_GROUP_CALL_PEER (object);

  switch ((PeerProp) id)
    {
    case PEER_PROP_ID:
      g_value_set_string (value, self->id);
      break;
    case PEER_PROP_USER:
      g_value_set_object (value, self->user);
      break;
    case PEER_PROP_AUDIO:
    case PEER_PROP_VIDEO:
    case PEER_PROP_SCREEN:
    case PEER_PROP_HAND:
      g_value_set_boolean (value, self->flags[id - PEER_PROP_AUDIO]);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_group_call_peer_finalize (GObject *object)
{
  KlGroupCallPeer *self = KL_GROUP_CALL_PEER (object);

  g_free (self->id);
  g_clear_object (&self->user);
  G_OBJECT_CLASS (kl_group_call_peer_parent_class)->finalize (object);
}

static void
kl_group_call_peer_class_init (KlGroupCallPeerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags ro = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = kl_group_call_peer_get_property;
  object_class->finalize = kl_group_call_peer_finalize;
  peer_props[PEER_PROP_ID] = g_param_spec_string ("id", NULL, NULL, NULL, ro);
  peer_props[PEER_PROP_USER] = g_param_spec_object ("user", NULL, NULL, KL_TYPE_USER, ro);
  peer_props[PEER_PROP_AUDIO] = g_param_spec_boolean ("audio", NULL, NULL, FALSE, ro);
  peer_props[PEER_PROP_VIDEO] = g_param_spec_boolean ("video", NULL, NULL, FALSE, ro);
  peer_props[PEER_PROP_SCREEN] = g_param_spec_boolean ("screen", NULL, NULL, FALSE, ro);
  peer_props[PEER_PROP_HAND] = g_param_spec_boolean ("hand", NULL, NULL, FALSE, ro);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (peer_props), peer_props);
}

static void
kl_group_call_peer_init (KlGroupCallPeer *self)
{
}

KlGroupCallPeer *
kl_group_call_peer_new (const char *id, KlUser *user)
{
  g_return_val_if_fail (id != NULL && KL_IS_USER (user), NULL);

  KlGroupCallPeer *self = g_object_new (KL_TYPE_GROUP_CALL_PEER, NULL);
  self->id = g_strdup (id);
  self->user = g_object_ref (user);
  return self;
}

const char *
kl_group_call_peer_get_id (KlGroupCallPeer *self)
{
  g_return_val_if_fail (KL_IS_GROUP_CALL_PEER (self), NULL);
  return self->id;
}

KlUser *
kl_group_call_peer_get_user (KlGroupCallPeer *self)
{
  g_return_val_if_fail (KL_IS_GROUP_CALL_PEER (self), NULL);
  return self->user;
}

static gboolean
get_flag (KlGroupCallPeer *self, PeerProp prop)
{
  g_return_val_if_fail (KL_IS_GROUP_CALL_PEER (self), FALSE);
  return self->flags[prop - PEER_PROP_AUDIO];
}

gboolean
kl_group_call_peer_get_audio (KlGroupCallPeer *self)
{
  return get_flag (self, PEER_PROP_AUDIO);
}

gboolean
kl_group_call_peer_get_video (KlGroupCallPeer *self)
{
  return get_flag (self, PEER_PROP_VIDEO);
}

gboolean
kl_group_call_peer_get_screen (KlGroupCallPeer *self)
{
  return get_flag (self, PEER_PROP_SCREEN);
}

gboolean
kl_group_call_peer_get_hand (KlGroupCallPeer *self)
{
  return get_flag (self, PEER_PROP_HAND);
}

void
kl_group_call_peer_set_media (KlGroupCallPeer *self, gboolean audio, gboolean video, gboolean screen, gboolean hand)
{
  const gboolean flags[] = { audio, video, screen, hand };

  g_return_if_fail (KL_IS_GROUP_CALL_PEER (self));

  g_object_freeze_notify (G_OBJECT (self));
  for (guint i = 0; i < G_N_ELEMENTS (flags); i++)
    {
      if (self->flags[i] == flags[i])
        continue;
      self->flags[i] = flags[i];
      g_object_notify_by_pspec (G_OBJECT (self), peer_props[PEER_PROP_AUDIO + (int) i]);
    }
  g_object_thaw_notify (G_OBJECT (self));
}

/* ── The call ── */

struct _KlGroupCall
{
  GObject parent_instance;

  char *id;
  gint64 started_at;
  KlUser *started_by;
  GListStore *peers;
  GListStore *people;
  KlUser *me;
  char *own_peer;
  guint n_people;
  gboolean joined_here;
  gboolean joined_elsewhere;
};

typedef enum
{
  PROP_ID = 1,
  PROP_STARTED_AT,
  PROP_STARTED_BY,
  PROP_PEERS,
  PROP_PEOPLE,
  PROP_N_PEOPLE,
  PROP_JOINED_HERE,
  PROP_JOINED_ELSEWHERE,
} Prop;

static GParamSpec *props[PROP_JOINED_ELSEWHERE + 1];

G_DEFINE_FINAL_TYPE (KlGroupCall, kl_group_call, G_TYPE_OBJECT)

static KlGroupCallPeer *
peer_at (KlGroupCall *self, guint i)
{
  g_autoptr (KlGroupCallPeer) peer = g_list_model_get_item (G_LIST_MODEL (self->peers), i);

  return peer; /* the list holds it */
}

static guint
n_peers (KlGroupCall *self)
{
  return g_list_model_get_n_items (G_LIST_MODEL (self->peers));
}

static gboolean
holds_peer (GPtrArray *peers, const char *id)
{
  for (guint i = 0; i < peers->len; i++)
    if (g_str_equal (kl_group_call_peer_get_id (g_ptr_array_index (peers, i)), id))
      return TRUE;
  return FALSE;
}

static void
set_flag (KlGroupCall *self, gboolean *flag, gboolean value, Prop prop)
{
  if (*flag == value)
    return;
  *flag = value;
  g_object_notify_by_pspec (G_OBJECT (self), props[prop]);
}

/* Who leaves goes first, so that nobody stands there twice in between. */
static void
update_people (KlGroupCall *self)
{
  for (guint i = g_list_model_get_n_items (G_LIST_MODEL (self->people)); i > 0; i--)
    {
      g_autoptr (KlUser) user = g_list_model_get_item (G_LIST_MODEL (self->people), i - 1);

      if (!kl_group_call_has_user (self, user))
        g_list_store_remove (self->people, i - 1);
    }
  for (guint i = 0; i < n_peers (self); i++)
    if (!g_list_store_find (self->people, kl_group_call_peer_get_user (peer_at (self, i)), NULL))
      g_list_store_append (self->people, kl_group_call_peer_get_user (peer_at (self, i)));
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->people));
  if (n != self->n_people)
    {
      self->n_people = n;
      g_object_notify_by_pspec (G_OBJECT (self), props[PROP_N_PEOPLE]);
    }
}

static void
update_joined (KlGroupCall *self)
{
  gboolean elsewhere = FALSE;

  for (guint i = 0; i < n_peers (self); i++)
    elsewhere |= kl_group_call_peer_get_user (peer_at (self, i)) == self->me
                 && g_strcmp0 (kl_group_call_peer_get_id (peer_at (self, i)), self->own_peer) != 0;
  g_object_freeze_notify (G_OBJECT (self));
  set_flag (self, &self->joined_here, self->own_peer != NULL, PROP_JOINED_HERE);
  set_flag (self, &self->joined_elsewhere, elsewhere, PROP_JOINED_ELSEWHERE);
  g_object_thaw_notify (G_OBJECT (self));
}

void
kl_group_call_set_peers (KlGroupCall *self, GPtrArray *peers)
{
  g_return_if_fail (KL_IS_GROUP_CALL (self));
  g_return_if_fail (peers != NULL);

  g_object_freeze_notify (G_OBJECT (self));
  for (guint i = n_peers (self); i > 0; i--)
    if (!holds_peer (peers, kl_group_call_peer_get_id (peer_at (self, i - 1))))
      g_list_store_remove (self->peers, i - 1);
  for (guint i = 0; i < peers->len; i++)
    {
      KlGroupCallPeer *peer = g_ptr_array_index (peers, i);
      KlGroupCallPeer *known = kl_group_call_find_peer (self, peer->id);

      if (known != NULL)
        kl_group_call_peer_set_media (known, peer->flags[0], peer->flags[1], peer->flags[2], peer->flags[3]);
      else
        g_list_store_append (self->peers, peer);
    }
  update_people (self);
  update_joined (self);
  g_object_thaw_notify (G_OBJECT (self));
}

void
kl_group_call_set_me (KlGroupCall *self, KlUser *me, const char *peer)
{
  g_return_if_fail (KL_IS_GROUP_CALL (self));

  g_set_object (&self->me, me);
  g_set_str (&self->own_peer, peer);
  update_joined (self);
}

KlGroupCallPeer *
kl_group_call_find_peer (KlGroupCall *self, const char *id)
{
  g_return_val_if_fail (KL_IS_GROUP_CALL (self), NULL);
  g_return_val_if_fail (id != NULL, NULL);

  for (guint i = 0; i < n_peers (self); i++)
    if (g_str_equal (kl_group_call_peer_get_id (peer_at (self, i)), id))
      return peer_at (self, i);
  return NULL;
}

gboolean
kl_group_call_has_user (KlGroupCall *self, KlUser *user)
{
  g_return_val_if_fail (KL_IS_GROUP_CALL (self), FALSE);

  for (guint i = 0; i < n_peers (self); i++)
    if (kl_group_call_peer_get_user (peer_at (self, i)) == user)
      return TRUE;
  return FALSE;
}

/* ── Object ── */

static void
kl_group_call_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KlGroupCall *self = KL_GROUP_CALL (object);

  switch ((Prop) id)
    {
    case PROP_ID:
      g_value_set_string (value, self->id);
      break;
    case PROP_STARTED_AT:
      g_value_set_int64 (value, self->started_at);
      break;
    case PROP_STARTED_BY:
      g_value_set_object (value, self->started_by);
      break;
    case PROP_PEERS:
      g_value_set_object (value, self->peers);
      break;
    case PROP_PEOPLE:
      g_value_set_object (value, self->people);
      break;
    case PROP_N_PEOPLE:
      g_value_set_uint (value, self->n_people);
      break;
    case PROP_JOINED_HERE:
      g_value_set_boolean (value, self->joined_here);
      break;
    case PROP_JOINED_ELSEWHERE:
      g_value_set_boolean (value, self->joined_elsewhere);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_group_call_finalize (GObject *object)
{
  KlGroupCall *self = KL_GROUP_CALL (object);

  g_free (self->id);
  g_free (self->own_peer);
  g_clear_object (&self->started_by);
  g_clear_object (&self->me);
  g_object_unref (self->peers);
  g_object_unref (self->people);
  G_OBJECT_CLASS (kl_group_call_parent_class)->finalize (object);
}

static void
kl_group_call_class_init (KlGroupCallClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags ro = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = kl_group_call_get_property;
  object_class->finalize = kl_group_call_finalize;
  props[PROP_ID] = g_param_spec_string ("id", NULL, NULL, NULL, ro);
  props[PROP_STARTED_AT] = g_param_spec_int64 ("started-at", NULL, NULL, 0, G_MAXINT64, 0, ro);
  props[PROP_STARTED_BY] = g_param_spec_object ("started-by", NULL, NULL, KL_TYPE_USER, ro);
  props[PROP_PEERS] = g_param_spec_object ("peers", NULL, NULL, G_TYPE_LIST_MODEL, ro);
  props[PROP_PEOPLE] = g_param_spec_object ("people", NULL, NULL, G_TYPE_LIST_MODEL, ro);
  props[PROP_N_PEOPLE] = g_param_spec_uint ("n-people", NULL, NULL, 0, G_MAXUINT, 0, ro);
  props[PROP_JOINED_HERE] = g_param_spec_boolean ("joined-here", NULL, NULL, FALSE, ro);
  props[PROP_JOINED_ELSEWHERE] = g_param_spec_boolean ("joined-elsewhere", NULL, NULL, FALSE, ro);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
kl_group_call_init (KlGroupCall *self)
{
  self->peers = g_list_store_new (KL_TYPE_GROUP_CALL_PEER);
  self->people = g_list_store_new (KL_TYPE_USER);
}

KlGroupCall *
kl_group_call_new (const char *id, KlUser *started_by, gint64 started_at)
{
  g_return_val_if_fail (id != NULL && KL_IS_USER (started_by), NULL);

  KlGroupCall *self = g_object_new (KL_TYPE_GROUP_CALL, NULL);
  self->id = g_strdup (id);
  self->started_by = g_object_ref (started_by);
  self->started_at = started_at;
  return self;
}

const char *
kl_group_call_get_id (KlGroupCall *self)
{
  g_return_val_if_fail (KL_IS_GROUP_CALL (self), NULL);
  return self->id;
}

gint64
kl_group_call_get_started_at (KlGroupCall *self)
{
  g_return_val_if_fail (KL_IS_GROUP_CALL (self), 0);
  return self->started_at;
}

KlUser *
kl_group_call_get_started_by (KlGroupCall *self)
{
  g_return_val_if_fail (KL_IS_GROUP_CALL (self), NULL);
  return self->started_by;
}

GListModel *
kl_group_call_get_peers (KlGroupCall *self)
{
  g_return_val_if_fail (KL_IS_GROUP_CALL (self), NULL);
  return G_LIST_MODEL (self->peers);
}

GListModel *
kl_group_call_get_people (KlGroupCall *self)
{
  g_return_val_if_fail (KL_IS_GROUP_CALL (self), NULL);
  return G_LIST_MODEL (self->people);
}

guint
kl_group_call_get_n_people (KlGroupCall *self)
{
  g_return_val_if_fail (KL_IS_GROUP_CALL (self), 0);
  return self->n_people;
}

gboolean
kl_group_call_get_joined_here (KlGroupCall *self)
{
  g_return_val_if_fail (KL_IS_GROUP_CALL (self), FALSE);
  return self->joined_here;
}

gboolean
kl_group_call_get_joined_elsewhere (KlGroupCall *self)
{
  g_return_val_if_fail (KL_IS_GROUP_CALL (self), FALSE);
  return self->joined_elsewhere;
}
