/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two nodes on one store: two chat cores and a bus between them, which delivers a turn of the loop later and can lose
 * what it was given. */
#include "tests/server/chat/kl-chat-kit.h"

/* ── The bus ── */

#define KL_TYPE_PAIR_BUS (kl_pair_bus_get_type ())
G_DECLARE_FINAL_TYPE (KlPairBus, kl_pair_bus, KL, PAIR_BUS, GObject)

struct _KlPairBus
{
  GObject parent_instance;

  KlPairBus *other; /* lent */
  const KlBusListener *listener;
  gpointer listener_data;
  GHashTable *subscribed;
  GHashTable *presence; /* user → Share, of this node */
  gboolean deaf;
};

typedef struct
{
  KlActivity activity;
  char **here;
  guint connections;
} Share;

static void
free_share (Share *share)
{
  g_strfreev (share->here);
  g_free (share);
}

typedef struct
{
  KlPairBus *to;
  KlStoreBatch *batch;
  KlBusSignal signal;
  char *presence;
} Delivery;

static gboolean
on_delivery (gpointer user_data)
{
  Delivery *delivery = user_data;
  KlPairBus *to = delivery->to;

  if (to->listener && !to->deaf)
    {
      if (delivery->batch && g_hash_table_contains (to->subscribed, delivery->batch->group))
        to->listener->on_changes (to->listener_data, "other", delivery->batch);
      else if (delivery->presence)
        to->listener->on_presence (to->listener_data, delivery->presence);
      else if (!delivery->batch)
        to->listener->on_signal (to->listener_data, &delivery->signal);
    }
  g_clear_pointer (&delivery->batch, kl_store_batch_unref);
  g_free ((char *) delivery->signal.user);
  g_free ((char *) delivery->signal.group);
  g_free ((char *) delivery->signal.id);
  g_free ((char *) delivery->signal.keep);
  g_free (delivery->presence);
  g_object_unref (delivery->to);
  g_free (delivery);

  return G_SOURCE_REMOVE;
}

static Delivery *
deliver (KlPairBus *self)
{
  Delivery *delivery = g_new0 (Delivery, 1);

  delivery->to = g_object_ref (self->other);
  g_idle_add_full (G_PRIORITY_DEFAULT, on_delivery, delivery, NULL);

  return delivery;
}

static void
set_listener (KlBus *bus, const KlBusListener *listener, gpointer user_data)
{
  KlPairBus *self = KL_PAIR_BUS (bus);

  self->listener = listener;
  self->listener_data = user_data;
}

static gboolean
is_ready (KlBus *bus, char **reason)
{
  return TRUE;
}

static void
subscribe (KlBus *bus, const char *group)
{
  g_hash_table_add (KL_PAIR_BUS (bus)->subscribed, g_strdup (group));
}

static void
unsubscribe (KlBus *bus, const char *group)
{
  g_hash_table_remove (KL_PAIR_BUS (bus)->subscribed, group);
}

static void
publish (KlBus *bus, KlStoreBatch *batch)
{
  deliver (KL_PAIR_BUS (bus))->batch = kl_store_batch_ref (batch);
}

static void
send_signal (KlBus *bus, const KlBusSignal *signal)
{
  Delivery *delivery = deliver (KL_PAIR_BUS (bus));

  delivery->signal = *signal;
  delivery->signal.user = g_strdup (signal->user);
  delivery->signal.group = g_strdup (signal->group);
  delivery->signal.id = g_strdup (signal->id);
  delivery->signal.keep = g_strdup (signal->keep);
}

static void
set_presence (KlBus *bus, const char *user, const KlBusPresence *presence)
{
  KlPairBus *self = KL_PAIR_BUS (bus);
  Share *share = g_new0 (Share, 1);

  share->activity = presence->activity;
  share->connections = presence->connections;
  share->here = g_strdupv ((char **) presence->here);
  g_hash_table_insert (self->presence, g_strdup (user), share);
  deliver (self)->presence = g_strdup (user);
}

