/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/kit/kl-test-process.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kit/kl-test.h"

struct _KlTestProcess
{
  GPid pid;
  int output_fd; /* an unlinked file */
  gboolean ended;
  int status;
};

static void
die_with_parent (gpointer user_data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

static int
open_output (void)
{
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("klatch-test-output-XXXXXX", &path, NULL);

  g_assert_cmpint (fd, >=, 0);
  unlink (path);
  /* Both streams append, so neither writes over the other. */
  g_assert_cmpint (fcntl (fd, F_SETFL, O_APPEND), ==, 0);

  return fd;
}

KlTestProcess *
kl_test_process_start (const char *const *argv, const char *const *environment)
{
  KlTestProcess *self = g_new0 (KlTestProcess, 1);
  g_auto (GStrv) whole = g_get_environ ();
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; environment && environment[i]; i++)
    {
      g_auto (GStrv) parts = g_strsplit (environment[i], "=", 2);

      whole = g_environ_setenv (whole, parts[0], parts[1], TRUE);
    }

  self->output_fd = open_output ();
  g_spawn_async_with_fds (NULL, (char **)argv, whole, G_SPAWN_DO_NOT_REAP_CHILD, die_with_parent, NULL, &self->pid, -1,
                          self->output_fd, self->output_fd, &error);
  g_assert_no_error (error);

  return self;
}

char *
kl_test_process_dup_output (KlTestProcess *self)
{
  GString *text = g_string_new (NULL);
  char part[4096];
  ssize_t n;

  while ((n = pread (self->output_fd, part, sizeof part, (off_t)text->len)) > 0)
    g_string_append_len (text, part, n);

  return g_string_free_and_steal (text);
}

gboolean
kl_test_process_has_ended (KlTestProcess *self)
{
  if (!self->ended && waitpid (self->pid, &self->status, WNOHANG) == self->pid)
    self->ended = TRUE;

  return self->ended;
}

static char *
find_line (const char *text, const char *prefix)
{
  for (const char *line = text; *line;)
    {
      const char *end = strchr (line, '\n');

      if (!end)
        return NULL;
      if (g_str_has_prefix (line, prefix))
        return g_strndup (line + strlen (prefix), (gsize)(end - line) - strlen (prefix));
      line = end + 1;
    }

  return NULL;
}

char *
kl_test_process_wait_line (KlTestProcess *self, const char *prefix)
{
  gint64 end_usec = g_get_monotonic_time () + KL_TEST_DEADLINE_MS * G_TIME_SPAN_MILLISECOND;

  for (;;)
    {
      gboolean ended = kl_test_process_has_ended (self);
      g_autofree char *output = kl_test_process_dup_output (self);
      char *rest = find_line (output, prefix);

      if (rest)
        return rest;
      if (ended || g_get_monotonic_time () > end_usec)
        g_error ("the program %s without a line \"%s…\"; it wrote:\n%s", ended ? "ended" : "runs", prefix, output);
      g_usleep (5000);
    }
}

GPid
kl_test_process_get_pid (KlTestProcess *self)
{
  return self->pid;
}

void
kl_test_process_signal (KlTestProcess *self, int signal_number)
{
  if (!kl_test_process_has_ended (self))
    kill (self->pid, signal_number);
}

int
kl_test_process_wait (KlTestProcess *self)
{
  kl_test_wait_until (kl_test_process_has_ended (self));

  return self->status;
}

void
kl_test_process_free (KlTestProcess *self)
{
  if (!kl_test_process_has_ended (self))
    {
      kill (self->pid, SIGKILL);
      waitpid (self->pid, &self->status, 0);
    }
  close (self->output_fd);
  g_spawn_close_pid (self->pid);
  g_free (self);
}
