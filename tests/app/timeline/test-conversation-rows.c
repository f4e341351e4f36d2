/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rows against rows made from nothing, after every change; and whether what is emitted is what happened. */
#include "app/ui/timeline/kl-conversation-rows.h"

#include "app/ui/timeline/kl-clock.h"
#include "tests/app/timeline/conversation.h"
#include "tests/kit/kl-test.h"

#define MINUTE_MS 60000

typedef struct
{
  Conversation c;
  GListStore *store;
  KlConversationRows *rows;
  GPtrArray *mirror; /* (element-type KlRow) what a listener thinks */
  guint n_emitted;
  guint n_moved_rows;
} Fixture;

static void
on_items_changed (GListModel *model, guint position, guint removed, guint added, Fixture *f)
{
  f->n_emitted++;
  f->n_moved_rows += removed + added;
  g_ptr_array_remove_range (f->mirror, position, removed);
  for (guint i = 0; i < added; i++)
    g_ptr_array_insert (f->mirror, (int) (position + i), g_list_model_get_item (model, position + i));
}

static void
set_up (Fixture *f, gconstpointer unused)
{
  *f = (Fixture) { .store = g_list_store_new (KL_TYPE_MESSAGE) };
  conversation_init (&f->c);
  f->rows = kl_conversation_rows_new (G_LIST_MODEL (f->store));
  f->mirror = g_ptr_array_new_with_free_func (g_object_unref);
  g_signal_connect (f->rows, "items-changed", G_CALLBACK (on_items_changed), f);
}

static void
tear_down (Fixture *f, gconstpointer unused)
{
  g_ptr_array_unref (f->mirror);
  kl_test_finalize (f->rows);
  kl_test_finalize (f->store);
  conversation_clear (&f->c);
}

static KlRow *
row (Fixture *f, guint position)
{
  g_autoptr (KlRow) item = g_list_model_get_item (G_LIST_MODEL (f->rows), position);

  return item;
}

static char *
describe (GListModel *rows)
{
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < g_list_model_get_n_items (rows); i++)
    {
      g_autoptr (KlRow) item = g_list_model_get_item (rows, i);
      KlMessage *message = kl_row_get_message (item);
      GPtrArray *run = kl_row_get_run (item);

      switch (kl_row_get_kind (item))
        {
        case KL_ROW_KIND_DAY:
          g_string_append_printf (out, "day%d ",
                                  kl_clock_get_day (kl_clock_get_default (), kl_row_get_time (item)) % 1000);
          break;
        case KL_ROW_KIND_UNREAD:
          g_string_append_printf (out, "unread%u ", kl_row_get_count (item));
          break;
        case KL_ROW_KIND_SYSTEM:
          g_string_append (out, "run");
          for (guint j = 0; j < run->len; j++)
            g_string_append_printf (out, "-%s", kl_message_get_id (run->pdata[j]));
          g_string_append_c (out, ' ');
          break;
        case KL_ROW_KIND_MESSAGE:
        default:
          g_string_append_printf (out, "%s%s%s ", kl_row_get_joined_above (item) ? "^" : "",
                                  kl_message_get_id (message), kl_row_get_joined_below (item) ? "v" : "");
        }
    }
  return g_string_free (out, FALSE);
}

static void
assert_as_new (Fixture *f, gint64 unread, guint count)
{
  g_autoptr (KlConversationRows) fresh = kl_conversation_rows_new (G_LIST_MODEL (f->store));
  g_autofree char *expected = NULL;
  g_autofree char *actual = describe (G_LIST_MODEL (f->rows));

  kl_conversation_rows_set_unread (fresh, unread, count);
  expected = describe (G_LIST_MODEL (fresh));
  g_assert_cmpstr (actual, ==, expected);
  g_assert_cmpuint (f->mirror->len, ==, g_list_model_get_n_items (G_LIST_MODEL (f->rows)));
  for (guint i = 0; i < f->mirror->len; i++)
    g_assert_true (f->mirror->pdata[i] == row (f, i));
}

static void
append (Fixture *f, const char *who, gint64 after_ms)
{
  g_autoptr (KlMessage) message = NULL;

  f->c.now_ms += after_ms;
  message = conversation_make (&f->c, who, "hello", f->c.next_seq++, f->c.now_ms);
  g_list_store_append (f->store, message);
}

static void
append_system (Fixture *f)
{
  g_autoptr (KlMessage) message = conversation_make (&f->c, "Lena", "", f->c.next_seq++, f->c.now_ms);

  g_object_set (message, "kind", KL_MESSAGE_KIND_SYSTEM, "system-event", KL_SYSTEM_EVENT_JOINED, NULL);
  g_list_store_append (f->store, message);
}

