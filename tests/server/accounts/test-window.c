/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/chat/kl-chat-accounts-window.h"
#include "tests/kit/kl-test.h"

static void
test_any_minute (void)
{
  g_autoptr (KlChatWindow) window = kl_chat_window_new (3);

  g_assert_cmpint (kl_chat_window_take (window, "a", 0), ==, 0);
  g_assert_cmpint (kl_chat_window_take (window, "a", 10000), ==, 0);
  g_assert_cmpint (kl_chat_window_take (window, "a", 50000), ==, 0);
  g_assert_cmpint (kl_chat_window_take (window, "a", 59999), ==, 1);
  /* Another key has a minute of its own. */
  g_assert_cmpint (kl_chat_window_take (window, "b", 59999), ==, 0);
  /* The first is forgotten, the others are not: no burst at a boundary. */
  g_assert_cmpint (kl_chat_window_take (window, "a", 60000), ==, 0);
  g_assert_cmpint (kl_chat_window_take (window, "a", 60001), ==, 9999);
  g_assert_cmpint (kl_chat_window_take (window, "a", 70000), ==, 0);
}

static void
test_knocking_is_not_counted (void)
{
  g_autoptr (KlChatWindow) window = kl_chat_window_new (1);

  g_assert_cmpint (kl_chat_window_take (window, "a", 0), ==, 0);
  for (gint64 now_ms = 1; now_ms < 60000; now_ms += 100)
    g_assert_cmpint (kl_chat_window_take (window, "a", now_ms), ==, 60000 - now_ms);
  g_assert_cmpint (kl_chat_window_take (window, "a", 60000), ==, 0);
}

static void
test_added_beyond_the_limit (void)
{
  g_autoptr (KlChatWindow) window = kl_chat_window_new (2);

  for (gint64 now_ms = 0; now_ms < 10; now_ms++)
    kl_chat_window_add (window, "a", now_ms);
  /* The last two decide. */
  g_assert_cmpint (kl_chat_window_check (window, "a", 10), ==, 60000 + 8 - 10);
}

static void
test_off (void)
{
  g_autoptr (KlChatWindow) window = kl_chat_window_new (0);

  for (int i = 0; i < 1000; i++)
    g_assert_cmpint (kl_chat_window_take (window, "a", 0), ==, 0);
  g_assert_cmpuint (kl_chat_window_get_n_keys (window), ==, 0);
}

static void
test_keys_are_forgotten (void)
{
  g_autoptr (KlChatWindow) window = kl_chat_window_new (5);

  for (int i = 0; i < 1000; i++)
    {
      g_autofree char *key = g_strdup_printf ("10.0.%d.%d", i / 250, i % 250);
      kl_chat_window_add (window, key, i);
    }
  g_assert_cmpuint (kl_chat_window_get_n_keys (window), ==, 1000);
  kl_chat_window_add (window, "late", 120000);
  g_assert_cmpuint (kl_chat_window_get_n_keys (window), ==, 1);
}

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  g_test_add_func ("/window/any-minute", test_any_minute);
  g_test_add_func ("/window/knocking-is-not-counted", test_knocking_is_not_counted);
  g_test_add_func ("/window/added-beyond-the-limit", test_added_beyond_the_limit);
  g_test_add_func ("/window/off", test_off);
  g_test_add_func ("/window/keys-are-forgotten", test_keys_are_forgotten);
  return g_test_run ();
}
