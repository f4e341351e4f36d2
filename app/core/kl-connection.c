/* SPDX-License-Identifier: GPL-3.0-or-later
 * When to connect. One timer counts the seconds of a wait; one socket is alive at a time. */
#include "app/core/kl-connection.h"
#include "app/core/kl-core-enums.h"
#include "app/core/kl-sleep-monitor.h"

enum
{
  BACK_OFF_MS_MIN = 1000,
  BACK_OFF_MS_MAX = 30 * 1000,
  NETWORK_SETTLES_MS = 250,
  STEADY_MS = 10 * 1000, /* a connection that lived so long ends the back-off */
  SHUTDOWN_MS_DEFAULT = 5000,
};

struct _KlConnection
{
  GObject parent_instance;

  char *url;
  char *token;
  char *state_text;
  KlSocket *socket;
  GNetworkMonitor *network;
  KlSleepMonitor *sleep_monitor;
  gint64 due_usec; /* monotonic: the next attempt */
  gint64 ready_usec;
  gint64 shutdown_ms; /* > 0: the server asked for a wait */
  guint wait_source;
  guint failures;
  guint retry_in;
  KlConnectionState state;
  gboolean loopback;
  gboolean asleep;
  gboolean revoked;
};

typedef enum
{
  PROP_STATE = 1,
  PROP_RETRY_IN,
  PROP_STATE_TEXT,
} Prop;

static GParamSpec *props[PROP_STATE_TEXT + 1];

enum
{
  READY,
  EVENT,
  LOST,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KlConnection, kl_connection, G_TYPE_OBJECT)

static void
set_state (KlConnection *self, KlConnectionState state, const char *text)
{
  if (g_set_str (&self->state_text, text))
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE_TEXT]);
  if (self->state == state)
    return;
  self->state = state;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE]);
}

static void
set_retry_in (KlConnection *self, guint seconds)
{
  if (self->retry_in == seconds)
    return;
  self->retry_in = seconds;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_RETRY_IN]);
}

static gboolean
has_network (KlConnection *self)
{
  return self->loopback || g_network_monitor_get_network_available (self->network);
}

/* ── Waiting ── */

static void
connect_now (KlConnection *self);
static void
tick (KlConnection *self);

static gboolean
on_tick (gpointer user_data)
{
  KlConnection *self = user_data;

  self->wait_source = 0;
  tick (self);
  return G_SOURCE_REMOVE;
}

static void
tick (KlConnection *self)
{
  gint64 left_ms = (self->due_usec - g_get_monotonic_time ()) / 1000;

  if (left_ms <= 0)
    {
      set_retry_in (self, 0);
      connect_now (self);
      return;
    }
  set_retry_in (self, (guint) ((left_ms + 999) / 1000));
  self->wait_source = g_timeout_add ((guint) ((left_ms - 1) % 1000 + 1), on_tick, self);
}

static void
wait_for (KlConnection *self, gint64 wait_ms, const char *text)
{
  g_clear_handle_id (&self->wait_source, g_source_remove);
  self->due_usec = g_get_monotonic_time () + wait_ms * 1000;
  set_state (self, has_network (self) ? KL_CONNECTION_STATE_WAITING : KL_CONNECTION_STATE_OFFLINE, text);
  tick (self);
}

/* Half of it is certain, half is chance: clients that were lost together do not come back together. */
static gint64
back_off_ms (KlConnection *self)
{
  gint64 whole = MIN ((gint64) BACK_OFF_MS_MIN << MIN (self->failures, 10), BACK_OFF_MS_MAX);

  return whole / 2 + g_random_int_range (0, (gint32) (whole / 2) + 1);
}

/* ── The socket ── */

/* POLITELY: with a good-bye, upon which the server forgets us. */
static void
drop_socket (KlConnection *self, gboolean politely)
{
  g_autoptr (KlSocket) socket = g_steal_pointer (&self->socket);

  if (socket == NULL)
    return;
  gboolean was_ready = self->ready_usec != 0;
  g_signal_handlers_disconnect_by_data (socket, self);
  self->ready_usec = 0;
  if (politely)
    kl_socket_close (socket);
  else
    kl_socket_break_off (socket);
  if (was_ready)
    g_signal_emit (self, signals[LOST], 0);
}

