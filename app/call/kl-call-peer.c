/* SPDX-License-Identifier: GPL-3.0-or-later
 * A peer has at most one connection at a time, under a session id that whoever offers makes up. What comes for another
 * session is either of one that is over, and ignored, or of one whose offer is still on its way, and kept.
 *
 * Only the offerer makes a connection anew; the other side asks for it ("renew"). */
#include "app/call/kl-call-peer.h"

#include "protocol/kl-id.h"

enum
{
  CONNECT_MS = 12000,      /* from offer to media */
  SILENCE_MS = 5000,       /* without a packet, once connected */
  RENEW_MIN_MS = 1000,     /* between two connections, after a failure; doubled each time */
  RENEW_MAX_MS = 15000,
  ASK_AGAIN_MS = 5000,     /* for a renewal */
  MAX_RETIRED = 16,
  MAX_EARLY = 64,
  STALL_TICKS = 3,
  QUIET_MS = 500,
};

#define SPEAKING_LEVEL 0.4

struct _KlCallPeer
{
  GObject parent_instance;

  char *id;
  char *user;
  const KlCallContext *context;
  KlCallPeerSend send;
  gpointer user_data;

  KlCallPeerState state;
  gboolean audio;
  gboolean video;
  gboolean screen;
  gboolean hand;
  double level;
  gboolean speaking;
  gint64 level_usec; /* of the last word about it: a muted one says none */
  gint64 loud_usec;
  KlCallLine line;
  gboolean stalled;
  KlVideoFeed *feed;

  KlCallConnection *connection;
  char *last_offer; /* that we took, of this session */
  gboolean offerer; /* of the latest connection */
  GQueue retired;   /* session ids, oldest first */
  GQueue early;     /* element-type KlCallMessage: candidates before their offer */
  guint failures;   /* in a row */
  guint timer;
  guint n_connections;

  KlCallRate rate;
  KlCallSample sample;
  guint last_frames;
  gint64 last_tick_usec;
  double fps;
  guint still_ticks;
};

typedef enum
{
  PROP_ID = 1,
  PROP_USER,
  PROP_STATE,
  PROP_AUDIO,
  PROP_VIDEO,
  PROP_SCREEN,
  PROP_HAND,
  PROP_FEED,
  PROP_LEVEL,
  PROP_SPEAKING,
  PROP_LINE,
  PROP_STALLED,
  N_PROPS,
} Prop;

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (KlCallPeer, kl_call_peer, G_TYPE_OBJECT)

static void start_offer (KlCallPeer *self);

static void
notify (KlCallPeer *self, Prop prop)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[prop]);
}

static void
set_flag (KlCallPeer *self, gboolean *flag, gboolean value, Prop prop)
{
  if (*flag == !!value)
    return;
  *flag = !!value;
  notify (self, prop);
}

static void
set_state (KlCallPeer *self, KlCallPeerState state)
{
  if (self->state == state || self->state == KL_CALL_PEER_GONE)
    return;
  self->state = state;
  notify (self, PROP_STATE);
}

static void
set_level (KlCallPeer *self, double level)
{
  gint64 now = g_get_monotonic_time ();

  if (level >= KL_CALL_SPEAKING_LEVEL)
    self->loud_usec = now;
  if (level != self->level)
    {
      self->level = level;
      notify (self, PROP_LEVEL);
    }
  set_flag (self, &self->speaking,
            self->loud_usec != 0 && now - self->loud_usec < KL_CALL_SPEAKING_MS * G_TIME_SPAN_MILLISECOND, PROP_SPEAKING);
}

/* ── Connections ── */

static void
on_description (KlCallConnection *connection, int kind, const char *sdp, KlCallPeer *self)
{
  g_autofree char *data = kl_call_message_write_sdp (kl_call_connection_get_session (connection), kind, sdp);

  self->send (self, data, self->user_data);
}

static void
on_candidate (KlCallConnection *connection, const char *candidate, const char *mid, int line, KlCallPeer *self)
{
  g_autofree char *data
      = kl_call_message_write_candidate (kl_call_connection_get_session (connection), candidate, mid, line);

  self->send (self, data, self->user_data);
}

static void
on_connected (KlCallConnection *connection, KlCallPeer *self)
{
  self->failures = 0;
  set_state (self, KL_CALL_PEER_CONNECTED);
}