static void
get_presence (KlBus *bus, const char *user, KlBusPresence *presence)
{
  KlPairBus *other = KL_PAIR_BUS (bus)->other;
  Share *share = other ? g_hash_table_lookup (other->presence, user) : NULL;

  presence->activity = share ? share->activity : KL_ACTIVITY_OFFLINE;
  presence->connections = share ? share->connections : 0;
  presence->here = share && share->activity != KL_ACTIVITY_OFFLINE ? (const char *const *) share->here : NULL;
}

static void
cache_get (KlBus *bus, const char *group, GTask *task)
{
  g_task_return_pointer (task, NULL, NULL);
  g_object_unref (task);
}

static void
cache_fill (KlBus *bus, const char *group, gint64 rev, GPtrArray *messages)
{
}

static void
cache_drop (KlBus *bus, const char *group)
{
}

static void
bus_iface_init (KlBusInterface *iface)
{
  iface->set_listener = set_listener;
  iface->is_ready = is_ready;
  iface->subscribe = subscribe;
  iface->unsubscribe = unsubscribe;
  iface->publish = publish;
  iface->signal = send_signal;
  iface->set_presence = set_presence;
  iface->get_presence = get_presence;
  iface->cache_get = cache_get;
  iface->cache_fill = cache_fill;
  iface->cache_drop = cache_drop;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (KlPairBus, kl_pair_bus, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KL_TYPE_BUS, bus_iface_init))

static void
kl_pair_bus_finalize (GObject *object)
{
  KlPairBus *self = KL_PAIR_BUS (object);

  if (self->other)
    self->other->other = NULL;
  g_hash_table_unref (self->subscribed);
  g_hash_table_unref (self->presence);
  G_OBJECT_CLASS (kl_pair_bus_parent_class)->finalize (object);
}

static void
kl_pair_bus_class_init (KlPairBusClass *class)
{
  G_OBJECT_CLASS (class)->finalize = kl_pair_bus_finalize;
}

static void
kl_pair_bus_init (KlPairBus *self)
{
  self->subscribed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->presence = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) free_share);
}

/* ── Two nodes ── */

typedef struct
{
  KlKit *one; /* owns the store */
  KlKit two;  /* a second core on it */
  KlPairBus *buses[2];
  KlClient *anna; /* on one; owner */
  KlClient *ben;  /* on two */
  const char *group;
} Pair;

static const char *
id_of (KlClient *client)
{
  return client->user->id;
}

static Pair *
make_pair (void)
{
  Pair *pair = g_new0 (Pair, 1);
  KlChatSettings settings;

  kl_kit_settings (&settings);
  pair->one = kl_kit_new (&settings);
  for (guint i = 0; i < 2; i++)
    pair->buses[i] = g_object_new (KL_TYPE_PAIR_BUS, NULL);
  pair->buses[0]->other = pair->buses[1];
  pair->buses[1]->other = pair->buses[0];
  kl_test_finalize (pair->one->chat);
  pair->one->chat = kl_chat_new (KL_STORE (pair->one->store), KL_BUS (pair->buses[0]), &settings);
  pair->two = *pair->one;
  pair->two.chat = kl_chat_new (KL_STORE (pair->one->store), KL_BUS (pair->buses[1]), &settings);

  pair->anna = kl_kit_person (pair->one, "anna");
  pair->ben = kl_kit_person (&pair->two, "ben");
  pair->group = kl_client_create (pair->anna, "Tea", "public");
  kl_client_ok (pair->ben, "group:join", "{'group':'%s'}", pair->group);
  kl_client_next (pair->anna, "member");
  kl_client_next (pair->anna, "message");

  return pair;
}

static void
free_pair (Pair *pair)
{
  for (guint i = 0; i < pair->one->clients->len; i++)
    kl_client_end (g_ptr_array_index (pair->one->clients, i));
  kl_test_spin (50);
  kl_test_finalize (pair->two.chat);
  kl_kit_free (pair->one);
  kl_test_spin (1);
  kl_test_finalize (pair->buses[0]);
  kl_test_finalize (pair->buses[1]);
  g_free (pair);
}