static void
refuse (KlConnection *self, const char *text)
{
  g_clear_handle_id (&self->wait_source, g_source_remove);
  set_retry_in (self, 0);
  drop_socket (self, TRUE);
  set_state (self, KL_CONNECTION_STATE_REFUSED, text);
}

static void
on_socket_ready (KlSocket *socket, KlConnection *self)
{
  self->ready_usec = g_get_monotonic_time ();
  g_signal_emit (self, signals[READY], 0);
}

static void
take_notice (KlConnection *self, yyjson_val *notice)
{
  const char *code = yyjson_get_str (yyjson_obj_get (notice, "code"));
  const char *message = yyjson_get_str (yyjson_obj_get (notice, "message"));
  yyjson_val *retry = yyjson_obj_get (notice, "retry_after_ms");

  if (g_strcmp0 (code, "revoked") == 0)
    {
      self->revoked = TRUE;
      refuse (self, message);
    }
  else if (g_strcmp0 (code, "shutdown") == 0)
    {
      self->shutdown_ms = yyjson_is_int (retry) ? CLAMP (yyjson_get_sint (retry), 1, 600 * 1000) : SHUTDOWN_MS_DEFAULT;
      g_set_str (&self->state_text, message);
      g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE_TEXT]);
    }
}

static void
on_socket_event (KlSocket *socket, const char *name, gpointer argument, KlConnection *self)
{
  g_autoptr (KlConnection) alive = g_object_ref (self);

  g_signal_emit (self, signals[EVENT], 0, name, argument);
  if (g_str_equal (name, "notice") && self->socket == socket)
    take_notice (self, argument);
}

static void
on_socket_closed (KlSocket *socket, const GError *error, KlConnection *self)
{
  g_autoptr (KlConnection) alive = g_object_ref (self);
  gboolean steady = self->ready_usec != 0 && g_get_monotonic_time () - self->ready_usec > STEADY_MS * 1000;
  gint64 asked_ms = kl_error_get_retry_after_ms (error);

  drop_socket (self, TRUE);
  if (self->state == KL_CONNECTION_STATE_STOPPED)
    return;
  if (g_error_matches (error, KL_CORE_ERROR, KL_CORE_ERROR_UNAUTHORIZED))
    {
      refuse (self, error->message);
      return;
    }
  if (steady)
    self->failures = 0;
  gint64 wait_ms = back_off_ms (self);
  if (self->shutdown_ms > 0)
    wait_ms = g_random_int_range (0, (gint32) self->shutdown_ms + 1);
  else if (asked_ms > 0)
    wait_ms = MAX (wait_ms, asked_ms + g_random_int_range (0, 1000));
  self->failures++;
  g_autofree char *text = g_strdup (self->shutdown_ms > 0 ? self->state_text : NULL);
  self->shutdown_ms = 0;
  wait_for (self, wait_ms, text);
}

static void
connect_now (KlConnection *self)
{
  g_clear_handle_id (&self->wait_source, g_source_remove);
  if (self->socket != NULL || self->asleep || self->state == KL_CONNECTION_STATE_STOPPED
      || self->state == KL_CONNECTION_STATE_REFUSED)
    return;
  set_retry_in (self, 0);
  if (has_network (self))
    set_state (self, KL_CONNECTION_STATE_CONNECTING, NULL);
  self->shutdown_ms = 0;
  self->socket = kl_socket_new (self->url, self->token);
  g_signal_connect (self->socket, "ready", G_CALLBACK (on_socket_ready), self);
  g_signal_connect (self->socket, "event", G_CALLBACK (on_socket_event), self);
  g_signal_connect (self->socket, "closed", G_CALLBACK (on_socket_closed), self);
  kl_socket_start (self->socket);
}

/* ── The network and sleep ── */

