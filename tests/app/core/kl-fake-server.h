/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A scripted peer for the client: HTTP and one WebSocket at a time on a free port, by the test's own hand. It answers
 * the handshakes (unless told not to) and tells of each event; everything else is the test's. Same thread. */
#pragma once

#include <libsoup/soup.h>
#include <yyjson.h>

G_BEGIN_DECLS

typedef struct _KlFakeServer KlFakeServer;

/* argument is an object or NULL; ack_id -1: none is asked for. */
typedef void (*KlFakeEvent) (KlFakeServer *self, const char *event, yyjson_val *argument, gint64 ack_id,
                             gpointer user_data);

struct _KlFakeServer
{
  SoupServer *soup;
  SoupWebsocketConnection *connection; /* the latest, or NULL */
  char *url;
  char *token;         /* of the latest CONNECT */
  GString *received;   /* text that is no event, a line each */
  KlFakeEvent on_event;
  gpointer user_data;
  guint connections;   /* so far */
  guint ping_interval_ms;
  guint ping_timeout_ms;
  gboolean mute;       /* sends no OPEN */
  gboolean shy;        /* does not answer CONNECT */
  const char *refusal; /* JSON for CONNECT_ERROR, instead of an answer to CONNECT */
};

/* kl_test_init() for tests that connect: no proxy, logind, keyring or network manager of this computer is asked. */
void kl_fake_server_init (int *argc, char ***argv);

KlFakeServer *kl_fake_server_new (void);
void kl_fake_server_free (KlFakeServer *self);

void kl_fake_server_send (KlFakeServer *self, const char *text);
void kl_fake_server_send_event (KlFakeServer *self, const char *event, const char *json);
void kl_fake_server_answer (KlFakeServer *self, gint64 ack_id, const char *json);
/* Without a closing handshake. */
void kl_fake_server_cut (KlFakeServer *self);
/* Raw bytes on the wire, past all framing. */
void kl_fake_server_write (KlFakeServer *self, const void *data, gsize length);

G_END_DECLS
