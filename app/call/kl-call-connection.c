/* SPDX-License-Identifier: GPL-3.0-or-later
 * webrtcbin calls back on threads of its own. Those callbacks hold a Link, never the connection; they post to the main
 * thread, where the connection is looked up and, if it has been closed meanwhile, nothing happens. */
#include "app/call/kl-call-connection.h"

#include "app/call/kl-call-description.h"
#include "app/call/kl-call-element.h"
#include "app/call/kl-call-media.h"
#include "app/call/kl-call-message.h"
#include "app/call/kl-call-removal.h"
#include "app/call/kl-ice-server.h"

enum
{
  JITTER_MS = 100,
};

/* What rtpsession takes for the line's breadth, in bytes a second: its own idea starves the reports of lost packets. */
#define SESSION_BANDWIDTH 2000000.0

typedef struct
{
  gatomicrefcount refs;
  GMutex mutex; /* held while a receiver is built, and to close */
  gboolean closed;
  GWeakRef connection;
  GMainContext *context;
  GstElement *bin; /* borrowed: whoever calls back is in it */
  KlVideoFeed *feed;
  KlSpeaker *speaker;
  GstPad *mixer_pad;
  char *line_filter;
  gint64 born_usec;
  int heard_ms; /* atomic: since born */
} Link;

struct _KlCallConnection
{
  GObject parent_instance;

  Link *link;
  GstBin *pipeline;
  KlCallWorker *worker;
  KlPublisher *publisher;
  char *session;
  GstElement *bin;
  GstElement *webrtc; /* borrowed from bin */
  GstElement *rtp_session;
  GstPad *tee_pads[2];
  KlCallGate *gate;
  gboolean video_open;
  gboolean offered;
  gboolean offer_taken;
  gboolean connected;
  gboolean failed;
  gboolean remote_set;
  gboolean asking; /* webrtcbin for its statistics */
  KlCallWay way;
  KlCallDescription *local;
  KlCallDescription *remote;
  GPtrArray *candidates; /* element-type Candidate: until the remote description is set */
  guint n_candidates;
};

typedef struct
{
  char *candidate;
  char *mid;
  int line;
} Candidate;

/* A call back from another thread, on its way to the main one. */
typedef struct
{
  Link *link;
  void (*func) (KlCallConnection *self, gpointer data);
  gpointer data;
  GDestroyNotify destroy;
} Post;

enum
{
  DESCRIPTION,
  CANDIDATE,
  CONNECTED,
  FAILED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KlCallConnection, kl_call_connection, G_TYPE_OBJECT)

static Link *
link_ref (Link *link)
{
  g_atomic_ref_count_inc (&link->refs);
  return link;
}

static void
link_unref (Link *link)
{
  if (!g_atomic_ref_count_dec (&link->refs))
    return;
  g_mutex_clear (&link->mutex);
  g_weak_ref_clear (&link->connection);
  g_main_context_unref (link->context);
  g_clear_object (&link->feed);
  g_clear_object (&link->speaker);
  g_clear_object (&link->mixer_pad);
  g_free (link->line_filter);
  g_free (link);
}

static void
candidate_free (gpointer data)
{
  Candidate *candidate = data;

  g_free (candidate->candidate);
  g_free (candidate->mid);
  g_free (candidate);
}

static gboolean
dispatch_post (gpointer data)
{
  Post *post = data;
  g_autoptr (KlCallConnection) self = g_weak_ref_get (&post->link->connection);

  if (self != NULL && self->bin != NULL)
    post->func (self, post->data);
  return G_SOURCE_REMOVE;
}

static void
post_free (gpointer data)
{
  Post *post = data;

  if (post->destroy != NULL)
    post->destroy (post->data);
  link_unref (post->link);
  g_free (post);
}

static void
post (Link *link, void (*func) (KlCallConnection *, gpointer), gpointer data, GDestroyNotify destroy)
{
  Post *it = g_new0 (Post, 1);
  GSource *source = g_idle_source_new ();

  *it = (Post) { link_ref (link), func, data, destroy };
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, dispatch_post, it, post_free);
  g_source_attach (source, link->context);
  g_source_unref (source);
}

static void
fail (KlCallConnection *self, gpointer unused)
{
  if (self->failed)
    return;
  self->failed = TRUE;
  g_signal_emit (self, signals[FAILED], 0);
}

