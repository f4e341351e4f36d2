/* SPDX-License-Identifier: GPL-3.0-or-later
 * Unsent messages, drafts and read marks.
 *
 * An entry lives from the commit that put it on disk to the server's answer. It is on the disk first and off it last,
 * so that a crash at any moment loses nothing; sending it twice is one message, for the client id is the same. */
#include "app/core/kl-outbox.h"
#include "app/core/kl-core-enums.h"
#include "app/core/kl-database.h"
#include "protocol/kl-id.h"

enum
{
  RETRY_MS_MIN = 1000,
  RETRY_MS_MAX = 60 * 1000,
  DRAFT_DELAY_MS = 500,
  INTERNAL_TRIES = 5, /* "internal" may pass; a message that breaks the server does not */
};

static const char *const migrations[] = {
  "CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, client_id TEXT NOT NULL UNIQUE, grp TEXT NOT NULL,"
  "  body TEXT NOT NULL, created_at INTEGER NOT NULL, failed TEXT);"
  "CREATE TABLE drafts (grp TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;"
  "CREATE TABLE read_marks (grp TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;",
  NULL,
};

typedef struct
{
  KlMessage *message;
  gboolean in_flight;
  guint tries;
} Entry;

struct _KlOutbox
{
  GObject parent_instance;

  KlDatabase *database;
  KlUser *me;
  KlOutboxSend send;
  gpointer send_data;
  GPtrArray *entries;     /* owned Entry, in the order of sending */
  GHashTable *drafts;     /* owned group id → owned text */
  GHashTable *dirty;      /* owned group ids whose draft is not on disk yet */
  GHashTable *read_marks; /* owned group id → owned gint64 */
  guint draft_source;
  guint retry_source;
  gboolean loaded;
  gboolean held;
};

enum
{
  LOADED,
  ADDED,
  REMOVED,
  HELD_CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KlOutbox, kl_outbox, G_TYPE_OBJECT)

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_object_unref (entry->message);
  g_free (entry);
}

static Entry *
find_entry (KlOutbox *self, const char *client_id, guint *index)
{
  for (guint i = 0; client_id != NULL && i < self->entries->len; i++)
    {
      Entry *entry = g_ptr_array_index (self->entries, i);
      if (g_str_equal (kl_message_get_client_id (entry->message), client_id))
        {
          if (index != NULL)
            *index = i;
          return entry;
        }
    }
  return NULL;
}

/* ── One statement with a few values ── */

typedef struct
{
  const char *sql;  /* a literal */
  const char *sql2; /* or NULL: another one with the same values */
  char *texts[4];   /* bound as ?1 to ?4 */
  gint64 number;    /* bound as ?5 */
} Deed;

static void
deed_free (gpointer data)
{
  Deed *deed = data;

  for (guint i = 0; i < G_N_ELEMENTS (deed->texts); i++)
    g_free (deed->texts[i]);
  g_free (deed);
}

static gboolean
run_deed (KlDatabase *database, gpointer data, GError **error)
{
  Deed *deed = data;

  for (const char *sql = deed->sql; sql != NULL; sql = sql == deed->sql ? deed->sql2 : NULL)
    {
      sqlite3_stmt *statement = kl_database_prepare (database, sql, error);
      if (statement == NULL)
        return FALSE;
      for (guint i = 0; i < G_N_ELEMENTS (deed->texts); i++)
        sqlite3_bind_text (statement, (int) i + 1, deed->texts[i], -1, SQLITE_STATIC);
      sqlite3_bind_int64 (statement, 5, deed->number);
      if (!kl_database_execute (database, statement, error))
        return FALSE;
    }
  return TRUE;
}

static void
on_deed_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (kl_database_run_finish (KL_DATABASE (source), result, &error) == NULL)
    g_warning ("not kept: %s", error->message);
}

static void
keep (KlOutbox *self, const char *sql, const char *first, const char *second, gint64 number)
{
  Deed *deed = g_new0 (Deed, 1);

  deed->sql = sql;
  deed->texts[0] = g_strdup (first);
  deed->texts[1] = g_strdup (second);
  deed->number = number;
  kl_database_run_async (self->database, run_deed, deed, deed_free, on_deed_done, NULL);
}

