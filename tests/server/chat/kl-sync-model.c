/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/server/chat/kl-sync-model.h"

#define ANSWER_BYTES (512 * 1024)

static void
free_held (KlSyncHeld *held)
{
  g_hash_table_unref (held->messages);
  g_hash_table_unref (held->members);
  g_free (held);
}

KlSyncModel *
kl_sync_model_new (KlClient *client)
{
  KlSyncModel *model = g_new0 (KlSyncModel, 1);

  model->client = client;
  model->groups = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) free_held);

  return model;
}

void
kl_sync_model_free (KlSyncModel *model)
{
  g_hash_table_unref (model->groups);
  g_free (model);
}

KlSyncHeld *
kl_sync_model_get (KlSyncModel *model, const char *group)
{
  KlSyncHeld *held = g_hash_table_lookup (model->groups, group);

  if (held)
    return held;

  held = g_new0 (KlSyncHeld, 1);
  held->rev = -1;
  held->messages = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  held->members = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_insert (model->groups, g_strdup (group), held);

  return held;
}

/* The higher rev wins. */
static void
hold_message (KlSyncHeld *held, yyjson_val *message)
{
  const char *id = kl_get_string (message, "id");
  const char *old = g_hash_table_lookup (held->messages, id);
  gint64 old_rev = old ? g_ascii_strtoll (old, NULL, 10) : -1;

  g_assert_nonnull (id);
  if (kl_get_int (message, "rev") > old_rev)
    g_hash_table_insert (held->messages, g_strdup (id),
                         g_strdup_printf ("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %s", kl_get_int (message, "rev"),
                                          kl_get_int (message, "seq"), kl_get_string (message, "body")));
}

static void
hold_member (KlSyncHeld *held, yyjson_val *member)
{
  const char *role = kl_get_string (member, "role");

  g_hash_table_insert (held->members, g_strdup (kl_get_string (member, "user")), g_strdup (role ? role : "gone"));
}

static void
hear_event (KlSyncModel *model, const char *name, yyjson_val *argument)
{
  yyjson_val *group = kl_get (argument, "group");
  const char *id = yyjson_is_str (group) ? yyjson_get_str (group) : kl_get_string (group, "id");
  gint64 rev = kl_get_int (argument, "rev");
  KlSyncHeld *held;

  if (rev < 0)
    {
      if (strcmp (name, "group") == 0 && !g_hash_table_contains (model->groups, id))
        {
          held = kl_sync_model_get (model, id);
          held->rev = kl_get_int (group, "rev");
          held->flowing = TRUE;
        }
      return;
    }

  held = g_hash_table_lookup (model->groups, id);
  g_assert_nonnull (held);
  g_assert_true (held->flowing);
  g_assert_cmpint (rev, ==, held->rev + 1);
  held->rev = rev;
  model->events++;
  if (strcmp (name, "message") == 0)
    {
      yyjson_val *message = kl_get (argument, "message");

      g_assert_cmpint (kl_get_int (message, "rev"), >=, rev);
      if (kl_get_bool (message, "deleted"))
        held->unread--;
      else if (!kl_get (message, "system") && !kl_get (message, "reactions") && !kl_get (message, "edited_at"))
        held->unread++;
      hold_message (held, kl_get (argument, "message"));
    }
  else if (strcmp (name, "member") == 0)
    {
      hold_member (held, kl_get (argument, "member"));
    }
}

void
kl_sync_model_hear (KlSyncModel *model, guint until)
{
  for (; model->seen < model->client->heard->len; model->seen++)
    {
      KlHeard *heard = &g_array_index (model->client->heard, KlHeard, model->seen);

      if (heard->order > until)
        return;
      if (strcmp (heard->name, "answer") != 0)
        hear_event (model, heard->name, kl_json_get_root (heard->json));
    }
}

static gboolean
contains (yyjson_val *array, const char *id)
{
  yyjson_val *item;
  size_t i, n;

  yyjson_arr_foreach (array, i, n, item)
    {
      if (yyjson_equals_str (item, id))
        return TRUE;
    }

  return FALSE;
}