static void
add_candidate (KlCallConnection *self, const Candidate *candidate)
{
  int line = candidate->mid != NULL ? kl_call_description_find_mid (self->remote, candidate->mid) : -1;

  if (line < 0)
    line = candidate->line;
  if (line >= 0 && line < (int) self->remote->n_lines)
    g_signal_emit_by_name (self->webrtc, "add-ice-candidate", (guint) line, candidate->candidate);
}

static void
take_remote_set (KlCallConnection *self, gpointer unused)
{
  self->remote_set = TRUE;
  for (guint i = 0; i < self->candidates->len; i++)
    add_candidate (self, self->candidates->pdata[i]);
  g_ptr_array_set_size (self->candidates, 0);
}

static void
take_local (KlCallConnection *self, gpointer data)
{
  const char *sdp = data;

  g_clear_pointer (&self->local, kl_call_description_free);
  self->local = kl_call_description_parse (GST_WEBRTC_SDP_TYPE_OFFER, sdp);
  g_signal_emit (self, signals[DESCRIPTION], 0, (int) (self->offered ? KL_CALL_MESSAGE_OFFER : KL_CALL_MESSAGE_ANSWER),
                 sdp);
}

static void
take_local_candidate (KlCallConnection *self, gpointer data)
{
  Candidate *candidate = data;
  const char *mid = NULL;

  if (candidate->candidate == NULL || *candidate->candidate == '\0')
    {
      g_signal_emit (self, signals[CANDIDATE], 0, NULL, NULL, -1);
      return;
    }
  if (self->local != NULL && candidate->line < (int) self->local->n_lines)
    mid = self->local->mids[candidate->line];
  g_signal_emit (self, signals[CANDIDATE], 0, candidate->candidate, mid, candidate->line);
}

static void
take_state (KlCallConnection *self, gpointer data)
{
  switch ((GstWebRTCPeerConnectionState) GPOINTER_TO_INT (data))
    {
    case GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTED:
      if (self->connected)
        return;
      self->connected = TRUE;
      kl_call_connection_set_video_open (self, self->video_open);
      g_signal_emit (self, signals[CONNECTED], 0);
      return;
    case GST_WEBRTC_PEER_CONNECTION_STATE_FAILED:
      fail (self, NULL);
      return;
    case GST_WEBRTC_PEER_CONNECTION_STATE_NEW:
    case GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTING:
    case GST_WEBRTC_PEER_CONNECTION_STATE_DISCONNECTED: /* the owner hears the silence */
    case GST_WEBRTC_PEER_CONNECTION_STATE_CLOSED:
    default:
      return;
    }
}

static void
take_way (KlCallConnection *self, gpointer data)
{
  KlCallWay way = (KlCallWay) GPOINTER_TO_INT (data);

  self->asking = FALSE;
  if (way != KL_CALL_WAY_UNKNOWN)
    self->way = way;
}

/* ── On webrtcbin's threads ── */

typedef struct
{
  Link *link;
  GstElement *webrtc;
} Ask;

static void
ask_free (gpointer data)
{
  Ask *ask = data;

  link_unref (ask->link);
  gst_object_unref (ask->webrtc);
  g_free (ask);
}

static GstPromise *
make_promise (Link *link, GstElement *webrtc, GstPromiseChangeFunc func)
{
  Ask *ask = g_new0 (Ask, 1);

  ask->link = link_ref (link);
  ask->webrtc = gst_object_ref (webrtc);
  return gst_promise_new_with_change_func (func, ask, ask_free);
}

/* The reply's description under this name, or NULL, in which case the connection has failed. */
static GstWebRTCSessionDescription *
read_reply (GstPromise *promise, Ask *ask, const char *name)
{
  const GstStructure *reply = NULL;
  GstWebRTCSessionDescription *description = NULL;

  if (gst_promise_wait (promise) != GST_PROMISE_RESULT_REPLIED)
    return NULL; /* closed meanwhile */
  reply = gst_promise_get_reply (promise);
  if (reply != NULL)
    gst_structure_get (reply, name, GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &description, NULL);
  if (description == NULL)
    post (ask->link, fail, NULL, NULL);
  return description;
}