/* ── Loading ── */

typedef struct
{
  char *client_id;
  char *group;
  char *body;
  char *failed;
  gint64 created_at;
} StoredEntry;

typedef struct
{
  GArray *entries; /* of StoredEntry */
  GHashTable *drafts;
  GHashTable *read_marks;
} LoadJob;

static void
stored_entry_clear (gpointer data)
{
  StoredEntry *entry = data;

  g_free (entry->client_id);
  g_free (entry->group);
  g_free (entry->body);
  g_free (entry->failed);
}

static void
load_job_free (gpointer data)
{
  LoadJob *job = data;

  g_array_unref (job->entries);
  g_hash_table_unref (job->drafts);
  g_hash_table_unref (job->read_marks);
  g_free (job);
}

static char *
dup_column (sqlite3_stmt *statement, int column)
{
  return g_strdup ((const char *) sqlite3_column_text (statement, column));
}

static gboolean
load_entries (KlDatabase *database, LoadJob *job, GError **error)
{
  g_autoptr (GError) local = NULL;
  sqlite3_stmt *statement = kl_database_prepare (
      database, "SELECT client_id, grp, body, failed, created_at FROM outbox ORDER BY id", error);

  if (statement == NULL)
    return FALSE;
  while (kl_database_step (database, statement, &local))
    {
      StoredEntry entry = { dup_column (statement, 0), dup_column (statement, 1), dup_column (statement, 2),
                            dup_column (statement, 3), sqlite3_column_int64 (statement, 4) };
      g_array_append_val (job->entries, entry);
    }
  if (local == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

static gboolean
run_load (KlDatabase *database, gpointer data, GError **error)
{
  LoadJob *job = data;
  sqlite3_stmt *statement;

  if (!load_entries (database, job, error))
    return FALSE;
  statement = kl_database_prepare (database, "SELECT grp, body FROM drafts", error);
  if (statement == NULL)
    return FALSE;
  while (kl_database_step (database, statement, NULL))
    g_hash_table_insert (job->drafts, dup_column (statement, 0), dup_column (statement, 1));
  statement = kl_database_prepare (database, "SELECT grp, seq FROM read_marks", error);
  if (statement == NULL)
    return FALSE;
  while (kl_database_step (database, statement, NULL))
    {
      gint64 seq = sqlite3_column_int64 (statement, 1);
      g_hash_table_insert (job->read_marks, dup_column (statement, 0), g_memdup2 (&seq, sizeof seq));
    }
  return TRUE;
}

/* ── Why it failed, on disk: the code's nick, a colon and the sentence ── */

static char *
dup_reason (const GError *error)
{
  g_autoptr (GEnumClass) codes = g_type_class_ref (KL_TYPE_CORE_ERROR);
  GEnumValue *code = error->domain == KL_CORE_ERROR ? g_enum_get_value (codes, error->code) : NULL;

  return g_strdup_printf ("%s:%s", code != NULL ? code->value_nick : "", error->message);
}

/* What says no code is the sentence alone. */
static GError *
parse_reason (const char *text)
{
  g_autoptr (GEnumClass) codes = g_type_class_ref (KL_TYPE_CORE_ERROR);
  const char *colon = strchr (text, ':');
  g_autofree char *nick = colon != NULL ? g_strndup (text, (gsize) (colon - text)) : NULL;
  GEnumValue *code = nick != NULL ? g_enum_get_value_by_nick (codes, nick) : NULL;

  if (code != NULL)
    return g_error_new_literal (KL_CORE_ERROR, code->value, colon + 1);
  return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, nick != NULL && *nick == '\0' ? colon + 1 : text);
}

static Entry *
append_entry (KlOutbox *self, const char *client_id, const char *group, const char *body, gint64 created_at,
              const char *failed)
{
  g_autoptr (GError) error = failed != NULL ? parse_reason (failed) : NULL;
  Entry *entry = g_new0 (Entry, 1);

  entry->message = kl_message_new (group);
  g_object_set (entry->message, "client-id", client_id, "sender", self->me, "mine", TRUE, "body", body, "created-at",
                created_at, "state", failed != NULL ? KL_MESSAGE_STATE_FAILED : KL_MESSAGE_STATE_PENDING, "error",
                error, NULL);
  g_ptr_array_add (self->entries, entry);
  return entry;
}

static void
on_loaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KlOutbox) self = user_data;
  g_autoptr (GError) error = NULL;
  LoadJob *job = kl_database_run_finish (KL_DATABASE (source), result, &error);

  if (job == NULL)
    g_warning ("unsent messages and drafts cannot be read: %s", error->message);
  for (guint i = 0; job != NULL && i < job->entries->len; i++)
    {
      StoredEntry *stored = &g_array_index (job->entries, StoredEntry, i);
      append_entry (self, stored->client_id, stored->group, stored->body, stored->created_at, stored->failed);
    }
  if (job != NULL)
    {
      g_clear_pointer (&self->drafts, g_hash_table_unref);
      g_clear_pointer (&self->read_marks, g_hash_table_unref);
      self->drafts = g_hash_table_ref (job->drafts);
      self->read_marks = g_hash_table_ref (job->read_marks);
    }
  self->loaded = TRUE;
  g_signal_emit (self, signals[LOADED], 0);
  kl_outbox_pump (self);
}

