/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/store/kl-mongo-schema.h"

#include <string.h>

#include "protocol/kl-id.h"
#include "server/store/kl-mongo-pool.h"

#define SCHEMA_VERSION 1
/* The workers', the one for pings, and some for starting and copying. */
#define CONNECTIONS_MIN (KL_MONGO_WORKERS + 4)
/* How long a start waits for a database that is not there yet. */
#define START_PATIENCE_USEC (10 * G_USEC_PER_SEC)

typedef struct
{
  KlMongoCollection collection;
  const char *name; /* also the keys: "g:1 s:1" */
  gboolean unique;  /* and sparse: what lacks the field is not in it */
  gboolean sparse;
} Index;

static const Index indexes[] = {
  { KL_MONGO_CHANGES, "op:1", .unique = TRUE },
  { KL_MONGO_CHANGES, "slug:1", .unique = TRUE },
  { KL_MONGO_CHANGES, "g:1 s:1 r:1" },
  { KL_MONGO_CHANGES, "ts:1" },
  { KL_MONGO_CHANGES, "mg:1", .sparse = TRUE },
  { KL_MONGO_CHANGES, "i:1", .sparse = TRUE },
  { KL_MONGO_GROUPS, "vis:1 del:1 n:-1 _id:1" },
  { KL_MONGO_GROUPS, "del:1 n:-1 _id:1" },
  { KL_MONGO_GROUPS, "slug:1", .sparse = TRUE },
  { KL_MONGO_MEMBERS, "g:1 name:1" },
  { KL_MONGO_MEMBERS, "g:1 role:1" },
  { KL_MONGO_MEMBERS, "u:1 g:1" },
  { KL_MONGO_MARKS, "g:1" },
  { KL_MONGO_BANS, "g:1" },
  { KL_MONGO_USERS, "name:1", .unique = TRUE },
  { KL_MONGO_USERS, "first:1", .unique = TRUE },
  { KL_MONGO_SESSIONS, "id:1", .unique = TRUE },
  { KL_MONGO_SESSIONS, "u:1" },
  { KL_MONGO_SESSIONS, "seen:1" },
  { KL_MONGO_INVITES, "g:1" },
  { KL_MONGO_USES, "code:1" },
};

/* ── Connecting ── */

static void
on_log (mongoc_log_level_t level, const char *domain, const char *message, void *unused)
{
  g_debug ("%s: %s", domain, message);
}

static void
start_library (void)
{
  static gsize started;

  if (!g_once_init_enter (&started))
    return;
  /* What matters comes back as an error; the rest would repeat it for each connection. */
  mongoc_log_set_handler (on_log, NULL);
  /* Its counters would be a file in /dev/shm that a killed server leaves behind. */
  g_setenv ("MONGOC_DISABLE_SHM", "1", TRUE);
  mongoc_init ();
  g_once_init_leave (&started, 1);
}

static gboolean
refuse (GError **error, const char *sentence)
{
  g_set_error (error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED, "[store] uri: %s", sentence);

  return FALSE;
}

/* In the library's words, unless they have the password in them. */
static void
refuse_text (GError **error, const char *text, const char *words)
{
  const char *user = strstr (text, "://"), *at = strrchr (text, '@');
  const char *colon = user ? strchr (user + 3, ':') : NULL;
  g_autofree char *password = at && colon && colon < at ? g_strndup (colon + 1, (gsize) (at - colon - 1)) : NULL;

  refuse (error, password && *password && strstr (words, password) ? "is not a good URI of MongoDB" : words);
}

