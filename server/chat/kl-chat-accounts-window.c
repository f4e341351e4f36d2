/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For each key the times of its last events, oldest first. All keys are looked through for forgotten ones once a
 * minute, by the way of an add. */

#include "server/chat/kl-chat-accounts-window.h"

#define WINDOW_MS G_GINT64_CONSTANT (60000)

struct _KlChatWindow
{
  guint limit;
  gint64 swept_ms;
  GHashTable *times; /* (element-type utf8 GArray(gint64)) (owned) */
};

KlChatWindow *
kl_chat_window_new (guint limit)
{
  KlChatWindow *self = g_new0 (KlChatWindow, 1);

  self->limit = limit;
  self->swept_ms = G_MININT64;
  self->times = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_array_unref);
  return self;
}

void
kl_chat_window_free (KlChatWindow *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->times);
  g_free (self);
}

static void
drop_old (GArray *times, gint64 now_ms)
{
  guint n_old = 0;

  while (n_old < times->len && g_array_index (times, gint64, n_old) <= now_ms - WINDOW_MS)
    n_old++;
  if (n_old > 0)
    g_array_remove_range (times, 0, n_old);
}

static gboolean
is_forgotten (gpointer key, gpointer value, gpointer now_ms)
{
  drop_old (value, *(gint64 *)now_ms);
  return ((GArray *)value)->len == 0;
}

gint64
kl_chat_window_check (KlChatWindow *self, const char *key, gint64 now_ms)
{
  GArray *times = self->limit == 0 ? NULL : g_hash_table_lookup (self->times, key);

  if (times == NULL)
    return 0;
  drop_old (times, now_ms);
  if (times->len < self->limit)
    return 0;
  return g_array_index (times, gint64, times->len - self->limit) + WINDOW_MS - now_ms;
}

void
kl_chat_window_add (KlChatWindow *self, const char *key, gint64 now_ms)
{
  if (self->limit == 0)
    return;

  if (now_ms - WINDOW_MS >= self->swept_ms)
    {
      g_hash_table_foreach_remove (self->times, is_forgotten, &now_ms);
      self->swept_ms = now_ms;
    }

  GArray *times = g_hash_table_lookup (self->times, key);
  if (times == NULL)
    {
      times = g_array_new (FALSE, FALSE, sizeof (gint64));
      g_hash_table_insert (self->times, g_strdup (key), times);
    }
  /* Only the last ones can decide anything. */
  if (times->len >= self->limit)
    g_array_remove_range (times, 0, times->len - self->limit + 1);
  g_array_append_val (times, now_ms);
}

gint64
kl_chat_window_take (KlChatWindow *self, const char *key, gint64 now_ms)
{
  gint64 wait_ms = kl_chat_window_check (self, key, now_ms);

  if (wait_ms == 0)
    kl_chat_window_add (self, key, now_ms);
  return wait_ms;
}

guint
kl_chat_window_get_n_keys (KlChatWindow *self)
{
  return g_hash_table_size (self->times);
}