static void
on_network_changed (GNetworkMonitor *monitor, gboolean available, KlConnection *self)
{
  if (self->loopback || self->asleep || self->state == KL_CONNECTION_STATE_STOPPED
      || self->state == KL_CONNECTION_STATE_REFUSED)
    return;
  /* A living connection tells for itself, by its heartbeat, whether it still goes over what has changed. */
  if (self->socket != NULL)
    {
      if (!available && self->state != KL_CONNECTION_STATE_ONLINE)
        set_state (self, KL_CONNECTION_STATE_OFFLINE, NULL);
      return;
    }
  if (!available)
    {
      set_state (self, KL_CONNECTION_STATE_OFFLINE, NULL);
      return;
    }
  self->failures = 0;
  wait_for (self, NETWORK_SETTLES_MS, NULL);
}

static void
on_sleep (KlSleepMonitor *monitor, gboolean asleep, KlConnection *self)
{
  if (self->state == KL_CONNECTION_STATE_STOPPED || self->state == KL_CONNECTION_STATE_REFUSED)
    return;
  self->asleep = asleep;
  if (asleep)
    {
      g_clear_handle_id (&self->wait_source, g_source_remove);
      set_retry_in (self, 0);
      drop_socket (self, TRUE);
      set_state (self, KL_CONNECTION_STATE_OFFLINE, NULL);
      return;
    }
  self->failures = 0;
  wait_for (self, NETWORK_SETTLES_MS, NULL);
}

/* ── Calls ── */

void
kl_connection_start (KlConnection *self)
{
  g_return_if_fail (KL_IS_CONNECTION (self));

  if (self->state != KL_CONNECTION_STATE_STOPPED)
    return;
  set_state (self, has_network (self) ? KL_CONNECTION_STATE_CONNECTING : KL_CONNECTION_STATE_OFFLINE, NULL);
  connect_now (self);
}

void
kl_connection_stop (KlConnection *self)
{
  g_return_if_fail (KL_IS_CONNECTION (self));

  g_clear_handle_id (&self->wait_source, g_source_remove);
  set_retry_in (self, 0);
  if (self->state != KL_CONNECTION_STATE_REFUSED)
    set_state (self, KL_CONNECTION_STATE_STOPPED, NULL);
  drop_socket (self, TRUE);
}

void
kl_connection_retry_now (KlConnection *self)
{
  g_return_if_fail (KL_IS_CONNECTION (self));

  if (self->socket == NULL && self->state != KL_CONNECTION_STATE_STOPPED && self->state != KL_CONNECTION_STATE_REFUSED)
    connect_now (self);
}

void
kl_connection_set_synced (KlConnection *self)
{
  g_return_if_fail (KL_IS_CONNECTION (self));

  if (kl_connection_is_ready (self))
    set_state (self, KL_CONNECTION_STATE_ONLINE, NULL);
}

void
kl_connection_give_up (KlConnection *self)
{
  g_return_if_fail (KL_IS_CONNECTION (self));

  if (self->socket == NULL)
    return;
  drop_socket (self, FALSE);
  gint64 wait_ms = back_off_ms (self);
  self->failures++;
  wait_for (self, wait_ms, NULL);
}

KlConnectionState
kl_connection_get_state (KlConnection *self)
{
  g_return_val_if_fail (KL_IS_CONNECTION (self), KL_CONNECTION_STATE_STOPPED);
  return self->state;
}

guint
kl_connection_get_retry_in (KlConnection *self)
{
  g_return_val_if_fail (KL_IS_CONNECTION (self), 0);
  return self->retry_in;
}

const char *
kl_connection_get_state_text (KlConnection *self)
{
  g_return_val_if_fail (KL_IS_CONNECTION (self), NULL);
  return self->state_text;
}

gboolean
kl_connection_is_ready (KlConnection *self)
{
  g_return_val_if_fail (KL_IS_CONNECTION (self), FALSE);
  return self->socket != NULL && kl_socket_is_ready (self->socket);
}

