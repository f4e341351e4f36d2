/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The two connections, what goes out, and what comes in. */
#include "server/bus/kl-redis-bus-private.h"

#include <string.h>

#include "protocol/kl-id.h"

#define LEASE_MS 12000
#define BEAT_MS 4000
#define CACHE_WAIT_MS 500

/* How many groups are remembered by name whose changes did not go out. */
#define MOVED_MAX 4096
#define MOVED_RETRY_MS 1000
#define SLOW_SUBSCRIPTION_MS 20

/* Of a group. */
typedef struct
{
  guint n;
  gint64 asked_usec; /* monotonic, while the subscription is under way; 0: it is not, or all will be read on anyway */
} Use;

static void
bus_iface_init (KlBusInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (KlRedisBus, kl_redis_bus, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KL_TYPE_BUS, bus_iface_init))

char *
kl_redis_bus_dup_key (KlRedisBus *self, const char *kind, const char *id)
{
  return g_strconcat (self->prefix, kind, ":", id, NULL);
}

/* ── The state ── */

static const char *
get_reason (KlRedisBus *self)
{
  if (self->says_why)
    return self->says_why;
  if (self->hears_why)
    return self->hears_why;
  if (!self->standing)
    return "the connection is being made";

  return self->complaint;
}

/* One line for each change of state. Where a server cannot be reached it does not matter in how many ways it cannot. */
static void
log_state (KlRedisBus *self)
{
  g_autofree char *state = NULL;
  gboolean failed = self->says_why || self->hears_why || self->complaint;

  if (!self->ready && !failed)
    return;
  if (self->ready)
    state = g_strdup ("");
  else if (self->standing || (self->says_why ? self->says_refused : self->hears_refused))
    state = g_strdup (get_reason (self));
  else
    state = g_strdup ("not there");
  if (g_strcmp0 (state, self->logged) == 0)
    return;

  g_free (self->logged);
  self->logged = g_steal_pointer (&state);
  if (self->ready)
    g_message ("The bus is there: %s, as node %s", self->uri->shown, self->own->id);
  else
    g_warning ("The bus is not there: %s: %s. This node goes on alone", self->uri->shown, get_reason (self));
}

static void
tell_moved (KlRedisBus *self)
{
  g_autoptr (GHashTable) moved = g_steal_pointer (&self->moved);
  GHashTableIter iter;
  gpointer group, rev;

  self->moved = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_iter_init (&iter, moved);
  while (g_hash_table_iter_next (&iter, &group, &rev))
    {
      g_autoptr (KlStoreBatch) batch = kl_store_batch_new (group, *(gint64 *) rev, 0);
      g_autofree char *channel = kl_redis_bus_dup_key (self, "g", group);
      KlBusLetter letter;

      kl_redis_bus_begin_letter (self, &letter, "changes");
      kl_bus_write_batch (&letter, batch);
      if (!kl_redis_bus_post (self, &letter, channel))
        kl_redis_bus_lose (self, group, *(gint64 *) rev);
    }
}

/* Compares what is with what was, and does what the difference asks for. */
static void
review (KlRedisBus *self)
{
  gboolean stands = kl_redis_link_is_up (self->says) && self->hearing;
  gboolean begins = stands && !self->standing;

  if (self->closing)
    return;

  self->standing = stands;
  self->ready = stands && !self->complaint;
  log_state (self);
  if (!begins)
    return;

  self->counters.reconnects++;
  kl_redis_presence_start (self, self->moved_more);
  self->moved_more = FALSE;
  tell_moved (self);
  if (self->listener && self->listener->on_reconnected)
    self->listener->on_reconnected (self->listener_data);
}

void
kl_redis_bus_complain (KlRedisBus *self, const char *words)
{
  g_autofree char *complaint = NULL;
  const char *script = strstr (words, " script: "); /* and what follows, another for each */

  if (g_str_has_prefix (words, "OOM"))
    complaint = g_strdup ("it is out of memory");
  else
    {
      g_autofree char *valid = g_utf8_make_valid (words, script ? script - words : (gssize) MIN (strlen (words), 100));

      complaint = g_strconcat ("it refuses: ", valid, NULL);
    }
  if (g_strcmp0 (complaint, self->complaint) == 0)
    return;

  g_free (self->complaint);
  self->complaint = g_steal_pointer (&complaint);
  review (self);
}

