/* SPDX-License-Identifier: GPL-3.0-or-later
 * The object: what is set and kept, and what follows from the rest and is told when it has changed. */
#include "app/calling/kl-calls-private.h"

#include "app/core/kl-session-calls.h"

enum
{
  LOUD_CHECK_MS = 150,
  REACTION_MS = 3000, /* so long one shows */
};

typedef enum
{
  PROP_SESSION = 1,
  PROP_SETTINGS,
  PROP_DEVICES,
  PROP_STATE,
  PROP_ERROR,
  PROP_GROUP,
  PROP_CALL,
  PROP_PEER,
  PROP_STARTED_AT,
  PROP_RING,
  PROP_QUIET,
  PROP_MICROPHONE_ON,
  PROP_CAMERA_ON,
  PROP_SCREEN_ON,
  PROP_HAND,
  PROP_SPEAKING,
  PROP_AUDIO_TROUBLE,
  PROP_VIDEO_TROUBLE,
  PROP_MICROPHONE,
  PROP_CAMERA,
  PROP_SPEAKER,
  PROP_SPEAKER_WORKING,
  PROP_ECHO_CANCELLATION,
  PROP_NOISE_SUPPRESSION,
  PROP_ALWAYS_RELAY,
  PROP_WARNED,
  PROP_LOCAL_ADDRESS,
  PROP_LARGE,
  PROP_SILENT,
  PROP_VOICE_PROCESSING,
  N_PROPS,
} Prop;

static GParamSpec *properties[N_PROPS];
static guint signals[KL_CALLS_N_SIGNALS];

G_DEFINE_QUARK (kl-calls-error-quark, kl_calls_error)
G_DEFINE_FINAL_TYPE (KlCalls, kl_calls, G_TYPE_OBJECT)

KlCalls *
kl_calls_new (KlSession *session, GSettings *settings)
{
  return g_object_new (KL_TYPE_CALLS, "session", session, "settings", settings, NULL);
}

/* ── What follows from the rest ── */

static KlPublisher *
get_publisher (KlCalls *self)
{
  return self->call != NULL ? kl_call_get_publisher (self->call) : NULL;
}

gboolean
kl_calls_get_microphone_on (KlCalls *self)
{
  g_return_val_if_fail (KL_IS_CALLS (self), FALSE);

  return get_publisher (self) != NULL && !self->muted
         && kl_publisher_get_source (get_publisher (self), KL_MEDIA_AUDIO) != NULL;
}

gboolean
kl_calls_get_camera_on (KlCalls *self)
{
  g_return_val_if_fail (KL_IS_CALLS (self), FALSE);

  return get_publisher (self) != NULL && self->camera_wanted
         && (self->screen != NULL || kl_publisher_get_source (get_publisher (self), KL_MEDIA_VIDEO) != NULL);
}

gboolean
kl_calls_get_screen_on (KlCalls *self)
{
  g_return_val_if_fail (KL_IS_CALLS (self), FALSE);

  return self->screen != NULL;
}

gboolean
kl_calls_get_speaking (KlCalls *self)
{
  g_return_val_if_fail (KL_IS_CALLS (self), FALSE);

  return kl_calls_get_microphone_on (self) && self->loud_usec != 0
         && g_get_monotonic_time () - self->loud_usec < KL_CALL_SPEAKING_MS * G_TIME_SPAN_MILLISECOND;
}

KlCallsTrouble
kl_calls_get_trouble (KlCalls *self, KlMediaKind kind)
{
  g_return_val_if_fail (KL_IS_CALLS (self), KL_CALLS_TROUBLE_NONE);

  return kl_calls_find_trouble (self, kind);
}

static gboolean
is_speaker_working (KlCalls *self)
{
  KlSpeaker *speaker = self->call != NULL ? kl_call_get_speaker (self->call) : NULL;

  return speaker == NULL || kl_speaker_get_working (speaker);
}

static gboolean
on_loud_due (gpointer data)
{
  KlCalls *self = data;
  KlPublisher *publisher = get_publisher (self);

  /* A level that stays is not told anew. */
  if (publisher != NULL && kl_publisher_get_level (publisher) >= KL_CALL_SPEAKING_LEVEL)
    self->loud_usec = g_get_monotonic_time ();
  if (kl_calls_get_speaking (self))
    return G_SOURCE_CONTINUE;
  self->loud_source = 0;
  kl_calls_update (self);
  return G_SOURCE_REMOVE;
}

