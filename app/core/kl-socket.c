/* SPDX-License-Identifier: GPL-3.0-or-later
 * One connection: dialling → OPEN → CONNECT → ready → closed. Every way out leads through finish(). */
#include "app/core/kl-socket.h"
#include "app/core/kl-dial.h"
#include "app/core/kl-error-private.h"
#include "app/core/kl-metered-stream.h"
#include "app/core/kl-wire.h"
#include "protocol/kl-eio-packet.h"
#include "protocol/kl-json.h"
#include "protocol/kl-sio-packet.h"

#include <string.h>

enum
{
  DIAL_MS = 15 * 1000,
  OPENING_MS = 15 * 1000, /* from the WebSocket to the answer to CONNECT */
  SILENCE_MS_MAX = 120 * 1000,
  MESSAGE_BYTES_MAX = 2 * 1024 * 1024,
  ATTACHMENTS_MAX = 8,
  ANSWERS_MAX = 4096,
  HELD_BYTES_MAX = 16 * 1024 * 1024,
};

typedef enum
{
  STATE_NEW,
  STATE_DIALLING,
  STATE_OPENING,
  STATE_CONNECTING,
  STATE_READY,
  STATE_CLOSED,
} State;

typedef struct
{
  KlSocketAnswer answer;
  gpointer user_data;
  gint64 deadline_usec; /* monotonic */
} Waiting;

/* What came during a hold. */
typedef struct
{
  GBytes *bytes;
  gboolean is_text;
} Message;

struct _KlSocket
{
  GObject parent_instance;

  char *url;
  char *token;
  GCancellable *cancellable;
  KlDialed *dialed;
  KlSioDecoder decoder;
  GHashTable *waiting; /* owned gint64 ack id → owned Waiting */
  gint64 next_ack;
  gint64 heard_usec; /* monotonic: the last sign of life */
  gsize max_payload_bytes;
  guint silence_ms;
  guint clock_source;
  State state;
  gboolean held;
  KlSioPacket kept; /* the one that is being dealt with during a hold */
  GQueue held_back; /* of owned Message */
  gsize held_bytes;
  GError *end; /* came during a hold */
};

enum
{
  READY,
  EVENT,
  CLOSED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KlSocket, kl_socket, G_TYPE_OBJECT)

/* ── The end ── */

static void
fail_waiting (KlSocket *self, const GError *error)
{
  g_autoptr (GHashTable) waiting = g_steal_pointer (&self->waiting);
  GHashTableIter iter;
  gpointer value;

  self->waiting = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  g_hash_table_iter_init (&iter, waiting);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    ((Waiting *) value)->answer (NULL, error, ((Waiting *) value)->user_data);
}

static void
message_free (gpointer data)
{
  g_bytes_unref (((Message *) data)->bytes);
  g_free (data);
}

static void
end_hold (KlSocket *self)
{
  self->held = FALSE;
  self->held_bytes = 0;
  g_queue_clear_full (&self->held_back, message_free);
  g_clear_error (&self->end);
}