/* The promises of the store do not hold with less than these, so an address that asks for less is refused. */
static gboolean
demand_durability (mongoc_uri_t *uri, GError **error)
{
  mongoc_write_concern_t *writes = mongoc_write_concern_copy (mongoc_uri_get_write_concern (uri));
  mongoc_read_concern_t *reads = mongoc_read_concern_copy (mongoc_uri_get_read_concern (uri));
  int32_t w = mongoc_write_concern_get_w (writes);
  const char *level = mongoc_read_concern_get_level (reads);
  const char *fault = NULL;

  if (w != MONGOC_WRITE_CONCERN_W_DEFAULT && w != MONGOC_WRITE_CONCERN_W_MAJORITY)
    fault = "a message counts as stored when the majority has it: w must be majority";
  else if (mongoc_write_concern_journal_is_set (writes) && !mongoc_write_concern_get_journal (writes))
    fault = "a message counts as stored when it is in the journal: journal must be true";
  else if (level && !g_str_equal (level, MONGOC_READ_CONCERN_LEVEL_MAJORITY)
           && !g_str_equal (level, MONGOC_READ_CONCERN_LEVEL_LINEARIZABLE))
    fault = "only what the majority has may be read: readConcernLevel must be majority";
  else if (mongoc_read_prefs_get_mode (mongoc_uri_get_read_prefs_t (uri)) != MONGOC_READ_PRIMARY)
    fault = "reads must come from the primary: leave readPreference out";

  mongoc_write_concern_set_w (writes, MONGOC_WRITE_CONCERN_W_MAJORITY);
  mongoc_write_concern_set_journal (writes, true);
  mongoc_uri_set_write_concern (uri, writes);
  if (!level)
    {
      mongoc_read_concern_set_level (reads, MONGOC_READ_CONCERN_LEVEL_MAJORITY);
      mongoc_uri_set_read_concern (uri, reads);
    }
  mongoc_write_concern_destroy (writes);
  mongoc_read_concern_destroy (reads);

  return !fault || refuse (error, fault);
}

static void
set_default (mongoc_uri_t *uri, const char *option, int32_t value)
{
  if (!mongoc_uri_has_option (uri, option))
    mongoc_uri_set_option_as_int32 (uri, option, value);
}

static mongoc_uri_t *
parse_uri (const char *text, GError **error)
{
  bson_error_t failure;
  mongoc_uri_t *uri = mongoc_uri_new_with_error (text, &failure);

  if (!uri)
    {
      refuse_text (error, text, failure.message);
      return NULL;
    }
  if (!mongoc_uri_get_database (uri) || !demand_durability (uri, error))
    {
      if (!mongoc_uri_get_database (uri))
        refuse (error, "the name of the database is missing: mongodb://HOST/NAME");
      mongoc_uri_destroy (uri);
      return NULL;
    }
  set_default (uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, 4000);
  set_default (uri, MONGOC_URI_CONNECTTIMEOUTMS, 4000);
  set_default (uri, MONGOC_URI_SOCKETTIMEOUTMS, 10000);
  set_default (uri, MONGOC_URI_WAITQUEUETIMEOUTMS, 5000);
  /* Each worker keeps one; who waits for one that never comes back would get none. */
  if (mongoc_uri_get_option_as_int32 (uri, MONGOC_URI_MAXPOOLSIZE, CONNECTIONS_MIN) < CONNECTIONS_MIN)
    mongoc_uri_set_option_as_int32 (uri, MONGOC_URI_MAXPOOLSIZE, CONNECTIONS_MIN);

  return uri;
}

gboolean
kl_mongo_check_uri (const char *uri, GError **error)
{
  mongoc_uri_t *parsed;

  start_library ();
  parsed = parse_uri (uri, error);
  if (!parsed)
    return FALSE;
  mongoc_uri_destroy (parsed);

  return TRUE;
}

