/* SPDX-License-Identifier: GPL-3.0-or-later
 * The pipeline's owner, and its bus: an error belongs to a source, to the speaker or to one peer, and costs that one alone. */
#include "app/call/kl-call.h"

#include <malloc.h>


enum
{
  MAX_EARLY_SIGNALS = 256, /* from peers of which nobody has told us yet */
  EARLY_SIGNAL_MS = 15000,
  LARGE_PEERS = 2, /* more than so many: no 1280x720 */
};

#define ECHO_PROBE "klatch-echo"

typedef struct
{
  char *from;
  KlCallMessage *message;
  gint64 usec;
} Early;

struct _KlCall
{
  GObject parent_instance;

  KlCallSignaller *signaller;
  KlCallContext context;
  char *local_address;
  char *line_filter;
  gboolean silent;
  gboolean voice_processing;
  gboolean encoder_a_peer;
  gboolean large;

  KlCallState state;
  KlCallLine line;
  GstElement *pipeline;
  KlPublisher *publisher;
  KlSpeaker *speaker;
  GListStore *peers;
  GQueue early; /* element-type Early */
  guint bus_watch;
  guint ticker;
  gboolean told_audio;
  gboolean told_video;
  gboolean told_screen;
};

typedef enum
{
  PROP_SIGNALLER = 1,
  PROP_PEERS,
  PROP_PUBLISHER,
  PROP_SPEAKER,
  PROP_STATE,
  PROP_LINE,
  PROP_RELAY_ONLY,
  PROP_LARGE,
  PROP_LOCAL_ADDRESS,
  PROP_LINE_FILTER,
  PROP_SILENT,
  PROP_BLIND,
  PROP_ENCODER_A_PEER,
  PROP_VOICE_PROCESSING,
  N_PROPS,
} Prop;

static GParamSpec *properties[N_PROPS];
static guint source_failed_signal;

G_DEFINE_FINAL_TYPE (KlCall, kl_call, G_TYPE_OBJECT)

void
kl_call_prepare_process (void)
{
  mallopt (M_ARENA_MAX, 2);
}

void
kl_call_init_process (int *argc, char ***argv)
{
  kl_call_prepare_process ();
  gst_init (argc, argv);
}

static void
early_free (gpointer data)
{
  Early *early = data;

  g_free (early->from);
  kl_call_message_free (early->message);
  g_free (early);
}

static void
set_state (KlCall *self, KlCallState state)
{
  if (self->state == state)
    return;
  self->state = state;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
}

static KlCallPeer *
peer_at (KlCall *self, guint i)
{
  g_autoptr (KlCallPeer) peer = g_list_model_get_item (G_LIST_MODEL (self->peers), i);

  return peer; /* the list holds it */
}

static guint
n_peers (KlCall *self)
{
  return g_list_model_get_n_items (G_LIST_MODEL (self->peers));
}

/* ── Rates ── */

static guint
max_video_bps (KlCall *self)
{
  return kl_publisher_get_width (self->publisher) > KL_CALL_WIDTH ? KL_CALL_LARGE_VIDEO_BPS : KL_CALL_VIDEO_BPS;
}

static void
choose_size (KlCall *self)
{
  gboolean large = self->large && n_peers (self) <= LARGE_PEERS;
  gboolean is_large = kl_publisher_get_width (self->publisher) > KL_CALL_WIDTH;

  for (guint i = 0; i < n_peers (self) && large; i++)
    {
      KlCallRate *rate = kl_call_peer_get_rate (peer_at (self, i));

      /* There is room, or there still is some. */
      large = rate == NULL || rate->target_bps >= (is_large ? KL_CALL_VIDEO_BPS * 2 / 3 : KL_CALL_VIDEO_BPS);
    }
  if (large)
    kl_publisher_set_size (self->publisher, KL_CALL_LARGE_WIDTH, KL_CALL_LARGE_HEIGHT);
  else
    kl_publisher_set_size (self->publisher, KL_CALL_WIDTH, KL_CALL_HEIGHT);
}