static void
drop_connection (KlSocket *self, gboolean politely)
{
  g_autoptr (KlDialed) dialed = g_steal_pointer (&self->dialed);

  if (dialed == NULL)
    return;
  g_signal_handlers_disconnect_by_data (dialed->connection, self);
  if (soup_websocket_connection_get_state (dialed->connection) == SOUP_WEBSOCKET_STATE_OPEN && politely)
    {
      soup_websocket_connection_send_text (dialed->connection, "41");
      soup_websocket_connection_close (dialed->connection, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
      /* The closing handshake ends by itself or by libsoup's own time-out; the connection keeps itself alive for it. */
      g_signal_connect (g_object_ref (dialed->connection), "closed", G_CALLBACK (g_object_unref), NULL);
      return;
    }
  g_io_stream_close_async (dialed->stream, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
}

/* What the peer has begun to close takes nothing more; that it is closed comes as a signal. */
static void
send_text (KlSocket *self, const char *text)
{
  if (self->dialed != NULL
      && soup_websocket_connection_get_state (self->dialed->connection) == SOUP_WEBSOCKET_STATE_OPEN)
    soup_websocket_connection_send_text (self->dialed->connection, text);
}

/* Takes error. */
static void
finish (KlSocket *self, GError *error)
{
  g_autoptr (KlSocket) alive = g_object_ref (self);
  g_autoptr (GError) why = error;

  if (self->state == STATE_CLOSED)
    return;
  self->state = STATE_CLOSED;
  g_clear_handle_id (&self->clock_source, g_source_remove);
  g_cancellable_cancel (self->cancellable);
  drop_connection (self, g_error_matches (why, G_IO_ERROR, G_IO_ERROR_CANCELLED));
  g_autoptr (GError) offline = kl_core_error_new_full (KL_CORE_ERROR_OFFLINE, "The connection was lost", NULL, 0);
  fail_waiting (self, offline);
  g_signal_emit (self, signals[CLOSED], 0, why);
  end_hold (self);
}

/* The peer's end waits for the end of a hold. Takes error. */
static void
finish_by_peer (KlSocket *self, GError *error)
{
  if (!self->held)
    finish (self, error);
  else if (self->end == NULL)
    self->end = error;
  else
    g_error_free (error);
}

static void
finish_broken (KlSocket *self)
{
  finish (self, kl_core_error_new_full (KL_CORE_ERROR_NOT_KLATCH, "The server does not keep to the protocol", NULL, 0));
}

/* ── Time ── */

static void
expire_answers (KlSocket *self, gint64 now)
{
  g_autoptr (GPtrArray) late = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = kl_core_error_new_full (KL_CORE_ERROR_TIMED_OUT, "The server did not answer", NULL, 0);
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, self->waiting);
  while (g_hash_table_iter_next (&iter, &key, &value))
    if (((Waiting *) value)->deadline_usec <= now)
      {
        g_hash_table_iter_steal (&iter);
        g_free (key);
        g_ptr_array_add (late, value);
      }
  for (guint i = 0; i < late->len; i++)
    {
      Waiting *waiting = g_ptr_array_index (late, i);
      waiting->answer (NULL, error, waiting->user_data);
    }
}

static gint64
next_deadline (KlSocket *self)
{
  gint64 at = self->heard_usec + (gint64) self->silence_ms * 1000;
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->waiting);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    at = MIN (at, ((Waiting *) value)->deadline_usec);
  return at;
}

static void
arm_clock (KlSocket *self);

static gboolean
on_clock (gpointer user_data)
{
  g_autoptr (KlSocket) self = g_object_ref (user_data);
  gint64 now = g_get_monotonic_time ();

  self->clock_source = 0;
  if (now >= self->heard_usec + (gint64) self->silence_ms * 1000)
    {
      finish (self, kl_core_error_new_full (KL_CORE_ERROR_TIMED_OUT, "The server has fallen silent", NULL, 0));
      return G_SOURCE_REMOVE;
    }
  expire_answers (self, now);
  arm_clock (self);
  return G_SOURCE_REMOVE;
}

static void
arm_clock (KlSocket *self)
{
  if (self->state == STATE_CLOSED || self->silence_ms == 0)
    return;
  gint64 in_ms = (next_deadline (self) - g_get_monotonic_time ()) / 1000 + 1;
  g_clear_handle_id (&self->clock_source, g_source_remove);
  self->clock_source = g_timeout_add ((guint) MAX (in_ms, 0), on_clock, self);
}

static void
set_silence (KlSocket *self, guint silence_ms)
{
  self->heard_usec = g_get_monotonic_time ();
  self->silence_ms = silence_ms;
  arm_clock (self);
}

/* ── Packets that come ── */

static void
take_connect_error (KlSocket *self, yyjson_val *data)
{
  yyjson_val *inner = yyjson_obj_get (data, "data");
  const char *code = yyjson_get_str (yyjson_obj_get (inner, "code"));
  const char *message = yyjson_get_str (yyjson_obj_get (inner, "message"));
  gint64 retry = yyjson_get_sint (yyjson_obj_get (inner, "retry_after_ms"));
  gboolean refused = g_strcmp0 (code, "unauthorized") == 0;

  if (message == NULL)
    message = yyjson_get_str (yyjson_obj_get (data, "message"));
  finish (self, kl_core_error_new_full (refused ? KL_CORE_ERROR_UNAUTHORIZED : KL_CORE_ERROR_UNAVAILABLE,
                                        message != NULL ? message : "The server refused the connection", NULL,
                                        CLAMP (retry, 0, 3600 * 1000)));
}

