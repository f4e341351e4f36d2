/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The objects and list models, without a server. */
#include "app/core/kl-core.h"
#include "app/core/kl-member-list-private.h"
#include "app/core/kl-message-list-private.h"
#include "app/core/kl-lookalike.h"
#include "app/core/kl-people.h"
#include "tests/kit/kl-test.h"

#include <string.h>

/* ── Text and people ── */

static void
test_preview (void)
{
  static const struct
  {
    const char *text;
    guint n;
    const char *expected;
  } cases[] = {
    { "", 10, "" },
    { "  \n\t ", 10, "" },
    { "one\n\ntwo", 10, "one two" },
    { "abcdef", 6, "abcdef" },
    { "abcdef", 5, "abcde…" },
    { "abc def", 3, "abc…" },
    /* A family is one. */
    { "ab👩‍👩‍👧‍👦cd", 3, "ab👩‍👩‍👧‍👦…" },
    /* A run of flags is not shifted into another country's. */
    { "🇳🇿🇩🇪🇫🇷", 2, "🇳🇿🇩🇪…" },
    { "ee\xcc\x81x", 2, "ee\xcc\x81…" },
    { "क्षि!", 1, "क्षि…" },
    { "👍🏽👍", 1, "👍🏽…" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *preview = kl_text_dup_preview (cases[i].text, cases[i].n);
      g_assert_cmpstr (preview, ==, cases[i].expected);
      g_assert_true (g_utf8_validate (preview, -1, NULL));
    }
}

static void
on_notify (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  *(guint *) user_data += 1;
}

static void
test_lookalikes (void)
{
  static const char *const same[][2] = {
    { "Anna", "anna" }, { "Anna", "Аnnа" }, { "Ånna ", "anna" }, { "an\u202ena", "Anna" }, { "Bill", "BiIl" }, { "Zoe", "Zoё" },
    { "L0lo", "iolo" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (same); i++)
    {
      g_autofree char *one = kl_lookalike_key (same[i][0]);
      g_autofree char *other = kl_lookalike_key (same[i][1]);
      g_assert_cmpstr (one, ==, other);
    }
  g_autofree char *anna = kl_lookalike_key ("Anna");
  g_autofree char *anne = kl_lookalike_key ("Anne");
  g_assert_cmpstr (anna, !=, anne);
}

static KlUser *
take (KlPeople *people, const char *json)
{
  yyjson_doc *doc = yyjson_read (json, strlen (json), 0);
  KlUser *user = kl_people_take (people, yyjson_doc_get_root (doc), FALSE);

  yyjson_doc_free (doc);
  return user;
}

static void
test_twins (void)
{
  KlPeople *people = kl_people_new ();
  KlUser *anna = take (people, "{\"id\":\"1\",\"name\":\"anna\",\"display_name\":\"Anna\"}");
  KlUser *other, *third;

  g_assert_false (kl_user_get_twin (anna));
  other = take (people, "{\"id\":\"2\",\"name\":\"a2\",\"display_name\":\"Аnna\"}");
  g_assert_true (kl_user_get_twin (anna));
  g_assert_true (kl_user_get_twin (other));
  third = take (people, "{\"id\":\"3\",\"name\":\"a3\",\"display_name\":\"ANNA\"}");
  g_assert_true (kl_user_get_twin (third));
  take (people, "{\"id\":\"3\",\"name\":\"a3\",\"display_name\":\"Carla\"}");
  g_assert_false (kl_user_get_twin (third));
  g_assert_true (kl_user_get_twin (anna));
  take (people, "{\"id\":\"2\",\"name\":\"a2\",\"display_name\":\"Ben\"}");
  g_assert_false (kl_user_get_twin (other));
  g_assert_false (kl_user_get_twin (anna));
  kl_test_finalize (people);
}

static void
test_user (void)
{
  KlUser *user = kl_user_new ("abc");
  guint notified = 0;

  /* FNV-1a of "abc" is 0x1a47e90b. */
  g_assert_cmpuint (kl_user_get_hue (user), ==, 0x1a47e90b % 8);
  g_assert_cmpuint (kl_hue_for_id (""), ==, 2166136261u % 8);
  g_object_set (user, "name", "aroha", NULL);
  g_assert_cmpstr (kl_user_get_display_name (user), ==, "aroha");
  g_assert_cmpstr (kl_user_get_initials (user), ==, "A");
  g_signal_connect (user, "notify::display-name", G_CALLBACK (on_notify), &notified);
  g_object_set (user, "display-name", "Aroha te Rangi", NULL);
  g_object_set (user, "display-name", "Aroha te Rangi", NULL);
  g_assert_cmpuint (notified, ==, 1);
  g_assert_cmpstr (kl_user_get_initials (user), ==, "AR");
  g_object_set (user, "display-name", "👩‍🚀 ömer", NULL);
  g_assert_cmpstr (kl_user_get_initials (user), ==, "👩‍🚀Ö");
  kl_test_finalize (user);
}

/* ── Groups ── */

static void
test_group_preview (void)
{
  KlGroup *group = kl_group_new ("g");
  KlMessage *message = kl_message_new ("g");
  guint notified = 0;

  g_object_set (message, "body", "first\nline", NULL);
  g_signal_connect (group, "notify::preview", G_CALLBACK (on_notify), &notified);
  g_object_set (group, "last-message", message, NULL);
  g_assert_cmpstr (kl_group_get_preview (group), ==, "first line");
  g_object_set (message, "body", "edited", NULL);
  g_assert_cmpstr (kl_group_get_preview (group), ==, "edited");
  g_object_set (message, "deleted", TRUE, NULL);
  g_assert_cmpstr (kl_group_get_preview (group), ==, "");
  g_assert_cmpuint (notified, ==, 3);
  kl_test_finalize (group);
  g_object_set (message, "body", "nobody listens", NULL);
  kl_test_finalize (message);
}

static void
test_group_typing (void)
{
  KlGroup *group = kl_group_new ("g");
  KlUser *user = kl_user_new ("u");
  GListModel *typing = kl_group_get_typing (group);

  kl_group_note_typing (group, user, TRUE);
  kl_group_note_typing (group, user, TRUE);
  g_assert_cmpuint (g_list_model_get_n_items (typing), ==, 1);
  kl_group_note_typing (group, user, FALSE);
  g_assert_cmpuint (g_list_model_get_n_items (typing), ==, 0);
  /* Forgotten by itself. */
  kl_group_note_typing (group, user, TRUE);
  kl_test_wait_until (g_list_model_get_n_items (typing) == 0);
  /* And no timer outlives the group. */
  kl_group_note_typing (group, user, TRUE);
  kl_test_finalize (group);
  kl_test_finalize (user);
}

static void
test_group_list (void)
{
  KlGroupList *list = kl_group_list_new ();
  KlGroup *a = kl_group_new ("a"), *b = kl_group_new ("b");

  kl_group_list_add (list, a);
  kl_group_list_add (list, b);
  kl_group_list_add (list, b);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (list)), ==, 2);
  g_object_set (a, "unread", 3u, "mentions", 1u, NULL);
  g_object_set (b, "unread", 5u, "notify", KL_NOTIFY_NONE, NULL);
  g_assert_cmpuint (kl_group_list_get_n_unread (list), ==, 1);
  g_assert_cmpuint (kl_group_list_get_mentions (list), ==, 1);
  g_assert_true (kl_group_list_get (list, "b") == b);
  kl_group_list_remove (list, a);
  g_assert_null (kl_group_list_get (list, "a"));
  g_assert_cmpuint (kl_group_list_get_mentions (list), ==, 0);
  kl_test_finalize (a);
  kl_test_finalize (list);
  kl_test_finalize (b);
}