static void
on_failed (KlCallConnection *connection, KlCallPeer *self)
{
  kl_call_peer_renew (self);
}

static void
retire_connection (KlCallPeer *self)
{
  g_autoptr (KlCallConnection) connection = g_steal_pointer (&self->connection);

  g_clear_pointer (&self->last_offer, g_free);
  if (connection == NULL)
    return;
  g_queue_push_tail (&self->retired, g_strdup (kl_call_connection_get_session (connection)));
  if (g_queue_get_length (&self->retired) > MAX_RETIRED)
    g_free (g_queue_pop_head (&self->retired));
  g_signal_handlers_disconnect_by_data (connection, self);
  kl_call_connection_close (connection);
}

static void
open_connection (KlCallPeer *self, const char *session)
{
  retire_connection (self);
  g_clear_handle_id (&self->timer, g_source_remove);
  self->connection = kl_call_connection_new (self->context, session, self->feed);
  self->n_connections++;
  self->sample = (KlCallSample) { 0 };
  kl_call_connection_set_video_open (self->connection, kl_call_rate_is_open (&self->rate));
  g_signal_connect (self->connection, "description", G_CALLBACK (on_description), self);
  g_signal_connect (self->connection, "candidate", G_CALLBACK (on_candidate), self);
  g_signal_connect (self->connection, "connected", G_CALLBACK (on_connected), self);
  g_signal_connect (self->connection, "failed", G_CALLBACK (on_failed), self);
}

static void
start_offer (KlCallPeer *self)
{
  g_autofree char *session = kl_id_new_random ();

  self->offerer = TRUE;
  open_connection (self, session);
  kl_call_connection_offer (self->connection);
}

static void
ask_renewal (KlCallPeer *self)
{
  const char *session = g_queue_peek_tail (&self->retired);
  g_autofree char *data = kl_call_message_write_renew (session != NULL ? session : "none");

  self->send (self, data, self->user_data);
}

static gboolean
on_timer (gpointer data)
{
  KlCallPeer *self = data;

  if (self->offerer)
    {
      self->timer = 0;
      start_offer (self);
      return G_SOURCE_REMOVE;
    }
  ask_renewal (self);
  return G_SOURCE_CONTINUE;
}

void
kl_call_peer_renew (KlCallPeer *self)
{
  guint wait_ms = 0;

  if (self->state == KL_CALL_PEER_GONE)
    return;
  retire_connection (self);
  if (self->state == KL_CALL_PEER_CONNECTED)
    set_state (self, KL_CALL_PEER_RECONNECTING);
  if (self->failures > 0)
    wait_ms = MIN (RENEW_MIN_MS << MIN (self->failures - 1, 8), RENEW_MAX_MS);
  self->failures++;
  g_clear_handle_id (&self->timer, g_source_remove);
  if (!self->offerer)
    {
      ask_renewal (self);
      wait_ms = ASK_AGAIN_MS;
    }
  self->timer = g_timeout_add (wait_ms, on_timer, self);
}

void
kl_call_peer_offer (KlCallPeer *self)
{
  start_offer (self);
}

static gboolean
is_retired (KlCallPeer *self, const char *session)
{
  return g_queue_find_custom (&self->retired, session, (GCompareFunc) g_strcmp0) != NULL;
}

static gboolean
is_current (KlCallPeer *self, const char *session)
{
  return self->connection != NULL && g_str_equal (kl_call_connection_get_session (self->connection), session);
}

static void
take_candidate (KlCallPeer *self, const KlCallMessage *message)
{
  kl_call_connection_take_candidate (self->connection, message->candidate, message->mid, message->line);
}

static void
keep_early (KlCallPeer *self, const KlCallMessage *message)
{
  KlCallMessage *copy;

  if (g_queue_get_length (&self->early) >= MAX_EARLY)
    kl_call_message_free (g_queue_pop_head (&self->early));
  copy = g_new0 (KlCallMessage, 1);
  *copy = (KlCallMessage) { message->kind, g_strdup (message->session), NULL, g_strdup (message->candidate),
                            g_strdup (message->mid), message->line };
  g_queue_push_tail (&self->early, copy);
}