static void
test_messages (void)
{
  Pair *pair = make_pair ();
  yyjson_val *message, *event;

  /* One order, whoever writes where; each rev once at each of the two. */
  for (guint i = 0; i < 10; i++)
    {
      KlClient *sender = i % 3 ? pair->anna : pair->ben;

      message = kl_client_send (sender, pair->group, "x");
      g_assert_cmpint (kl_get_int (message, "rev"), ==, 6 + i);
      g_assert_cmpint (kl_get_int (message, "seq"), ==, 3 + i);
      g_assert_cmpint (kl_get_int (kl_client_next (pair->anna, "message"), "rev"), ==, 6 + i);
      g_assert_cmpint (kl_get_int (kl_client_next (pair->ben, "message"), "rev"), ==, 6 + i);
    }
  g_assert_cmpuint (kl_client_count (pair->anna, "message") + kl_client_count (pair->ben, "message"), ==, 0);

  /* What the bus loses is found in the store. */
  pair->buses[1]->deaf = TRUE;
  kl_client_send (pair->anna, pair->group, "lost");
  message
      = kl_client_ok (pair->anna, "message:send", "{'group':'%s','client_id':'same','body':'lost too'}", pair->group);
  kl_test_spin (20);
  g_assert_cmpuint (kl_client_count (pair->ben, "message"), ==, 0);
  pair->buses[1]->deaf = FALSE;
  kl_client_send (pair->anna, pair->group, "heard");
  for (guint i = 0; i < 3; i++)
    g_assert_cmpint (kl_get_int (kl_client_next (pair->ben, "message"), "rev"), ==, 16 + i);
  /* Or when the bus is back, or when one writes himself. */
  pair->buses[1]->deaf = TRUE;
  kl_client_send (pair->anna, pair->group, "lost");
  kl_test_spin (20);
  pair->buses[1]->deaf = FALSE;
  pair->buses[1]->listener->on_reconnected (pair->buses[1]->listener_data);
  g_assert_cmpint (kl_get_int (kl_client_next (pair->ben, "message"), "rev"), ==, 19);
  pair->buses[1]->deaf = TRUE;
  kl_client_send (pair->anna, pair->group, "lost");
  kl_test_spin (20);
  pair->buses[1]->deaf = FALSE;
  message = kl_client_send (pair->ben, pair->group, "mine");
  g_assert_cmpint (kl_get_int (message, "rev"), ==, 21);
  g_assert_cmpint (kl_get_int (kl_client_next (pair->ben, "message"), "rev"), ==, 20);

  /* Changes of what is there, and of the group. */
  kl_client_forget (pair->anna);
  kl_client_ok (pair->ben, "message:edit", "{'group':'%s','id':'%s','body':'edited'}", pair->group,
                kl_get_string (message, "id"));
  do
    event = kl_client_next (pair->anna, "message");
  while (kl_get_int (event, "rev") < 22);
  g_assert_cmpstr (kl_get_string (event, "message.body"), ==, "edited");
  kl_client_ok (pair->anna, "group:update", "{'group':'%s','topic':'hot'}", pair->group);
  g_assert_cmpstr (kl_get_string (kl_client_next (pair->ben, "group"), "group.topic"), ==, "hot");
  free_pair (pair);
}

/* Both write at once, again and again. */
static void
test_race (void)
{
  Pair *pair = make_pair ();
  KlAnswer *answers[200];
  gint64 revs[2] = { 5, 5 };

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      answers[i] = kl_client_start (i % 2 ? pair->anna : pair->ben, "message:send",
                                    "{'group':'%s','client_id':'%u','body':'x'}", pair->group, i);
      if (i % 7 == 0)
        g_main_context_iteration (NULL, FALSE);
    }
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      kl_answer_wait (answers[i]);
      g_assert_cmpint (answers[i]->code, ==, KL_ERROR_CODE_NONE);
      kl_answer_free (answers[i]);
    }
  for (guint k = 0; k < 2; k++)
    while (revs[k] < 5 + (gint64) G_N_ELEMENTS (answers))
      {
        g_assert_cmpint (kl_get_int (kl_client_next (k ? pair->ben : pair->anna, "message"), "rev"), ==, revs[k] + 1);
        revs[k]++;
      }
  kl_test_spin (50);
  g_assert_cmpuint (kl_client_count (pair->anna, "message") + kl_client_count (pair->ben, "message"), ==, 0);
  free_pair (pair);
}