static void
take_description_made (GstPromise *promise, Ask *ask, const char *name)
{
  GstWebRTCSessionDescription *description = read_reply (promise, ask, name);
  GstPromise *done;

  if (description == NULL)
    return;
  /* Before the candidates, which begin with what follows. */
  post (ask->link, take_local, gst_sdp_message_as_text (description->sdp), g_free);
  done = gst_promise_new ();
  g_signal_emit_by_name (ask->webrtc, "set-local-description", description, done);
  gst_promise_interrupt (done);
  gst_promise_unref (done);
  gst_webrtc_session_description_free (description);
}

static void
on_offer_made (GstPromise *promise, gpointer data)
{
  take_description_made (promise, data, "offer");
  gst_promise_unref (promise);
}

static void
on_answer_made (GstPromise *promise, gpointer data)
{
  take_description_made (promise, data, "answer");
  gst_promise_unref (promise);
}

static gboolean
remote_was_set (GstPromise *promise, Ask *ask)
{
  const GstStructure *reply;

  if (gst_promise_wait (promise) != GST_PROMISE_RESULT_REPLIED)
    return FALSE;
  reply = gst_promise_get_reply (promise);
  if (reply != NULL && gst_structure_has_field (reply, "error"))
    {
      post (ask->link, fail, NULL, NULL);
      return FALSE;
    }
  post (ask->link, take_remote_set, NULL, NULL);
  return TRUE;
}

static void
on_offer_taken (GstPromise *promise, gpointer data)
{
  Ask *ask = data;

  if (remote_was_set (promise, ask))
    g_signal_emit_by_name (ask->webrtc, "create-answer", NULL, make_promise (ask->link, ask->webrtc, on_answer_made));
  gst_promise_unref (promise);
}

static void
on_answer_taken (GstPromise *promise, gpointer data)
{
  remote_was_set (promise, data);
  gst_promise_unref (promise);
}

static void
on_stats (GstPromise *promise, gpointer data)
{
  Ask *ask = data;
  const GstStructure *reply = NULL;

  if (gst_promise_wait (promise) == GST_PROMISE_RESULT_REPLIED)
    reply = gst_promise_get_reply (promise);
  post (ask->link, take_way, GINT_TO_POINTER (reply != NULL ? kl_call_sample_read_way (reply) : KL_CALL_WAY_UNKNOWN),
        NULL);
  gst_promise_unref (promise);
}

static void
on_ice_candidate (GstElement *webrtc, guint line, const char *text, Link *link)
{
  Candidate *candidate = g_new0 (Candidate, 1);

  candidate->candidate = g_strdup (text);
  candidate->line = (int) line;
  post (link, take_local_candidate, candidate, candidate_free);
}

static void
on_connection_state (GstElement *webrtc, GParamSpec *pspec, Link *link)
{
  GstWebRTCPeerConnectionState state;

  g_object_get (webrtc, "connection-state", &state, NULL);
  post (link, take_state, GINT_TO_POINTER (state), NULL);
}

static void
on_pad_added (GstElement *webrtc, GstPad *pad, Link *link)
{
  GstPad *mixer_pad;

  if (GST_PAD_DIRECTION (pad) != GST_PAD_SRC)
    return;
  g_mutex_lock (&link->mutex);
  if (!link->closed)
    {
      mixer_pad = kl_call_media_add_receiver (GST_BIN (link->bin), pad, link->feed, link->speaker);
      if (mixer_pad != NULL)
        link->mixer_pad = mixer_pad;
    }
  g_mutex_unlock (&link->mutex);
}

static GstPadProbeReturn
on_heard (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Link *link = data;

  g_atomic_int_set (&link->heard_ms, (int) ((g_get_monotonic_time () - link->born_usec) / 1000) + 1);
  return GST_PAD_PROBE_OK;
}

static void
on_deep_element_added (GstBin *webrtc, GstBin *parent, GstElement *element, Link *link)
{
  GstElementFactory *factory = gst_element_get_factory (element);
  const char *name = factory != NULL ? GST_OBJECT_NAME (factory) : "";

  if (g_strcmp0 (name, "rtpsession") == 0)
    g_object_set (element, "bandwidth", SESSION_BANDWIDTH, NULL);
  else if (g_strcmp0 (name, "nicesrc") == 0)
    {
      g_autoptr (GstPad) pad = gst_element_get_static_pad (element, "src");

      gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, on_heard, link_ref (link),
                         (GDestroyNotify) link_unref);
    }
}