static void
take_early (KlCallPeer *self)
{
  for (guint n = g_queue_get_length (&self->early); n > 0; n--)
    {
      KlCallMessage *message = g_queue_pop_head (&self->early);

      if (is_current (self, message->session))
        take_candidate (self, message);
      kl_call_message_free (message);
    }
}

static void
take_offer (KlCallPeer *self, const KlCallMessage *message)
{
  gboolean current = is_current (self, message->session);

  if (is_retired (self, message->session) || (current && g_strcmp0 (message->sdp, self->last_offer) == 0))
    return;
  if (!kl_call_connection_can_take_offer (message->sdp))
    return;
  /* Ours is under way; they will answer it. */
  if (self->connection != NULL && self->offerer && !kl_call_connection_get_connected (self->connection))
    return;
  if (current && kl_call_connection_take_offer (self->connection, message->sdp))
    {
      g_set_str (&self->last_offer, message->sdp);
      return;
    }
  if (self->state == KL_CALL_PEER_CONNECTED)
    set_state (self, KL_CALL_PEER_RECONNECTING);
  self->offerer = FALSE;
  open_connection (self, message->session);
  if (current)
    g_free (g_queue_pop_tail (&self->retired)); /* other ICE credentials under the same session */
  kl_call_connection_take_offer (self->connection, message->sdp);
  self->last_offer = g_strdup (message->sdp);
  take_early (self);
}

/* Whoever asks does not take itself for the offerer, so we are it, whatever we thought. */
static void
take_renew (KlCallPeer *self, const KlCallMessage *message)
{
  if (self->connection != NULL && !is_current (self, message->session))
    return;
  if (self->connection == NULL && self->offerer)
    return; /* about to */
  self->offerer = TRUE;
  kl_call_peer_renew (self);
}

void
kl_call_peer_take (KlCallPeer *self, const KlCallMessage *message)
{
  if (self->state == KL_CALL_PEER_GONE)
    return;
  switch (message->kind)
    {
    case KL_CALL_MESSAGE_OFFER:
      take_offer (self, message);
      return;
    case KL_CALL_MESSAGE_ANSWER:
      if (is_current (self, message->session))
        kl_call_connection_take_answer (self->connection, message->sdp);
      return;
    case KL_CALL_MESSAGE_CANDIDATE:
      if (is_current (self, message->session))
        take_candidate (self, message);
      else if (!is_retired (self, message->session))
        keep_early (self, message);
      return;
    case KL_CALL_MESSAGE_LAST_CANDIDATE: /* libnice ends by itself */
      return;
    case KL_CALL_MESSAGE_RENEW:
      take_renew (self, message);
      return;
    default:
      return;
    }
}

void
kl_call_peer_close (KlCallPeer *self)
{
  set_state (self, KL_CALL_PEER_GONE);
  g_clear_handle_id (&self->timer, g_source_remove);
  retire_connection (self);
  kl_video_feed_clear (self->feed);
}

/* ── Once a second ── */

static void
watch (KlCallPeer *self, gint64 now)
{
  KlCallConnection *connection = self->connection;
  gint64 heard = MAX (kl_call_connection_get_heard_usec (connection), kl_call_connection_get_born_usec (connection));
  int limit_ms = kl_call_connection_get_connected (connection) ? SILENCE_MS : CONNECT_MS;

  if (!kl_call_connection_get_connected (connection))
    heard = kl_call_connection_get_born_usec (connection);
  if (now - heard > limit_ms * G_TIME_SPAN_MILLISECOND)
    kl_call_peer_renew (self);
}

static void
count_frames (KlCallPeer *self, gint64 now)
{
  guint frames = kl_video_feed_get_frames (self->feed);

  if (self->last_tick_usec != 0 && now > self->last_tick_usec)
    self->fps = (frames - self->last_frames) * (double) G_USEC_PER_SEC / (double) (now - self->last_tick_usec);
  self->still_ticks = frames == self->last_frames && self->video ? self->still_ticks + 1 : 0;
  self->last_frames = frames;
  self->last_tick_usec = now;
  set_flag (self, &self->stalled, self->still_ticks >= STALL_TICKS, PROP_STALLED);
}

