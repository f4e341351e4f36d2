/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the widgets are made of that needs no display: words, hues, accents, passwords, the order of the list. */
#include <locale.h>

#include "app/core/kl-wire.h"
#include "app/ui/kl-accent.h"
#include "app/ui/kl-call-words.h"
#include "app/ui/kl-errors.h"
#include "app/ui/kl-group-order.h"
#include "app/ui/kl-hue.h"
#include "app/ui/kl-password.h"
#include "app/ui/kl-words.h"
#include "app/ui/timeline/kl-clock.h"
#include "protocol/kl-error-code.h"
#include "protocol/kl-json.h"
#include "tests/kit/kl-test.h"

#define DAY_MS (G_GINT64_CONSTANT (24) * 60 * 60 * 1000)

static KlUser *
new_user (const char *name)
{
  KlUser *user = kl_user_new (name);

  g_object_set (user, "name", name, "display-name", name, NULL);
  return user;
}

static KlGroup *
new_group (const char *id,
           gint64      time_ms,
           gboolean    pinned)
{
  KlGroup *group = kl_group_new (id);

  g_object_set (group, "name", id, "last-time", time_ms, "pinned", pinned, NULL);
  return group;
}

static void
test_typing (void)
{
  static const char *const names[] = { "Priya", "Bao", "Tunde" };
  static const char *const sentences[] = { "Priya is typing…", "Priya and Bao are typing…", "3 people are typing…" };
  g_autoptr (GListStore) typing = g_list_store_new (KL_TYPE_USER);

  g_assert_null (kl_words_dup_typing (G_LIST_MODEL (typing)));
  g_assert_null (kl_words_dup_typing (NULL));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (KlUser) user = new_user (names[i]);
      g_autofree char *words = NULL;

      g_list_store_append (typing, user);
      words = kl_words_dup_typing (G_LIST_MODEL (typing));
      g_assert_cmpstr (words, ==, sentences[i]);
    }
}

static void
test_preview (void)
{
  g_autoptr (KlGroup) group = new_group ("g", 1, FALSE);
  g_autoptr (KlMessage) message = kl_message_new ("g");
  g_autoptr (KlUser) sender = new_user ("Tom & <b>Jerry</b>");
  g_autofree char *author = NULL;
  g_autofree char *preview = kl_words_dup_preview (group, &author);

  g_assert_cmpstr (preview, ==, "No messages yet");
  g_assert_null (author);
  g_object_set (group, "topic", "Kilns", NULL);
  g_free (preview);
  preview = kl_words_dup_preview (group, &author);
  g_assert_cmpstr (preview, ==, "Kilns");

  g_object_set (message, "sender", sender, "body", "one\n  two &amp; three", NULL);
  g_object_set (group, "last-message", message, NULL);
  g_free (preview);
  preview = kl_words_dup_preview (group, &author);
  g_assert_cmpstr (preview, ==, "one two &amp; three");
  g_assert_cmpstr (author, ==, "Tom & <b>Jerry</b>:");

  g_object_set (message, "mine", TRUE, NULL);
  g_clear_pointer (&author, g_free);
  g_free (preview);
  preview = kl_words_dup_preview (group, &author);
  g_assert_null (author);

  g_object_set (message, "deleted", TRUE, NULL);
  g_free (preview);
  preview = kl_words_dup_preview (group, &author);
  g_assert_cmpstr (preview, ==, "Message deleted");
}

