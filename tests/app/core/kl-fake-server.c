/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/app/core/kl-fake-server.h"

#include "protocol/kl-sio-packet.h"
#include "tests/kit/kl-test.h"

#include <string.h>

static void
take_packet (KlFakeServer *self, const KlSioPacket *packet)
{
  if (packet->type == KL_SIO_CONNECT)
    {
      g_set_str (&self->token, yyjson_get_str (yyjson_obj_get (packet->data, "token")));
      g_autofree char *refusal = g_strconcat ("44", self->refusal, NULL);
      if (self->refusal != NULL)
        kl_fake_server_send (self, refusal);
      else if (!self->shy)
        kl_fake_server_send (self, "40{\"sid\":\"socket\"}");
    }
  else if (packet->type == KL_SIO_EVENT && self->on_event != NULL)
    self->on_event (self, packet->event, kl_sio_packet_first_arg (packet), packet->ack_id, self->user_data);
}

static void
on_message (SoupWebsocketConnection *connection, int type, GBytes *message, KlFakeServer *self)
{
  gsize length;
  const char *text = g_bytes_get_data (message, &length);
  KlSioDecoder decoder = { 0 };
  g_auto (KlSioPacket) packet = { 0 };

  if (connection != self->connection)
    return;
  if (length > 1 && text[0] == '4'
      && kl_sio_decoder_take_text (&decoder, text + 1, length - 1, &packet) == KL_VERDICT_OK
      && packet.type != KL_SIO_DISCONNECT)
    take_packet (self, &packet);
  else
    g_string_append_printf (self->received, "%.*s\n", (int) length, text);
  kl_sio_decoder_clear (&decoder);
}

static void
on_closed (SoupWebsocketConnection *connection, KlFakeServer *self)
{
  g_string_append (self->received, "closed\n");
  if (connection == self->connection)
    g_clear_object (&self->connection);
}

static void
on_websocket (SoupServer *soup, SoupServerMessage *message, const char *path, SoupWebsocketConnection *connection,
              gpointer user_data)
{
  KlFakeServer *self = user_data;

  if (self->connection != NULL)
    g_signal_handlers_disconnect_by_data (self->connection, self);
  g_set_object (&self->connection, connection);
  self->connections++;
  soup_websocket_connection_set_max_incoming_payload_size (connection, 0);
  g_signal_connect (connection, "message", G_CALLBACK (on_message), self);
  g_signal_connect (connection, "closed", G_CALLBACK (on_closed), self);
  if (self->mute)
    return;
  g_autofree char *open
      = g_strdup_printf ("0{\"sid\":\"engine\",\"upgrades\":[],\"pingInterval\":%u,\"pingTimeout\":%u,"
                         "\"maxPayload\":1000000}",
                         self->ping_interval_ms, self->ping_timeout_ms);
  kl_fake_server_send (self, open);
}

void
kl_fake_server_init (int *argc, char ***argv)
{
  g_setenv ("GIO_USE_PROXY_RESOLVER", "dummy", TRUE);
  g_setenv ("GIO_USE_NETWORK_MONITOR", "base", TRUE);
  g_setenv ("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", TRUE);
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus", TRUE);
  kl_test_init (argc, argv);
}

KlFakeServer *
kl_fake_server_new (void)
{
  KlFakeServer *self = g_new0 (KlFakeServer, 1);
  g_autoptr (GError) error = NULL;

  self->soup = soup_server_new (NULL, NULL);
  self->received = g_string_new (NULL);
  self->ping_interval_ms = 15000;
  self->ping_timeout_ms = 10000;
  soup_server_add_websocket_handler (self->soup, "/socket.io/", NULL, NULL, on_websocket, self, NULL);
  g_assert_true (soup_server_listen_local (self->soup, 0, SOUP_SERVER_LISTEN_IPV4_ONLY, &error));
  g_assert_no_error (error);
  GSList *uris = soup_server_get_uris (self->soup);
  self->url = g_strdup_printf ("http://127.0.0.1:%d", g_uri_get_port (uris->data));
  g_slist_free_full (uris, (GDestroyNotify) g_uri_unref);
  return self;
}

void
kl_fake_server_free (KlFakeServer *self)
{
  if (self->connection != NULL)
    g_signal_handlers_disconnect_by_data (self->connection, self);
  g_clear_object (&self->connection);
  soup_server_disconnect (self->soup);
  g_object_unref (self->soup);
  g_free (self->url);
  g_free (self->token);
  g_string_free (self->received, TRUE);
  g_free (self);
}

void
kl_fake_server_send (KlFakeServer *self, const char *text)
{
  g_assert_nonnull (self->connection);
  soup_websocket_connection_send_text (self->connection, text);
}

void
kl_fake_server_send_event (KlFakeServer *self, const char *event, const char *json)
{
  g_autofree char *text = g_strdup_printf ("42[\"%s\",%s]", event, json);

  kl_fake_server_send (self, text);
}

void
kl_fake_server_answer (KlFakeServer *self, gint64 ack_id, const char *json)
{
  g_autofree char *text = g_strdup_printf ("43%" G_GINT64_FORMAT "[%s]", ack_id, json);

  kl_fake_server_send (self, text);
}

void
kl_fake_server_cut (KlFakeServer *self)
{
  g_autoptr (SoupWebsocketConnection) connection = g_steal_pointer (&self->connection);

  g_signal_handlers_disconnect_by_data (connection, self);
  g_io_stream_close (soup_websocket_connection_get_io_stream (connection), NULL, NULL);
}

void
kl_fake_server_write (KlFakeServer *self, const void *data, gsize length)
{
  GOutputStream *output = g_io_stream_get_output_stream (soup_websocket_connection_get_io_stream (self->connection));

  g_output_stream_write_all (output, data, length, NULL, NULL, NULL);
}