/* ── Messages ── */

/* Keeps a copy of the model by its signals alone, and holds it against the model. */
typedef struct
{
  KlGroup *group;
  KlUser *me;
  KlUser *other;
  KlMessageList *list;
  GPtrArray *copy;
  guint changes;
} Fixture;

static void
on_items_changed (GListModel *model, guint position, guint removed, guint added, Fixture *self)
{
  self->changes++;
  if (removed > 0)
    g_ptr_array_remove_range (self->copy, position, removed);
  for (guint i = 0; i < added; i++)
    g_ptr_array_insert (self->copy, (int) (position + i), g_list_model_get_item (model, position + i));
}

static void
assert_copy (Fixture *self)
{
  GListModel *model = G_LIST_MODEL (self->list);
  gint64 before = 0;

  g_assert_cmpuint (g_list_model_get_n_items (model), ==, self->copy->len);
  for (guint i = 0; i < self->copy->len; i++)
    {
      g_autoptr (KlMessage) message = g_list_model_get_item (model, i);
      gint64 seq = kl_message_get_seq (message);

      g_assert_true (message == self->copy->pdata[i]);
      if (i >= self->copy->len - kl_message_list_get_n_pending (self->list))
        continue;
      g_assert_true (before == 0 || seq == before + 1);
      before = seq;
    }
  g_assert_null (g_list_model_get_item (model, self->copy->len));
}

