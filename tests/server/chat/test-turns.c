/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A store that is slow, and more who sync than it can serve: the first are served, the others are told, and nothing is
 * done for those who do not wait any more. */
#include "tests/server/chat/kl-chat-kit.h"

#define TURNS 16
#define REQUEST_MS 400

typedef struct
{
  char *group;
  gint64 since;
  guint limit;
  GTask *task;
} Asked;

static void (*whole_get_changes) (KlStore *, const char *, gint64, guint, GTask *);
static GQueue asked; /* Asked: what the store has been asked and not answered yet */
static guint n_asked;

static void
hold_changes (KlStore *store, const char *group, gint64 since, guint limit, GTask *task)
{
  Asked *self = g_new (Asked, 1);

  *self = (Asked) { g_strdup (group), since, limit, task };
  g_queue_push_tail (&asked, self);
  n_asked++;
}

static void
hold (KlKit *kit)
{
  KlStoreInterface *iface = KL_STORE_GET_IFACE (kit->store);

  whole_get_changes = iface->get_changes;
  iface->get_changes = hold_changes;
  n_asked = 0;
}

static void
release_one (KlKit *kit)
{
  Asked *self = g_queue_pop_head (&asked);

  whole_get_changes (kit->store, self->group, self->since, self->limit, self->task);
  g_free (self->group);
  g_free (self);
}

typedef const char *Groups[2];

/* So many people, each with two groups of his own, of which nobody else asks. */
static void
gather (KlKit *kit, KlClient **people, Groups *groups, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *name = g_strdup_printf ("p%u", i);

      people[i] = kl_kit_person (kit, name);
      groups[i][0] = kl_client_create (people[i], "Tea", "public");
      groups[i][1] = kl_client_create (people[i], "Cake", "public");
    }
}

static KlAnswer *
start_sync (KlClient *client, const char **groups)
{
  return kl_client_start (client, "sync", "{'since':{'%s':0,'%s':0}}", groups[0], groups[1]);
}

/* All of them at once, and the store waits with what they ask of it. */
static void
start_syncs (KlKit *kit, KlClient **people, Groups *groups, KlAnswer **answers, guint n)
{
  gather (kit, people, groups, n);
  hold (kit);
  for (guint i = 0; i < n; i++)
    answers[i] = start_sync (people[i], groups[i]);
}

static guint
count_done (KlAnswer **answers, guint n)
{
  guint done = 0;

  for (guint i = 0; i < n; i++)
    done += answers[i]->done;

  return done;
}

static void
few (KlKit *kit)
{
  enum
  {
    N = 40
  };
  KlClient *people[N];
  KlAnswer *answers[N];
  g_autoptr (KlAnswer) again = NULL;
  Groups groups[N];

  start_syncs (kit, people, groups, answers, N);
  again = start_sync (people[0], groups[0]);
  kl_test_wait_until (asked.length == TURNS);
  /* One of those that wait goes, and one that has a turn. */
  kl_client_break (people[N - 1]);
  kl_client_break (people[1]);

  /* Each that ends lets another in, and never are there more. */
  while (count_done (answers, N) < N || !again->done)
    {
      kl_test_wait_until (asked.length > 0);
      g_assert_cmpuint (asked.length, <=, TURNS);
      release_one (kit);
      while (g_main_context_iteration (NULL, FALSE))
        ;
      kl_test_wait_until (asked.length > 0 || (count_done (answers, N) == N && again->done));
    }
  /* Both groups of all others, twice of who asked twice, the first alone of who went in between. */
  g_assert_cmpuint (n_asked, ==, 2 * (N - 1) + 1);
  for (guint i = 0; i < N; i++)
    {
      gboolean gone = i == 1 || i == N - 1;

      g_assert_cmpint (answers[i]->code, ==, gone ? KL_ERROR_CODE_UNAVAILABLE : KL_ERROR_CODE_NONE);
      kl_answer_free (answers[i]);
    }
  g_assert_cmpint (again->code, ==, KL_ERROR_CODE_NONE);
  KL_STORE_GET_IFACE (kit->store)->get_changes = whole_get_changes;
}

static void
assert_refused (KlAnswer *answer, const char *why)
{
  yyjson_val *root = kl_answer_wait (answer);

  g_assert_cmpint (answer->code, ==, KL_ERROR_CODE_UNAVAILABLE);
  g_assert_cmpint (answer->retry_after_ms, >, 0);
  g_assert_nonnull (strstr (kl_get_string (root, "error.message"), why));
}

static void
late (KlKit *kit)
{
  enum
  {
    N = 60
  };
  KlClient *people[N];
  KlAnswer *answers[N];
  g_autoptr (KlAnswer) surplus = NULL;
  Groups groups[N];

  start_syncs (kit, people, groups, answers, N);
  for (guint i = 0; i < N; i++)
    {
      assert_refused (answers[i], i < TURNS ? "does not answer" : "too many");
      kl_answer_free (answers[i]);
    }
  g_assert_cmpuint (n_asked, ==, TURNS);

  /* What comes of them is for nobody: it is not gone on with. */
  while (asked.length > 0)
    release_one (kit);
  kl_test_wait_until (G_OBJECT (kit->chat)->ref_count == 1);
  g_assert_cmpuint (n_asked, ==, TURNS);

  /* By what that took, those who are many are refused at once. */
  for (guint i = 0; i < N - 1; i++)
    answers[i] = start_sync (people[i], groups[i]);
  surplus = start_sync (people[N - 1], groups[N - 1]);
  g_assert_true (surplus->done);
  assert_refused (surplus, "too many");
  KL_STORE_GET_IFACE (kit->store)->get_changes = whole_get_changes;
  while (asked.length > 0)
    release_one (kit);
  for (guint i = 0; i < N - 1; i++)
    {
      kl_answer_wait (answers[i]);
      kl_answer_free (answers[i]);
    }
  kl_test_wait_until (G_OBJECT (kit->chat)->ref_count == 1);

  /* And when it is quick again there is nothing left of it. */
  kl_client_ok (people[N - 1], "sync", "{'since':{'%s':0}}", groups[N - 1][0]);
}

static void
with_settings (gint64 request_ms, KlKitTest test)
{
  KlChatSettings settings;
  KlKit *kit;

  kl_kit_settings (&settings);
  settings.syncs_at_once = TURNS;
  if (request_ms > 0)
    settings.request_ms = request_ms;
  kit = kl_kit_new (&settings);
  test (kit);
  kl_kit_free (kit);
}

static void
test_few (KlKit *unused)
{
  with_settings (0, few);
}

static void
test_late (KlKit *unused)
{
  with_settings (REQUEST_MS, late);
}

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  kl_kit_add ("/chat/turns/few", test_few);
  kl_kit_add ("/chat/turns/late", test_late);

  return g_test_run ();
}