static void
test_groups (Fixture *f, gconstpointer unused)
{
  append (f, "Noor", 0);
  append (f, "Noor", 5 * MINUTE_MS);
  append (f, "Noor", 5 * MINUTE_MS + 1);
  append (f, "me", 0);
  append (f, "me", 0);
  append (f, "Yuki", 0);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->rows)), ==, 7);
  g_assert_false (kl_row_get_joined_above (row (f, 1)));
  g_assert_true (kl_row_get_joined_below (row (f, 1)));
  g_assert_true (kl_row_get_joined_above (row (f, 2)));
  g_assert_false (kl_row_get_joined_below (row (f, 2)));
  g_assert_false (kl_row_get_joined_above (row (f, 3)));
  g_assert_true (kl_row_get_joined_below (row (f, 4)));
  g_assert_false (kl_row_get_joined_above (row (f, 6)));
  /* A system message between them parts a group. */
  g_list_store_remove_all (f->store);
  append (f, "Noor", 0);
  append_system (f);
  append (f, "Noor", 0);
  g_assert_false (kl_row_get_joined_below (row (f, 1)));
  g_assert_false (kl_row_get_joined_above (row (f, 3)));
  assert_as_new (f, 0, 0);
}

static void
count_changed (KlRow *changed, guint *n)
{
  (*n)++;
}

static void
test_runs (Fixture *f, gconstpointer unused)
{
  KlRow *run;
  guint n_changed = 0;

  append (f, "Noor", 0);
  append_system (f);
  run = row (f, 2);
  g_signal_connect (run, "changed", G_CALLBACK (count_changed), &n_changed);
  f->n_emitted = 0;
  append_system (f);
  append_system (f);
  /* It grows in place. */
  g_assert_cmpuint (f->n_emitted, ==, 0);
  g_assert_cmpuint (n_changed, ==, 2);
  g_assert_true (row (f, 2) == run);
  g_assert_cmpuint (kl_row_get_run (run)->len, ==, 3);
  /* And is parted in two. */
  {
    g_autoptr (KlMessage) between = conversation_make (&f->c, "Noor", "now", 90, f->c.now_ms);

    g_list_store_insert (f->store, 2, between);
  }
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->rows)), ==, 5);
  assert_as_new (f, 0, 0);
  /* And joined again. */
  g_list_store_remove (f->store, 2);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->rows)), ==, 3);
  assert_as_new (f, 0, 0);
}

static void
test_unread (Fixture *f, gconstpointer unused)
{
  guint position = 0;

  for (guint i = 0; i < 6; i++)
    append (f, "Noor", 0);
  kl_conversation_rows_set_unread (f->rows, 4, 3);
  g_assert_true (kl_conversation_rows_find_unread (f->rows, &position));
  g_assert_cmpuint (position, ==, 4);
  g_assert_cmpuint (kl_row_get_count (row (f, 4)), ==, 3);
  g_assert_false (kl_row_get_joined_below (row (f, 3)));
  g_assert_false (kl_row_get_joined_above (row (f, 5)));
  g_assert_true (kl_conversation_rows_find_seq (f->rows, 4, &position));
  g_assert_cmpuint (position, ==, 5);
  assert_as_new (f, 4, 3);
  kl_conversation_rows_set_unread (f->rows, 0, 0);
  g_assert_false (kl_conversation_rows_find_unread (f->rows, &position));
  assert_as_new (f, 0, 0);
  /* It may be that the first unread message is not loaded: no line above an older page's end. */
  kl_conversation_rows_set_unread (f->rows, 1, 6);
  g_assert_true (kl_conversation_rows_find_unread (f->rows, &position));
  g_list_store_remove (f->store, 0);
  g_assert_false (kl_conversation_rows_find_unread (f->rows, &position));
}

/* A page above changes no row that was there but the first. */
static void
test_page_above (Fixture *f, gconstpointer unused)
{
  g_autoptr (GPtrArray) page = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GPtrArray) before = g_ptr_array_new ();

  f->c.next_seq = 1000;
  for (guint i = 0; i < 20; i++)
    append (f, "Noor", 0);
  for (guint i = 1; i < f->mirror->len; i++)
    g_ptr_array_add (before, row (f, i));
  for (guint i = 0; i < 50; i++)
    g_ptr_array_add (page, conversation_make (&f->c, "Noor", "older", 950 + i, f->c.now_ms));
  f->n_moved_rows = 0;
  g_list_store_splice (f->store, 0, 0, page->pdata, page->len);
  for (guint i = 0; i < before->len; i++)
    g_assert_true (row (f, 51 + i) == before->pdata[i]);
  g_assert_cmpuint (f->n_moved_rows, <=, 52);
  g_assert_true (kl_row_get_joined_above (row (f, 51)));
  assert_as_new (f, 0, 0);
}

