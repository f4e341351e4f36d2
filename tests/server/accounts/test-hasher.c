/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <sodium.h>

#include "server/chat/kl-chat-accounts-hasher.h"
#include "tests/kit/kl-test.h"

#define FEW_KIB 8

typedef struct
{
  gboolean called;
  KlChatHasherResult result;
  char *hash;
} Outcome;

static void
keep_outcome (KlChatHasherResult result, const char *hash, gpointer user_data)
{
  Outcome *outcome = user_data;

  g_assert_false (outcome->called);
  outcome->called = TRUE;
  outcome->result = result;
  outcome->hash = g_strdup (hash);
}

static char *
make (KlChatHasher *hasher, const char *password)
{
  Outcome outcome = { 0 };

  g_assert_true (kl_chat_hasher_hash (hasher, password, strlen (password), keep_outcome, &outcome));
  kl_test_wait_until (outcome.called);
  g_assert_cmpint (outcome.result, ==, KL_CHAT_HASHER_DONE);
  return outcome.hash;
}

static KlChatHasherResult
verify (KlChatHasher *hasher, const char *password, const char *hash, char **rehash)
{
  Outcome outcome = { 0 };

  g_assert_true (kl_chat_hasher_verify (hasher, password, strlen (password), hash, keep_outcome, &outcome));
  kl_test_wait_until (outcome.called);
  if (rehash != NULL)
    *rehash = outcome.hash;
  else
    g_free (outcome.hash);
  return outcome.result;
}

static void
test_right_and_wrong (void)
{
  g_autoptr (KlChatHasher) hasher = kl_chat_hasher_new (FEW_KIB, 1);
  g_autofree char *hash = make (hasher, "correct horse");
  g_autofree char *again = make (hasher, "correct horse");
  g_autofree char *rehash = NULL;

  g_assert_true (g_str_has_prefix (hash, "$argon2id$"));
  g_assert_cmpstr (hash, !=, again);
  g_assert_cmpint (verify (hasher, "correct horse", hash, &rehash), ==, KL_CHAT_HASHER_DONE);
  g_assert_null (rehash);
  g_assert_cmpint (verify (hasher, "correct hors", hash, NULL), ==, KL_CHAT_HASHER_WRONG);
  g_assert_cmpint (verify (hasher, "", hash, NULL), ==, KL_CHAT_HASHER_WRONG);
  /* Nobody's hash is one of the empty password, which opens nothing. */
  g_assert_cmpint (verify (hasher, "", NULL, NULL), ==, KL_CHAT_HASHER_WRONG);
  g_assert_cmpint (verify (hasher, "x", "not a hash", NULL), ==, KL_CHAT_HASHER_WRONG);
  g_assert_cmpuint (kl_chat_hasher_get_n_pending (hasher), ==, 0);
}

static void
test_raised_parameters (void)
{
  g_autoptr (KlChatHasher) old = kl_chat_hasher_new (FEW_KIB, 1);
  g_autoptr (KlChatHasher) new = kl_chat_hasher_new (FEW_KIB * 2, 2);
  g_autofree char *hash = make (old, "correct horse");
  g_autofree char *rehash = NULL;
  g_autofree char *wrong = NULL;

  g_assert_cmpint (verify (new, "wrong horse", hash, &wrong), ==, KL_CHAT_HASHER_WRONG);
  g_assert_null (wrong);
  g_assert_cmpint (verify (new, "correct horse", hash, &rehash), ==, KL_CHAT_HASHER_DONE);
  g_assert_nonnull (strstr (rehash, "m=16,t=2"));
  g_assert_cmpint (verify (new, "correct horse", rehash, NULL), ==, KL_CHAT_HASHER_DONE);
}

/* A hundred wait, and the next one is refused; those under way and those that wait are all called back, also when the
 * hasher goes first. */
static void
test_full_queue (void)
{
  KlChatHasher *hasher = kl_chat_hasher_new (16 * 1024, 4);
  Outcome outcomes[KL_CHAT_HASHER_QUEUE_MAX + KL_CHAT_HASHER_THREADS + 1] = { 0 };
  guint n_taken = 0;

  while (n_taken < G_N_ELEMENTS (outcomes)
         && kl_chat_hasher_hash (hasher, "correct horse", 13, keep_outcome, &outcomes[n_taken]))
    n_taken++;
  g_assert_cmpuint (n_taken, >=, KL_CHAT_HASHER_QUEUE_MAX);
  g_assert_cmpuint (n_taken, <, G_N_ELEMENTS (outcomes));
  g_assert_cmpuint (kl_chat_hasher_get_n_pending (hasher), ==, n_taken);

  kl_test_wait_until (outcomes[0].called);
  kl_chat_hasher_free (hasher);
  guint n_failed = 0;
  for (guint i = 0; i < n_taken; i++)
    {
      g_assert_true (outcomes[i].called);
      n_failed += outcomes[i].result == KL_CHAT_HASHER_FAILED;
      g_free (outcomes[i].hash);
    }
  g_assert_cmpuint (n_failed, >, 0);
  g_assert_cmpint (outcomes[0].result, ==, KL_CHAT_HASHER_DONE);
}

/* The loop turns while passwords are worked on. */
static gboolean
count_turn (gpointer n_turns)
{
  (*(guint *)n_turns)++;
  return G_SOURCE_CONTINUE;
}

static void
test_loop_is_free (void)
{
  g_autoptr (KlChatHasher) hasher = kl_chat_hasher_new (16 * 1024, 2);
  Outcome outcomes[8] = { 0 };
  guint n_turns = 0;
  guint source = g_idle_add (count_turn, &n_turns);

  for (gsize i = 0; i < G_N_ELEMENTS (outcomes); i++)
    g_assert_true (kl_chat_hasher_hash (hasher, "correct horse", 13, keep_outcome, &outcomes[i]));
  kl_test_wait_until (kl_chat_hasher_get_n_pending (hasher) == 0);
  g_source_remove (source);
  g_assert_cmpuint (n_turns, >, G_N_ELEMENTS (outcomes));
  for (gsize i = 0; i < G_N_ELEMENTS (outcomes); i++)
    g_free (outcomes[i].hash);
}

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  g_test_add_func ("/hasher/right-and-wrong", test_right_and_wrong);
  g_test_add_func ("/hasher/raised-parameters", test_raised_parameters);
  g_test_add_func ("/hasher/full-queue", test_full_queue);
  g_test_add_func ("/hasher/loop-is-free", test_loop_is_free);
  return g_test_run ();
}