static void
take_answer (KlSocket *self, const KlSioPacket *packet)
{
  g_autofree gpointer key = NULL;
  g_autofree Waiting *waiting = NULL;
  yyjson_val *answer = yyjson_arr_get_first (packet->data);

  if (!g_hash_table_steal_extended (self->waiting, &packet->ack_id, &key, (gpointer *) &waiting))
    return;
  if (yyjson_is_true (yyjson_obj_get (answer, "ok")))
    {
      waiting->answer (answer, NULL, waiting->user_data);
      return;
    }
  g_autoptr (GError) error = kl_wire_read_error (answer);
  waiting->answer (NULL, error, waiting->user_data);
}

static void
take_event (KlSocket *self, const KlSioPacket *packet)
{
  if (strlen (packet->event) != packet->event_length)
    return;
  /* We know no event that wants an answer; one that asks gets an empty one, so that its sender does not wait. */
  if (packet->ack_id != KL_SIO_NO_ACK)
    {
      g_autoptr (GString) text = g_string_new ("4");
      kl_sio_packet_append (text, KL_SIO_ACK, NULL, 0, packet->ack_id, "[]", 2);
      send_text (self, text->str);
    }
  g_signal_emit (self, signals[EVENT], 0, packet->event, kl_sio_packet_first_arg (packet));
}

static void
tell_packet (KlSocket *self, const KlSioPacket *packet)
{
  /* Another namespace's, or what breaks the rules of kl-json.h: nothing that concerns us. */
  if (!g_str_equal (packet->nsp, "/") || !packet->json_strict)
    return;
  switch (packet->type)
    {
    case KL_SIO_CONNECT:
      if (self->state != STATE_CONNECTING)
        return;
      self->state = STATE_READY;
      g_signal_emit (self, signals[READY], 0);
      return;
    case KL_SIO_CONNECT_ERROR:
      take_connect_error (self, packet->data);
      return;
    case KL_SIO_DISCONNECT:
      finish (self, kl_core_error_new_full (KL_CORE_ERROR_OFFLINE, "The server has ended the connection", NULL, 0));
      return;
    case KL_SIO_EVENT:
    case KL_SIO_BINARY_EVENT:
      if (self->state == STATE_READY)
        take_event (self, packet);
      return;
    case KL_SIO_ACK:
    case KL_SIO_BINARY_ACK:
      take_answer (self, packet);
      return;
    default:
      return;
    }
}

/* A handler that holds keeps the packet. */
static void
take_packet (KlSocket *self, KlSioPacket *packet)
{
  tell_packet (self, packet);
  if (!self->held)
    return;
  self->kept = *packet;
  *packet = (KlSioPacket) { 0 };
}

static void
take_open (KlSocket *self, const KlEioPacket *packet)
{
  g_autoptr (GString) text = g_string_new ("4");
  g_auto (KlJsonWriter) auth = { 0 };
  KlEioOpen opened;

  if (self->state != STATE_OPENING || !kl_eio_open_parse (packet->data, packet->length, &opened))
    {
      finish_broken (self);
      return;
    }
  self->state = STATE_CONNECTING;
  self->max_payload_bytes = opened.max_payload_bytes;
  kl_json_writer_init (&auth, 128);
  kl_json_begin_object (&auth);
  kl_json_member_string (&auth, "token", self->token);
  kl_json_end_object (&auth);
  gsize length;
  g_autofree char *json = kl_json_writer_steal_string (&auth, &length);
  kl_sio_packet_append (text, KL_SIO_CONNECT, NULL, 0, KL_SIO_NO_ACK, json, (gssize) length);
  send_text (self, text->str);
  set_silence (self, (guint) CLAMP ((guint64) opened.ping_interval_ms + opened.ping_timeout_ms, 100, SILENCE_MS_MAX));
}

static void
take_text (KlSocket *self, const char *text, gsize length)
{
  KlEioPacket packet;

  if (kl_eio_packet_parse (text, length, &packet) != KL_VERDICT_OK)
    {
      finish_broken (self);
      return;
    }
  switch (packet.type)
    {
    case KL_EIO_OPEN:
      take_open (self, &packet);
      return;
    case KL_EIO_PING:
      send_text (self, "3");
      return;
    case KL_EIO_CLOSE:
      finish (self, kl_core_error_new_full (KL_CORE_ERROR_OFFLINE, "The server has ended the connection", NULL, 0));
      return;
    case KL_EIO_MESSAGE:
      {
        g_auto (KlSioPacket) inner = { 0 };
        KlVerdict verdict = kl_sio_decoder_take_text (&self->decoder, packet.data, packet.length, &inner);
        if (verdict == KL_VERDICT_OK)
          take_packet (self, &inner);
        else if (verdict == KL_VERDICT_ERROR)
          finish_broken (self);
        return;
      }
    case KL_EIO_PONG:
    case KL_EIO_UPGRADE:
    case KL_EIO_NOOP:
    default:
      return;
    }
}