mongoc_client_pool_t *
kl_mongo_connect (const char *uri, char **database, GError **error)
{
  mongoc_client_pool_t *clients;
  mongoc_uri_t *parsed;
  bson_error_t failure;

  start_library ();
  parsed = parse_uri (uri, error);
  if (!parsed)
    return NULL;

  *database = g_strdup (mongoc_uri_get_database (parsed));
  clients = mongoc_client_pool_new_with_error (parsed, &failure);
  if (clients)
    {
      mongoc_client_pool_set_error_api (clients, MONGOC_ERROR_API_VERSION_2);
      mongoc_client_pool_set_appname (clients, "klatch-server");
    }
  else
    refuse (error, failure.message);
  mongoc_uri_destroy (parsed);

  return clients;
}

/* ── What the server is ── */

/* A member of a replica set that is addressed alone would not be left when it stops being the primary. */
static gboolean
check_topology (KlMongo *db, mongoc_client_t *client, GError **error)
{
  g_autoptr (bson_t) hello = NULL;
  const char *set;

  if (!kl_mongo_command (db, "admin", BCON_NEW ("hello", BCON_INT32 (1)), &hello, error))
    return FALSE;
  set = kl_mongo_string (hello, "setName");
  if (set && !mongoc_uri_get_replica_set (mongoc_client_get_uri (client)))
    {
      g_set_error (error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED,
                   "[store] uri: the server belongs to the replica set %s: add replicaSet=%s, and the other members",
                   set, set);
      return FALSE;
    }

  return TRUE;
}

static gboolean
ask_server (KlMongo *db, KlMongoMemory *memory, GError **error)
{
  g_autofree char *id = kl_id_new_random ();
  g_autofree char *key = g_strconcat ("clock:", id, NULL);
  g_autoptr (bson_t) build = NULL, probe = NULL;
  bson_iter_t iter;
  uint32_t seconds = 0, increment = 0;

  if (!kl_mongo_command (db, "admin", BCON_NEW ("buildInfo", BCON_INT32 (1)), &build, error))
    return FALSE;

  if (kl_mongo_insert (db, KL_MONGO_OWN, BCON_NEW ("_id", BCON_UTF8 (key), "ts", BCON_TIMESTAMP (0, 0)), error)
      != KL_MONGO_INSERTED)
    return FALSE;
  probe = kl_mongo_find_one (db, KL_MONGO_OWN, BCON_NEW ("_id", BCON_UTF8 (key)), NULL, error);
  if (!probe)
    return FALSE;
  if (bson_iter_init_find (&iter, probe, "ts") && BSON_ITER_HOLDS_TIMESTAMP (&iter))
    bson_iter_timestamp (&iter, &seconds, &increment);
  kl_mongo_memory_set_server (memory, seconds > 0, bson_has_field (build, "ferretdbVersion"));

  return kl_mongo_delete_many (db, KL_MONGO_OWN, BCON_NEW ("_id", BCON_UTF8 (key)), NULL, error);
}

/* ── Preparing ── */

static gboolean
make_index (KlMongo *db, const char *database, const Index *index, GError **error)
{
  g_auto (GStrv) keys = g_strsplit (index->name, " ", -1);
  g_autoptr (bson_t) one = bson_new ();
  bson_t *command = bson_new (), key;
  bson_array_builder_t *all;

  BSON_APPEND_DOCUMENT_BEGIN (one, "key", &key);
  for (int i = 0; keys[i]; i++)
    {
      g_auto (GStrv) parts = g_strsplit (keys[i], ":", 2);

      BSON_APPEND_INT32 (&key, parts[0], g_str_equal (parts[1], "1") ? 1 : -1);
    }
  bson_append_document_end (one, &key);
  BSON_APPEND_UTF8 (one, "name", index->name);
  if (index->unique)
    BSON_APPEND_BOOL (one, "unique", true);
  if (index->unique || index->sparse)
    BSON_APPEND_BOOL (one, "sparse", true);

  BSON_APPEND_UTF8 (command, "createIndexes", mongoc_collection_get_name (db->collections[index->collection]));
  BSON_APPEND_ARRAY_BUILDER_BEGIN (command, "indexes", &all);
  bson_array_builder_append_document (all, one);
  bson_append_array_builder_end (command, all);

  return kl_mongo_command (db, database, command, NULL, error);
}