void
kl_calls_update (KlCalls *self)
{
  const KlCallsTold was = self->told;
  const KlCallsTold now = {
    .microphone_on = kl_calls_get_microphone_on (self),
    .camera_on = kl_calls_get_camera_on (self),
    .screen_on = kl_calls_get_screen_on (self),
    .speaking = kl_calls_get_speaking (self),
    .speaker_working = is_speaker_working (self),
    .trouble = { kl_calls_find_trouble (self, KL_MEDIA_AUDIO), kl_calls_find_trouble (self, KL_MEDIA_VIDEO) },
  };
  const struct
  {
    gboolean changed;
    Prop prop;
  } news[] = {
    { was.microphone_on != now.microphone_on, PROP_MICROPHONE_ON },
    { was.camera_on != now.camera_on, PROP_CAMERA_ON },
    { was.screen_on != now.screen_on, PROP_SCREEN_ON },
    { was.speaking != now.speaking, PROP_SPEAKING },
    { was.speaker_working != now.speaker_working, PROP_SPEAKER_WORKING },
    { was.trouble[KL_MEDIA_AUDIO] != now.trouble[KL_MEDIA_AUDIO], PROP_AUDIO_TROUBLE },
    { was.trouble[KL_MEDIA_VIDEO] != now.trouble[KL_MEDIA_VIDEO], PROP_VIDEO_TROUBLE },
  };

  /* First all of it, then a word about each: who listens may ask for the others. */
  self->told = now;
  if (now.speaking && self->loud_source == 0)
    self->loud_source = g_timeout_add (LOUD_CHECK_MS, on_loud_due, self);
  for (guint i = 0; i < G_N_ELEMENTS (news); i++)
    if (news[i].changed)
      g_object_notify_by_pspec (G_OBJECT (self), properties[news[i].prop]);
}

/* ── What rings ── */

static gboolean
may_disturb (KlCalls *self)
{
  KlUser *me = kl_session_get_me (self->session);

  return !self->quiet && (me == NULL || kl_user_get_status (me) != KL_USER_STATUS_DND);
}

/* One's own call does not ring for one who is in it, or on his way. */
static gboolean
is_own_group (KlCalls *self, KlRing *ring)
{
  return kl_ring_get_group (ring) == self->group && (self->state == KL_CALLS_JOINING || kl_calls_is_in_call (self));
}

void
kl_calls_update_ring (KlCalls *self)
{
  GListModel *rings = kl_session_get_rings (self->session);
  g_autoptr (KlRing) shown = NULL;

  for (guint i = 0; may_disturb (self) && shown == NULL && i < g_list_model_get_n_items (rings); i++)
    {
      g_autoptr (KlRing) ring = g_list_model_get_item (rings, i);

      if (!is_own_group (self, ring))
        shown = g_steal_pointer (&ring);
    }
  if (g_set_object (&self->ring, shown))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_RING]);
}

KlRing *
kl_calls_find_ring (KlCalls *self, const char *call)
{
  GListModel *rings;

  g_return_val_if_fail (KL_IS_CALLS (self), NULL);

  rings = kl_session_get_rings (self->session);
  for (guint i = 0; i < g_list_model_get_n_items (rings); i++)
    {
      g_autoptr (KlRing) ring = g_list_model_get_item (rings, i);

      if (g_str_equal (kl_ring_get_call (ring), call))
        return ring; /* the list holds it */
    }
  return NULL;
}

static void
on_me (KlCalls *self)
{
  KlUser *me = kl_session_get_me (self->session);

  if (me != NULL)
    g_signal_connect_object (me, "notify::status", G_CALLBACK (kl_calls_update_ring), self, G_CONNECT_SWAPPED);
  kl_calls_update_ring (self);
}

/* ── Signals ── */

void
kl_calls_emit_person (KlCalls *self, KlCallsSignal signal, KlUser *user)
{
  g_signal_emit (self, signals[signal], 0, user);
}

/* Of many at once only so many show; the others are not worth a wait. */
void
kl_calls_emit_reaction (KlCalls *self, const char *peer, const char *emoji)
{
  gint64 now = g_get_monotonic_time ();

  for (guint i = 0; i < G_N_ELEMENTS (self->reactions); i++)
    {
      if (self->reactions[i] != 0 && now - self->reactions[i] < REACTION_MS * G_TIME_SPAN_MILLISECOND)
        continue;
      self->reactions[i] = now;
      g_signal_emit (self, signals[KL_CALLS_REACTION], 0, peer, emoji);
      return;
    }
}