static void
take_binary (KlSocket *self, const guint8 *bytes, gsize length)
{
  g_auto (KlSioPacket) packet = { 0 };
  KlVerdict verdict = kl_sio_decoder_take_binary (&self->decoder, bytes, length, &packet);

  if (verdict == KL_VERDICT_OK)
    take_packet (self, &packet);
  else if (verdict == KL_VERDICT_ERROR)
    finish_broken (self);
}

static void
take_message (KlSocket *self, gboolean is_text, GBytes *bytes)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (bytes, &length);

  if (is_text)
    take_text (self, (const char *) data, length);
  else
    take_binary (self, data, length);
}

static void
hold_back (KlSocket *self, gboolean is_text, GBytes *bytes)
{
  Message *message = g_new (Message, 1);

  *message = (Message) { g_bytes_ref (bytes), is_text };
  g_queue_push_tail (&self->held_back, message);
  self->held_bytes += g_bytes_get_size (bytes) + sizeof *message;
  if (self->held_bytes > HELD_BYTES_MAX)
    finish_broken (self);
}

static void
on_message (SoupWebsocketConnection *connection, int type, GBytes *message, KlSocket *self)
{
  g_autoptr (KlSocket) alive = g_object_ref (self);
  gboolean is_text = type == SOUP_WEBSOCKET_DATA_TEXT;

  if (self->dialed == NULL)
    return;
  kl_metered_stream_reset (KL_METERED_STREAM (self->dialed->stream));
  self->heard_usec = g_get_monotonic_time ();
  if (self->held)
    hold_back (self, is_text, message);
  else
    take_message (self, is_text, message);
}

void
kl_socket_hold (KlSocket *self)
{
  g_return_if_fail (KL_IS_SOCKET (self));
  g_return_if_fail (!self->held);

  self->held = self->state != STATE_CLOSED;
}

void
kl_socket_release (KlSocket *self)
{
  g_return_if_fail (KL_IS_SOCKET (self));

  g_autoptr (KlSocket) alive = g_object_ref (self);
  if (!self->held)
    return;
  self->held = FALSE;
  kl_sio_packet_clear (&self->kept);
  while (!self->held && !g_queue_is_empty (&self->held_back))
    {
      Message *message = g_queue_pop_head (&self->held_back);
      self->held_bytes -= g_bytes_get_size (message->bytes) + sizeof *message;
      take_message (self, message->is_text, message->bytes);
      message_free (message);
    }
  if (!self->held && self->end != NULL)
    finish (self, g_steal_pointer (&self->end));
}

/* ── Beginning ── */

static void
on_error (SoupWebsocketConnection *connection, GError *error, KlSocket *self)
{
  finish_by_peer (self, kl_dial_translate_error (g_error_copy (error)));
}

static void
on_closed (SoupWebsocketConnection *connection, KlSocket *self)
{
  finish_by_peer (self, kl_core_error_new_full (KL_CORE_ERROR_OFFLINE, "The connection was closed", NULL, 0));
}

static void
on_dialed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KlSocket) self = user_data;
  g_autoptr (GError) error = NULL;
  KlDialed *dialed = kl_dial_finish (result, &error);

  if (self->state != STATE_DIALLING)
    {
      g_clear_pointer (&dialed, kl_dialed_free);
      return;
    }
  if (dialed == NULL)
    {
      finish (self, g_steal_pointer (&error));
      return;
    }
  self->dialed = dialed;
  self->state = STATE_OPENING;
  g_signal_connect (dialed->connection, "message", G_CALLBACK (on_message), self);
  g_signal_connect (dialed->connection, "error", G_CALLBACK (on_error), self);
  g_signal_connect (dialed->connection, "closed", G_CALLBACK (on_closed), self);
  /* Heartbeats are the server's, in the protocol. */
  soup_websocket_connection_set_keepalive_interval (dialed->connection, 0);
  set_silence (self, OPENING_MS);
}