static gboolean
check_own_document (const bson_t *own, const char *domain, char **epoch, char **secret, GError **error)
{
  const char *there = kl_mongo_string (own, "domain");

  if (kl_mongo_int (own, "version") > SCHEMA_VERSION)
    {
      g_set_error (error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED,
                   "the database was written by a newer version of Klatch");
      return FALSE;
    }
  if (bson_has_field (own, "copying"))
    {
      g_set_error (error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED,
                   "the database is being filled by a copy that is not complete: let \"klatchctl store copy\" end it");
      return FALSE;
    }
  if (g_strcmp0 (there, domain) != 0)
    {
      g_set_error (error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED,
                   "the database belongs to the domain %s, but the settings say %s", there, domain);
      return FALSE;
    }
  *epoch = kl_mongo_dup_string (own, "epoch");
  *secret = kl_mongo_dup_string (own, "secret");

  return TRUE;
}

bson_t *
kl_mongo_schema_write_own (const char *domain, const char *epoch, const char *secret)
{
  return BCON_NEW ("_id", "store", "version", BCON_INT64 (SCHEMA_VERSION), "domain", BCON_UTF8 (domain), "epoch",
                   BCON_UTF8 (epoch), "secret", BCON_UTF8 (secret));
}

/* Of several nodes that start on an empty database one writes it. */
static gboolean
write_own_document (KlMongo *db, const char *domain, char **epoch, char **secret, GError **error)
{
  g_autoptr (bson_t) own = NULL;
  g_autofree char *new_epoch = kl_id_new_random (), *new_secret = kl_id_new_token ();

  own = kl_mongo_find_one (db, KL_MONGO_OWN, BCON_NEW ("_id", "store"), NULL, error);
  if (!own && *error)
    return FALSE;
  if (!own)
    {
      if (kl_mongo_insert (db, KL_MONGO_OWN, kl_mongo_schema_write_own (domain, new_epoch, new_secret), error)
          == KL_MONGO_UNKNOWN)
        return FALSE;
      own = kl_mongo_find_one (db, KL_MONGO_OWN, BCON_NEW ("_id", "store"), NULL, error);
      if (!own)
        return FALSE;
    }

  return check_own_document (own, domain, epoch, secret, error);
}

gboolean
kl_mongo_schema_make_indexes (KlMongo *db, const char *database, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (indexes); i++)
    if (!make_index (db, database, &indexes[i], error))
      return FALSE;

  return TRUE;
}

static gboolean
prepare (KlMongo *db, const char *database, const char *domain, char **epoch, char **secret, GError **error)
{
  return check_topology (db, db->client, error) && write_own_document (db, domain, epoch, secret, error)
         && ask_server (db, db->memory, error) && kl_mongo_schema_make_indexes (db, database, error);
}

gboolean
kl_mongo_schema_prepare (mongoc_client_pool_t *clients, const char *database, const char *domain, KlMongoMemory *memory,
                         char **epoch, char **secret, GError **error)
{
  mongoc_client_t *client = mongoc_client_pool_pop (clients);
  gint64 end_usec = g_get_monotonic_time () + START_PATIENCE_USEC;
  g_autoptr (GError) failure = NULL;
  KlMongo db = { 0 };

  kl_mongo_init (&db, client, database, memory);
  while (!prepare (&db, database, domain, epoch, secret, &failure)
         && g_error_matches (failure, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE) && g_get_monotonic_time () < end_usec)
    {
      g_clear_error (&failure);
      g_clear_pointer (epoch, g_free);
      g_clear_pointer (secret, g_free);
      g_usleep (100 * G_TIME_SPAN_MILLISECOND);
    }
  kl_mongo_clear (&db);
  mongoc_client_pool_push (clients, client);
  if (failure)
    {
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }

  return TRUE;
}
