/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/kit/kl-test.h"

#include <ftw.h>
#include <stdio.h>
#include <unistd.h>

void
kl_test_init (int *argc, char ***argv)
{
  g_test_init (argc, argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);
}

void
kl_test_keep_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **place = user_data;

  g_assert_null (*place);
  *place = g_object_ref (result);
}

static gboolean
on_tick (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

void
kl_test_iterate (gint64 end_usec, const char *where, const char *condition)
{
  GMainContext *context = g_main_context_get_thread_default ();
  g_autoptr (GSource) tick = NULL;

  if (g_get_monotonic_time () > end_usec)
    g_error ("%s: waited %d s in vain for: %s", where, KL_TEST_DEADLINE_MS / 1000, condition);

  tick = g_timeout_source_new (10);
  g_source_set_callback (tick, on_tick, NULL, NULL);
  g_source_attach (tick, context);
  g_main_context_iteration (context, TRUE);
  g_source_destroy (tick);
}

void
kl_test_await (GAsyncResult **result)
{
  kl_test_wait_until (*result != NULL);
}

void
kl_test_spin (guint ms)
{
  gint64 end_usec = g_get_monotonic_time () + ms * G_TIME_SPAN_MILLISECOND;

  while (g_get_monotonic_time () < end_usec)
    kl_test_iterate (G_MAXINT64, G_STRLOC, "");
}

char *
kl_test_dir_new (void)
{
  g_autoptr (GError) error = NULL;
  char *path = g_dir_make_tmp ("klatch-test-XXXXXX", &error);

  g_assert_no_error (error);

  return path;
}

static int
remove_entry (const char *path, const struct stat *info, int type, struct FTW *state)
{
  return remove (path);
}

void
kl_test_dir_remove (const char *path)
{
  nftw (path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

char *
kl_test_find_program (const char *path)
{
  const char *build = g_getenv ("KLATCH_BUILD");
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *folder = g_path_get_dirname (self ? self : ".");

  /* Upwards from where this test lies: the build folder is the one that has it. */
  for (g_autofree char *up = g_strdup (build ? build : folder); !g_str_equal (up, "/");)
    {
      g_autofree char *candidate = g_build_filename (up, path, NULL);
      char *parent;

      if (g_file_test (candidate, G_FILE_TEST_IS_EXECUTABLE))
        return g_steal_pointer (&candidate);
      parent = g_path_get_dirname (up);
      g_free (up);
      up = parent;
    }

  g_error ("%s is not built", path);
}
