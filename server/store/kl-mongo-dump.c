/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Each document that a copy inserts has the key that it would always have, so what was written before an interruption
 * is simply there. The store's own document says how far it came, and servers refuse a store whose document says so. */
#include "server/store/kl-mongo-dump-private.h"

#include "server/store/kl-mongo-schema.h"

/* A database that elects a new primary is waited for. */
#define TRIES 20
#define PAUSE_USEC (G_USEC_PER_SEC / 2)

static void
store_dump_iface_init (KlStoreDumpInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (KlMongoDump, kl_mongo_dump, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KL_TYPE_STORE_DUMP, store_dump_iface_init))

static void
kl_mongo_dump_finalize (GObject *object)
{
  KlMongoDump *self = KL_MONGO_DUMP (object);

  kl_mongo_clear (&self->db);
  if (self->client)
    mongoc_client_pool_push (self->clients, self->client);
  g_clear_pointer (&self->clients, mongoc_client_pool_destroy);
  g_clear_pointer (&self->memory, kl_mongo_memory_free);
  g_clear_pointer (&self->group, kl_dump_record_free);
  g_clear_pointer (&self->filled, kl_dump_record_free);
  g_clear_pointer (&self->members, g_ptr_array_unref);
  g_free (self->database);
  g_free (self->domain);
  g_free (self->epoch);
  g_free (self->secret);

  G_OBJECT_CLASS (kl_mongo_dump_parent_class)->finalize (object);
}

static void
kl_mongo_dump_class_init (KlMongoDumpClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_mongo_dump_finalize;
}

static void
kl_mongo_dump_init (KlMongoDump *self)
{
}

/* What may be done again is, while the database says that trying again may help. */
static gboolean
is_worth_a_try (int *tries, GError **why, GError **error)
{
  if (++*tries < TRIES && g_error_matches (*why, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE))
    {
      g_clear_error (why);
      g_usleep (PAUSE_USEC);
      return TRUE;
    }
  g_propagate_error (error, g_steal_pointer (why));

  return FALSE;
}

/* ── Opening ── */

static KlMongoDump *
connect_to (const char *uri, GError **error)
{
  g_autoptr (KlMongoDump) self = g_object_new (KL_TYPE_MONGO_DUMP, NULL);

  self->clients = kl_mongo_connect (uri, &self->database, error);
  if (!self->clients)
    return NULL;
  self->memory = kl_mongo_memory_new ();
  self->client = mongoc_client_pool_pop (self->clients);
  if (!self->client)
    {
      kl_store_fail (error, "MongoDB gives no connection");
      return NULL;
    }
  kl_mongo_init (&self->db, self->client, self->database, self->memory);

  return g_steal_pointer (&self);
}

/* *OWN: NULL where there is none. */
static gboolean
find_own (KlMongoDump *self, bson_t **own, GError **error)
{
  *own = kl_mongo_find_one (&self->db, KL_MONGO_OWN, BCON_NEW ("_id", "store"), NULL, error);

  return *own || !*error;
}

KlMongoDump *
kl_mongo_dump_open (const char *uri, GError **error)
{
  g_autoptr (GError) why = NULL;
  g_autoptr (KlMongoDump) self = connect_to (uri, &why);
  g_autoptr (bson_t) own = NULL;

  if (self && find_own (self, &own, &why))
    {
      if (!own)
        kl_store_fail (&why, "there is no store of Klatch in this database");
      else
        {
          self->domain = kl_mongo_dup_string (own, "domain");
          if (kl_mongo_schema_prepare (self->clients, self->database, self->domain, self->memory, &self->epoch,
                                       &self->secret, &why))
            return g_steal_pointer (&self);
        }
    }
  g_propagate_error (error, g_steal_pointer (&why));

  return NULL;
}

KlMongoDump *
kl_mongo_dump_new (const char *uri, GError **error)
{
  return connect_to (uri, error);
}

/* ── Reading ── */

static void
get_origin (KlStoreDump *dump, KlDumpOrigin *origin)
{
  KlMongoDump *self = KL_MONGO_DUMP (dump);

  *origin = (KlDumpOrigin) { self->domain, self->epoch, self->secret };
}

static gint64
count_changes (KlStoreDump *dump, GError **error)
{
  return kl_mongo_count (&KL_MONGO_DUMP (dump)->db, KL_MONGO_CHANGES, bson_new (), error);
}

static gboolean
read_records (KlStoreDump *dump, KlDumpKind kind, const char *group, const char *after, guint limit, GPtrArray *records,
              char **next, GError **error)
{
  guint before = records->len;
  GError *why = NULL;
  int tries = 0;

  while (!kl_mongo_dump_read (KL_MONGO_DUMP (dump), kind, group, after, limit, records, next, &why))
    {
      g_ptr_array_set_size (records, (int) before);
      g_clear_pointer (next, g_free);
      if (!is_worth_a_try (&tries, &why, error))
        return FALSE;
    }

  return TRUE;
}

