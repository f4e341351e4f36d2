/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What many ask of one group at the same time is read once. When a node goes, all its people come to the others within
 * a moment, and each asks the same of the same groups: what has changed, and what is unread.
 *
 * One read a group is under way, of each of the two kinds. Who asks meanwhile waits for its end, and shares the next
 * one with all the others who came. That one begins after they have asked, so nobody is told less than what was stored
 * then. Who asks for much more than the others do goes alone, so that nobody waits because another was away for long.
 */
#include "server/chat/kl-chat-private.h"

/* ── Changes ── */

typedef struct
{
  gint64 since;
  KlChatChangesFunc func;
  gpointer user_data;
} ChangesReader;

typedef struct
{
  KlChatGroup *group; /* referenced */
  KlChat *chat;       /* referenced */
  GArray *readers;    /* ChangesReader */
  gint64 since;       /* of the one who is furthest behind */
  gboolean alone;
} ChangesRead;

static void
read_changes (KlChatGroup *group, GArray *readers, gboolean alone);

static void
read_changes_for_waiting (KlChatGroup *group)
{
  if (group->reading_changes || !group->changes_waiting)
    return;

  group->reading_changes = TRUE;
  read_changes (group, g_steal_pointer (&group->changes_waiting), FALSE);
}

/* Those of the changes above `since`, lent. */
static GArray *
lend_above (const GArray *changes, gint64 since)
{
  GArray *lent = g_array_new (FALSE, FALSE, sizeof (KlStoreChange));
  guint first = 0;

  while (first < changes->len && g_array_index (changes, KlStoreChange, first).rev <= since)
    first++;
  if (first < changes->len)
    g_array_append_vals (lent, &g_array_index (changes, KlStoreChange, first), changes->len - first);

  return lent;
}

static void
read_changes_alone (KlChatGroup *group, const ChangesReader *reader)
{
  GArray *readers = g_array_sized_new (FALSE, FALSE, sizeof *reader, 1);

  g_array_append_vals (readers, reader, 1);
  read_changes (group, readers, TRUE);
}

static void
give_changes (const ChangesRead *read, const ChangesReader *reader, const GArray *changes, const GError *error)
{
  g_autoptr (GArray) lent = changes ? lend_above (changes, reader->since) : NULL;

  /* Where it was cut off, one who was asked for along with another does not know up to where it is whole. */
  if (changes && changes->len > KL_LIMIT_SYNC_CHANGES && reader->since > read->since)
    read_changes_alone (read->group, reader);
  else
    reader->func (lent, error, reader->user_data);
}

static void
on_changes (GObject *source, GAsyncResult *result, gpointer user_data)
{
  ChangesRead *read = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) changes = kl_store_get_changes_finish (KL_STORE (source), result, &error);

  if (!read->alone)
    read->group->reading_changes = FALSE;
  if (g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND))
    {
      /* It has just been deleted: group:removed is on its way. */
      g_clear_error (&error);
      changes = g_array_new (FALSE, FALSE, sizeof (KlStoreChange));
    }
  for (guint i = 0; i < read->readers->len; i++)
    give_changes (read, &g_array_index (read->readers, ChangesReader, i), changes, error);
  read_changes_for_waiting (read->group);

  g_array_unref (read->readers);
  kl_chat_group_unref (read->group);
  g_object_unref (read->chat);
  g_free (read);
}

static void
read_changes (KlChatGroup *group, GArray *readers, gboolean alone)
{
  ChangesRead *read = g_new0 (ChangesRead, 1);

  read->since = g_array_index (readers, ChangesReader, 0).since;
  for (guint i = 1; i < readers->len; i++)
    read->since = MIN (read->since, g_array_index (readers, ChangesReader, i).since);
  read->group = kl_chat_group_ref (group);
  read->chat = g_object_ref (group->chat);
  read->readers = readers;
  read->alone = alone;
  kl_store_get_changes_async (group->chat->store, group->id, read->since, KL_LIMIT_SYNC_CHANGES + 1, on_changes, read);
}

void
kl_chat_group_read_changes (KlChatGroup *self, gint64 since, KlChatChangesFunc func, gpointer user_data)
{
  const ChangesReader reader = { since, func, user_data };

  if (self->rev - since > KL_LIMIT_SYNC_CHANGES)
    {
      read_changes_alone (self, &reader);
      return;
    }

  if (!self->changes_waiting)
    self->changes_waiting = g_array_new (FALSE, FALSE, sizeof reader);
  g_array_append_val (self->changes_waiting, reader);
  read_changes_for_waiting (self);
}

/* ── Unread messages ── */

/* Messages that one call looks at, about; more than these behind the head goes alone. */
#define COUNT_MESSAGES_MAX 5000

/* What one person asks for. */
typedef struct
{
  KlChat *chat; /* referenced */
  char *user;
  guint waiting; /* for so many groups, and for the end of asking */
  GError *error;
  KlChatDone done;
  gpointer user_data;
} Count;

typedef struct
{
  KlChatSnapshot *snapshot; /* lent until the count is done, with its group */
  Count *count;
} CountReader;