static void
test_times (void)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  gint64 now_ms = g_date_time_to_unix (now) * 1000;
  g_autofree char *clock = kl_clock_format_time (kl_clock_get_default (), now_ms);
  g_autoptr (GDateTime) three_days_ago = g_date_time_add_days (now, -3);
  g_autofree char *weekday = g_date_time_format (three_days_ago, "%a");
  g_autofree char *today = kl_words_dup_list_time (now_ms);
  g_autofree char *week = kl_words_dup_list_time (g_date_time_to_unix (three_days_ago) * 1000);
  g_autofree char *old = kl_words_dup_list_time (now_ms - 800 * DAY_MS);
  g_autofree char *never = kl_words_dup_list_time (0);
  g_autofree char *far = kl_words_dup_list_time (G_MAXINT64 / 1000);

  g_assert_cmpstr (today, ==, clock);
  g_assert_cmpstr (week, ==, weekday);
  g_assert_cmpstr (old, !=, "");
  g_assert_cmpstr (never, ==, "");
  g_assert_nonnull (far);
  g_assert_null (kl_words_dup_last_seen (0));
}

static void
test_initials (void)
{
  static const struct
  {
    const char *name, *initials;
  } cases[] = {
    { "Ilse", "I" },
    { "saoirse ní bhriain", "SB" },
    { "  two  words ", "TW" },
    { "", "" },
    { "   ", "" },
    { "👩‍👩‍👧 family", "👩‍👩‍👧F" },
    { "e\u0301mile", "E\u0301" },
    { "Anna (2)", "A" },
    { "أمير", "أ" },
  };

  g_autofree char *none = kl_dup_initials (NULL);

  g_assert_cmpstr (none, ==, "");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *initials = kl_dup_initials (cases[i].name);

      g_assert_cmpstr (initials, ==, cases[i].initials);
    }
}

static void
test_accents (void)
{
  static const char *const names[] = { "berry", "rust", "ochre", "moss", "sea", "sky", "plum" };
  const GdkRGBA white = { 1, 1, 1, 1 };
  GdkRGBA yellow = { .9f, .8f, .1f, 1 };
  g_autofree char *iris = kl_accent_dup_css ("iris", &yellow, FALSE);
  g_autofree char *system = kl_accent_dup_css ("system", &yellow, TRUE);

  g_assert_cmpstr (iris, ==, "");
  g_assert_nonnull (strstr (system, "--accent-bg-color: rgb("));
  for (guint i = 0; i < 2 * G_N_ELEMENTS (names); i++)
    {
      g_autofree char *css = kl_accent_dup_css (names[i / 2], &yellow, i % 2);
      g_autofree char *color = g_strndup (strstr (css, "--accent-bg-color: ") + strlen ("--accent-bg-color: "), 7);
      GdkRGBA ground;

      g_assert_true (gdk_rgba_parse (&ground, color));
      g_assert_cmpfloat (kl_contrast (&ground, &white), >=, 4.5);
    }
  kl_darken_for_white (&yellow);
  g_assert_cmpfloat (kl_contrast (&yellow, &white), >=, 4.5);
  g_assert_cmpfloat (kl_contrast (&yellow, &white), <, 5);
}

static void
test_passwords (void)
{
  static const struct
  {
    const char *password;
    KlPasswordStrength strength;
  } cases[] = {
    { "", KL_PASSWORD_EMPTY },
    { "1234567", KL_PASSWORD_TOO_SHORT },
    { "12345678", KL_PASSWORD_WEAK },
    { "aaaaaaaaaaaa", KL_PASSWORD_WEAK },
    { "aroha1234", KL_PASSWORD_WEAK },
    { "kettle is on", KL_PASSWORD_GOOD },
    { "correct horse battery staple", KL_PASSWORD_STRONG },
  };
  g_autofree char *huge = g_strnfill (KL_PASSWORD_MAX_BYTES + 1, 'x');

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (kl_password_get_strength (cases[i].password, "aroha"), ==, cases[i].strength);
  g_assert_cmpint (kl_password_get_strength (huge, NULL), ==, KL_PASSWORD_TOO_SHORT);
  g_assert_cmpint (kl_password_get_strength (NULL, NULL), ==, KL_PASSWORD_EMPTY);
}