void
kl_outbox_load (KlOutbox *self)
{
  g_return_if_fail (KL_IS_OUTBOX (self));

  LoadJob *job = g_new0 (LoadJob, 1);
  job->entries = g_array_new (FALSE, FALSE, sizeof (StoredEntry));
  g_array_set_clear_func (job->entries, stored_entry_clear);
  job->drafts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  job->read_marks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  kl_database_run_async (self->database, run_load, job, load_job_free, on_loaded, g_object_ref (self));
}

gboolean
kl_outbox_get_loaded (KlOutbox *self)
{
  g_return_val_if_fail (KL_IS_OUTBOX (self), FALSE);
  return self->loaded;
}

/* ── Adding ── */

static void
on_added (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  KlOutbox *self = g_task_get_source_object (task);
  GError *error = NULL;
  Deed *deed = kl_database_run_finish (KL_DATABASE (source), result, &error);

  if (deed == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  Entry *entry = append_entry (self, deed->texts[1], deed->texts[0], deed->texts[2], deed->number, NULL);
  g_signal_emit (self, signals[ADDED], 0, entry->message);
  g_task_return_boolean (task, TRUE);
  kl_outbox_pump (self);
}

void
kl_outbox_add_async (KlOutbox *self, const char *group, const char *body, gint64 created_at,
                     GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_OUTBOX (self));

  GTask *task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, kl_outbox_add_async);
  Deed *deed = g_new0 (Deed, 1);
  deed->sql = "INSERT INTO outbox (client_id, grp, body, created_at) VALUES (?2, ?1, ?3, ?5)";
  deed->sql2 = "DELETE FROM drafts WHERE grp = ?1";
  deed->texts[0] = g_strdup (group);
  deed->texts[1] = kl_id_new_random ();
  deed->texts[2] = g_strdup (body);
  deed->number = created_at;
  g_hash_table_remove (self->drafts, group);
  g_hash_table_remove (self->dirty, group);
  kl_database_run_async (self->database, run_deed, deed, deed_free, on_added, task);
}

gboolean
kl_outbox_add_finish (KlOutbox *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ── Sending ── */

void
kl_outbox_pump (KlOutbox *self)
{
  g_return_if_fail (KL_IS_OUTBOX (self));

  if (!self->loaded || self->retry_source != 0 || self->send == NULL || self->entries->len == 0)
    return;
  g_autoptr (GHashTable) busy = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < self->entries->len; i++)
    {
      Entry *entry = g_ptr_array_index (self->entries, i);
      const char *group = kl_message_get_group_id (entry->message);

      if (kl_message_get_state (entry->message) == KL_MESSAGE_STATE_FAILED || !g_hash_table_add (busy, (gpointer) group)
          || entry->in_flight)
        continue;
      entry->in_flight = self->send (self, entry->message, self->send_data);
    }
}

gboolean
kl_outbox_get_held (KlOutbox *self)
{
  g_return_val_if_fail (KL_IS_OUTBOX (self), FALSE);
  return self->held;
}