void
kl_calls_notify (KlCalls *self, const char *property)
{
  g_object_notify (G_OBJECT (self), property);
}

/* ── Getters ── */

KlCallsState
kl_calls_get_state (KlCalls *self)
{
  g_return_val_if_fail (KL_IS_CALLS (self), KL_CALLS_IDLE);

  return self->state;
}

const GError *
kl_calls_get_error (KlCalls *self)
{
  g_return_val_if_fail (KL_IS_CALLS (self), NULL);

  return self->error;
}

KlSession *
kl_calls_get_session (KlCalls *self)
{
  g_return_val_if_fail (KL_IS_CALLS (self), NULL);

  return self->session;
}

KlGroup *
kl_calls_get_group (KlCalls *self)
{
  g_return_val_if_fail (KL_IS_CALLS (self), NULL);

  return self->group;
}

KlCall *
kl_calls_get_call (KlCalls *self)
{
  g_return_val_if_fail (KL_IS_CALLS (self), NULL);

  return self->call;
}

const char *
kl_calls_get_peer (KlCalls *self)
{
  g_return_val_if_fail (KL_IS_CALLS (self), NULL);

  return self->place != NULL ? self->place->peer : NULL;
}

gint64
kl_calls_get_started_at (KlCalls *self)
{
  g_return_val_if_fail (KL_IS_CALLS (self), 0);

  return self->place != NULL ? self->place->started_at : 0;
}

KlRing *
kl_calls_get_ring (KlCalls *self)
{
  g_return_val_if_fail (KL_IS_CALLS (self), NULL);

  return self->ring;
}

gboolean
kl_calls_get_hand (KlCalls *self)
{
  g_return_val_if_fail (KL_IS_CALLS (self), FALSE);

  return self->hand;
}

gboolean
kl_calls_get_always_relay (KlCalls *self)
{
  g_return_val_if_fail (KL_IS_CALLS (self), FALSE);

  return self->always_relay;
}

gboolean
kl_calls_get_warned (KlCalls *self)
{
  g_return_val_if_fail (KL_IS_CALLS (self), FALSE);

  return self->warned;
}

KlUser *
kl_calls_get_person (KlCalls *self, const char *user)
{
  g_return_val_if_fail (KL_IS_CALLS (self), NULL);

  return kl_session_get_person (self->session, user);
}

/* ── What is kept ── */

static void
keep (KlCalls *self, gboolean *field, gboolean value, const char *key)
{
  *field = value;
  if (self->settings != NULL && g_settings_get_boolean (self->settings, key) != value)
    g_settings_set_boolean (self->settings, key, value);
}

static char *
dup_id (GSettings *settings, const char *key)
{
  g_autofree char *id = g_settings_get_string (settings, key);

  return *id != '\0' ? g_steal_pointer (&id) : NULL;
}

static void
read_settings (KlCalls *self)
{
  if (self->settings == NULL)
    return;
  self->always_relay = g_settings_get_boolean (self->settings, "call-always-relay");
  self->warned = g_settings_get_boolean (self->settings, "call-warned");
  self->echo = g_settings_get_boolean (self->settings, "call-echo-cancellation");
  self->noise = g_settings_get_boolean (self->settings, "call-noise-suppression");
  self->chosen_id[KL_MEDIA_AUDIO] = dup_id (self->settings, "call-microphone");
  self->chosen_id[KL_MEDIA_VIDEO] = dup_id (self->settings, "call-camera");
  self->speaker_id = dup_id (self->settings, "call-speaker");
}

/* From the next connection on; a server that asks for it is not overruled. */
static void
set_always_relay (KlCalls *self, gboolean always_relay)
{
  keep (self, &self->always_relay, always_relay, "call-always-relay");
  if (self->call != NULL)
    g_object_set (self->call, "relay-only", always_relay || (self->place != NULL && self->place->relay_only), NULL);
}

/* ── Object ── */

