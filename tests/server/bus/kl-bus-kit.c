/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/server/bus/kl-bus-kit.h"

#include <string.h>

#include "tests/server/bus/kl-bus-contract.h"

static const char *const signal_names[]
    = { "session", "user", "typing", "read", "settings", "call", "membership", "bans" };

static void
on_changes (gpointer user_data, const char *node, KlStoreBatch *batch)
{
  KlBusKitNode *self = user_data;

  g_ptr_array_add (self->heard, g_strdup_printf ("changes %s %s %d+%u", node, batch->group, (int) batch->base_rev,
                                                 batch->changes->len));
}

static void
on_signal (gpointer user_data, const KlBusSignal *signal)
{
  KlBusKitNode *self = user_data;

  g_assert_nonnull (signal->node);
  g_assert_cmpstr (signal->node, !=, self->id);
  if (signal->json)
    g_ptr_array_add (self->heard, g_strdup_printf ("call %s %s %s", signal->node, signal->group, signal->json));
  else
    g_ptr_array_add (self->heard, g_strdup_printf ("signal %s %s %s %s %s %d %d", signal_names[signal->kind],
                                                   signal->user ? signal->user : "-",
                                                   signal->group ? signal->group : "-", signal->id ? signal->id : "-",
                                                   signal->keep ? signal->keep : "-", (int) signal->seq, signal->on));
}

static void
on_presence (gpointer user_data, const char *user)
{
  KlBusKitNode *self = user_data;

  g_hash_table_add (self->changed, g_strdup (user));
}

static void
on_reconnected (gpointer user_data)
{
  ((KlBusKitNode *) user_data)->reconnected++;
}

static void
on_subscribed (gpointer user_data, const char *group)
{
  g_ptr_array_add (((KlBusKitNode *) user_data)->heard, g_strconcat ("subscribed ", group, NULL));
}

static void
on_forward (gpointer user_data, const char *node, const KlBusForward *forward)
{
  KlBusKitNode *self = user_data;

  g_assert_cmpuint (strlen (forward->json), ==, forward->json_length);
  g_ptr_array_add (self->heard,
                   g_strdup_printf ("forward %s %s %s %s", node, forward->user, forward->group, forward->json));
}

static const KlBusListener listener = {
  .on_changes = on_changes,
  .on_signal = on_signal,
  .on_presence = on_presence,
  .on_reconnected = on_reconnected,
  .on_subscribed = on_subscribed,
  .on_forward = on_forward,
};

void
kl_bus_kit_settings (KlRedisBusSettings *settings)
{
  *settings = (KlRedisBusSettings) {
    .epoch = KL_BUS_KIT_EPOCH,
    .secret = "secret",
    .patience = { .ping_ms = 200, .silence_ms = 1000, .retry_min_ms = 20, .retry_max_ms = 200 },
    .lease_ms = 2000,
    .beat_ms = 500,
  };
}

KlBusKitNode *
kl_bus_kit_node_new (const char *uri, const KlRedisBusSettings *settings)
{
  KlBusKitNode *self = g_new0 (KlBusKitNode, 1);
  KlRedisBusSettings usual;
  g_autoptr (GError) error = NULL;

  kl_bus_kit_settings (&usual);
  self->heard = g_ptr_array_new_with_free_func (g_free);
  self->changed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->bus = KL_BUS (kl_redis_bus_new (uri, settings ? settings : &usual, &error));
  g_assert_no_error (error);
  self->id = g_strdup (kl_bus_get_node (self->bus));
  kl_bus_set_listener (self->bus, &listener, self);

  return self;
}

gboolean
kl_bus_kit_is_ready (KlBusKitNode *self)
{
  return kl_bus_is_ready (self->bus, NULL);
}

char *
kl_bus_kit_reason (KlBusKitNode *self)
{
  char *reason = NULL;

  return kl_bus_is_ready (self->bus, &reason) ? g_strdup ("") : reason;
}

KlBusKitNode *
kl_bus_kit_node_ready (const char *uri, const KlRedisBusSettings *settings)
{
  KlBusKitNode *self = kl_bus_kit_node_new (uri, settings);

  kl_test_wait_until (kl_bus_kit_is_ready (self));

  return self;
}

void
kl_bus_kit_node_free (KlBusKitNode *self)
{
  kl_test_finalize (self->bus);
  g_ptr_array_unref (self->heard);
  g_hash_table_unref (self->changed);
  g_free (self->id);
  g_free (self);
}

void
kl_bus_kit_wait_reason (KlBusKitNode *self, const char *part)
{
  gint64 end_usec = g_get_monotonic_time () + KL_TEST_DEADLINE_MS * G_TIME_SPAN_MILLISECOND;

  for (;;)
    {
      g_autofree char *reason = kl_bus_kit_reason (self);

      if (strstr (reason, part))
        return;
      if (g_get_monotonic_time () > end_usec)
        g_error ("the reason is \"%s\", not \"%s\"", reason, part);
      g_main_context_iteration (NULL, TRUE);
    }
}