static void
test_devices (void)
{
  Pair *pair = make_pair ();
  KlClient *phone = kl_kit_connect (&pair->two, pair->anna->user);
  yyjson_val *event;
  const char *coffee;

  /* A person's device on the other node learns of a new group, of new marks, and of the end of its session. */
  kl_client_ok (phone, "sync", "{}");
  coffee = kl_client_create (pair->ben, "Coffee", "public");
  kl_client_ok (pair->anna, "group:join", "{'group':'%s'}", coffee);
  event = kl_client_next (phone, "group");
  g_assert_cmpstr (kl_get_string (event, "group.id"), ==, coffee);
  kl_client_send (pair->ben, coffee, "x");
  g_assert_cmpint (kl_get_int (kl_client_next (phone, "message"), "rev"), ==, 6);
  while (kl_get_int (kl_client_next (pair->anna, "message"), "message.seq") != 3)
    ;
  kl_client_ok (pair->anna, "read", "{'group':'%s','seq':3}", coffee);
  g_assert_cmpint (kl_get_int (kl_client_next (phone, "read"), "seq"), ==, 3);
  g_assert_cmpint (kl_get_int (kl_client_next (pair->ben, "read"), "seq"), ==, 3);
  kl_client_ok (pair->anna, "group:settings", "{'group':'%s','pinned':true}", coffee);
  event = kl_client_next (phone, "group");
  g_assert_true (kl_get_bool (event, "group.mine.pinned"));
  kl_client_ok (pair->ben, "group:role", "{'group':'%s','user':'%s','role':'admin'}", coffee, id_of (pair->anna));
  g_assert_cmpstr (kl_get_string (kl_client_next (pair->anna, "group"), "group.mine.role"), ==, "admin");
  kl_client_ok (pair->anna, "presence", "{'text':'busy'}");
  g_assert_cmpstr (kl_get_string (kl_client_next (phone, "user"), "user.status_text"), ==, "busy");
  kl_client_ok (pair->ben, "group:remove", "{'group':'%s','user':'%s','ban':true}", coffee, id_of (pair->anna));
  g_assert_cmpstr (kl_get_string (kl_client_next (pair->anna, "group:removed"), "reason"), ==, "banned");
  kl_client_fails (pair->anna, KL_ERROR_CODE_FORBIDDEN, NULL, "group:join", "{'group':'%s'}", coffee);
  kl_chat_end_sessions (pair->one->chat, id_of (pair->anna), NULL, pair->anna->session->id);
  kl_test_wait_until (phone->closed);
  g_assert_false (pair->anna->closed);
  free_pair (pair);
}

static void
test_presence (void)
{
  Pair *pair = make_pair ();
  yyjson_val *answer;

  answer = kl_client_ok (pair->anna, "group:open", "{'group':'%s'}", pair->group);
  g_assert_cmpuint (kl_get_size (answer, "online"), ==, 2);
  kl_client_ok (pair->ben, "group:open", "{'group':'%s'}", pair->group);
  kl_test_wait_until (kl_get_int (kl_client_ok (pair->anna, "sync", "{}"), "groups.0.here") == 2);
  kl_client_ok (pair->ben, "typing", "{'group':'%s','on':true}", pair->group);
  g_assert_true (kl_get_bool (kl_client_next (pair->anna, "typing"), "on"));
  kl_client_end (pair->ben);
  g_assert_false (kl_get_bool (kl_client_next (pair->anna, "typing"), "on"));
  for (;;)
    {
      yyjson_val *user = kl_find (kl_client_next (pair->anna, "presence"), "users", "id", id_of (pair->ben));

      if (user && strcmp (kl_get_string (user, "status"), "offline") == 0)
        break;
    }
  answer = kl_client_ok (pair->anna, "sync", "{}");
  g_assert_cmpint (kl_get_int (answer, "groups.0.here"), ==, 1);
  g_assert_cmpint (kl_get_int (answer, "groups.0.online"), ==, 1);
  free_pair (pair);
}

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  g_test_add_func ("/chat/node/messages", test_messages);
  g_test_add_func ("/chat/node/race", test_race);
  g_test_add_func ("/chat/node/devices", test_devices);
  g_test_add_func ("/chat/node/presence", test_presence);

  return g_test_run ();
}