static GstElement *
on_request_line_filter (GstElement *webrtc, GObject *transport, Link *link)
{
  return gst_parse_bin_from_description (link->line_filter, TRUE, NULL);
}

/* ── On the main thread ── */

static void
connect_link (Link *link, GstElement *webrtc, const char *signal, GCallback callback)
{
  g_signal_connect_data (webrtc, signal, callback, link_ref (link), (GClosureNotify) link_unref, G_CONNECT_DEFAULT);
}

static void
set_up_ice (GstElement *webrtc, const KlCallContext *context)
{
  g_autoptr (GObject) ice = NULL;
  g_autoptr (GObject) agent = NULL;

  g_object_get (webrtc, "ice-agent", &ice, NULL);
  g_object_get (ice, "agent", &agent, NULL);
  /* It would speak to every router about every interface. */
  g_object_set (agent, "upnp", FALSE, NULL);
  if (context->local_address != NULL)
    {
      gboolean done;

      g_signal_emit_by_name (ice, "add-local-ip-address", context->local_address, &done);
    }
  if (context->relay_only)
    gst_util_set_object_arg (G_OBJECT (webrtc), "ice-transport-policy", "relay");
  for (guint i = 0; context->ice_servers != NULL && i < context->ice_servers->len; i++)
    {
      g_auto (GStrv) stun = kl_ice_server_dup_stun (context->ice_servers->pdata[i]);
      g_auto (GStrv) turn = kl_ice_server_dup_turn (context->ice_servers->pdata[i]);

      if (stun[0] != NULL)
        g_object_set (webrtc, "stun-server", stun[0], NULL);
      for (char **uri = turn; *uri != NULL; uri++)
        {
          gboolean done;

          g_signal_emit_by_name (webrtc, "add-turn-server", *uri, &done);
        }
    }
}

KlCallConnection *
kl_call_connection_new (const KlCallContext *context, const char *session, KlVideoFeed *feed)
{
  KlCallConnection *self = g_object_new (KL_TYPE_CALL_CONNECTION, NULL);
  Link *link = self->link;

  self->session = g_strdup (session);
  self->pipeline = g_object_ref (context->pipeline);
  self->worker = kl_call_worker_ref (context->worker);
  self->publisher = g_object_ref (context->publisher);
  link->feed = context->blind ? NULL : g_object_ref (feed);
  link->speaker = g_object_ref (context->speaker);
  link->line_filter = g_strdup (context->line_filter);

  self->bin = g_object_ref_sink (gst_bin_new (NULL));
  self->webrtc = gst_element_factory_make ("webrtcbin", NULL);
  link->bin = self->bin;
  gst_util_set_object_arg (G_OBJECT (self->webrtc), "bundle-policy", "max-bundle");
  g_object_set (self->webrtc, "latency", JITTER_MS, NULL);
  gst_bin_add (GST_BIN (self->bin), self->webrtc);
  connect_link (link, self->webrtc, "on-ice-candidate", G_CALLBACK (on_ice_candidate));
  connect_link (link, self->webrtc, "notify::connection-state", G_CALLBACK (on_connection_state));
  connect_link (link, self->webrtc, "pad-added", G_CALLBACK (on_pad_added));
  connect_link (link, self->webrtc, "deep-element-added", G_CALLBACK (on_deep_element_added));
  if (link->line_filter != NULL)
    connect_link (link, self->webrtc, "request-post-rtp-aux-sender", G_CALLBACK (on_request_line_filter));
  set_up_ice (self->webrtc, context);
  gst_bin_add (self->pipeline, self->bin);
  return self;
}

/* The bin runs before frames flow into it: a tee that is told "flushing" stops its source for good. */
static void
start (KlCallConnection *self, const KlCallCodec codecs[2])
{
  GstPad *entries[2] = { NULL, NULL };

  for (int kind = 0; kind < 2; kind++)
    if (codecs[kind].payload >= 0)
      entries[kind] = kl_call_media_add_sender (GST_BIN (self->bin), self->webrtc, kind, &codecs[kind],
                                                kind == KL_MEDIA_VIDEO ? kl_publisher_make_encoder (self->publisher) : NULL,
                                                kind == KL_MEDIA_VIDEO ? self->gate : NULL);
  gst_element_sync_state_with_parent (self->bin);
  for (int kind = 0; kind < 2; kind++)
    if (entries[kind] != NULL)
      {
        self->tee_pads[kind] = kl_publisher_request_pad (self->publisher, kind);
        gst_pad_link (self->tee_pads[kind], entries[kind]);
      }
}