/* ── Writing ── */

static gboolean
is_empty (KlMongoDump *self, KlMongoCollection collection, gboolean *empty, GError **error)
{
  g_autoptr (bson_t) doc = kl_mongo_find_one (&self->db, collection, bson_new (),
                                              BCON_NEW ("projection", "{", "_id", BCON_INT32 (1), "}"), error);

  *empty = doc == NULL;

  return doc || !*error;
}

static gboolean
make (KlMongoDump *self, const KlDumpOrigin *origin, gboolean has_own, GError **error)
{
  gboolean no_users, no_changes;
  bson_t *own;

  if (!is_empty (self, KL_MONGO_USERS, &no_users, error) || !is_empty (self, KL_MONGO_CHANGES, &no_changes, error))
    return FALSE;
  if (!no_users || !no_changes)
    return kl_store_fail (error, "there is a store in this database already, and a copy overwrites nothing");
  if (has_own && !kl_mongo_delete_many (&self->db, KL_MONGO_OWN, BCON_NEW ("_id", "store"), NULL, error))
    return FALSE;
  own = kl_mongo_schema_write_own (origin->domain, origin->epoch, origin->secret);
  BSON_APPEND_UTF8 (own, "copying", origin->epoch);
  BSON_APPEND_UTF8 (own, "place", "");
  /* One that is there is what a killed attempt asked for last, and is looked at again. */
  if (kl_mongo_insert (&self->db, KL_MONGO_OWN, own, error) == KL_MONGO_DUPLICATE)
    g_set_error (error, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE, "somebody else begins to fill this database");

  return *error == NULL;
}

static gboolean
begin_inner (KlMongoDump *self, const KlDumpOrigin *origin, char **place, GError **error)
{
  g_autoptr (bson_t) own = NULL;
  const char *from;

  if (!find_own (self, &own, error))
    return FALSE;
  from = own ? kl_mongo_string (own, "copying") : NULL;
  if (!from)
    {
      if (!make (self, origin, own != NULL, error))
        return FALSE;
    }
  else if (!g_str_equal (from, origin->epoch) || g_strcmp0 (kl_mongo_string (own, "domain"), origin->domain) != 0)
    return kl_store_fail (error, "this database is the beginning of a copy of another store: drop it, or choose another name");
  else if (g_strcmp0 (kl_mongo_string (own, "place"), "") != 0)
    *place = kl_mongo_dup_string (own, "place");

  return kl_mongo_schema_make_indexes (&self->db, self->database, error);
}

static gboolean
begin (KlStoreDump *dump, const KlDumpOrigin *origin, char **place, GError **error)
{
  KlMongoDump *self = KL_MONGO_DUMP (dump);
  GError *why = NULL;
  int tries = 0;

  while (!begin_inner (self, origin, place, &why))
    {
      g_clear_pointer (place, g_free);
      if (!is_worth_a_try (&tries, &why, error))
        return FALSE;
    }
  self->domain = g_strdup (origin->domain);
  self->epoch = g_strdup (origin->epoch);
  self->secret = g_strdup (origin->secret);
  self->has_any = *place != NULL;

  return TRUE;
}

static gboolean
write_once (KlMongoDump *self, GPtrArray *records, const char *place, GError **error)
{
  return kl_mongo_dump_write (self, records, error)
         && kl_mongo_update (&self->db, KL_MONGO_OWN, BCON_NEW ("_id", "store"),
                             BCON_NEW ("$set", "{", "place", BCON_UTF8 (place), "}"), NULL, error);
}

static gboolean
write_records (KlStoreDump *dump, GPtrArray *records, const char *place, GError **error)
{
  GError *why = NULL;
  int tries = 0;

  while (!write_once (KL_MONGO_DUMP (dump), records, place, &why))
    if (!is_worth_a_try (&tries, &why, error))
      return FALSE;

  return TRUE;
}

static gboolean
finish (KlStoreDump *dump, GError **error)
{
  GError *why = NULL;
  int tries = 0;

  while (!kl_mongo_update (&KL_MONGO_DUMP (dump)->db, KL_MONGO_OWN, BCON_NEW ("_id", "store"),
                           BCON_NEW ("$unset", "{", "copying", BCON_UTF8 (""), "place", BCON_UTF8 (""), "}"), NULL,
                           &why))
    if (!is_worth_a_try (&tries, &why, error))
      return FALSE;

  return TRUE;
}

static void
store_dump_iface_init (KlStoreDumpInterface *iface)
{
  iface->get_origin = get_origin;
  iface->count_changes = count_changes;
  iface->read = read_records;
  iface->begin = begin;
  iface->write = write_records;
  iface->finish = finish;
}