void
kl_redis_bus_stop_complaining (KlRedisBus *self)
{
  if (!self->complaint)
    return;
  g_clear_pointer (&self->complaint, g_free);
  review (self);
}

/* ── What goes out ── */

void
kl_redis_bus_begin_letter (KlRedisBus *self, KlBusLetter *letter, const char *type)
{
  kl_bus_letter_begin (letter, type, self->own->id, ++self->number);
}

static void
on_posted (gpointer user_data, const redisReply *reply)
{
  KlRedisBus *self = user_data;

  if (!reply || reply->type == REDIS_REPLY_ERROR)
    self->counters.lost++;
  if (reply && reply->type == REDIS_REPLY_ERROR)
    kl_redis_bus_complain (self, reply->str);
}

gboolean
kl_redis_bus_post (KlRedisBus *self, KlBusLetter *letter, const char *channel)
{
  g_autoptr (GString) bytes = kl_bus_letter_finish (letter, &self->seal, channel);
  g_auto (KlRedisCommand) command = { 0 };

  kl_redis_command_init (&command, bytes->len + 128);
  kl_redis_command_add_string (&command, "PUBLISH");
  kl_redis_command_add_string (&command, channel);
  kl_redis_command_add (&command, bytes->str, bytes->len);
  if (!kl_redis_link_send (self->says, &command, on_posted, self))
    {
      self->counters.lost++;
      return FALSE;
    }
  self->counters.published++;

  return TRUE;
}

static gboolean
on_moved (gpointer user_data)
{
  KlRedisBus *self = user_data;

  self->moved_id = 0;
  if (self->standing)
    tell_moved (self);

  return G_SOURCE_REMOVE;
}

void
kl_redis_bus_lose (KlRedisBus *self, const char *group, gint64 rev)
{
  gint64 *known = g_hash_table_lookup (self->moved, group);

  if (self->closing)
    return;

  self->counters.lost++;
  if (known)
    *known = MAX (*known, rev);
  else if (g_hash_table_size (self->moved) < MOVED_MAX)
    g_hash_table_insert (self->moved, g_strdup (group), g_memdup2 (&rev, sizeof rev));
  else
    self->moved_more = TRUE;
  /* While it stands there is only too much at once; else the next beginning tells. */
  if (self->standing && !self->moved_id)
    self->moved_id = g_timeout_add (MOVED_RETRY_MS, on_moved, self);
}

static void
publish (KlBus *bus, KlStoreBatch *batch)
{
  KlRedisBus *self = KL_REDIS_BUS (bus);

  if (kl_redis_cache_publish (self, batch, FALSE))
    self->counters.published++;
  else
    kl_redis_bus_lose (self, batch->group, batch->base_rev + batch->changes->len);
}

static void
send_signal (KlBus *bus, const KlBusSignal *signal)
{
  KlRedisBus *self = KL_REDIS_BUS (bus);
  g_autofree char *channel = NULL;
  KlBusLetter letter;

  switch (signal->kind)
    {
    case KL_BUS_TYPING:
    case KL_BUS_READ:
    case KL_BUS_SETTINGS:
    case KL_BUS_CALL:
    case KL_BUS_BANS:
      channel = kl_redis_bus_dup_key (self, "g", signal->group);
      break;
    case KL_BUS_SESSION_ENDED:
    case KL_BUS_USER_CHANGED:
    case KL_BUS_MEMBERSHIP:
    default:
      channel = g_strdup (self->all);
      break;
    }
  kl_redis_bus_begin_letter (self, &letter, "signal");
  kl_bus_write_signal (&letter, signal);
  kl_redis_bus_post (self, &letter, channel);
}

static void
send_forward (KlBus *bus, const char *node, const KlBusForward *forward)
{
  KlRedisBus *self = KL_REDIS_BUS (bus);
  g_autofree char *channel = kl_redis_bus_dup_key (self, "n", node);
  KlBusLetter letter;

  kl_redis_bus_begin_letter (self, &letter, "forward");
  kl_bus_write_forward (&letter, forward);
  kl_redis_bus_post (self, &letter, channel);
}