static void
set_up (Fixture *self, gconstpointer unused)
{
  self->group = kl_group_new ("g");
  self->me = kl_user_new ("me");
  self->other = kl_user_new ("other");
  self->list = kl_message_list_new (self->group);
  self->copy = g_ptr_array_new_with_free_func (g_object_unref);
  g_signal_connect (self->list, "items-changed", G_CALLBACK (on_items_changed), self);
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  assert_copy (self);
  g_ptr_array_unref (self->copy);
  kl_test_finalize (self->list);
  kl_test_finalize (self->group);
  kl_test_finalize (self->me);
  kl_test_finalize (self->other);
}

static KlMessage *
make (Fixture *self, gint64 seq)
{
  KlMessage *message = kl_message_new ("g");

  g_object_set (message, "seq", seq, "rev", seq, "sender", self->other, "state", KL_MESSAGE_STATE_SENT, NULL);
  return message;
}

static KlMessage *
make_pending (Fixture *self, const char *client_id)
{
  KlMessage *message = kl_message_new ("g");

  g_object_set (message, "client-id", client_id, "sender", self->me, "mine", TRUE, NULL);
  return message;
}

static void
add_page (Fixture *self, gint64 from, gint64 to, gboolean more_before, gboolean more_after)
{
  g_autoptr (GPtrArray) page = g_ptr_array_new_with_free_func (g_object_unref);

  for (gint64 seq = from; seq <= to; seq++)
    g_ptr_array_add (page, make (self, seq));
  kl_message_list_add_page (self->list, page, more_before, more_after);
  assert_copy (self);
}

static void
assert_range (Fixture *self, gint64 first, gint64 last, gboolean more_before, gboolean more_after)
{
  gint64 from, to;

  g_assert_true (kl_message_list_get_range (self->list, &from, &to));
  g_assert_cmpint (from, ==, first);
  g_assert_cmpint (to, ==, last);
  g_assert_cmpint (kl_message_list_get_more_before (self->list), ==, more_before);
  g_assert_cmpint (kl_message_list_get_more_after (self->list), ==, more_after);
}

static void
test_list_pages (Fixture *self, gconstpointer unused)
{
  guint position;

  add_page (self, 51, 100, TRUE, FALSE);
  assert_range (self, 51, 100, TRUE, FALSE);
  add_page (self, 1, 50, FALSE, TRUE); /* its end is not ours */
  assert_range (self, 1, 100, FALSE, FALSE);
  add_page (self, 90, 120, TRUE, TRUE); /* its head is not ours */
  assert_range (self, 1, 120, FALSE, TRUE);
  g_assert_true (kl_message_list_find_seq (self->list, 77, &position));
  g_assert_cmpuint (position, ==, 76);
  g_assert_false (kl_message_list_find_seq (self->list, 121, NULL));
  g_assert_false (kl_message_list_find_seq (self->list, 0, NULL));
}

/* Two stretches that do not adjoin are never put together. */
static void
test_list_apart (Fixture *self, gconstpointer unused)
{
  add_page (self, 1, 50, FALSE, TRUE);
  add_page (self, 52, 100, TRUE, FALSE);
  assert_range (self, 52, 100, TRUE, FALSE);
  add_page (self, 10, 20, TRUE, TRUE);
  assert_range (self, 10, 20, TRUE, TRUE);
}