/* What one says oneself, and what was chosen. */
static void
get_choice (KlCalls *self, Prop prop, GValue *value, GParamSpec *pspec)
{
  switch ((int) prop)
    {
    case PROP_MICROPHONE:
      g_value_set_object (value, self->devices != NULL ? kl_calls_find_chosen (self, KL_MEDIA_AUDIO) : NULL);
      break;
    case PROP_CAMERA:
      g_value_set_object (value, self->devices != NULL ? kl_calls_find_chosen (self, KL_MEDIA_VIDEO) : NULL);
      break;
    case PROP_SPEAKER:
      g_value_set_object (value, kl_calls_find_speaker (self));
      break;
    case PROP_ECHO_CANCELLATION:
      g_value_set_boolean (value, self->echo);
      break;
    case PROP_NOISE_SUPPRESSION:
      g_value_set_boolean (value, self->noise);
      break;
    case PROP_ALWAYS_RELAY:
      g_value_set_boolean (value, self->always_relay);
      break;
    case PROP_WARNED:
      g_value_set_boolean (value, self->warned);
      break;
    case PROP_QUIET:
      g_value_set_boolean (value, self->quiet);
      break;
    case PROP_LOCAL_ADDRESS:
      g_value_set_string (value, self->local_address);
      break;
    case PROP_LARGE:
      g_value_set_boolean (value, self->large);
      break;
    case PROP_SILENT:
      g_value_set_boolean (value, self->silent);
      break;
    case PROP_VOICE_PROCESSING:
      g_value_set_boolean (value, self->voice_processing);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (self, prop, pspec);
    }
}

static void
kl_calls_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KlCalls *self = KL_CALLS (object);

  switch (id)
    {
    case PROP_SESSION:
      g_value_set_object (value, self->session);
      break;
    case PROP_SETTINGS:
      g_value_set_object (value, self->settings);
      break;
    case PROP_DEVICES:
      g_value_set_object (value, kl_calls_get_devices (self));
      break;
    case PROP_STATE:
      g_value_set_int (value, self->state);
      break;
    case PROP_ERROR:
      g_value_set_boxed (value, self->error);
      break;
    case PROP_GROUP:
      g_value_set_object (value, self->group);
      break;
    case PROP_CALL:
      g_value_set_object (value, self->call);
      break;
    case PROP_PEER:
      g_value_set_string (value, kl_calls_get_peer (self));
      break;
    case PROP_STARTED_AT:
      g_value_set_int64 (value, kl_calls_get_started_at (self));
      break;
    case PROP_RING:
      g_value_set_object (value, self->ring);
      break;
    case PROP_MICROPHONE_ON:
      g_value_set_boolean (value, kl_calls_get_microphone_on (self));
      break;
    case PROP_CAMERA_ON:
      g_value_set_boolean (value, kl_calls_get_camera_on (self));
      break;
    case PROP_SCREEN_ON:
      g_value_set_boolean (value, kl_calls_get_screen_on (self));
      break;
    case PROP_HAND:
      g_value_set_boolean (value, self->hand);
      break;
    case PROP_SPEAKING:
      g_value_set_boolean (value, kl_calls_get_speaking (self));
      break;
    case PROP_AUDIO_TROUBLE:
      g_value_set_int (value, kl_calls_find_trouble (self, KL_MEDIA_AUDIO));
      break;
    case PROP_VIDEO_TROUBLE:
      g_value_set_int (value, kl_calls_find_trouble (self, KL_MEDIA_VIDEO));
      break;
    case PROP_SPEAKER_WORKING:
      g_value_set_boolean (value, is_speaker_working (self));
      break;
    default:
      get_choice (self, (Prop) id, value, pspec);
    }
}

/* What can be written at any time. */
static void
set_choice (KlCalls *self, Prop prop, const GValue *value, GParamSpec *pspec)
{
  switch ((int) prop)
    {
    case PROP_QUIET:
      self->quiet = g_value_get_boolean (value);
      kl_calls_update_ring (self);
      break;
    case PROP_MICROPHONE_ON:
      kl_calls_set_microphone_on (self, g_value_get_boolean (value));
      break;
    case PROP_CAMERA_ON:
      kl_calls_set_camera_on (self, g_value_get_boolean (value));
      break;
    case PROP_HAND:
      kl_calls_set_hand (self, g_value_get_boolean (value));
      break;
    case PROP_MICROPHONE:
      kl_calls_choose (self, KL_MEDIA_AUDIO, g_value_get_object (value));
      break;
    case PROP_CAMERA:
      kl_calls_choose (self, KL_MEDIA_VIDEO, g_value_get_object (value));
      break;
    case PROP_SPEAKER:
      kl_calls_choose_speaker (self, g_value_get_object (value));
      break;
    case PROP_ECHO_CANCELLATION:
      keep (self, &self->echo, g_value_get_boolean (value), "call-echo-cancellation");
      kl_calls_apply_devices (self);
      break;
    case PROP_NOISE_SUPPRESSION:
      keep (self, &self->noise, g_value_get_boolean (value), "call-noise-suppression");
      kl_calls_apply_devices (self);
      break;
    case PROP_ALWAYS_RELAY:
      set_always_relay (self, g_value_get_boolean (value));
      break;
    case PROP_WARNED:
      keep (self, &self->warned, g_value_get_boolean (value), "call-warned");
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (self, prop, pspec);
    }
}