void
kl_bus_kit_wait_ready (KlBusKitNode *self)
{
  kl_test_wait_until (kl_bus_kit_is_ready (self));
}

void
kl_bus_kit_spin_tries (void)
{
  kl_test_spin (700);
}

KlBusCounters
kl_bus_kit_counters (KlBusKitNode *self)
{
  KlBusCounters counters;

  kl_bus_get_counters (self->bus, &counters);

  return counters;
}

gboolean
kl_bus_kit_knows (KlBusKitNode *self, guint n_nodes)
{
  g_autoptr (GPtrArray) nodes = kl_bus_list_nodes (self->bus);

  return nodes->len == n_nodes;
}

static guint
find (KlBusKitNode *self, const char *heard)
{
  for (guint i = 0; i < self->heard->len; i++)
    if (g_str_equal (g_ptr_array_index (self->heard, i), heard))
      return i;

  return G_MAXUINT;
}

gboolean
kl_bus_kit_has (KlBusKitNode *self, const char *heard)
{
  return find (self, heard) != G_MAXUINT;
}

void
kl_bus_kit_wait (KlBusKitNode *self, const char *heard)
{
  kl_test_wait_until (kl_bus_kit_has (self, heard));
  g_ptr_array_remove_range (self->heard, 0, find (self, heard) + 1);
}

void
kl_bus_kit_set (KlBusKitNode *self, const char *user, KlActivity activity, guint connections, const char *here)
{
  g_auto (GStrv) groups = here ? g_strsplit (here, " ", -1) : NULL;
  KlBusPresence presence = { activity, (const char *const *) groups, connections };

  kl_bus_set_presence (self->bus, user, &presence);
}

static int
compare_strings (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

char *
kl_bus_kit_get (KlBusKitNode *self, const char *user)
{
  KlBusPresence presence;
  g_autoptr (GPtrArray) groups = g_ptr_array_new ();
  GString *out = g_string_new (NULL);

  kl_bus_get_presence (self->bus, user, &presence);
  for (gsize i = 0; presence.here && presence.here[i]; i++)
    g_ptr_array_add (groups, (char *) presence.here[i]);
  g_ptr_array_sort (groups, compare_strings);
  g_string_printf (out, "%d/%u", presence.activity, presence.connections);
  for (guint i = 0; i < groups->len; i++)
    g_string_append_printf (out, " %s", (char *) g_ptr_array_index (groups, i));

  return g_string_free_and_steal (out);
}

gboolean
kl_bus_kit_is (KlBusKitNode *self, const char *user, const char *expected)
{
  g_autofree char *is = kl_bus_kit_get (self, user);

  return g_str_equal (is, expected);
}

void
kl_bus_kit_publish (KlBusKitNode *self, const char *group, gint64 base_rev, gint64 seq)
{
  g_autoptr (KlStoreBatch) batch = kl_store_batch_new (group, base_rev, seq - 1);
  KlStoreChange *change = kl_store_batch_add (batch, KL_CHANGE_MESSAGE);

  change->seq = seq;
  change->message = kl_bus_contract_make_message (seq, change->rev);
  kl_bus_publish (self->bus, batch);
}

/* ── The log ── */

static GPtrArray *lines;

static void
on_log (const char *domain, GLogLevelFlags level, const char *message, gpointer unused)
{
  if (g_str_has_prefix (message, "The bus is"))
    g_ptr_array_add (lines, g_strdup (message));
  else
    g_log_default_handler (domain, level, message, NULL);
}

gboolean
kl_bus_kit_init (int *argc, char ***argv)
{
  kl_test_init (argc, argv);
  if (!kl_test_valkey_is_there ())
    {
      g_print ("1..0 # SKIP there is no valkey-server here\n");
      return FALSE;
    }

  lines = g_ptr_array_new_with_free_func (g_free);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR);
  g_log_set_handler (NULL, G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_WARNING, on_log, NULL);

  return TRUE;
}

void
kl_bus_kit_assert_log (const char *first, ...)
{
  va_list patterns;
  guint i = 0;

  va_start (patterns, first);
  for (const char *pattern = first; pattern; pattern = va_arg (patterns, const char *), i++)
    {
      const char *line = i < lines->len ? g_ptr_array_index (lines, i) : "nothing";

      if (!g_pattern_match_simple (pattern, line))
        g_error ("line %u of the log is \"%s\", not \"%s\"", i, line, pattern);
    }
  va_end (patterns);
  if (i < lines->len)
    g_error ("line %u of the log is too much: %s", i, (char *) g_ptr_array_index (lines, i));
  g_ptr_array_set_size (lines, 0);
}

GPtrArray *
kl_bus_kit_get_log (void)
{
  return lines;
}