guint
kl_sync_model_take (KlSyncModel *model, yyjson_val *answer)
{
  yyjson_obj_iter iter = yyjson_obj_iter_with (kl_get (answer, "changes"));
  yyjson_val *later = kl_get (answer, "later");
  yyjson_val *key, *group, *item;
  size_t i, n;

  while ((key = yyjson_obj_iter_next (&iter)))
    {
      yyjson_val *entry = yyjson_obj_iter_get_val (key);
      KlSyncHeld *held = kl_sync_model_get (model, yyjson_get_str (key));
      gint64 rev = kl_get_int (entry, "rev");
      gint64 seq = 0;

      if (kl_get_bool (entry, "reset"))
        {
          g_hash_table_remove_all (held->messages);
          g_hash_table_remove_all (held->members);
          held->rev = -1;
        }
      g_assert_cmpint (rev, >=, held->rev);
      yyjson_arr_foreach (kl_get (entry, "messages"), i, n, item)
        {
          if (kl_get_bool (entry, "reset"))
            g_assert_cmpint (kl_get_int (item, "seq"), >, seq);
          seq = kl_get_int (item, "seq");
          hold_message (held, item);
          g_assert_nonnull (kl_find (answer, "users", "id", kl_get_string (item, "sender")));
        }
      yyjson_arr_foreach (kl_get (entry, "members"), i, n, item)
        hold_member (held, item);
      held->rev = rev;
    }
  yyjson_arr_foreach (kl_get (answer, "groups"), i, n, group)
    {
      KlSyncHeld *held = kl_sync_model_get (model, kl_get_string (group, "id"));

      if (contains (later, kl_get_string (group, "id")))
        continue;
      if (held->rev < 0)
        held->rev = kl_get_int (group, "rev");
      g_assert_cmpint (held->rev, ==, kl_get_int (group, "rev"));
      held->unread = kl_get_int (group, "mine.unread");
      held->flowing = TRUE;
    }

  return yyjson_arr_size (later);
}

char *
kl_sync_model_dup_since (KlSyncModel *model, yyjson_val *only)
{
  GString *json = g_string_new ("{");
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, model->groups);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      KlSyncHeld *held = value;

      if (only && !contains (only, key))
        continue;
      if (held->rev >= 0)
        g_string_append_printf (json, "%s'%s':%" G_GINT64_FORMAT, json->len > 1 ? "," : "", (char *) key, held->rev);
      else
        g_string_append_printf (json, "%s'%s':null", json->len > 1 ? "," : "", (char *) key);
    }
  g_string_append_c (json, '}');

  return g_string_free_and_steal (json);
}

guint
kl_sync_model_synchronize (KlSyncModel *model)
{
  g_autofree char *since = kl_sync_model_dup_since (model, NULL);
  g_autoptr (KlAnswer) answer = kl_client_start (model->client, "sync", "{'since':%s}", since);
  guint rounds = 1;

  kl_answer_wait (answer);
  kl_sync_model_hear (model, answer->order);
  while (kl_sync_model_take (model, kl_json_get_root (answer->json)) > 0)
    {
      g_autofree char *more = NULL;

      g_assert_cmpuint (rounds++, <, 400);
      g_assert_cmpuint (answer->length, <=, ANSWER_BYTES);
      {
        yyjson_val *later = kl_get (kl_json_get_root (answer->json), "later");
        yyjson_val *id;
        size_t i, n;

        yyjson_arr_foreach (later, i, n, id)
          kl_sync_model_get (model, yyjson_get_str (id));
        more = kl_sync_model_dup_since (model, later);
      }
      kl_answer_free (g_steal_pointer (&answer));
      answer = kl_client_start (model->client, "sync", "{'more':true,'since':%s}", more);
      kl_answer_wait (answer);
      kl_sync_model_hear (model, answer->order);
    }
  g_assert_cmpuint (answer->length, <=, ANSWER_BYTES);

  return rounds;
}

void
kl_sync_model_check_against_history (KlSyncModel *model, const char *group)
{
  yyjson_val *answer = kl_client_ok (model->client, "history", "{'group':'%s','limit':100}", group);
  KlSyncHeld *held;
  yyjson_val *message;
  size_t i, n;

  kl_sync_model_hear (model, G_MAXUINT);
  held = kl_sync_model_get (model, group);
  yyjson_arr_foreach (kl_get (answer, "messages"), i, n, message)
    {
      const char *known = g_hash_table_lookup (held->messages, kl_get_string (message, "id"));
      g_autofree char *now
          = g_strdup_printf ("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %s", kl_get_int (message, "rev"),
                             kl_get_int (message, "seq"), kl_get_string (message, "body"));

      if (known)
        g_assert_cmpstr (known, ==, now);
    }
}