void
kl_call_connection_offer (KlCallConnection *self)
{
  KlCallCodec codecs[2];

  self->offered = TRUE;
  kl_call_codec_default (&codecs[KL_MEDIA_AUDIO], KL_MEDIA_AUDIO);
  kl_call_codec_default (&codecs[KL_MEDIA_VIDEO], KL_MEDIA_VIDEO);
  start (self, codecs);
  g_signal_emit_by_name (self->webrtc, "create-offer", NULL, make_promise (self->link, self->webrtc, on_offer_made));
}

static void
set_remote (KlCallConnection *self, KlCallDescription *description, GstPromiseChangeFunc func)
{
  g_clear_pointer (&self->remote, kl_call_description_free);
  self->remote = description;
  g_signal_emit_by_name (self->webrtc, "set-remote-description", description->description,
                         make_promise (self->link, self->webrtc, func));
}

gboolean
kl_call_connection_can_take_offer (const char *sdp)
{
  g_autoptr (KlCallDescription) description = kl_call_description_parse (GST_WEBRTC_SDP_TYPE_OFFER, sdp);

  return description != NULL;
}

gboolean
kl_call_connection_take_offer (KlCallConnection *self, const char *sdp)
{
  g_autoptr (KlCallDescription) description = kl_call_description_parse (GST_WEBRTC_SDP_TYPE_OFFER, sdp);

  if (description == NULL || self->offered || self->bin == NULL)
    return FALSE;
  if (self->offer_taken && g_strcmp0 (description->ufrag, self->remote->ufrag) != 0)
    return FALSE;
  if (!self->offer_taken)
    start (self, description->codecs);
  self->offer_taken = TRUE;
  set_remote (self, g_steal_pointer (&description), on_offer_taken);
  return TRUE;
}

gboolean
kl_call_connection_take_answer (KlCallConnection *self, const char *sdp)
{
  g_autoptr (KlCallDescription) description = kl_call_description_parse (GST_WEBRTC_SDP_TYPE_ANSWER, sdp);

  if (description == NULL || !self->offered || self->local == NULL || self->remote != NULL || self->bin == NULL
      || description->n_lines != self->local->n_lines)
    return FALSE;
  set_remote (self, g_steal_pointer (&description), on_answer_taken);
  return TRUE;
}

void
kl_call_connection_take_candidate (KlCallConnection *self, const char *text, const char *mid, int line)
{
  Candidate *candidate;

  if (self->bin == NULL || self->n_candidates >= KL_CALL_MAX_CANDIDATES)
    return;
  self->n_candidates++;
  candidate = g_new0 (Candidate, 1);
  *candidate = (Candidate) { g_strdup (text), g_strdup (mid), line };
  if (!self->remote_set)
    {
      g_ptr_array_add (self->candidates, candidate);
      return;
    }
  add_candidate (self, candidate);
  candidate_free (candidate);
}

void
kl_call_connection_set_video_open (KlCallConnection *self, gboolean open)
{
  self->video_open = open;
  kl_call_gate_set_open (self->gate, open && self->connected);
  if (open && self->connected)
    kl_publisher_force_key_frame (self->publisher);
}

gboolean
kl_call_connection_get_video_open (KlCallConnection *self)
{
  return self->video_open;
}

gboolean
kl_call_connection_read_level (KlCallConnection *self, GstMessage *message, double *level)
{
  return g_strcmp0 (GST_MESSAGE_SRC_NAME (message), KL_CALL_MEDIA_LEVEL) == 0 && kl_call_level_read (message, level);
}

/* ICE may change its mind at any time, and tells nobody. */
static void
ask_way (KlCallConnection *self)
{
  if (self->asking)
    return;
  self->asking = TRUE;
  g_signal_emit_by_name (self->webrtc, "get-stats", NULL, make_promise (self->link, self->webrtc, on_stats));
}