typedef struct
{
  GArray *readers;   /* CountReader */
  GPtrArray *groups; /* KlChatGroup, referenced: those of which this is the read under way */
} CountRead;

static void
count_for_waiting (KlChat *chat, GPtrArray *groups);

static void
leave_count (Count *self)
{
  g_autoptr (KlChat) chat = NULL;

  if (--self->waiting > 0)
    return;

  chat = self->chat;
  self->done (self->user_data, self->error);
  g_clear_error (&self->error);
  g_free (self->user);
  g_free (self);
}

static gint64
get_distance (const CountReader *reader)
{
  return reader->snapshot->seq - reader->snapshot->read_seq;
}

static CountRead *
new_count_read (void)
{
  CountRead *read = g_new0 (CountRead, 1);

  read->readers = g_array_new (FALSE, FALSE, sizeof (CountReader));
  read->groups = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_chat_group_unref);

  return read;
}

static void
on_counted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  CountRead *read = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) counts = kl_store_count_unread_finish (KL_STORE (source), result, &error);
  g_autoptr (KlChat) chat = g_object_ref (g_array_index (read->readers, CountReader, 0).count->chat);

  for (guint i = 0; i < read->groups->len; i++)
    ((KlChatGroup *) g_ptr_array_index (read->groups, i))->counting = FALSE;
  for (guint i = 0; i < read->readers->len; i++)
    {
      const CountReader *reader = &g_array_index (read->readers, CountReader, i);

      if (counts)
        reader->snapshot->unread = g_array_index (counts, guint32, i);
      else if (!reader->count->error)
        reader->count->error = g_error_copy (error);
      leave_count (reader->count);
    }
  count_for_waiting (chat, read->groups);

  g_ptr_array_unref (read->groups);
  g_array_unref (read->readers);
  g_free (read);
}

/* Takes the read. */
static void
begin_count (KlChat *chat, CountRead *read)
{
  g_autoptr (GArray) queries = g_array_sized_new (FALSE, FALSE, sizeof (KlUnreadQuery), read->readers->len);

  for (guint i = 0; i < read->readers->len; i++)
    {
      const CountReader *reader = &g_array_index (read->readers, CountReader, i);
      const KlChatSnapshot *snapshot = reader->snapshot;
      const KlUnreadQuery query
          = { reader->count->user, snapshot->group->id, snapshot->read_seq, snapshot->seq, snapshot->rev };

      g_array_append_val (queries, query);
    }
  kl_store_count_unread_async (chat->store, (const KlUnreadQuery *) queries->data, queries->len, on_counted, read);
}

/* Takes along all who wait for this group. → how many messages are looked at for the one who is furthest behind. */
static gint64
take_waiting (CountRead *read, KlChatGroup *group)
{
  g_autoptr (GArray) waiting = g_steal_pointer (&group->count_waiting);
  gint64 distance = 0;

  for (guint i = 0; i < waiting->len; i++)
    distance = MAX (distance, get_distance (&g_array_index (waiting, CountReader, i)));
  g_array_append_vals (read->readers, waiting->data, waiting->len);
  g_ptr_array_add (read->groups, kl_chat_group_ref (group));
  group->counting = TRUE;

  return distance;
}

/* Counts for all who wait for one of these groups, where none is under way. */
static void
count_for_waiting (KlChat *chat, GPtrArray *groups)
{
  CountRead *read = NULL;
  gint64 messages = 0;

  for (guint i = 0; i < groups->len; i++)
    {
      KlChatGroup *group = g_ptr_array_index (groups, i);

      if (group->counting || !group->count_waiting)
        continue;
      if (!read)
        read = new_count_read ();
      messages += take_waiting (read, group);
      if (messages < COUNT_MESSAGES_MAX)
        continue;
      begin_count (chat, g_steal_pointer (&read));
      messages = 0;
    }
  if (read)
    begin_count (chat, read);
}

void
kl_chat_count_snapshots (KlChat *chat, KlChatPerson *viewer, GPtrArray *snapshots, KlChatDone done, gpointer user_data)
{
  Count *count = g_new0 (Count, 1);
  g_autoptr (GPtrArray) groups = g_ptr_array_new ();
  CountRead *alone = NULL;

  count->chat = g_object_ref (chat);
  count->user = g_strdup (viewer->id);
  count->waiting = 1;
  count->done = done;
  count->user_data = user_data;
  for (guint i = 0; i < snapshots->len; i++)
    {
      const CountReader reader = { g_ptr_array_index (snapshots, i), count };
      KlChatGroup *group = reader.snapshot->group;
      GArray **readers = &group->count_waiting;

      if (!reader.snapshot->member || get_distance (&reader) <= 0)
        continue;
      count->waiting++;
      if (get_distance (&reader) > COUNT_MESSAGES_MAX)
        {
          if (!alone)
            alone = new_count_read ();
          readers = &alone->readers;
        }
      else
        {
          if (!*readers)
            *readers = g_array_new (FALSE, FALSE, sizeof (CountReader));
          g_ptr_array_add (groups, group);
        }
      g_array_append_val (*readers, reader);
    }
  count_for_waiting (chat, groups);
  if (alone)
    begin_count (chat, alone);
  leave_count (count);
}