/* ── What comes in ── */

static void
hear_changes (KlRedisBus *self, KlBusReading *reading, const char *group)
{
  g_autoptr (KlStoreBatch) batch = kl_bus_read_batch (reading);

  if (!batch || !g_str_equal (batch->group, group))
    self->counters.refused++;
  else if (g_hash_table_contains (self->groups, group) && self->listener && self->listener->on_changes)
    self->listener->on_changes (self->listener_data, reading->node, batch);
}

static void
hear_signal (KlRedisBus *self, KlBusReading *reading)
{
  g_autofree char *json = NULL;
  KlBusSignal signal;

  if (!kl_bus_read_signal (reading, &signal, &json))
    self->counters.refused++;
  else if (self->listener && self->listener->on_signal)
    self->listener->on_signal (self->listener_data, &signal);
}

static void
hear_forward (KlRedisBus *self, KlBusReading *reading)
{
  KlBusForward forward;
  g_autofree char *json = NULL;

  if (!kl_bus_read_forward (reading, &forward))
    {
      self->counters.refused++;
      return;
    }
  if (!self->listener || !self->listener->on_forward)
    return;

  forward.json = json = g_strndup (forward.json, forward.json_length);
  self->listener->on_forward (self->listener_data, reading->node, &forward);
}

static void
hear (KlRedisBus *self, KlBusReading *reading, const char *channel)
{
  const char *place = channel + strlen (self->prefix);
  gboolean known;

  if (!reading->node || !kl_redis_nodes_know (self, reading, &known))
    {
      self->counters.refused++;
      return;
    }
  self->counters.received++;
  if (kl_redis_nodes_take (self, reading))
    return;

  if (g_str_equal (reading->type, "changes") && g_str_has_prefix (place, "g:"))
    hear_changes (self, reading, place + 2);
  else if (g_str_equal (reading->type, "signal"))
    {
      /* Nothing but a number protects these from being told again, and it is known of known nodes alone. */
      if (known)
        hear_signal (self, reading);
      else
        self->counters.refused++;
    }
  else if (g_str_equal (reading->type, "forward") && g_str_has_prefix (place, "n:"))
    hear_forward (self, reading);
  /* Else a later version's, which this one does without. */
}

static void
on_message (gpointer user_data, const char *channel, const char *data, gsize length)
{
  g_autoptr (KlRedisBus) self = g_object_ref (user_data);
  g_auto (KlBusReading) reading = { 0 };

  if (!g_str_has_prefix (channel, self->prefix) || !kl_bus_reading_open (&reading, &self->seal, channel, data, length))
    self->counters.refused++;
  else if (g_strcmp0 (reading.node, self->own->id) != 0)
    hear (self, &reading, channel);
}

/* ── The connections ── */

void
kl_redis_bus_load_scripts (KlRedisBus *self)
{
  for (guint i = 0; i < KL_REDIS_N_SCRIPTS; i++)
    {
      g_auto (KlRedisCommand) command = { 0 };

      kl_redis_command_init (&command, 2048);
      kl_redis_command_add_string (&command, "SCRIPT");
      kl_redis_command_add_string (&command, "LOAD");
      kl_redis_command_add_string (&command, kl_redis_script_get_text (i));
      kl_redis_link_send (self->says, &command, NULL, NULL);
    }
}

static void
on_says_up (gpointer user_data)
{
  KlRedisBus *self = user_data;

  kl_redis_bus_load_scripts (self);
  g_clear_pointer (&self->says_why, g_free);
  review (self);
}

static void
on_says_down (gpointer user_data, gboolean refused, const char *why)
{
  KlRedisBus *self = user_data;

  g_set_str (&self->says_why, why);
  self->says_refused = refused;
  g_clear_pointer (&self->complaint, g_free);
  review (self);
}

static void
on_subscribed (gpointer user_data, const redisReply *reply)
{
  KlRedisBus *self = user_data;

  if (!reply || reply->type == REDIS_REPLY_ERROR)
    return;
  self->hearing = TRUE;
  g_clear_pointer (&self->hears_why, g_free);
  review (self);
}