void
kl_call_peer_tick (KlCallPeer *self, gboolean sending_video)
{
  gint64 now = g_get_monotonic_time ();
  KlCallFeedback feedback = { 0 };

  count_frames (self, now);
  set_level (self, self->audio && now - self->level_usec < QUIET_MS * G_TIME_SPAN_MILLISECOND ? self->level : 0);
  if (self->connection == NULL)
    return;
  if (kl_call_connection_sample (self->connection, &self->sample))
    {
      feedback.known = self->sample.has_feedback;
      feedback.loss_percent = self->sample.loss_percent;
      feedback.through_bps = self->sample.through_bps;
      kl_call_rate_tick (&self->rate, &feedback, KL_CALL_LARGE_VIDEO_BPS, sending_video);
    }
  watch (self, now);
}

KlCallRate *
kl_call_peer_get_rate (KlCallPeer *self)
{
  return self->state == KL_CALL_PEER_CONNECTED ? &self->rate : NULL;
}

void
kl_call_peer_apply_rate (KlCallPeer *self)
{
  gboolean open = kl_call_rate_is_open (&self->rate);
  KlCallLine line = kl_call_rate_get_line (&self->rate, KL_CALL_VIDEO_BPS);

  if (self->connection != NULL && kl_call_connection_get_video_open (self->connection) != open)
    kl_call_connection_set_video_open (self->connection, open);
  if (line != self->line)
    {
      self->line = line;
      notify (self, PROP_LINE);
    }
}

gboolean
kl_call_peer_take_message (KlCallPeer *self, GstMessage *message)
{
  GstElement *bin = self->connection != NULL ? kl_call_connection_get_bin (self->connection) : NULL;
  double level;

  if (bin == NULL || !gst_object_has_as_ancestor (GST_MESSAGE_SRC (message), GST_OBJECT (bin)))
    return FALSE;
  if (kl_call_connection_read_level (self->connection, message, &level))
    {
      self->level_usec = g_get_monotonic_time ();
      set_level (self, level);
    }
  else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    kl_call_peer_renew (self);
  return TRUE;
}

void
kl_call_peer_set_media (KlCallPeer *self, gboolean audio, gboolean video, gboolean screen, gboolean hand)
{
  set_flag (self, &self->audio, audio, PROP_AUDIO);
  set_flag (self, &self->video, video, PROP_VIDEO);
  set_flag (self, &self->screen, screen, PROP_SCREEN);
  set_flag (self, &self->hand, hand, PROP_HAND);
  if (!video && !screen)
    kl_video_feed_clear (self->feed);
}

void
kl_call_peer_get_stats (KlCallPeer *self, KlCallStats *stats)
{
  *stats = (KlCallStats) {
    .line = self->sample,
    .video_target_bps = kl_call_rate_is_open (&self->rate) ? self->rate.target_bps : 0,
    .width = kl_video_feed_get_width (self->feed),
    .height = kl_video_feed_get_height (self->feed),
    .fps = self->fps,
    .frames = kl_video_feed_get_frames (self->feed),
    .connections = self->n_connections,
    .relayed = self->sample.way == KL_CALL_WAY_RELAYED,
  };
}