/* A sentence of ours, which ends as one; no two codes say the same. */
static void
check_sentence (const GError *error,
                GHashTable   *sentences)
{
  char *sentence = kl_error_dup_sentence (error);

  g_assert_null (strstr (sentence, "own words"));
  g_assert_true (g_unichar_isupper (g_utf8_get_char (sentence)));
  g_assert_true (g_str_has_suffix (sentence, ".") || g_str_has_suffix (sentence, "?"));
  g_assert_true (g_hash_table_add (sentences, sentence));
}

static void
test_errors (void)
{
  g_autoptr (GHashTable) sentences = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (int code = KL_CORE_ERROR_BAD_REQUEST; code <= KL_CORE_ERROR_LEFT; code++)
    {
      g_autoptr (GError) error = g_error_new (KL_CORE_ERROR, code, "the server's own words");

      check_sentence (error, sentences);
    }
}

/* What a server can say, word by word; one that we do not know is said to be an error on its side. */
static void
test_server_errors (void)
{
  g_autoptr (GHashTable) sentences = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (KlErrorCode code = KL_ERROR_CODE_BAD_REQUEST; code <= KL_ERROR_CODE_INTERNAL; code++)
    {
      g_autofree char *text = g_strdup_printf ("{\"ok\":false,\"error\":{\"code\":\"%s\",\"message\":\"its own words\"}}",
                                               kl_error_code_to_string (code));
      g_autoptr (KlJson) json = kl_json_parse (text, strlen (text), NULL);
      g_autoptr (GError) error = kl_wire_read_error (kl_json_get_root (json));

      check_sentence (error, sentences);
    }
  g_autoptr (KlJson) json = kl_json_parse ("{\"error\":{\"code\":\"teapot\"}}", 27, NULL);
  g_autoptr (GError) error = kl_wire_read_error (kl_json_get_root (json));
  g_autofree char *sentence = kl_error_dup_sentence (error);
  g_assert_true (g_hash_table_contains (sentences, sentence));
}

/* ── The order of the list ───────────────────────────────────────────────── */

typedef struct
{
  GListStore *groups;
  KlGroupOrder *order;
} Order;

static void
order_set_up (Order        *self,
              gconstpointer unused)
{
  static const struct
  {
    const char *id;
    gint64 time_ms;
    gboolean pinned;
  } rows[] = { { "a", 10, FALSE }, { "b", 30, FALSE }, { "c", 20, FALSE }, { "p", 5, TRUE } };

  self->groups = g_list_store_new (KL_TYPE_GROUP);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (KlGroup) group = new_group (rows[i].id, rows[i].time_ms, rows[i].pinned);

      g_list_store_append (self->groups, group);
    }
  self->order = kl_group_order_new (G_LIST_MODEL (self->groups));
}

static void
order_tear_down (Order        *self,
                 gconstpointer unused)
{
  kl_test_finalize (self->order);
  kl_test_finalize (self->groups);
}

static char *
dup_order (Order *self)
{
  GListModel *model = kl_group_order_get_model (self->order);
  GString *ids = g_string_new (NULL);

  for (guint i = 0; i < g_list_model_get_n_items (model); i++)
    {
      g_autoptr (KlGroup) group = g_list_model_get_item (model, i);

      g_string_append (ids, kl_group_get_id (group));
    }
  return g_string_free_and_steal (ids);
}

#define assert_order(expected) \
  G_STMT_START \
  { \
    g_autofree char *order_now = dup_order (self); \
    g_assert_cmpstr (order_now, ==, expected); \
  } \
  G_STMT_END

static void
touch (Order *self,
       guint  position,
       gint64 time_ms)
{
  g_autoptr (KlGroup) group = g_list_model_get_item (G_LIST_MODEL (self->groups), position);

  g_object_set (group, "last-time", time_ms, NULL);
}

static void
test_order (Order        *self,
            gconstpointer unused)
{
  g_autoptr (KlGroup) group = g_list_model_get_item (G_LIST_MODEL (self->groups), 1);

  assert_order ("pbca");
  touch (self, 0, 40);
  assert_order ("pabc");
  g_object_set (group, "pinned", TRUE, NULL);
  assert_order ("bpac");
}