gboolean
kl_call_connection_sample (KlCallConnection *self, KlCallSample *sample)
{
  *sample = (KlCallSample) { 0 };
  if (!self->connected || self->bin == NULL)
    return FALSE;
  if (self->rtp_session == NULL)
    self->rtp_session = kl_call_sample_find_session (GST_BIN (self->webrtc));
  if (self->rtp_session == NULL)
    return FALSE;
  kl_call_sample_read (sample, self->rtp_session);
  sample->way = self->way;
  ask_way (self);
  return TRUE;
}

void
kl_call_connection_close (KlCallConnection *self)
{
  Link *link = self->link;
  KlCallRemoval removal = { 0 };

  if (self->bin == NULL)
    return;
  g_weak_ref_set (&link->connection, NULL);
  g_signal_handlers_disconnect_matched (self->webrtc, G_SIGNAL_MATCH_DATA, 0, 0, NULL, NULL, link);
  kl_call_gate_set_open (self->gate, FALSE);
  g_clear_object (&self->rtp_session);

  removal.worker = self->worker;
  removal.publisher = self->publisher;
  removal.speaker = link->speaker;
  removal.bin = g_steal_pointer (&self->bin);
  g_mutex_lock (&link->mutex);
  link->closed = TRUE;
  removal.mixer_pad = g_steal_pointer (&link->mixer_pad);
  g_mutex_unlock (&link->mutex);
  for (int kind = 0; kind < 2; kind++)
    removal.tee_pads[kind] = g_steal_pointer (&self->tee_pads[kind]);
  kl_call_removal_start (&removal);
}

const char *
kl_call_connection_get_session (KlCallConnection *self)
{
  return self->session;
}

GstElement *
kl_call_connection_get_bin (KlCallConnection *self)
{
  return self->bin;
}

gint64
kl_call_connection_get_born_usec (KlCallConnection *self)
{
  return self->link->born_usec;
}

gboolean
kl_call_connection_get_connected (KlCallConnection *self)
{
  return self->connected;
}

gboolean
kl_call_connection_get_offered (KlCallConnection *self)
{
  return self->offered;
}

gint64
kl_call_connection_get_heard_usec (KlCallConnection *self)
{
  int heard_ms = g_atomic_int_get (&self->link->heard_ms);

  return heard_ms > 0 ? self->link->born_usec + heard_ms * G_TIME_SPAN_MILLISECOND : 0;
}

static void
kl_call_connection_dispose (GObject *object)
{
  kl_call_connection_close (KL_CALL_CONNECTION (object));
  G_OBJECT_CLASS (kl_call_connection_parent_class)->dispose (object);
}

static void
kl_call_connection_finalize (GObject *object)
{
  KlCallConnection *self = KL_CALL_CONNECTION (object);

  g_clear_object (&self->pipeline);
  g_clear_object (&self->publisher);
  g_clear_pointer (&self->worker, kl_call_worker_unref);
  g_clear_pointer (&self->local, kl_call_description_free);
  g_clear_pointer (&self->remote, kl_call_description_free);
  g_ptr_array_unref (self->candidates);
  kl_call_gate_unref (self->gate);
  link_unref (self->link);
  g_free (self->session);
  G_OBJECT_CLASS (kl_call_connection_parent_class)->finalize (object);
}

static void
kl_call_connection_class_init (KlCallConnectionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = kl_call_connection_dispose;
  object_class->finalize = kl_call_connection_finalize;

  signals[DESCRIPTION] = g_signal_new ("description", KL_TYPE_CALL_CONNECTION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                       G_TYPE_NONE, 2, G_TYPE_INT, G_TYPE_STRING);
  signals[CANDIDATE] = g_signal_new ("candidate", KL_TYPE_CALL_CONNECTION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                     G_TYPE_NONE, 3, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_INT);
  signals[CONNECTED]
      = g_signal_new ("connected", KL_TYPE_CALL_CONNECTION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[FAILED]
      = g_signal_new ("failed", KL_TYPE_CALL_CONNECTION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
kl_call_connection_init (KlCallConnection *self)
{
  self->link = g_new0 (Link, 1);
  g_atomic_ref_count_init (&self->link->refs);
  g_mutex_init (&self->link->mutex);
  g_weak_ref_init (&self->link->connection, self);
  self->link->context = g_main_context_ref_thread_default ();
  self->link->born_usec = g_get_monotonic_time ();
  self->candidates = g_ptr_array_new_with_free_func (candidate_free);
  self->gate = kl_call_gate_new ();
  self->video_open = TRUE;
}