static void
share_rates (KlCall *self)
{
  g_autoptr (GPtrArray) rates = g_ptr_array_new ();
  guint n_bad = 0;
  KlCallLine line = KL_CALL_LINE_GOOD;

  for (guint i = 0; i < n_peers (self); i++)
    {
      KlCallRate *rate = kl_call_peer_get_rate (peer_at (self, i));

      if (rate != NULL)
        g_ptr_array_add (rates, rate);
    }
  if (rates->len > 0)
    kl_publisher_set_bitrate (self->publisher,
                              kl_call_rate_share ((KlCallRate *const *) rates->pdata, rates->len, max_video_bps (self)));
  for (guint i = 0; i < n_peers (self); i++)
    {
      KlCallPeer *peer = peer_at (self, i);

      kl_call_peer_apply_rate (peer);
      if (kl_call_peer_get_rate (peer) != NULL && kl_call_peer_get_line (peer) != KL_CALL_LINE_GOOD)
        n_bad++;
    }
  if (rates->len > 1 && n_bad == rates->len)
    line = KL_CALL_LINE_WEAK;
  if (line != self->line)
    {
      self->line = line;
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LINE]);
    }
}

static gboolean
on_tick (gpointer data)
{
  KlCall *self = data;
  gboolean sending = kl_publisher_get_source (self->publisher, KL_MEDIA_VIDEO) != NULL;
  gint64 old = g_get_monotonic_time () - EARLY_SIGNAL_MS * G_TIME_SPAN_MILLISECOND;

  for (guint i = 0; i < n_peers (self); i++)
    kl_call_peer_tick (peer_at (self, i), sending);
  share_rates (self);
  choose_size (self);
  while (self->early.head != NULL && ((Early *) self->early.head->data)->usec < old)
    early_free (g_queue_pop_head (&self->early));
  return G_SOURCE_CONTINUE;
}

/* ── The bus ── */

static gboolean
on_message (GstBus *bus, GstMessage *message, gpointer data)
{
  KlCall *self = data;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_LATENCY)
    {
      gst_bin_recalculate_latency (GST_BIN (self->pipeline));
      return G_SOURCE_CONTINUE;
    }
  if (GST_MESSAGE_TYPE (message) != GST_MESSAGE_ELEMENT && GST_MESSAGE_TYPE (message) != GST_MESSAGE_ERROR)
    return G_SOURCE_CONTINUE;
  if (kl_publisher_take_message (self->publisher, message) || kl_speaker_take_message (self->speaker, message))
    return G_SOURCE_CONTINUE;
  for (guint i = 0; i < n_peers (self); i++)
    if (kl_call_peer_take_message (peer_at (self, i), message))
      return G_SOURCE_CONTINUE;
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    {
      g_autoptr (GError) error = NULL;

      /* Of a connection that is being taken out, as a rule. */
      gst_message_parse_error (message, &error, NULL);
      g_debug ("call: %s: %s", GST_MESSAGE_SRC_NAME (message), error->message);
    }
  return G_SOURCE_CONTINUE;
}

/* ── Others ── */

static void
on_peer_says (KlCallPeer *peer, const char *data, gpointer user_data)
{
  KlCall *self = user_data;

  kl_call_signaller_send (self->signaller, kl_call_peer_get_id (peer), data);
}

static void
announce (KlCall *self)
{
  KlMediaSource *camera = kl_publisher_get_source (self->publisher, KL_MEDIA_VIDEO);
  gboolean audio
      = kl_publisher_get_source (self->publisher, KL_MEDIA_AUDIO) != NULL && !kl_publisher_get_muted (self->publisher);
  gboolean screen = camera != NULL && kl_media_source_get_screen (camera);
  gboolean video = camera != NULL && !screen;

  if (audio == self->told_audio && video == self->told_video && screen == self->told_screen)
    return;
  self->told_audio = audio;
  self->told_video = video;
  self->told_screen = screen;
  kl_call_signaller_announce (self->signaller, audio, video, screen);
}

static void
on_published (KlPublisher *publisher, GParamSpec *pspec, KlCall *self)
{
  announce (self);
}

static void
on_source_failed (KlPublisher *publisher, KlMediaSource *source, const GError *error, KlCall *self)
{
  g_signal_emit (self, source_failed_signal, 0, source, error);
}