static void
set_held (KlOutbox *self, gboolean held)
{
  if (self->held == held)
    return;
  self->held = held;
  g_signal_emit (self, signals[HELD_CHANGED], 0);
}

void
kl_outbox_interrupt (KlOutbox *self)
{
  g_return_if_fail (KL_IS_OUTBOX (self));

  set_held (self, FALSE);
  for (guint i = 0; i < self->entries->len; i++)
    ((Entry *) g_ptr_array_index (self->entries, i))->in_flight = FALSE;
  g_clear_handle_id (&self->retry_source, g_source_remove);
}

static gboolean
on_retry (gpointer user_data)
{
  KlOutbox *self = user_data;

  self->retry_source = 0;
  kl_outbox_pump (self);
  return G_SOURCE_REMOVE;
}

static gboolean
may_pass (const GError *error, guint tries)
{
  if (error->domain != KL_CORE_ERROR)
    return TRUE;
  switch ((KlCoreError) error->code)
    {
    case KL_CORE_ERROR_RATE_LIMITED:
    case KL_CORE_ERROR_UNAVAILABLE:
    case KL_CORE_ERROR_OFFLINE:
    case KL_CORE_ERROR_TIMED_OUT:
    case KL_CORE_ERROR_UNREACHABLE:
    case KL_CORE_ERROR_UNAUTHORIZED:
      return TRUE;
    case KL_CORE_ERROR_INTERNAL:
      return tries < INTERNAL_TRIES;
    case KL_CORE_ERROR_BAD_REQUEST:
    case KL_CORE_ERROR_FORBIDDEN:
    case KL_CORE_ERROR_NOT_FOUND:
    case KL_CORE_ERROR_CONFLICT:
    case KL_CORE_ERROR_TOO_LARGE:
    case KL_CORE_ERROR_BAD_ADDRESS:
    case KL_CORE_ERROR_UNTRUSTED:
    case KL_CORE_ERROR_NOT_KLATCH:
    case KL_CORE_ERROR_NO_SECRET_SERVICE:
    case KL_CORE_ERROR_STORAGE:
    case KL_CORE_ERROR_LEFT:
    default:
      return FALSE;
    }
}

static void
mark_failed (KlOutbox *self, KlMessage *message, const GError *error)
{
  g_autofree char *reason = dup_reason (error);

  keep (self, "UPDATE outbox SET failed = ?2 WHERE client_id = ?1", kl_message_get_client_id (message), reason, 0);
  g_object_set (message, "error", error, "state", KL_MESSAGE_STATE_FAILED, NULL);
}

void
kl_outbox_sent (KlOutbox *self, KlMessage *message, const GError *error)
{
  g_return_if_fail (KL_IS_OUTBOX (self));

  Entry *entry = find_entry (self, kl_message_get_client_id (message), NULL);
  if (entry == NULL)
    return;
  entry->in_flight = FALSE;
  set_held (self, g_error_matches (error, KL_CORE_ERROR, KL_CORE_ERROR_UNAVAILABLE));
  if (error == NULL)
    {
      kl_outbox_confirm (self, kl_message_get_client_id (message));
      return;
    }
  /* The next connection asks for it. */
  if (g_error_matches (error, KL_CORE_ERROR, KL_CORE_ERROR_OFFLINE))
    return;
  entry->tries++;
  if (may_pass (error, entry->tries))
    {
      gint64 wait_ms = MAX (kl_error_get_retry_after_ms (error), RETRY_MS_MIN << MIN (entry->tries - 1, 6));
      if (self->retry_source == 0)
        self->retry_source = g_timeout_add ((guint) MIN (wait_ms, RETRY_MS_MAX), on_retry, self);
      return;
    }
  mark_failed (self, message, error);
  kl_outbox_pump (self);
}

void
kl_outbox_fail_group (KlOutbox *self, const char *group, const GError *reason)
{
  g_return_if_fail (KL_IS_OUTBOX (self));

  for (guint i = 0; i < self->entries->len; i++)
    {
      Entry *entry = g_ptr_array_index (self->entries, i);
      if (g_str_equal (kl_message_get_group_id (entry->message), group)
          && kl_message_get_state (entry->message) != KL_MESSAGE_STATE_FAILED)
        {
          entry->in_flight = FALSE;
          mark_failed (self, entry->message, reason);
        }
    }
}