static void
kl_calls_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  KlCalls *self = KL_CALLS (object);

  switch (id)
    {
    case PROP_SESSION:
      self->session = g_value_dup_object (value);
      break;
    case PROP_SETTINGS:
      self->settings = g_value_dup_object (value);
      break;
    case PROP_LOCAL_ADDRESS:
      self->local_address = g_value_dup_string (value);
      break;
    case PROP_LARGE:
      self->large = g_value_get_boolean (value);
      break;
    case PROP_SILENT:
      self->silent = g_value_get_boolean (value);
      break;
    case PROP_VOICE_PROCESSING:
      self->voice_processing = g_value_get_boolean (value);
      break;
    default:
      set_choice (self, (Prop) id, value, pspec);
    }
}

static void
kl_calls_constructed (GObject *object)
{
  KlCalls *self = KL_CALLS (object);

  G_OBJECT_CLASS (kl_calls_parent_class)->constructed (object);
  read_settings (self);
  self->signaller = kl_calls_signaller_new (self);
  kl_calls_watch_session (self);
  g_signal_connect_object (kl_session_get_rings (self->session), "items-changed", G_CALLBACK (kl_calls_update_ring), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->session, "notify::me", G_CALLBACK (on_me), self, G_CONNECT_SWAPPED);
  on_me (self);
}

static void
kl_calls_dispose (GObject *object)
{
  KlCalls *self = KL_CALLS (object);

  if (self->session != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->session, self);
      kl_calls_leave (self);
    }
  g_clear_handle_id (&self->devices_source, g_source_remove);
  g_clear_handle_id (&self->loud_source, g_source_remove);
  g_clear_object (&self->signaller);
  g_clear_object (&self->devices);
  g_clear_object (&self->chosen[KL_MEDIA_AUDIO]);
  g_clear_object (&self->chosen[KL_MEDIA_VIDEO]);
  g_clear_object (&self->system_microphone);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->portal);
  g_clear_object (&self->ring);
  g_clear_object (&self->settings);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (kl_calls_parent_class)->dispose (object);
}