static void
on_hears_up (gpointer user_data)
{
  KlRedisBus *self = user_data;
  g_autofree char *mine = kl_redis_bus_dup_key (self, "n", self->own->id);
  GHashTableIter iter;
  gpointer group, use;

  kl_redis_link_subscribe (self->hears, self->all);
  kl_redis_link_subscribe (self->hears, mine);
  g_hash_table_iter_init (&iter, self->groups);
  while (g_hash_table_iter_next (&iter, &group, &use))
    {
      g_autofree char *channel = kl_redis_bus_dup_key (self, "g", group);

      ((Use *) use)->asked_usec = 0;
      kl_redis_link_subscribe (self->hears, channel);
    }
  kl_redis_link_ping (self->hears, on_subscribed, self);
}

static void
on_hears_down (gpointer user_data, gboolean refused, const char *why)
{
  KlRedisBus *self = user_data;

  self->hearing = FALSE;
  g_set_str (&self->hears_why, why);
  self->hears_refused = refused;
  review (self);
}

/* Whoever uses a group reads it while it is being subscribed to. What is said in between is missed; that is less than a
 * store takes, unless this connection is the slower one. */
static void
on_subscribed_to (gpointer user_data, const char *channel)
{
  KlRedisBus *self = user_data;
  const char *place = g_str_has_prefix (channel, self->prefix) ? channel + strlen (self->prefix) : "";
  Use *use = g_str_has_prefix (place, "g:") ? g_hash_table_lookup (self->groups, place + 2) : NULL;
  gint64 asked_usec = use ? use->asked_usec : 0;

  if (asked_usec == 0)
    return;
  use->asked_usec = 0;
  if (g_get_monotonic_time () - asked_usec > SLOW_SUBSCRIPTION_MS * G_TIME_SPAN_MILLISECOND && self->listener
      && self->listener->on_subscribed)
    self->listener->on_subscribed (self->listener_data, place + 2);
}

static const KlRedisLinkEvents says_events = { .up = on_says_up, .down = on_says_down };
static const KlRedisLinkEvents hears_events = {
  .up = on_hears_up,
  .down = on_hears_down,
  .message = on_message,
  .subscribed = on_subscribed_to,
};

/* Counted: a group is in use as long as one of its users is. */
static void
subscribe (KlBus *bus, const char *group)
{
  KlRedisBus *self = KL_REDIS_BUS (bus);
  Use *use = g_hash_table_lookup (self->groups, group);

  if (!use)
    {
      g_autofree char *channel = kl_redis_bus_dup_key (self, "g", group);

      use = g_new0 (Use, 1);
      g_hash_table_insert (self->groups, g_strdup (group), use);
      if (kl_redis_link_subscribe (self->hears, channel))
        use->asked_usec = g_get_monotonic_time ();
    }
  use->n++;
}

static void
unsubscribe (KlBus *bus, const char *group)
{
  KlRedisBus *self = KL_REDIS_BUS (bus);
  Use *use = g_hash_table_lookup (self->groups, group);

  g_return_if_fail (use != NULL);

  if (--use->n > 0)
    return;

  g_autofree char *channel = kl_redis_bus_dup_key (self, "g", group);

  g_hash_table_remove (self->groups, group);
  kl_redis_link_unsubscribe (self->hears, channel);
}

/* ── The object ── */

static void
set_listener (KlBus *bus, const KlBusListener *listener, gpointer user_data)
{
  KlRedisBus *self = KL_REDIS_BUS (bus);

  self->listener = listener;
  self->listener_data = user_data;
}

static const char *
get_node (KlBus *bus)
{
  return KL_REDIS_BUS (bus)->own->id;
}

static gboolean
is_ready (KlBus *bus, char **reason)
{
  KlRedisBus *self = KL_REDIS_BUS (bus);

  if (!self->ready && reason)
    *reason = g_strdup (get_reason (self));

  return self->ready;
}

static void
get_counters (KlBus *bus, KlBusCounters *counters)
{
  KlRedisBus *self = KL_REDIS_BUS (bus);

  *counters = self->counters;
  counters->reconnects = self->counters.reconnects ? self->counters.reconnects - 1 : 0;
  counters->queue_bytes = kl_redis_link_get_queue_bytes (self->says);
  counters->latency_usec = kl_redis_link_get_latency_usec (self->says);
}

