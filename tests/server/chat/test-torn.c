/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A store that another writer interrupts in the middle of a batch: what stands counts, the rest is planned again. */
#include "tests/server/chat/kl-chat-kit.h"

static void (*whole_append) (KlStore *self, KlStoreBatch *batch, GTask *task);
static guint n_torn;

/* Nothing is ever tried again that stands already. */
static void
on_first_appended (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  KlAppendResult *answer = kl_store_append_finish (KL_STORE (source), result, NULL);

  g_assert_nonnull (answer);
  g_assert_cmpint (answer->outcome, ==, KL_APPEND_OK);
  answer->n_stored = GPOINTER_TO_UINT (g_task_get_task_data (task));
  if (answer->n_stored > 0)
    {
      answer->outcome = KL_APPEND_CONFLICT;
      n_torn++;
    }
  g_task_return_pointer (task, answer, (GDestroyNotify) kl_append_result_free);
}

/* Stores the first half of the deeds, if there are two. */
static void
torn_append (KlStore *self, KlStoreBatch *batch, GTask *task)
{
  guint n = batch->changes->len / 2;
  g_autoptr (KlStoreBatch) first = NULL;

  g_assert_false (g_array_index (batch->changes, KlStoreChange, 0).goes_along);
  while (n > 0 && g_array_index (batch->changes, KlStoreChange, n).goes_along)
    n--;
  first = kl_store_batch_dup_first (batch, n > 0 ? n : batch->changes->len);
  g_task_set_task_data (task, GUINT_TO_POINTER (n), NULL);
  whole_append (self, first, g_task_new (self, NULL, on_first_appended, task));
}

static void
test_torn (KlKit *kit)
{
  KlStoreInterface *iface = KL_STORE_GET_IFACE (kit->store);
  KlClient *anna = kl_kit_person (kit, "anna"), *ben = kl_kit_person (kit, "ben");
  const char *group = kl_client_create (anna, "Torn", "public");
  KlAnswer *answers[12], *update = NULL;

  kl_client_ok (ben, "group:join", "{'group':'%s'}", group);
  kl_client_forget (ben);
  whole_append = iface->append;
  iface->append = torn_append;
  n_torn = 0;
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      if (i == 6)
        update = kl_client_start (anna, "group:update", "{'group':'%s','name':'Mended','topic':'Seams'}", group);
      answers[i]
          = kl_client_start (anna, "message:send", "{'group':'%s','client_id':'c%u','body':'nr %u'}", group, i, i);
    }
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_autofree char *body = g_strdup_printf ("nr %u", i);
      yyjson_val *answer = kl_answer_wait (answers[i]);

      g_assert_true (kl_get_bool (answer, "ok"));
      g_assert_cmpstr (kl_get_string (answer, "message.body"), ==, body);
      kl_answer_free (answers[i]);
    }
  g_assert_true (kl_get_bool (kl_answer_wait (update), "ok"));
  kl_answer_free (update);
  iface->append = whole_append;

  /* Each once and in order, with the deed of three in one piece: group and two words of it. */
  g_assert_cmpuint (n_torn, >, 1);
  for (guint i = 0, n = 0, rev = 0, words = 0; n < G_N_ELEMENTS (answers) + 3; i++)
    {
      KlHeard *heard;
      yyjson_val *root;

      kl_test_wait_until (ben->heard->len > i);
      heard = &g_array_index (ben->heard, KlHeard, i);
      root = kl_json_get_root (heard->json);
      if (kl_get_int (root, "rev") < 0)
        continue; /* presence */
      n++;
      if (rev > 0)
        g_assert_cmpint (kl_get_int (root, "rev"), ==, rev + 1);
      rev = (guint) kl_get_int (root, "rev");
      if (words > 0 && words-- > 0)
        g_assert_cmpstr (kl_get_string (root, "message.kind"), ==, "system");
      if (g_str_equal (heard->name, "group"))
        words = 2;
    }
}

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  kl_kit_add ("/chat/torn", test_torn);

  return g_test_run ();
}