void
kl_connection_emit (KlConnection *self, const char *event, const char *json, guint timeout_ms, KlSocketAnswer answer,
                    gpointer user_data)
{
  g_return_if_fail (KL_IS_CONNECTION (self));

  if (self->socket != NULL)
    {
      kl_socket_emit (self->socket, event, json, timeout_ms, answer, user_data);
      return;
    }
  g_autoptr (GError) error = g_error_new_literal (KL_CORE_ERROR, KL_CORE_ERROR_OFFLINE, "Not connected");
  if (answer != NULL)
    answer (NULL, error, user_data);
}

KlSocket *
kl_connection_hold (KlConnection *self)
{
  g_return_val_if_fail (KL_IS_CONNECTION (self), NULL);
  g_return_val_if_fail (self->socket != NULL, NULL);

  kl_socket_hold (self->socket);
  return g_object_ref (self->socket);
}

/* ── Object ── */

static void
kl_connection_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KlConnection *self = KL_CONNECTION (object);

  switch ((Prop) id)
    {
    case PROP_STATE:
      g_value_set_enum (value, (int) self->state);
      break;
    case PROP_RETRY_IN:
      g_value_set_uint (value, self->retry_in);
      break;
    case PROP_STATE_TEXT:
      g_value_set_string (value, self->state_text);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_connection_dispose (GObject *object)
{
  KlConnection *self = KL_CONNECTION (object);

  self->state = KL_CONNECTION_STATE_STOPPED;
  g_clear_handle_id (&self->wait_source, g_source_remove);
  if (self->socket != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->socket, self);
      kl_socket_close (self->socket);
      g_clear_object (&self->socket);
    }
  g_clear_object (&self->sleep_monitor);
  G_OBJECT_CLASS (kl_connection_parent_class)->dispose (object);
}

static void
kl_connection_finalize (GObject *object)
{
  KlConnection *self = KL_CONNECTION (object);

  g_free (self->url);
  g_free (self->token);
  g_free (self->state_text);
  G_OBJECT_CLASS (kl_connection_parent_class)->finalize (object);
}

static void
kl_connection_class_init (KlConnectionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags ro = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = kl_connection_get_property;
  object_class->dispose = kl_connection_dispose;
  object_class->finalize = kl_connection_finalize;

  props[PROP_STATE]
      = g_param_spec_enum ("state", NULL, NULL, KL_TYPE_CONNECTION_STATE, KL_CONNECTION_STATE_STOPPED, ro);
  props[PROP_RETRY_IN] = g_param_spec_uint ("retry-in", NULL, NULL, 0, G_MAXUINT, 0, ro);
  props[PROP_STATE_TEXT] = g_param_spec_string ("state-text", NULL, NULL, NULL, ro);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);

  signals[READY] = g_signal_new ("ready", KL_TYPE_CONNECTION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[EVENT] = g_signal_new ("event", KL_TYPE_CONNECTION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                 G_TYPE_STRING, G_TYPE_POINTER);
  signals[LOST] = g_signal_new ("lost", KL_TYPE_CONNECTION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
kl_connection_init (KlConnection *self)
{
  self->network = g_network_monitor_get_default ();
  g_signal_connect_object (self->network, "network-changed", G_CALLBACK (on_network_changed), self, 0);
  self->sleep_monitor = kl_sleep_monitor_new ();
  g_signal_connect_object (self->sleep_monitor, "sleep", G_CALLBACK (on_sleep), self, 0);
}

static gboolean
is_loopback (const char *url)
{
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);
  const char *host = uri != NULL ? g_uri_get_host (uri) : NULL;
  g_autoptr (GInetAddress) address = host != NULL ? g_inet_address_new_from_string (host) : NULL;

  return host != NULL
         && (g_ascii_strcasecmp (host, "localhost") == 0 || g_str_has_suffix (host, ".localhost")
             || (address != NULL && g_inet_address_get_is_loopback (address)));
}

KlConnection *
kl_connection_new (const char *url, const char *token)
{
  KlConnection *self = g_object_new (KL_TYPE_CONNECTION, NULL);

  self->url = g_strdup (url);
  self->token = g_strdup (token);
  self->loopback = is_loopback (url);
  return self;
}
