/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/kit/kl-test-valkey.h"

#include <hiredis/hiredis.h>
#include <signal.h>
#include <string.h>

#include "tests/kit/kl-test-process.h"
#include "tests/kit/kl-test.h"

struct _KlTestValkey
{
  KlTestValkeyFlags flags;
  KlTestProcess *process; /* NULL: it was killed */
  char *folder;
  char *uri;
  guint16 port;
  guint16 tls_port;
};

static char *
find_program (void)
{
  char *program = g_find_program_in_path ("valkey-server");

  return program ? program : g_find_program_in_path ("redis-server");
}

gboolean
kl_test_valkey_is_there (void)
{
  g_autofree char *program = find_program ();

  return program != NULL;
}

/* Free a moment ago: who takes it meanwhile makes the start fail, and another is tried. */
static guint16
find_port (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &error);
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) bound = NULL;

  g_assert_no_error (error);
  g_socket_bind (socket, any, FALSE, &error);
  g_assert_no_error (error);
  bound = g_socket_get_local_address (socket, &error);
  g_assert_no_error (error);

  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
}

void
kl_test_make_certificate (const char *folder, const char *name, const char *names)
{
  g_autofree char *cert = g_strdup_printf ("%s/%s.pem", folder, name);
  g_autofree char *key = g_strdup_printf ("%s/%s.key", folder, name);
  g_autofree char *alternatives = g_strconcat ("subjectAltName=", names, NULL);
  const char *argv[] = { "openssl", "req",   "-x509",    "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                         "-nodes",  "-subj", "/CN=test", "-days",   "2",  "-addext",  alternatives,
                         "-keyout", key,     "-out",     cert,      NULL };
  g_autoptr (GError) error = NULL;
  int status;

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL, NULL,
                &status, &error);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 0);
}

static void
add (GPtrArray *argv, const char *name, const char *value)
{
  g_ptr_array_add (argv, g_strdup (name));
  g_ptr_array_add (argv, g_strdup (value));
}

static void
start_process (KlTestValkey *self)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *port = g_strdup_printf ("%u", self->port);
  g_autofree char *tls_port = g_strdup_printf ("%u", self->tls_port);
  g_autofree char *socket = kl_test_valkey_dup_path (self, "valkey.sock");
  g_autofree char *cert = kl_test_valkey_dup_path (self, "server.pem");
  g_autofree char *key = kl_test_valkey_dup_path (self, "server.key");

  g_ptr_array_add (argv, find_program ());
  add (argv, "--port", port);
  add (argv, "--bind", "127.0.0.1");
  add (argv, "--dir", self->folder);
  add (argv, "--save", "");
  add (argv, "--appendonly", "no");
  if (self->flags & KL_TEST_VALKEY_PASSWORD)
    add (argv, "--requirepass", KL_TEST_VALKEY_SECRET);
  if (self->flags & KL_TEST_VALKEY_UNIX)
    add (argv, "--unixsocket", socket);
  if (self->flags & KL_TEST_VALKEY_TLS)
    {
      add (argv, "--tls-port", tls_port);
      add (argv, "--tls-cert-file", cert);
      add (argv, "--tls-key-file", key);
      add (argv, "--tls-ca-cert-file", cert);
      add (argv, "--tls-auth-clients", "optional");
    }
  g_ptr_array_add (argv, NULL);
  self->process = kl_test_process_start ((const char *const *) argv->pdata, NULL);
}

/* FALSE: it ended, since somebody else has the port. */
static gboolean
start (KlTestValkey *self)
{
  gint64 end_usec = g_get_monotonic_time () + KL_TEST_DEADLINE_MS * G_TIME_SPAN_MILLISECOND;

  start_process (self);
  for (;;)
    {
      gboolean ended = kl_test_process_has_ended (self->process);
      g_autofree char *output = kl_test_process_dup_output (self->process);

      if (!ended && strstr (output, "Ready to accept connections"))
        return TRUE;
      if (ended && strstr (output, "in use"))
        {
          g_clear_pointer (&self->process, kl_test_process_free);
          return FALSE;
        }
      if (ended || g_get_monotonic_time () > end_usec)
        g_error ("valkey-server does not listen; it wrote:\n%s", output);
      g_usleep (2000);
    }
}