/* A message on its way moves to its place when it is stored; its row is the same. */
static void
test_pending_moves (Fixture *f, gconstpointer unused)
{
  g_autoptr (KlMessage) pending = NULL;
  g_autoptr (KlMessage) other = NULL;
  KlRow *pending_row;
  KlRow *other_row;
  gpointer swapped[2];

  append (f, "Noor", 0);
  pending = conversation_make (&f->c, "me", "mine", 0, f->c.now_ms);
  other = conversation_make (&f->c, "Yuki", "theirs", 2, f->c.now_ms);
  g_list_store_append (f->store, pending);
  g_list_store_insert (f->store, 1, other);
  other_row = row (f, 2);
  pending_row = row (f, 3);
  g_object_set (pending, "seq", (gint64) 2, "id", "m2", NULL);
  swapped[0] = pending;
  swapped[1] = other;
  g_list_store_splice (f->store, 1, 2, swapped, 2);
  g_assert_true (row (f, 2) == pending_row);
  g_assert_true (row (f, 3) == other_row);
  assert_as_new (f, 0, 0);
}

/* Midnight lay between writing and storing. */
static void
test_pending_changes_day (Fixture *f, gconstpointer unused)
{
  g_autoptr (KlMessage) pending = NULL;

  conversation_at (&f->c, 1, 23, 59);
  append (f, "me", 0);
  pending = conversation_make (&f->c, "me", "mine", 0, f->c.now_ms);
  g_list_store_append (f->store, pending);
  g_assert_cmpuint (f->mirror->len, ==, 3);
  g_assert_true (kl_row_get_joined_above (row (f, 2)));
  g_object_set (pending, "seq", (gint64) 2, "id", "m2", "created-at", f->c.now_ms + 2 * MINUTE_MS, NULL);
  g_assert_cmpuint (f->mirror->len, ==, 4);
  g_assert_cmpint (kl_row_get_kind (row (f, 2)), ==, KL_ROW_KIND_DAY);
  g_assert_false (kl_row_get_joined_above (row (f, 3)));
  assert_as_new (f, 0, 0);
}

static void
set_zone (const char *zone)
{
  g_setenv ("TZ", zone, TRUE);
  kl_clock_refresh (kl_clock_get_default ());
}

static void
test_zones (Fixture *f, gconstpointer unused)
{
  static const char *const zones[]
      = { "Pacific/Auckland", "America/Los_Angeles", "Asia/Tehran", "Europe/Berlin", "UTC" };

  for (guint i = 0; i < 400; i++)
    append (f, i % 3 == 0 ? "Noor" : "Yuki", 17 * MINUTE_MS);
  for (guint i = 0; i < G_N_ELEMENTS (zones); i++)
    {
      set_zone (zones[i]);
      assert_as_new (f, 0, 0);
    }
}

static void
test_random (Fixture *f, gconstpointer unused)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (9);
  gint64 unread = 0;

  for (guint step = 0; step < 1500; step++)
    {
      guint n = g_list_model_get_n_items (G_LIST_MODEL (f->store));
      guint at = (guint) g_rand_int_range (rand, 0, (int) n + 1);
      guint part = (guint) g_rand_int_range (rand, 0, 6);
      g_autoptr (GPtrArray) messages = g_ptr_array_new_with_free_func (g_object_unref);

      switch (g_rand_int_range (rand, 0, n > 120 ? 3 : 6))
        {
        case 0:
          g_list_store_splice (f->store, at, MIN (part, n - at), NULL, 0);
          break;
        case 1:
          /* The same ones, turned round. */
          part = MIN (part, n - at);
          for (guint i = part; i > 0; i--)
            g_ptr_array_add (messages, g_list_model_get_item (G_LIST_MODEL (f->store), at + i - 1));
          g_list_store_splice (f->store, at, part, messages->pdata, part);
          break;
        case 2:
          unread = g_rand_int_range (rand, 0, 400);
          kl_conversation_rows_set_unread (f->rows, unread, 7);
          break;
        default:
          for (guint i = 0; i < part; i++)
            {
              static const char *const people[] = { "Noor", "Yuki", "me" };
              KlMessage *message
                  = conversation_make (&f->c, people[g_rand_int_range (rand, 0, 3)], "x", f->c.next_seq++,
                                       f->c.now_ms + g_rand_int_range (rand, 0, 3000) * (gint64) MINUTE_MS);

              if (g_rand_int_range (rand, 0, 3) == 0)
                g_object_set (message, "kind", KL_MESSAGE_KIND_SYSTEM, "system-event", KL_SYSTEM_EVENT_LEFT, NULL);
              g_ptr_array_add (messages, message);
            }
          g_list_store_splice (f->store, at, 0, messages->pdata, messages->len);
        }
      assert_as_new (f, unread, unread != 0 ? 7 : 0);
    }
}

#define ADD(name, function) g_test_add ("/timeline/rows/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_setenv ("TZ", "Europe/Berlin", TRUE);
  kl_test_init (&argc, &argv);
  ADD ("groups", test_groups);
  ADD ("runs", test_runs);
  ADD ("unread", test_unread);
  ADD ("page-above", test_page_above);
  ADD ("pending-moves", test_pending_moves);
  ADD ("pending-changes-day", test_pending_changes_day);
  ADD ("zones", test_zones);
  ADD ("random", test_random);
  return g_test_run ();
}