/* A page with a hole in it: only its last run counts. */
static void
test_list_broken_page (Fixture *self, gconstpointer unused)
{
  g_autoptr (GPtrArray) page = g_ptr_array_new_with_free_func (g_object_unref);
  gint64 seqs[] = { 5, 6, 8, 9, 10 };

  for (guint i = 0; i < G_N_ELEMENTS (seqs); i++)
    g_ptr_array_add (page, make (self, seqs[i]));
  kl_message_list_add_page (self->list, page, FALSE, FALSE);
  assert_range (self, 8, 10, TRUE, FALSE);
}

static void
test_list_receive (Fixture *self, gconstpointer unused)
{
  g_autoptr (KlMessage) eleven = make (self, 11);
  g_autoptr (KlMessage) thirteen = make (self, 13);

  add_page (self, 1, 10, FALSE, FALSE);
  kl_message_list_receive (self->list, eleven);
  assert_range (self, 1, 11, FALSE, FALSE);
  kl_message_list_receive (self->list, eleven); /* again: nothing */
  assert_range (self, 1, 11, FALSE, FALSE);
  kl_message_list_receive (self->list, thirteen);
  assert_range (self, 1, 11, FALSE, TRUE);
}

static void
test_list_receive_many (Fixture *self, gconstpointer unused)
{
  g_autoptr (GPtrArray) page = g_ptr_array_new_with_free_func (g_object_unref);

  add_page (self, 1, 10, FALSE, FALSE);
  self->changes = 0;
  for (gint64 seq = 8; seq <= 60; seq++)
    g_ptr_array_add (page, seq <= 10 ? g_object_ref (kl_message_list_peek_seq (self->list, seq)) : make (self, seq));
  kl_message_list_receive_all (self->list, page);
  assert_range (self, 1, 60, FALSE, FALSE);
  g_assert_cmpuint (self->changes, ==, 1);
}

/* The unsent message becomes the stored one where it stands: no change of the model at all. */
static void
test_list_confirm (Fixture *self, gconstpointer unused)
{
  g_autoptr (KlMessage) mine = make_pending (self, "c1");
  g_autoptr (KlMessage) other = make (self, 11);

  add_page (self, 1, 10, FALSE, FALSE);
  kl_message_list_add_pending (self->list, mine);
  g_assert_cmpuint (kl_message_list_get_n_pending (self->list), ==, 1);
  kl_message_list_receive (self->list, other);
  g_assert_true (self->copy->pdata[11] == mine);
  self->changes = 0;
  g_object_set (mine, "seq", (gint64) 12, "state", KL_MESSAGE_STATE_SENT, NULL);
  kl_message_list_receive (self->list, mine);
  g_assert_cmpuint (self->changes, ==, 0);
  g_assert_cmpuint (kl_message_list_get_n_pending (self->list), ==, 0);
  assert_range (self, 1, 12, FALSE, FALSE);
}

/* The later one is stored first, for the earlier one has failed: it moves, and is the same object. */
static void
test_list_confirm_second (Fixture *self, gconstpointer unused)
{
  g_autoptr (KlMessage) first = make_pending (self, "c1");
  g_autoptr (KlMessage) second = make_pending (self, "c2");

  add_page (self, 1, 10, FALSE, FALSE);
  kl_message_list_add_pending (self->list, first);
  kl_message_list_add_pending (self->list, second);
  g_object_set (second, "seq", (gint64) 11, NULL);
  kl_message_list_receive (self->list, second);
  assert_copy (self);
  g_assert_true (self->copy->pdata[10] == second);
  g_assert_true (self->copy->pdata[11] == first);
  kl_message_list_remove_pending (self->list, first);
  g_assert_cmpuint (self->copy->len, ==, 11);
}