gboolean
kl_call_start (KlCall *self, GError **error)
{
  g_autoptr (GstElement) pipeline = NULL;
  g_autoptr (GstBus) bus = NULL;
  const char *probe = self->voice_processing ? ECHO_PROBE : NULL;

  g_return_val_if_fail (self->state == KL_CALL_NEW, FALSE);
  pipeline = g_object_ref_sink (gst_pipeline_new (NULL));
  self->context.worker = kl_call_worker_new ();
  self->speaker = kl_speaker_new (GST_BIN (pipeline), self->context.worker, self->silent, probe, error);
  if (self->speaker != NULL)
    self->publisher = kl_publisher_new (GST_BIN (pipeline), self->context.worker, probe, self->encoder_a_peer, error);
  if (self->publisher == NULL)
    {
      g_clear_object (&self->speaker);
      g_clear_pointer (&self->context.worker, kl_call_worker_unref);
      return FALSE;
    }
  self->pipeline = g_steal_pointer (&pipeline);
  self->context.pipeline = GST_BIN (self->pipeline);
  self->context.publisher = self->publisher;
  self->context.speaker = self->speaker;
  self->context.local_address = self->local_address;
  self->context.line_filter = self->line_filter;
  bus = gst_element_get_bus (self->pipeline);
  self->bus_watch = gst_bus_add_watch (bus, on_message, self);
  g_signal_connect_object (self->publisher, "notify::audio-source", G_CALLBACK (on_published), self, 0);
  g_signal_connect_object (self->publisher, "notify::video-source", G_CALLBACK (on_published), self, 0);
  g_signal_connect_object (self->publisher, "notify::muted", G_CALLBACK (on_published), self, 0);
  g_signal_connect_object (self->publisher, "failed", G_CALLBACK (on_source_failed), self, 0);
  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
  kl_call_worker_warm_up (self->context.worker);
  self->ticker = g_timeout_add_seconds (1, on_tick, self);
  set_state (self, KL_CALL_RUNNING);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PUBLISHER]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SPEAKER]);
  return TRUE;
}

static void
close_peers (KlCall *self)
{
  for (guint i = n_peers (self); i > 0; i--)
    {
      g_autoptr (KlCallPeer) peer = g_list_model_get_item (G_LIST_MODEL (self->peers), i - 1);

      g_list_store_remove (self->peers, i - 1);
      kl_call_peer_close (peer);
    }
}

static void
stop (KlCall *self)
{
  g_clear_handle_id (&self->ticker, g_source_remove);
  g_clear_handle_id (&self->bus_watch, g_source_remove);
  close_peers (self);
  g_queue_clear_full (&self->early, early_free);
  if (self->pipeline != NULL)
    kl_call_worker_stop (self->context.worker, self->pipeline);
}

static void
on_stopped (gpointer data)
{
  g_autoptr (KlCall) self = data;

  set_state (self, KL_CALL_ENDED);
}

void
kl_call_leave (KlCall *self)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

  if (self->state != KL_CALL_RUNNING || self->ticker == 0)
    return;
  /* In this order: a source that is being started would hold up the pipeline's end. */
  kl_publisher_set_source (self->publisher, KL_MEDIA_AUDIO, NULL);
  kl_publisher_set_source (self->publisher, KL_MEDIA_VIDEO, NULL);
  stop (self);
  kl_call_worker_then (self->context.worker, context, on_stopped, g_object_ref (self));
}

static void
take_early (KlCall *self, KlCallPeer *peer)
{
  GList *next;

  for (GList *item = self->early.head; item != NULL; item = next)
    {
      Early *early = item->data;

      next = item->next;
      if (!g_str_equal (early->from, kl_call_peer_get_id (peer)))
        continue;
      kl_call_peer_take (peer, early->message);
      early_free (early);
      g_queue_delete_link (&self->early, item);
    }
}

KlCallPeer *
kl_call_add_peer (KlCall *self, const char *id, const char *user, gboolean offers)
{
  KlCallPeer *peer = kl_call_find_peer (self, id);

  g_return_val_if_fail (self->state == KL_CALL_RUNNING && self->ticker != 0, NULL);
  if (peer != NULL)
    return peer;
  peer = kl_call_peer_new (id, user, &self->context, on_peer_says, self);
  g_list_store_append (self->peers, peer);
  g_object_unref (peer);
  choose_size (self);
  if (offers)
    kl_call_peer_offer (peer);
  take_early (self, peer);
  return peer;
}

void
kl_call_set_peer_media (KlCall *self, const char *id, gboolean audio, gboolean video, gboolean screen, gboolean hand)
{
  KlCallPeer *peer = kl_call_find_peer (self, id);

  if (peer != NULL)
    kl_call_peer_set_media (peer, audio, video, screen, hand);
}

void
kl_call_remove_peer (KlCall *self, const char *id)
{
  g_autoptr (KlCallPeer) peer = NULL;
  guint position;

  if (kl_call_find_peer (self, id) == NULL)
    return;
  peer = g_object_ref (kl_call_find_peer (self, id));
  g_list_store_find (self->peers, peer, &position);
  g_list_store_remove (self->peers, position);
  kl_call_peer_close (peer);
}

