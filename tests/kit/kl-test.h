/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Helpers for tests: waiting without sleeping, folders that go away. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* How long a test waits for what must happen; generous, for machines under load. */
#define KL_TEST_DEADLINE_MS 30000

/* For g_test_run(): also makes a temporary folder the home of XDG_*, so that a test never sees the user's. */
void kl_test_init (int *argc, char ***argv);

/* A GAsyncReadyCallback that keeps the result in the GAsyncResult* that USER_DATA points to. */
void kl_test_keep_result (GObject *source, GAsyncResult *result, gpointer user_data);

/* Runs the thread's main context until *RESULT is set; aborts after the deadline. */
void kl_test_await (GAsyncResult **result);

/* Runs the thread's main context until CONDITION holds; aborts after the deadline, naming the condition. */
#define kl_test_wait_until(condition) \
  G_STMT_START \
  { \
    gint64 kl_test_end_usec = g_get_monotonic_time () + KL_TEST_DEADLINE_MS * G_TIME_SPAN_MILLISECOND; \
    while (!(condition)) \
      kl_test_iterate (kl_test_end_usec, G_STRLOC, #condition); \
  } \
  G_STMT_END

/* One turn of the main context, at most 10 ms; aborts past END_USEC of the monotonic clock. */
void kl_test_iterate (gint64 end_usec, const char *where, const char *condition);

/* Runs the main context for this long: to show that something does not happen. */
void kl_test_spin (guint ms);

/* A new temporary folder, and its removal with all that is in it. */
char *kl_test_dir_new (void);
void kl_test_dir_remove (const char *path);

/* For the fixture's end: drops the reference and asserts that it was the last. */
#define kl_test_finalize(object) \
  G_STMT_START \
  { \
    g_assert_finalize_object (G_OBJECT (object)); \
    (object) = NULL; \
  } \
  G_STMT_END

/* The built program of this name: from KLATCH_BUILD where set, else beside the test. PATH is within the build folder. */
char *kl_test_find_program (const char *path);

G_END_DECLS