/* The acknowledgement overtakes the events before it: the message waits at the end until they have come. */
static void
test_list_answer_first (Fixture *self, gconstpointer unused)
{
  g_autoptr (KlMessage) mine = make_pending (self, "c1");
  g_autoptr (KlMessage) other = make (self, 11);

  add_page (self, 1, 10, FALSE, FALSE);
  kl_message_list_add_pending (self->list, mine);
  g_object_set (mine, "seq", (gint64) 12, "state", KL_MESSAGE_STATE_SENT, NULL);
  kl_message_list_confirm (self->list, mine);
  assert_range (self, 1, 10, FALSE, FALSE);
  kl_message_list_receive (self->list, other);
  kl_message_list_receive (self->list, mine);
  assert_range (self, 1, 12, FALSE, FALSE);
  g_assert_cmpuint (self->copy->len, ==, 12);
  g_assert_true (self->copy->pdata[11] == mine);
}

/* Unsent messages stand behind the newest one, or are not shown. */
static void
test_list_pending_hidden (Fixture *self, gconstpointer unused)
{
  g_autoptr (KlMessage) mine = make_pending (self, "c1");

  add_page (self, 1, 10, FALSE, TRUE);
  kl_message_list_add_pending (self->list, mine);
  g_assert_cmpuint (self->copy->len, ==, 10);
  add_page (self, 11, 20, TRUE, FALSE);
  g_assert_cmpuint (self->copy->len, ==, 21);
  g_assert_true (self->copy->pdata[20] == mine);
}

static void
test_list_replace_keeps (Fixture *self, gconstpointer unused)
{
  g_autoptr (GPtrArray) page = g_ptr_array_new_with_free_func (g_object_unref);

  add_page (self, 1, 10, FALSE, FALSE);
  for (gint64 seq = 5; seq <= 15; seq++)
    g_ptr_array_add (page, seq <= 10 ? g_object_ref (kl_message_list_peek_seq (self->list, seq)) : make (self, seq));
  kl_message_list_replace (self->list, page, TRUE, FALSE);
  assert_range (self, 5, 15, TRUE, FALSE);
}

static void
test_list_unread_line (Fixture *self, gconstpointer unused)
{
  g_autoptr (GPtrArray) page = g_ptr_array_new_with_free_func (g_object_unref);

  g_assert_cmpint (kl_message_list_get_first_unread_seq (self->list), ==, 0);
  g_object_set (self->group, "unread", 2u, "read-seq", (gint64) 5, NULL);
  kl_message_list_renew_unread_line (self->list);
  g_assert_cmpint (kl_message_list_get_first_unread_seq (self->list), ==, 6);
  for (gint64 seq = 1; seq <= 9; seq++)
    {
      g_ptr_array_add (page, make (self, seq));
      if (seq == 6)
        g_object_set (page->pdata[5], "mine", TRUE, NULL);
      if (seq == 7)
        g_object_set (page->pdata[6], "kind", KL_MESSAGE_KIND_SYSTEM, NULL);
    }
  kl_message_list_add_page (self->list, page, FALSE, FALSE);
  g_assert_cmpint (kl_message_list_get_first_unread_seq (self->list), ==, 8);
  /* Reading does not take the line away, leaving does. */
  g_object_set (self->group, "unread", 0u, "read-seq", (gint64) 9, NULL);
  g_assert_cmpint (kl_message_list_get_first_unread_seq (self->list), ==, 8);
  kl_message_list_forget_unread_line (self->list);
  g_assert_cmpint (kl_message_list_get_first_unread_seq (self->list), ==, 0);
}

static void
test_list_read_ticks (Fixture *self, gconstpointer unused)
{
  g_autoptr (GPtrArray) page = g_ptr_array_new_with_free_func (g_object_unref);

  for (gint64 seq = 1; seq <= 4; seq++)
    {
      g_ptr_array_add (page, make (self, seq));
      g_object_set (page->pdata[seq - 1], "mine", seq != 2, NULL);
    }
  kl_message_list_add_page (self->list, page, FALSE, FALSE);
  g_object_set (self->group, "others-read-seq", (gint64) 3, NULL);
  g_assert_cmpint (kl_message_get_state (page->pdata[0]), ==, KL_MESSAGE_STATE_READ);
  g_assert_cmpint (kl_message_get_state (page->pdata[1]), ==, KL_MESSAGE_STATE_SENT);
  g_assert_cmpint (kl_message_get_state (page->pdata[2]), ==, KL_MESSAGE_STATE_READ);
  g_assert_cmpint (kl_message_get_state (page->pdata[3]), ==, KL_MESSAGE_STATE_SENT);
}

