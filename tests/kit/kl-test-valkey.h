/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A valkey-server for tests, of their own: on a free port, with its data in a temporary folder. It dies with the test.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _KlTestValkey KlTestValkey;

typedef enum
{
  KL_TEST_VALKEY_PLAIN = 0,
  KL_TEST_VALKEY_PASSWORD = 1 << 0, /* KL_TEST_VALKEY_SECRET */
  KL_TEST_VALKEY_TLS = 1 << 1,      /* beside the plain port, with a certificate for 127.0.0.1 and localhost */
  KL_TEST_VALKEY_UNIX = 1 << 2,     /* beside the plain port */
} KlTestValkeyFlags;

#define KL_TEST_VALKEY_SECRET "open:sesame@1"

/* Whether there is one to be had here; else the test is to be skipped. */
gboolean
kl_test_valkey_is_there (void);

/* Starts one, empty, and waits until it takes connections. */
KlTestValkey *
kl_test_valkey_new (KlTestValkeyFlags flags);
/* Ends it (with -9 if need be) and removes its folder. */
void
kl_test_valkey_free (KlTestValkey *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlTestValkey, kl_test_valkey_free)

/* "redis://127.0.0.1:PORT/0", with the password where it has one. */
const char *
kl_test_valkey_get_uri (KlTestValkey *self);
guint16
kl_test_valkey_get_port (KlTestValkey *self);
guint16
kl_test_valkey_get_tls_port (KlTestValkey *self);
/* A file in its folder: "valkey.sock", "server.pem", "server.key". */
char *
kl_test_valkey_dup_path (KlTestValkey *self, const char *name);

/* SIGKILL, SIGSTOP, SIGCONT … After SIGKILL it waits for its end. */
void
kl_test_valkey_signal (KlTestValkey *self, int signal_number);
/* Starts it again after its end, on the same port; empty, since it keeps nothing on disk. */
void
kl_test_valkey_restart (KlTestValkey *self);

/* Sends one command (words ended by NULL) on a connection of its own and waits for the answer, lists one line an item.
 */
char *
kl_test_valkey_ask (KlTestValkey *self, ...) G_GNUC_NULL_TERMINATED;
/* The same with bytes. */
char *
kl_test_valkey_publish (KlTestValkey *self, const char *channel, const char *data, gsize length);

/* A certificate that signs itself, NAME.pem with NAME.key in FOLDER, good for NAMES ("IP:127.0.0.1,DNS:localhost"). */
void
kl_test_make_certificate (const char *folder, const char *name, const char *names);

G_END_DECLS