static void
remove_entry (KlOutbox *self, guint index, gboolean stored)
{
  Entry *entry = g_ptr_array_steal_index (self->entries, index);

  keep (self, "DELETE FROM outbox WHERE client_id = ?1", kl_message_get_client_id (entry->message), NULL, 0);
  g_signal_emit (self, signals[REMOVED], 0, entry->message, stored);
  entry_free (entry);
  if (stored || self->entries->len == 0)
    set_held (self, FALSE);
}

KlMessage *
kl_outbox_peek (KlOutbox *self, const char *client_id)
{
  g_return_val_if_fail (KL_IS_OUTBOX (self), NULL);

  Entry *entry = find_entry (self, client_id, NULL);
  return entry != NULL ? entry->message : NULL;
}

void
kl_outbox_confirm (KlOutbox *self, const char *client_id)
{
  guint index;

  g_return_if_fail (KL_IS_OUTBOX (self));

  if (find_entry (self, client_id, &index) == NULL)
    return;
  remove_entry (self, index, TRUE);
  kl_outbox_pump (self);
}

void
kl_outbox_detach (KlOutbox *self)
{
  g_return_if_fail (KL_IS_OUTBOX (self));

  self->send = NULL;
}

GPtrArray *
kl_outbox_list (KlOutbox *self, const char *group)
{
  GPtrArray *messages = g_ptr_array_new_with_free_func (g_object_unref);

  g_return_val_if_fail (KL_IS_OUTBOX (self), messages);

  for (guint i = 0; i < self->entries->len; i++)
    {
      Entry *entry = g_ptr_array_index (self->entries, i);
      if (g_str_equal (kl_message_get_group_id (entry->message), group))
        g_ptr_array_add (messages, g_object_ref (entry->message));
    }
  return messages;
}

void
kl_outbox_retry (KlOutbox *self, KlMessage *message)
{
  g_return_if_fail (KL_IS_OUTBOX (self));

  Entry *entry = find_entry (self, kl_message_get_client_id (message), NULL);
  if (entry == NULL || kl_message_get_state (message) != KL_MESSAGE_STATE_FAILED)
    return;
  entry->tries = 0;
  keep (self, "UPDATE outbox SET failed = NULL WHERE client_id = ?1", kl_message_get_client_id (message), NULL, 0);
  g_object_set (message, "error", NULL, "state", KL_MESSAGE_STATE_PENDING, NULL);
  kl_outbox_pump (self);
}

void
kl_outbox_discard (KlOutbox *self, KlMessage *message)
{
  guint index;

  g_return_if_fail (KL_IS_OUTBOX (self));

  Entry *entry = find_entry (self, kl_message_get_client_id (message), &index);
  if (entry != NULL && kl_message_get_state (message) == KL_MESSAGE_STATE_FAILED)
    remove_entry (self, index, FALSE);
}

/* ── Drafts and read marks ── */

GHashTable *
kl_outbox_get_drafts (KlOutbox *self)
{
  g_return_val_if_fail (KL_IS_OUTBOX (self), NULL);
  return self->drafts;
}

GHashTable *
kl_outbox_get_read_marks (KlOutbox *self)
{
  g_return_val_if_fail (KL_IS_OUTBOX (self), NULL);
  return self->read_marks;
}

static void
write_drafts (KlOutbox *self)
{
  GHashTableIter iter;
  gpointer group;

  g_clear_handle_id (&self->draft_source, g_source_remove);
  g_hash_table_iter_init (&iter, self->dirty);
  while (g_hash_table_iter_next (&iter, &group, NULL))
    {
      const char *draft = g_hash_table_lookup (self->drafts, group);
      keep (self,
            draft != NULL ? "INSERT OR REPLACE INTO drafts (grp, body) VALUES (?1, ?2)"
                          : "DELETE FROM drafts WHERE grp = ?1",
            group, draft, 0);
    }
  g_hash_table_remove_all (self->dirty);
}

static gboolean
on_draft_due (gpointer user_data)
{
  KlOutbox *self = user_data;

  self->draft_source = 0;
  write_drafts (self);
  return G_SOURCE_REMOVE;
}