static void
test_list_trim (Fixture *self, gconstpointer unused)
{
  for (gint64 last = 20000; last > 10000; last -= 100)
    add_page (self, last - 99, last, TRUE, FALSE);
  gint64 first, last;
  g_assert_true (kl_message_list_get_range (self->list, &first, &last));
  g_assert_cmpint (first, ==, 10001);
  g_assert_cmpint (last - first, <, 7000);
  g_assert_true (kl_message_list_get_more_after (self->list));
}

/* Loads pages of ten from a history of a hundred, one at a time, and counts what it is asked for. */
typedef struct
{
  Fixture *fixture;
  GTask *task;
  gint64 from;
  gint64 to;
  guint asked;
} Source;

static void
load_ten (KlMessageList *list, KlLoad what, gint64 seq, GTask *task, gpointer user_data)
{
  Source *source = user_data;

  source->asked++;
  g_assert_null (source->task);
  source->task = task;
  source->from = what == KL_LOAD_OLDER ? MAX (seq - 10, 1) : what == KL_LOAD_NEWER ? seq + 1 : MAX (seq - 5, 1);
  source->to = what == KL_LOAD_OLDER ? seq - 1 : MIN (source->from + 9, 100);
}

static void
answer (Source *source)
{
  add_page (source->fixture, source->from, source->to, source->from > 1, source->to < 100);
  g_task_return_boolean (source->task, TRUE);
  g_clear_object (&source->task);
}

static void
test_list_loading (Fixture *self, gconstpointer unused)
{
  Source source = { self, NULL, 0, 0, 0 };
  g_autoptr (GAsyncResult) around = NULL, older = NULL, again = NULL;

  kl_message_list_set_source (self->list, load_ten, &source);
  kl_message_list_load_around_async (self->list, 50, NULL, kl_test_keep_result, &around);
  g_assert_true (kl_message_list_get_loading (self->list));
  answer (&source);
  kl_test_await (&around);
  g_assert_false (kl_message_list_get_loading (self->list));
  assert_range (self, 45, 54, TRUE, TRUE);
  kl_message_list_load_older_async (self->list, NULL, kl_test_keep_result, &older);
  kl_message_list_load_older_async (self->list, NULL, kl_test_keep_result, &again);
  kl_test_await (&again);
  g_assert_true (kl_message_list_load_older_finish (self->list, again, NULL));
  g_assert_cmpuint (source.asked, ==, 2);
  answer (&source);
  kl_test_await (&older);
  g_assert_false (kl_message_list_get_loading_older (self->list));
  assert_range (self, 35, 54, TRUE, TRUE);
  while (kl_message_list_get_more_before (self->list))
    {
      g_autoptr (GAsyncResult) result = NULL;
      kl_message_list_load_older_async (self->list, NULL, kl_test_keep_result, &result);
      answer (&source);
      kl_test_await (&result);
    }
  while (kl_message_list_get_more_after (self->list))
    {
      g_autoptr (GAsyncResult) result = NULL;
      kl_message_list_load_newer_async (self->list, NULL, kl_test_keep_result, &result);
      answer (&source);
      kl_test_await (&result);
    }
  assert_range (self, 1, 100, FALSE, FALSE);
  kl_message_list_set_source (self->list, NULL, NULL);
}

/* ── Members ── */

static char *
describe (KlMemberList *list)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (list)); i++)
    {
      g_autoptr (KlMember) member = g_list_model_get_item (G_LIST_MODEL (list), i);
      g_string_append_printf (text, "%s%d ", kl_user_get_id (kl_member_get_user (member)),
                              (int) kl_member_get_section (member));
    }
  return g_string_free_and_steal (g_steal_pointer (&text));
}

static void
load_nobody (KlMemberList *list, const char *after, gpointer user_data)
{
  *(guint *) user_data += 1;
}