static void
test_order_held (Order        *self,
                 gconstpointer unused)
{
  g_autoptr (KlGroup) newcomer = new_group ("n", 25, FALSE);

  kl_group_order_set_held (self->order, TRUE);
  touch (self, 0, 40);
  assert_order ("pbca");
  g_list_store_append (self->groups, newcomer);
  assert_order ("pbnca");
  g_list_store_remove (self->groups, 2);
  assert_order ("pbna");
  kl_group_order_set_held (self->order, FALSE);
  assert_order ("pabn");
}

/* A group that went is forgotten, also by its signals. */
static void
test_order_forgets (Order        *self,
                    gconstpointer unused)
{
  KlGroup *group = g_list_model_get_item (G_LIST_MODEL (self->groups), 2);

  g_list_store_remove (self->groups, 2);
  assert_order ("pba");
  g_object_set (group, "last-time", G_GINT64_CONSTANT (99), NULL);
  kl_test_finalize (group);
}

static void
assert_words (char       *words,
              const char *expected)
{
  g_assert_cmpstr (words, ==, expected);
  g_free (words);
}

static void
test_call_words (void)
{
  g_autoptr (KlUser) mateo = new_user ("Mateo"), noor = new_user ("Noor"), yuki = new_user ("Yuki");
  g_autoptr (GListStore) people = g_list_store_new (KL_TYPE_USER);
  gint64 now_ms = g_get_real_time () / 1000;

  assert_words (kl_call_words_dup_elapsed (0), "0:00");
  assert_words (kl_call_words_dup_elapsed (now_ms + DAY_MS), "0:00"); /* a clock that is wrong */
  assert_words (kl_call_words_dup_elapsed (now_ms - (12 * 60 + 4) * 1000 - 500), "12:04");
  assert_words (kl_call_words_dup_elapsed (now_ms - (3600 + 2 * 60 + 33) * 1000 - 500), "1:02:33");
  assert_words (kl_call_words_dup_people ("12:04", 1), "12:04 · 1 person");
  assert_words (kl_call_words_dup_people ("12:04", 4), "12:04 · 4 people");

  g_assert_null (kl_call_words_dup_already_in (G_LIST_MODEL (people), noor));
  g_list_store_append (people, noor);
  g_assert_null (kl_call_words_dup_already_in (G_LIST_MODEL (people), noor));
  g_list_store_append (people, mateo);
  assert_words (kl_call_words_dup_already_in (G_LIST_MODEL (people), noor), "Mateo is already in");
  g_list_store_append (people, yuki);
  assert_words (kl_call_words_dup_already_in (G_LIST_MODEL (people), noor), "Mateo and Yuki are already in");
  assert_words (kl_call_words_dup_already_in (G_LIST_MODEL (people), NULL), "3 people are already in");
}

int
main (int   argc,
      char *argv[])
{
  kl_test_init (&argc, &argv);
  setlocale (LC_ALL, "C.UTF-8");
  g_test_add_func ("/ui/words/typing", test_typing);
  g_test_add_func ("/ui/words/preview", test_preview);
  g_test_add_func ("/ui/words/times", test_times);
  g_test_add_func ("/ui/words/calls", test_call_words);
  g_test_add_func ("/ui/hue/initials", test_initials);
  g_test_add_func ("/ui/accent/contrast", test_accents);
  g_test_add_func ("/ui/password/strength", test_passwords);
  g_test_add_func ("/ui/errors/sentences", test_errors);
  g_test_add_func ("/ui/errors/of-the-server", test_server_errors);
  g_test_add ("/ui/order/sorts", Order, NULL, order_set_up, test_order, order_tear_down);
  g_test_add ("/ui/order/held", Order, NULL, order_set_up, test_order_held, order_tear_down);
  g_test_add ("/ui/order/forgets", Order, NULL, order_set_up, test_order_forgets, order_tear_down);
  return g_test_run ();
}