void
kl_socket_start (KlSocket *self)
{
  g_return_if_fail (KL_IS_SOCKET (self));
  g_return_if_fail (self->state == STATE_NEW);

  g_autofree char *address = g_strconcat (self->url, "/socket.io/?EIO=4&transport=websocket", NULL);
  self->state = STATE_DIALLING;
  kl_dial_async (address, MESSAGE_BYTES_MAX, DIAL_MS, self->cancellable, on_dialed, g_object_ref (self));
}

gboolean
kl_socket_is_ready (KlSocket *self)
{
  g_return_val_if_fail (KL_IS_SOCKET (self), FALSE);
  return self->state == STATE_READY;
}

void
kl_socket_emit (KlSocket *self, const char *event, const char *json, guint timeout_ms, KlSocketAnswer answer,
                gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_return_if_fail (KL_IS_SOCKET (self));

  if (self->state != STATE_READY || g_hash_table_size (self->waiting) >= ANSWERS_MAX)
    {
      error = kl_core_error_new_full (KL_CORE_ERROR_OFFLINE, "Not connected", NULL, 0);
      if (answer != NULL)
        answer (NULL, error, user_data);
      return;
    }
  gint64 ack_id = answer != NULL ? self->next_ack++ : KL_SIO_NO_ACK;
  g_autoptr (GString) text = g_string_new ("4");
  kl_sio_event_append (text, NULL, ack_id, event, json, -1);
  if (self->max_payload_bytes > 0 && text->len > self->max_payload_bytes)
    {
      error = kl_core_error_new_full (KL_CORE_ERROR_TOO_LARGE, "This is too large for the server", NULL, 0);
      if (answer != NULL)
        answer (NULL, error, user_data);
      return;
    }
  if (answer != NULL)
    {
      Waiting *waiting = g_new0 (Waiting, 1);
      waiting->answer = answer;
      waiting->user_data = user_data;
      waiting->deadline_usec = g_get_monotonic_time () + (gint64) timeout_ms * 1000;
      g_hash_table_insert (self->waiting, g_memdup2 (&ack_id, sizeof ack_id), waiting);
      arm_clock (self);
    }
  send_text (self, text->str);
}

void
kl_socket_close (KlSocket *self)
{
  g_return_if_fail (KL_IS_SOCKET (self));
  finish (self, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "closed"));
}

void
kl_socket_break_off (KlSocket *self)
{
  g_return_if_fail (KL_IS_SOCKET (self));
  finish (self, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CLOSED, "broken off"));
}

/* ── Object ── */

static void
kl_socket_dispose (GObject *object)
{
  KlSocket *self = KL_SOCKET (object);

  self->state = STATE_CLOSED;
  g_clear_handle_id (&self->clock_source, g_source_remove);
  g_cancellable_cancel (self->cancellable);
  drop_connection (self, TRUE);
  end_hold (self);
  kl_sio_packet_clear (&self->kept);
  G_OBJECT_CLASS (kl_socket_parent_class)->dispose (object);
}

static void
kl_socket_finalize (GObject *object)
{
  KlSocket *self = KL_SOCKET (object);

  g_free (self->url);
  g_free (self->token);
  g_object_unref (self->cancellable);
  kl_sio_decoder_clear (&self->decoder);
  g_hash_table_unref (self->waiting);
  G_OBJECT_CLASS (kl_socket_parent_class)->finalize (object);
}

static void
kl_socket_class_init (KlSocketClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = kl_socket_dispose;
  object_class->finalize = kl_socket_finalize;

  signals[READY] = g_signal_new ("ready", KL_TYPE_SOCKET, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[EVENT] = g_signal_new ("event", KL_TYPE_SOCKET, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                 G_TYPE_STRING, G_TYPE_POINTER);
  signals[CLOSED]
      = g_signal_new ("closed", KL_TYPE_SOCKET, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
kl_socket_init (KlSocket *self)
{
  self->cancellable = g_cancellable_new ();
  self->waiting = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  self->decoder.max_bytes = MESSAGE_BYTES_MAX;
  self->decoder.max_attachments = ATTACHMENTS_MAX;
}

KlSocket *
kl_socket_new (const char *url, const char *token)
{
  KlSocket *self = g_object_new (KL_TYPE_SOCKET, NULL);

  self->url = g_strdup (url);
  self->token = g_strdup (token);
  return self;
}