void
kl_call_take_signal (KlCall *self, const char *from, const char *data, gssize length_bytes)
{
  g_autoptr (KlCallMessage) message = kl_call_message_parse (data, length_bytes);
  KlCallPeer *peer = kl_call_find_peer (self, from);
  Early *early;

  if (message == NULL || self->state != KL_CALL_RUNNING || self->ticker == 0)
    return;
  if (peer != NULL)
    {
      kl_call_peer_take (peer, message);
      return;
    }
  if (g_queue_get_length (&self->early) >= MAX_EARLY_SIGNALS)
    early_free (g_queue_pop_head (&self->early));
  early = g_new0 (Early, 1);
  *early = (Early) { g_strdup (from), g_steal_pointer (&message), g_get_monotonic_time () };
  g_queue_push_tail (&self->early, early);
}

void
kl_call_set_ice_servers (KlCall *self, GPtrArray *servers)
{
  g_clear_pointer (&self->context.ice_servers, g_ptr_array_unref);
  if (servers != NULL)
    self->context.ice_servers = g_ptr_array_ref (servers);
}

static void
kl_call_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KlCall *self = KL_CALL (object);

  switch ((Prop) id)
    {
    case PROP_SIGNALLER:
      g_value_set_object (value, self->signaller);
      break;
    case PROP_PEERS:
      g_value_set_object (value, self->peers);
      break;
    case PROP_PUBLISHER:
      g_value_set_object (value, self->publisher);
      break;
    case PROP_SPEAKER:
      g_value_set_object (value, self->speaker);
      break;
    case PROP_STATE:
      g_value_set_int (value, (int) self->state);
      break;
    case PROP_LINE:
      g_value_set_int (value, (int) self->line);
      break;
    case PROP_RELAY_ONLY:
      g_value_set_boolean (value, self->context.relay_only);
      break;
    case PROP_LARGE:
      g_value_set_boolean (value, self->large);
      break;
    case PROP_LOCAL_ADDRESS:
      g_value_set_string (value, self->local_address);
      break;
    case PROP_LINE_FILTER:
      g_value_set_string (value, self->line_filter);
      break;
    case PROP_SILENT:
      g_value_set_boolean (value, self->silent);
      break;
    case PROP_BLIND:
      g_value_set_boolean (value, self->context.blind);
      break;
    case PROP_ENCODER_A_PEER:
      g_value_set_boolean (value, self->encoder_a_peer);
      break;
    case PROP_VOICE_PROCESSING:
      g_value_set_boolean (value, self->voice_processing);
      break;
    case N_PROPS:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_call_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  KlCall *self = KL_CALL (object);

  switch ((Prop) id)
    {
    case PROP_SIGNALLER:
      self->signaller = g_value_dup_object (value);
      break;
    case PROP_RELAY_ONLY:
      self->context.relay_only = g_value_get_boolean (value);
      break;
    case PROP_LARGE:
      self->large = g_value_get_boolean (value);
      break;
    case PROP_LOCAL_ADDRESS:
      self->local_address = g_value_dup_string (value);
      break;
    case PROP_LINE_FILTER:
      self->line_filter = g_value_dup_string (value);
      break;
    case PROP_SILENT:
      self->silent = g_value_get_boolean (value);
      break;
    case PROP_BLIND:
      self->context.blind = g_value_get_boolean (value);
      break;
    case PROP_ENCODER_A_PEER:
      self->encoder_a_peer = g_value_get_boolean (value);
      break;
    case PROP_VOICE_PROCESSING:
      self->voice_processing = g_value_get_boolean (value);
      break;
    case PROP_PEERS:
    case PROP_PUBLISHER:
    case PROP_SPEAKER:
    case PROP_STATE:
    case PROP_LINE:
    case N_PROPS:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_call_dispose (GObject *object)
{
  KlCall *self = KL_CALL (object);

  if (self->state == KL_CALL_RUNNING && self->ticker != 0)
    stop (self);
  g_clear_object (&self->publisher);
  g_clear_object (&self->speaker);
  g_clear_object (&self->signaller);
  /* The worker ends when it has stopped what is on its list, the pipeline among it. */
  g_clear_pointer (&self->context.worker, kl_call_worker_unref);
  g_clear_object (&self->pipeline);
  G_OBJECT_CLASS (kl_call_parent_class)->dispose (object);
}

static void
kl_call_finalize (GObject *object)
{
  KlCall *self = KL_CALL (object);

  g_clear_pointer (&self->context.ice_servers, g_ptr_array_unref);
  g_object_unref (self->peers);
  g_free (self->local_address);
  g_free (self->line_filter);
  G_OBJECT_CLASS (kl_call_parent_class)->finalize (object);
}

static void
kl_call_class_init (KlCallClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  const GParamFlags writable = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;
  const GParamFlags construct = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  object_class->get_property = kl_call_get_property;
  object_class->set_property = kl_call_set_property;
  object_class->dispose = kl_call_dispose;
  object_class->finalize = kl_call_finalize;

  properties[PROP_SIGNALLER] = g_param_spec_object ("signaller", NULL, NULL, KL_TYPE_CALL_SIGNALLER, construct);
  properties[PROP_PEERS] = g_param_spec_object ("peers", NULL, NULL, G_TYPE_LIST_MODEL, readable);
  properties[PROP_PUBLISHER] = g_param_spec_object ("publisher", NULL, NULL, KL_TYPE_PUBLISHER, readable);
  properties[PROP_SPEAKER] = g_param_spec_object ("speaker", NULL, NULL, KL_TYPE_SPEAKER, readable);
  properties[PROP_STATE] = g_param_spec_int ("state", NULL, NULL, 0, KL_CALL_ENDED, 0, readable);
  properties[PROP_LINE] = g_param_spec_int ("line", NULL, NULL, 0, KL_CALL_LINE_BAD, 0, readable);
  properties[PROP_RELAY_ONLY] = g_param_spec_boolean ("relay-only", NULL, NULL, FALSE, writable);
  properties[PROP_LARGE] = g_param_spec_boolean ("large", NULL, NULL, FALSE, writable);
  properties[PROP_LOCAL_ADDRESS] = g_param_spec_string ("local-address", NULL, NULL, NULL, construct);
  properties[PROP_LINE_FILTER] = g_param_spec_string ("line-filter", NULL, NULL, NULL, construct);
  properties[PROP_SILENT] = g_param_spec_boolean ("silent", NULL, NULL, FALSE, construct);
  properties[PROP_BLIND] = g_param_spec_boolean ("blind", NULL, NULL, FALSE, construct);
  properties[PROP_ENCODER_A_PEER] = g_param_spec_boolean ("encoder-a-peer", NULL, NULL, FALSE, construct);
  properties[PROP_VOICE_PROCESSING] = g_param_spec_boolean ("voice-processing", NULL, NULL, TRUE, construct);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  source_failed_signal = g_signal_new ("source-failed", KL_TYPE_CALL, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                       G_TYPE_NONE, 2, KL_TYPE_MEDIA_SOURCE, G_TYPE_ERROR);
}

static void
kl_call_init (KlCall *self)
{
  self->peers = g_list_store_new (KL_TYPE_CALL_PEER);
}

KlCall *
kl_call_new (KlCallSignaller *signaller)
{
  return g_object_new (KL_TYPE_CALL, "signaller", signaller, NULL);
}

KlCallState
kl_call_get_state (KlCall *self)
{
  return self->state;
}

GListModel *
kl_call_get_peers (KlCall *self)
{
  return G_LIST_MODEL (self->peers);
}

KlCallPeer *
kl_call_find_peer (KlCall *self, const char *id)
{
  for (guint i = 0; i < n_peers (self); i++)
    if (g_str_equal (kl_call_peer_get_id (peer_at (self, i)), id))
      return peer_at (self, i);
  return NULL;
}

KlPublisher *
kl_call_get_publisher (KlCall *self)
{
  return self->publisher;
}

KlSpeaker *
kl_call_get_speaker (KlCall *self)
{
  return self->speaker;
}

KlCallLine
kl_call_get_line (KlCall *self)
{
  return self->line;
}

guint
kl_call_count_elements (KlCall *self)
{
  GstIterator *iterator;
  GValue item = G_VALUE_INIT;
  guint n = 0;

  if (self->pipeline == NULL)
    return 0;
  iterator = gst_bin_iterate_recurse (GST_BIN (self->pipeline));
  while (gst_iterator_next (iterator, &item) == GST_ITERATOR_OK)
    {
      n++;
      g_value_reset (&item);
    }
  g_value_unset (&item);
  gst_iterator_free (iterator);
  return n;
}