static void
kl_call_peer_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KlCallPeer *self = KL_CALL_PEER (object);

  switch ((Prop) id)
    {
    case PROP_ID:
      g_value_set_string (value, self->id);
      break;
    case PROP_USER:
      g_value_set_string (value, self->user);
      break;
    case PROP_STATE:
      g_value_set_int (value, (int) self->state);
      break;
    case PROP_AUDIO:
      g_value_set_boolean (value, self->audio);
      break;
    case PROP_VIDEO:
      g_value_set_boolean (value, self->video);
      break;
    case PROP_SCREEN:
      g_value_set_boolean (value, self->screen);
      break;
    case PROP_HAND:
      g_value_set_boolean (value, self->hand);
      break;
    case PROP_FEED:
      g_value_set_object (value, self->feed);
      break;
    case PROP_LEVEL:
      g_value_set_double (value, self->level);
      break;
    case PROP_SPEAKING:
      g_value_set_boolean (value, self->speaking);
      break;
    case PROP_LINE:
      g_value_set_int (value, (int) self->line);
      break;
    case PROP_STALLED:
      g_value_set_boolean (value, self->stalled);
      break;
    case N_PROPS:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_call_peer_dispose (GObject *object)
{
  KlCallPeer *self = KL_CALL_PEER (object);

  g_clear_handle_id (&self->timer, g_source_remove);
  retire_connection (self);
  G_OBJECT_CLASS (kl_call_peer_parent_class)->dispose (object);
}

static void
kl_call_peer_finalize (GObject *object)
{
  KlCallPeer *self = KL_CALL_PEER (object);

  g_queue_clear_full (&self->retired, g_free);
  g_queue_clear_full (&self->early, (GDestroyNotify) kl_call_message_free);
  g_object_unref (self->feed);
  g_free (self->id);
  g_free (self->user);
  g_free (self->last_offer);
  G_OBJECT_CLASS (kl_call_peer_parent_class)->finalize (object);
}

static void
kl_call_peer_class_init (KlCallPeerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = kl_call_peer_get_property;
  object_class->dispose = kl_call_peer_dispose;
  object_class->finalize = kl_call_peer_finalize;

  properties[PROP_ID] = g_param_spec_string ("id", NULL, NULL, NULL, flags);
  properties[PROP_USER] = g_param_spec_string ("user", NULL, NULL, NULL, flags);
  properties[PROP_STATE] = g_param_spec_int ("state", NULL, NULL, 0, KL_CALL_PEER_GONE, 0, flags);
  properties[PROP_AUDIO] = g_param_spec_boolean ("audio", NULL, NULL, FALSE, flags);
  properties[PROP_VIDEO] = g_param_spec_boolean ("video", NULL, NULL, FALSE, flags);
  properties[PROP_SCREEN] = g_param_spec_boolean ("screen", NULL, NULL, FALSE, flags);
  properties[PROP_HAND] = g_param_spec_boolean ("hand", NULL, NULL, FALSE, flags);
  properties[PROP_FEED] = g_param_spec_object ("feed", NULL, NULL, KL_TYPE_VIDEO_FEED, flags);
  properties[PROP_LEVEL] = g_param_spec_double ("level", NULL, NULL, 0, 1, 0, flags);
  properties[PROP_SPEAKING] = g_param_spec_boolean ("speaking", NULL, NULL, FALSE, flags);
  properties[PROP_LINE] = g_param_spec_int ("line", NULL, NULL, 0, KL_CALL_LINE_BAD, 0, flags);
  properties[PROP_STALLED] = g_param_spec_boolean ("stalled", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
kl_call_peer_init (KlCallPeer *self)
{
  g_queue_init (&self->retired);
  g_queue_init (&self->early);
  self->feed = kl_video_feed_new ();
  kl_call_rate_init (&self->rate);
}

KlCallPeer *
kl_call_peer_new (const char *id, const char *user, const KlCallContext *context, KlCallPeerSend send,
                  gpointer user_data)
{
  KlCallPeer *self = g_object_new (KL_TYPE_CALL_PEER, NULL);

  self->id = g_strdup (id);
  self->user = g_strdup (user);
  self->context = context;
  self->send = send;
  self->user_data = user_data;
  return self;
}

const char *
kl_call_peer_get_id (KlCallPeer *self)
{
  return self->id;
}

const char *
kl_call_peer_get_user (KlCallPeer *self)
{
  return self->user;
}

KlCallPeerState
kl_call_peer_get_state (KlCallPeer *self)
{
  return self->state;
}

gboolean
kl_call_peer_get_audio (KlCallPeer *self)
{
  return self->audio;
}

gboolean
kl_call_peer_get_video (KlCallPeer *self)
{
  return self->video;
}

gboolean
kl_call_peer_get_screen (KlCallPeer *self)
{
  return self->screen;
}

gboolean
kl_call_peer_get_hand (KlCallPeer *self)
{
  return self->hand;
}

KlVideoFeed *
kl_call_peer_get_feed (KlCallPeer *self)
{
  return self->feed;
}

double
kl_call_peer_get_level (KlCallPeer *self)
{
  return self->level;
}

gboolean
kl_call_peer_get_speaking (KlCallPeer *self)
{
  return self->speaking;
}

KlCallLine
kl_call_peer_get_line (KlCallPeer *self)
{
  return self->line;
}

gboolean
kl_call_peer_get_stalled (KlCallPeer *self)
{
  return self->stalled;
}