void
kl_outbox_set_draft (KlOutbox *self, const char *group, const char *draft)
{
  g_return_if_fail (KL_IS_OUTBOX (self));

  const char *known = g_hash_table_lookup (self->drafts, group);
  if (draft != NULL && draft[0] == '\0')
    draft = NULL;
  if (g_strcmp0 (known, draft) == 0)
    return;
  if (draft != NULL)
    g_hash_table_replace (self->drafts, g_strdup (group), g_strdup (draft));
  else
    g_hash_table_remove (self->drafts, group);
  g_hash_table_add (self->dirty, g_strdup (group));
  if (self->draft_source == 0)
    self->draft_source = g_timeout_add (DRAFT_DELAY_MS, on_draft_due, self);
}

gint64
kl_outbox_get_read_mark (KlOutbox *self, const char *group)
{
  g_return_val_if_fail (KL_IS_OUTBOX (self), 0);

  gint64 *seq = g_hash_table_lookup (self->read_marks, group);
  return seq != NULL ? *seq : 0;
}

void
kl_outbox_set_read_mark (KlOutbox *self, const char *group, gint64 seq)
{
  g_return_if_fail (KL_IS_OUTBOX (self));

  if (kl_outbox_get_read_mark (self, group) == seq)
    return;
  if (seq > 0)
    g_hash_table_replace (self->read_marks, g_strdup (group), g_memdup2 (&seq, sizeof seq));
  else
    g_hash_table_remove (self->read_marks, group);
  keep (self,
        seq > 0 ? "INSERT OR REPLACE INTO read_marks (grp, seq) VALUES (?1, ?5)"
                : "DELETE FROM read_marks WHERE grp = ?1",
        group, NULL, seq);
}

/* ── Object ── */

void
kl_outbox_close_async (KlOutbox *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_OUTBOX (self));

  write_drafts (self);
  kl_database_close_async (self->database, callback, user_data);
}

gboolean
kl_outbox_close_finish (KlOutbox *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (KL_IS_OUTBOX (self), FALSE);
  return kl_database_close_finish (self->database, result, error);
}

static void
kl_outbox_dispose (GObject *object)
{
  KlOutbox *self = KL_OUTBOX (object);

  g_clear_handle_id (&self->draft_source, g_source_remove);
  g_clear_handle_id (&self->retry_source, g_source_remove);
  g_clear_object (&self->database);
  g_clear_object (&self->me);
  G_OBJECT_CLASS (kl_outbox_parent_class)->dispose (object);
}

static void
kl_outbox_finalize (GObject *object)
{
  KlOutbox *self = KL_OUTBOX (object);

  g_ptr_array_unref (self->entries);
  g_hash_table_unref (self->drafts);
  g_hash_table_unref (self->dirty);
  g_hash_table_unref (self->read_marks);
  G_OBJECT_CLASS (kl_outbox_parent_class)->finalize (object);
}

static void
kl_outbox_class_init (KlOutboxClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = kl_outbox_dispose;
  object_class->finalize = kl_outbox_finalize;

  signals[LOADED] = g_signal_new ("loaded", KL_TYPE_OUTBOX, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[ADDED]
      = g_signal_new ("added", KL_TYPE_OUTBOX, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, KL_TYPE_MESSAGE);
  signals[REMOVED] = g_signal_new ("removed", KL_TYPE_OUTBOX, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                   KL_TYPE_MESSAGE, G_TYPE_BOOLEAN);
  signals[HELD_CHANGED]
      = g_signal_new ("held-changed", KL_TYPE_OUTBOX, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
kl_outbox_init (KlOutbox *self)
{
  self->entries = g_ptr_array_new_with_free_func (entry_free);
  self->drafts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->dirty = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->read_marks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

KlOutbox *
kl_outbox_new (const char *path, KlUser *me, KlOutboxSend send, gpointer user_data)
{
  KlOutbox *self = g_object_new (KL_TYPE_OUTBOX, NULL);

  self->database = kl_database_new (path, migrations, KL_DATABASE_KEEP);
  self->me = g_object_ref (me);
  self->send = send;
  self->send_data = user_data;
  return self;
}