static void
test_members (void)
{
  KlGroup *group = kl_group_new ("g");
  KlMemberList *list = kl_member_list_new (group);
  const char *names[] = { "dora", "Ben", "anna", "carl" };
  KlUser *users[4];
  guint asked = 0;

  kl_member_list_set_source (list, load_nobody, &asked);
  kl_member_list_set_live (list, TRUE);
  for (guint i = 0; i < 4; i++)
    {
      const char id[] = { (char) ('0' + i), '\0' };
      users[i] = kl_user_new (id);
      g_object_set (users[i], "name", names[i], NULL);
      g_autoptr (KlMember) member = kl_member_new (users[i]);
      kl_member_list_add (list, member);
    }
  g_autofree char *first = describe (list);
  g_assert_cmpstr (first, ==, "22 12 32 02 ");
  g_object_set (users[3], "status", KL_USER_STATUS_AWAY, NULL);
  const char *here[] = { "0", NULL };
  kl_member_list_set_here (list, here);
  g_autofree char *second = describe (list);
  g_assert_cmpstr (second, ==, "00 31 22 12 ");
  kl_group_note_typing (group, users[0], TRUE);
  g_assert_true (kl_member_get_typing (kl_member_list_get (list, "0")));
  kl_group_note_typing (group, users[0], FALSE);
  g_assert_false (kl_member_get_typing (kl_member_list_get (list, "0")));
  kl_member_list_load_more (list);
  kl_member_list_load_more (list);
  g_assert_cmpuint (asked, ==, 1);
  kl_member_list_page_done (list, NULL, FALSE);
  g_assert_cmpuint (kl_member_list_get_n_here (list), ==, 1);
  g_assert_cmpuint (kl_member_list_get_n_online (list), ==, 1);
  g_assert_cmpuint (kl_member_list_get_n_offline (list), ==, 2);
  /* Not connected: nobody is anything. */
  kl_member_list_set_live (list, FALSE);
  g_autofree char *third = describe (list);
  g_assert_cmpstr (third, ==, "22 12 32 02 ");
  /* After a restart those that no page brings again go. */
  kl_member_list_restart (list);
  kl_member_list_set_live (list, TRUE);
  g_autoptr (KlMember) anna = kl_member_new (users[2]);
  kl_member_list_add (list, anna);
  kl_member_list_page_done (list, NULL, FALSE);
  g_autofree char *fourth = describe (list);
  g_assert_cmpstr (fourth, ==, "22 ");
  g_clear_object (&anna);
  kl_test_finalize (list);
  for (guint i = 0; i < 4; i++)
    kl_test_finalize (users[i]);
  kl_test_finalize (group);
}

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);

  g_test_add_func ("/core/text/preview", test_preview);
  g_test_add_func ("/core/lookalikes", test_lookalikes);
  g_test_add_func ("/core/twins", test_twins);
  g_test_add_func ("/core/user", test_user);
  g_test_add_func ("/core/group/preview", test_group_preview);
  g_test_add_func ("/core/group/typing", test_group_typing);
  g_test_add_func ("/core/group-list", test_group_list);
  static const struct
  {
    const char *name;
    void (*test) (Fixture *self, gconstpointer unused);
  } tests[] = {
    { "pages", test_list_pages },
    { "apart", test_list_apart },
    { "broken-page", test_list_broken_page },
    { "receive", test_list_receive },
    { "receive-many", test_list_receive_many },
    { "confirm", test_list_confirm },
    { "confirm-second", test_list_confirm_second },
    { "answer-first", test_list_answer_first },
    { "pending-hidden", test_list_pending_hidden },
    { "replace-keeps", test_list_replace_keeps },
    { "unread-line", test_list_unread_line },
    { "read-ticks", test_list_read_ticks },
    { "trim", test_list_trim },
    { "loading", test_list_loading },
  };
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/core/message-list/", tests[i].name, NULL);
      g_test_add (path, Fixture, NULL, set_up, tests[i].test, tear_down);
    }
  g_test_add_func ("/core/members", test_members);
  return g_test_run ();
}