KlTestValkey *
kl_test_valkey_new (KlTestValkeyFlags flags)
{
  KlTestValkey *self = g_new0 (KlTestValkey, 1);
  g_autofree char *secret = g_uri_escape_string (KL_TEST_VALKEY_SECRET, NULL, FALSE);

  self->flags = flags;
  self->folder = kl_test_dir_new ();
  if (flags & KL_TEST_VALKEY_TLS)
    kl_test_make_certificate (self->folder, "server", "IP:127.0.0.1,DNS:localhost");
  for (int i = 0; !self->process; i++)
    {
      g_assert_cmpint (i, <, 5);
      self->port = find_port ();
      self->tls_port = flags & KL_TEST_VALKEY_TLS ? find_port () : 0;
      start (self);
    }
  self->uri = flags & KL_TEST_VALKEY_PASSWORD ? g_strdup_printf ("redis://:%s@127.0.0.1:%u/0", secret, self->port)
                                              : g_strdup_printf ("redis://127.0.0.1:%u/0", self->port);

  return self;
}

void
kl_test_valkey_free (KlTestValkey *self)
{
  g_clear_pointer (&self->process, kl_test_process_free);
  kl_test_dir_remove (self->folder);
  g_free (self->folder);
  g_free (self->uri);
  g_free (self);
}

const char *
kl_test_valkey_get_uri (KlTestValkey *self)
{
  return self->uri;
}

guint16
kl_test_valkey_get_port (KlTestValkey *self)
{
  return self->port;
}

guint16
kl_test_valkey_get_tls_port (KlTestValkey *self)
{
  return self->tls_port;
}

char *
kl_test_valkey_dup_path (KlTestValkey *self, const char *name)
{
  return g_build_filename (self->folder, name, NULL);
}

void
kl_test_valkey_signal (KlTestValkey *self, int signal_number)
{
  if (signal_number == SIGKILL)
    g_clear_pointer (&self->process, kl_test_process_free);
  else
    kl_test_process_signal (self->process, signal_number);
}

void
kl_test_valkey_restart (KlTestValkey *self)
{
  g_clear_pointer (&self->process, kl_test_process_free);
  for (int i = 0; !start (self); i++)
    g_assert_cmpint (i, <, 50);
}

/* ── By hand ── */

static void
describe (GString *out, const redisReply *reply)
{
  if (reply->type == REDIS_REPLY_INTEGER)
    g_string_append_printf (out, "%lld", reply->integer);
  else if (reply->type == REDIS_REPLY_ARRAY)
    for (gsize i = 0; i < reply->elements; i++)
      {
        if (i > 0)
          g_string_append_c (out, '\n');
        describe (out, reply->element[i]);
      }
  else if (reply->str)
    g_string_append_len (out, reply->str, (gssize) reply->len);
}

static char *
run_command (KlTestValkey *self, GPtrArray *words, gsize *lengths)
{
  redisContext *c = redisConnectWithTimeout ("127.0.0.1", self->port, (struct timeval) { 10, 0 });
  GString *out = g_string_new (NULL);
  redisReply *reply;

  g_assert_nonnull (c);
  g_assert_cmpint (c->err, ==, 0);
  redisSetTimeout (c, (struct timeval) { 10, 0 });
  if (self->flags & KL_TEST_VALKEY_PASSWORD)
    freeReplyObject (redisCommand (c, "AUTH %s", KL_TEST_VALKEY_SECRET));
  reply = redisCommandArgv (c, (int) words->len, (const char **) words->pdata, lengths);
  g_assert_nonnull (reply);
  describe (out, reply);
  freeReplyObject (reply);
  redisFree (c);

  return g_string_free_and_steal (out);
}

char *
kl_test_valkey_ask (KlTestValkey *self, ...)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  char *word;
  va_list arguments;

  va_start (arguments, self);
  while ((word = va_arg (arguments, char *)))
    g_ptr_array_add (words, word);
  va_end (arguments);

  return run_command (self, words, NULL);
}

char *
kl_test_valkey_publish (KlTestValkey *self, const char *channel, const char *data, gsize length)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  gsize lengths[] = { 7, strlen (channel), length };

  g_ptr_array_add (words, (char *) "PUBLISH");
  g_ptr_array_add (words, (char *) channel);
  g_ptr_array_add (words, (char *) data);

  return run_command (self, words, lengths);
}
