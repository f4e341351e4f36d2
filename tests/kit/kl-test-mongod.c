/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/kit/kl-test-mongod.h"

#include <signal.h>
#include <string.h>

#include "tests/kit/kl-test-process.h"
#include "tests/kit/kl-test.h"

struct _KlTestMongod
{
  KlTestProcess *process; /* NULL: killed */
  char *folder;
  char *uri;
  guint16 port;
};

/* ./dev test says once where it is (empty: nowhere); without it the script is asked. */
static const char *
find_program (void)
{
  static char *program;
  g_autoptr (GError) error = NULL;
  char *argv[] = { (char *) KL_TEST_SOURCE "/.ci/ferretdb", NULL };
  int status = 0;

  if (program)
    return program;

  program = g_strdup (g_getenv ("KLATCH_TEST_MONGOD"));
  if (!program)
    {
      if (!g_spawn_sync (NULL, argv, NULL, G_SPAWN_CHILD_INHERITS_STDERR, NULL, NULL, &program, NULL, &status, &error))
        g_error ("%s: %s", argv[0], error->message);
      g_strchomp (program);
      if (status != 0)
        *program = '\0';
    }

  return program;
}

gboolean
kl_test_mongod_is_there (void)
{
  return *find_program () != '\0';
}

static void
test_nothing (void)
{
  g_test_skip ("there is no MongoDB here");
}

gboolean
kl_test_mongod_or_skip (const char *path)
{
  if (kl_test_mongod_is_there ())
    return TRUE;

  g_test_add_func (path, test_nothing);

  return FALSE;
}

/* Free at this moment. Another program may be quicker; then the start is tried again. */
static guint16
find_port (void)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  guint16 port = g_socket_listener_add_any_inet_port (listener, NULL, NULL);

  g_assert_cmpuint (port, !=, 0);
  g_socket_listener_close (listener);

  return port;
}

static KlTestProcess *
start_process (KlTestMongod *self)
{
  const char *program = find_program ();
  g_autofree char *address = g_strdup_printf ("--listen-addr=127.0.0.1:%d", self->port);
  g_autofree char *url = g_strdup_printf ("--sqlite-url=file:%s/", self->folder);
  g_autofree char *state = g_strdup_printf ("--state-dir=%s", self->folder);
  g_autofree char *port = g_strdup_printf ("%d", self->port);
  const char *ferretdb[] = { program,          "--handler=sqlite", url, state, address, "--telemetry=disable",
                             "--debug-addr=-", "--log-level=warn", NULL };
  const char *mongod[] = { program,    "--bind_ip",  "127.0.0.1",      "--port",  port,
                           "--dbpath", self->folder, "--nounixsocket", "--quiet", NULL };
  g_autofree char *name = g_path_get_basename (program);

  return kl_test_process_start (g_str_equal (name, "mongod") ? mongod : ferretdb, NULL);
}

static gboolean
takes_connections (KlTestMongod *self)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;

  g_socket_client_set_enable_proxy (client, FALSE);
  connection = g_socket_client_connect_to_host (client, "127.0.0.1", self->port, NULL, NULL);

  return connection != NULL;
}

/* FALSE: it ended, since somebody else has the port. */
static gboolean
start (KlTestMongod *self)
{
  gint64 end_usec = g_get_monotonic_time () + KL_TEST_DEADLINE_MS * G_TIME_SPAN_MILLISECOND;

  self->process = start_process (self);
  while (!takes_connections (self))
    {
      if (kl_test_process_has_ended (self->process))
        {
          g_clear_pointer (&self->process, kl_test_process_free);
          return FALSE;
        }
      if (g_get_monotonic_time () > end_usec)
        {
          g_autofree char *output = kl_test_process_dup_output (self->process);

          g_error ("the test database does not listen; it wrote:\n%s", output);
        }
      g_usleep (5000);
    }

  return TRUE;
}

KlTestMongod *
kl_test_mongod_new (void)
{
  KlTestMongod *self = g_new0 (KlTestMongod, 1);

  g_assert_true (kl_test_mongod_is_there ());
  self->folder = kl_test_dir_new ();
  for (int i = 0; !self->process; i++)
    {
      g_assert_cmpint (i, <, 5);
      self->port = find_port ();
      start (self);
    }
  self->uri = g_strdup_printf ("mongodb://127.0.0.1:%d", self->port);

  return self;
}

const char *
kl_test_mongod_get_uri (KlTestMongod *self)
{
  return self->uri;
}

void
kl_test_mongod_signal (KlTestMongod *self, int signal_number)
{
  if (signal_number == SIGKILL)
    g_clear_pointer (&self->process, kl_test_process_free);
  else
    kl_test_process_signal (self->process, signal_number);
}

void
kl_test_mongod_restart (KlTestMongod *self)
{
  g_clear_pointer (&self->process, kl_test_process_free);
  for (int i = 0; !start (self); i++)
    g_assert_cmpint (i, <, 50);
}

void
kl_test_mongod_free (KlTestMongod *self)
{
  g_clear_pointer (&self->process, kl_test_process_free);
  kl_test_dir_remove (self->folder);
  g_free (self->folder);
  g_free (self->uri);
  g_free (self);
}