static void
kl_redis_bus_dispose (GObject *object)
{
  KlRedisBus *self = KL_REDIS_BUS (object);

  self->closing = TRUE;
  if (self->says)
    kl_redis_presence_leave (self);
  g_clear_pointer (&self->says, kl_redis_link_free);
  g_clear_pointer (&self->hears, kl_redis_link_free);
  g_clear_handle_id (&self->moved_id, g_source_remove);
  kl_redis_cache_clear (self);

  G_OBJECT_CLASS (kl_redis_bus_parent_class)->dispose (object);
}

static void
kl_redis_bus_finalize (GObject *object)
{
  KlRedisBus *self = KL_REDIS_BUS (object);

  kl_redis_presence_clear (self);
  g_hash_table_unref (self->groups);
  g_hash_table_unref (self->moved);
  g_clear_pointer (&self->tls, kl_redis_tls_free);
  g_clear_pointer (&self->uri, kl_redis_uri_free);
  g_free (self->prefix);
  g_free (self->all);
  g_free (self->says_why);
  g_free (self->hears_why);
  g_free (self->complaint);
  g_free (self->logged);

  G_OBJECT_CLASS (kl_redis_bus_parent_class)->finalize (object);
}

static void
kl_redis_bus_class_init (KlRedisBusClass *class)
{
  G_OBJECT_CLASS (class)->dispose = kl_redis_bus_dispose;
  G_OBJECT_CLASS (class)->finalize = kl_redis_bus_finalize;
}

static void
kl_redis_bus_init (KlRedisBus *self)
{
  self->groups = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->moved = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->own = kl_bus_node_new ();
  self->own->id = kl_id_new_random ();
  self->own->own = TRUE;
}

KlRedisBus *
kl_redis_bus_new (const char *uri, const KlRedisBusSettings *settings, GError **error)
{
  g_autoptr (KlRedisBus) self = g_object_new (KL_TYPE_REDIS_BUS, NULL);
  g_autofree char *why = NULL;
  g_autofree char *name = NULL;

  self->uri = kl_redis_uri_parse (uri, &why);
  if (!self->uri)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "the bus' URI %s", why);
      return NULL;
    }
  if (self->uri->tls && !(self->tls = kl_redis_tls_new (self->uri, error)))
    return NULL;

  kl_bus_seal_init (&self->seal, settings->epoch, settings->secret);
  self->prefix = g_strconcat ("klatch:", self->seal.deployment, ":", NULL);
  self->all = g_strconcat (self->prefix, "all", NULL);
  self->lease_ms = settings->lease_ms ? settings->lease_ms : LEASE_MS;
  self->beat_ms = settings->beat_ms ? settings->beat_ms : BEAT_MS;
  self->cache_wait_ms = settings->cache_wait_ms ? settings->cache_wait_ms : CACHE_WAIT_MS;
  kl_redis_presence_init (self);
  name = g_strconcat ("klatch-", self->own->id, NULL);
  self->says = kl_redis_link_new (self->uri, self->tls, &settings->patience, name, &says_events, self);
  self->hears = kl_redis_link_new (self->uri, self->tls, &settings->patience, name, &hears_events, self);

  return g_steal_pointer (&self);
}

static void
bus_iface_init (KlBusInterface *iface)
{
  iface->set_listener = set_listener;
  iface->get_node = get_node;
  iface->is_ready = is_ready;
  iface->subscribe = subscribe;
  iface->unsubscribe = unsubscribe;
  iface->publish = publish;
  iface->signal = send_signal;
  iface->forward = send_forward;
  iface->set_presence = kl_redis_presence_set;
  iface->get_presence = kl_redis_presence_get;
  iface->cache_get = kl_redis_cache_get;
  iface->cache_fill = kl_redis_cache_fill;
  iface->cache_drop = kl_redis_cache_drop;
  iface->describe = kl_redis_presence_describe;
  iface->list_nodes = kl_redis_nodes_list;
  iface->get_counters = get_counters;
}