static void
kl_calls_finalize (GObject *object)
{
  KlCalls *self = KL_CALLS (object);

  g_ptr_array_unref (self->failed);
  g_hash_table_unref (self->ghosts);
  g_clear_error (&self->error);
  g_free (self->chosen_id[KL_MEDIA_AUDIO]);
  g_free (self->chosen_id[KL_MEDIA_VIDEO]);
  g_free (self->speaker_id);
  g_free (self->local_address);
  G_OBJECT_CLASS (kl_calls_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  const GParamFlags writable = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;
  const GParamFlags once = writable | G_PARAM_CONSTRUCT_ONLY;
  /* Told by kl_calls_update() and kl_calls_notify(). */
  const GParamFlags derived = writable | G_PARAM_EXPLICIT_NOTIFY;

  properties[PROP_SESSION] = g_param_spec_object ("session", NULL, NULL, KL_TYPE_SESSION, once);
  properties[PROP_SETTINGS] = g_param_spec_object ("settings", NULL, NULL, G_TYPE_SETTINGS, once);
  properties[PROP_DEVICES] = g_param_spec_object ("devices", NULL, NULL, KL_TYPE_MEDIA_DEVICES, readable);
  properties[PROP_STATE] = g_param_spec_int ("state", NULL, NULL, 0, KL_CALLS_ENDED, KL_CALLS_IDLE, readable);
  properties[PROP_ERROR] = g_param_spec_boxed ("error", NULL, NULL, G_TYPE_ERROR, readable);
  properties[PROP_GROUP] = g_param_spec_object ("group", NULL, NULL, KL_TYPE_GROUP, readable);
  properties[PROP_CALL] = g_param_spec_object ("call", NULL, NULL, KL_TYPE_CALL, readable);
  properties[PROP_PEER] = g_param_spec_string ("peer", NULL, NULL, NULL, readable);
  properties[PROP_STARTED_AT] = g_param_spec_int64 ("started-at", NULL, NULL, 0, G_MAXINT64, 0, readable);
  properties[PROP_RING] = g_param_spec_object ("ring", NULL, NULL, KL_TYPE_RING, readable);
  properties[PROP_QUIET] = g_param_spec_boolean ("quiet", NULL, NULL, FALSE, writable);
  properties[PROP_MICROPHONE_ON] = g_param_spec_boolean ("microphone-on", NULL, NULL, FALSE, derived);
  properties[PROP_CAMERA_ON] = g_param_spec_boolean ("camera-on", NULL, NULL, FALSE, derived);
  properties[PROP_SCREEN_ON] = g_param_spec_boolean ("screen-on", NULL, NULL, FALSE, readable);
  properties[PROP_HAND] = g_param_spec_boolean ("hand", NULL, NULL, FALSE, derived);
  properties[PROP_SPEAKING] = g_param_spec_boolean ("speaking", NULL, NULL, FALSE, readable);
  properties[PROP_AUDIO_TROUBLE]
      = g_param_spec_int ("audio-trouble", NULL, NULL, 0, KL_CALLS_TROUBLE_BUSY, KL_CALLS_TROUBLE_NONE, readable);
  properties[PROP_VIDEO_TROUBLE]
      = g_param_spec_int ("video-trouble", NULL, NULL, 0, KL_CALLS_TROUBLE_BUSY, KL_CALLS_TROUBLE_NONE, readable);
  properties[PROP_MICROPHONE] = g_param_spec_object ("microphone", NULL, NULL, KL_TYPE_MEDIA_SOURCE, writable);
  properties[PROP_CAMERA] = g_param_spec_object ("camera", NULL, NULL, KL_TYPE_MEDIA_SOURCE, writable);
  properties[PROP_SPEAKER] = g_param_spec_object ("speaker", NULL, NULL, GST_TYPE_DEVICE, writable);
  properties[PROP_SPEAKER_WORKING] = g_param_spec_boolean ("speaker-working", NULL, NULL, TRUE, readable);
  properties[PROP_ECHO_CANCELLATION] = g_param_spec_boolean ("echo-cancellation", NULL, NULL, TRUE, writable);
  properties[PROP_NOISE_SUPPRESSION] = g_param_spec_boolean ("noise-suppression", NULL, NULL, TRUE, writable);
  properties[PROP_ALWAYS_RELAY] = g_param_spec_boolean ("always-relay", NULL, NULL, FALSE, writable);
  properties[PROP_WARNED] = g_param_spec_boolean ("warned", NULL, NULL, FALSE, writable);
  properties[PROP_LOCAL_ADDRESS] = g_param_spec_string ("local-address", NULL, NULL, NULL, once);
  properties[PROP_LARGE] = g_param_spec_boolean ("large", NULL, NULL, TRUE, once);
  properties[PROP_SILENT] = g_param_spec_boolean ("silent", NULL, NULL, FALSE, once);
  properties[PROP_VOICE_PROCESSING] = g_param_spec_boolean ("voice-processing", NULL, NULL, TRUE, once);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
kl_calls_class_init (KlCallsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  static const char *const of_person[KL_CALLS_N_SIGNALS] = {
    [KL_CALLS_DECLINED] = "declined",
    [KL_CALLS_ARRIVED] = "arrived",
    [KL_CALLS_DEPARTED] = "departed",
  };

  object_class->get_property = kl_calls_get_property;
  object_class->set_property = kl_calls_set_property;
  object_class->constructed = kl_calls_constructed;
  object_class->dispose = kl_calls_dispose;
  object_class->finalize = kl_calls_finalize;

  install_properties (object_class);
  signals[KL_CALLS_REACTION] = g_signal_new ("reaction", KL_TYPE_CALLS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                                             2, G_TYPE_STRING, G_TYPE_STRING);
  for (guint i = KL_CALLS_DECLINED; i < KL_CALLS_N_SIGNALS; i++)
    signals[i] = g_signal_new (of_person[i], KL_TYPE_CALLS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                               KL_TYPE_USER);
}

static void
kl_calls_init (KlCalls *self)
{
  self->echo = self->noise = self->voice_processing = TRUE;
  self->told.speaker_working = TRUE;
  self->failed = g_ptr_array_new_with_free_func (g_object_unref);
  self->ghosts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_queue_init (&self->signals);
}
