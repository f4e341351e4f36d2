/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One walk over the source, which writes what it meets by the thousand, each time together with the place where it is;
 * then two walks side by side. */
#include "server/chat/kl-store-copy.h"

#define PAGE 500
/* So many records, or bytes of messages, are written at once. */
#define BUFFER_RECORDS 2000
#define BUFFER_BYTES (4 * 1024 * 1024)

/* ── A walk over all records ── */

typedef struct
{
  KlDumpKind kind;
  GPtrArray *records; /* KlDumpRecord, owned */
  guint position;
  char *next; /* NULL: no more pages */
  gboolean begun;
} Page;

typedef struct
{
  KlStoreDump *dump;
  Page outer;  /* of users, sessions, groups, invites */
  Page inner;  /* of what belongs to the group */
  char *group; /* in which the inner page is; NULL: in none */
} Walk;

static void
clear_page (Page *self)
{
  g_clear_pointer (&self->records, g_ptr_array_unref);
  g_clear_pointer (&self->next, g_free);
}

/* Goes on after the record of this key; NULL: from the beginning of the kind. */
static void
open_page (Page *self, KlDumpKind kind, const char *after)
{
  clear_page (self);
  self->kind = kind;
  self->records = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_dump_record_free);
  self->position = 0;
  self->next = g_strdup (after);
  self->begun = FALSE;
}

static void
init_walk (Walk *self, KlStoreDump *dump)
{
  *self = (Walk) { .dump = dump };
  open_page (&self->outer, KL_DUMP_USER, NULL);
}

static void
clear_walk (Walk *self)
{
  clear_page (&self->outer);
  clear_page (&self->inner);
  g_free (self->group);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Walk, clear_walk)

/* *RECORD: lent until the next page is read; NULL at the end of the kind. */
static gboolean
take_from_page (KlStoreDump *dump, Page *page, const char *group, KlDumpRecord **record, GError **error)
{
  *record = NULL;
  while (page->position == page->records->len && (page->next || !page->begun))
    {
      g_autofree char *after = g_steal_pointer (&page->next);

      page->begun = TRUE;
      page->position = 0;
      g_ptr_array_set_size (page->records, 0);
      if (!kl_store_dump_read (dump, page->kind, group, after, PAGE, page->records, &page->next, error))
        return FALSE;
    }
  if (page->position < page->records->len)
    *record = g_ptr_array_index (page->records, page->position++);

  return TRUE;
}

/* *RECORD: lent; NULL at the end. */
static gboolean
walk_on (Walk *self, KlDumpRecord **record, GError **error)
{
  for (;;)
    {
      Page *page = self->group ? &self->inner : &self->outer;

      if (!take_from_page (self->dump, page, self->group, record, error))
        return FALSE;
      if (*record && (*record)->kind == KL_DUMP_GROUP)
        {
          self->group = g_strdup ((*record)->state->id);
          open_page (&self->inner, KL_DUMP_MEMBER, NULL);
        }
      if (*record)
        return TRUE;

      if (self->group && page->kind < KL_DUMP_CHANGE)
        open_page (page, page->kind + 1, NULL);
      else if (self->group)
        g_clear_pointer (&self->group, g_free);
      else if (page->kind < KL_DUMP_INVITE)
        open_page (page, page->kind + 1, NULL);
      else
        return TRUE;
    }
}

/* ── Places: kind, group, key ── */

static char *
dup_place (const KlDumpRecord *record)
{
  g_autofree char *key = kl_dump_record_dup_key (record);

  return g_strdup_printf ("%d\n%s\n%s", record->kind, record->group ? record->group : "", key);
}

/* Reads the group that was under way again, since the target needs it before the rest of it. */
static gboolean
resume_group (Walk *self, const char *group, GPtrArray *buffer, GError **error)
{
  g_autofree char *next = NULL;

  if (!kl_store_dump_read (self->dump, KL_DUMP_GROUP, group, NULL, 1, buffer, &next, error))
    return FALSE;
  if (buffer->len != 1)
    return kl_store_fail (error, "the source has changed since this copy was begun: empty the target and begin anew");
  self->group = g_strdup (group);
  open_page (&self->outer, KL_DUMP_GROUP, group);

  return TRUE;
}

static gboolean
resume (Walk *self, const char *place, GPtrArray *buffer, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (place, "\n", 3);
  guint64 kind;

  if (g_strv_length (parts) != 3 || !g_ascii_string_to_unsigned (parts[0], 10, 0, KL_DUMP_N_KINDS - 1, &kind, NULL))
    return kl_store_fail (error, "the target does not say where its copy was interrupted: empty it and begin anew");
  if (kind != KL_DUMP_GROUP && kind < KL_DUMP_MEMBER)
    {
      open_page (&self->outer, (KlDumpKind) kind, parts[2]);
      return TRUE;
    }
  if (!resume_group (self, kind == KL_DUMP_GROUP ? parts[2] : parts[1], buffer, error))
    return FALSE;
  if (kind == KL_DUMP_GROUP)
    open_page (&self->inner, KL_DUMP_MEMBER, NULL);
  else
    open_page (&self->inner, (KlDumpKind) kind, parts[2]);

  return TRUE;
}

/* ── Copying ── */

typedef struct
{
  KlStoreProgress progress;
  gpointer user_data;
  const char *stage;
  gint64 done, total; /* changes */
} Teller;

static void
tell (Teller *self, const KlDumpRecord *record)
{
  if (record->kind == KL_DUMP_CHANGE)
    self->done++;
  if (self->progress && self->done % 100 == 0)
    self->progress (self->stage, MIN (self->done, self->total), self->total, self->user_data);
}

/* What is only repeated is not worth a step back. */
static gboolean
flush (KlStoreDump *to, GPtrArray *buffer, guint n_new, GError **error)
{
  g_autofree char *place = NULL;

  if (n_new == 0)
    return TRUE;
  place = dup_place (g_ptr_array_index (buffer, buffer->len - 1));
  if (!kl_store_dump_write (to, buffer, place, error))
    return FALSE;
  g_ptr_array_set_size (buffer, 0);

  return TRUE;
}

/* Out of the page into the buffer. */
static KlDumpRecord *
take_record (Walk *self, KlDumpRecord *record)
{
  Page *page = record->kind >= KL_DUMP_MEMBER ? &self->inner : &self->outer;

  return g_ptr_array_steal_index (page->records, --page->position);
}

static gboolean
copy_all (KlStoreDump *from, KlStoreDump *to, const char *place, Teller *teller, GError **error)
{
  g_autoptr (GPtrArray) buffer = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_dump_record_free);
  g_auto (Walk) walk = { 0 };
  KlDumpRecord *record;
  gsize bytes = 0;
  guint n_new = 0;

  init_walk (&walk, from);
  if (place && !resume (&walk, place, buffer, error))
    return FALSE;
  while (walk_on (&walk, &record, error))
    {
      if (!record)
        return flush (to, buffer, n_new, error);
      tell (teller, record);
      n_new++;
      bytes += record->change.message ? record->change.message->json_length : 0;
      g_ptr_array_add (buffer, take_record (&walk, record));
      if (buffer->len < BUFFER_RECORDS && bytes < BUFFER_BYTES)
        continue;
      if (!flush (to, buffer, n_new, error))
        return FALSE;
      bytes = 0;
      n_new = 0;
    }

  return FALSE;
}

/* ── Comparing ── */

static gboolean
fail_different (const KlDumpRecord *ours, const KlDumpRecord *theirs, GError **error)
{
  const KlDumpRecord *record = ours ? ours : theirs;
  g_autofree char *key = kl_dump_record_dup_key (record);
  const char *name = kl_dump_kind_get_name (record->kind);

  return kl_store_fail (error,
               "the copy differs from the source in \"%s\" at %s%s%s: did somebody use one of them meanwhile? Empty "
               "the target and begin anew",
               name, record->group ? record->group : "", record->group ? " " : "", key);
}

static gboolean
compare_all (KlStoreDump *from, KlStoreDump *to, Teller *teller, KlStoreCopyResult *result, GError **error)
{
  g_autoptr (GString) our_text = g_string_new (NULL), their_text = g_string_new (NULL);
  g_auto (Walk) our_walk = { 0 }, their_walk = { 0 };
  GChecksum *checksums[KL_DUMP_N_KINDS];
  KlDumpRecord *ours = NULL, *theirs = NULL;
  gboolean ok = TRUE;

  for (int kind = 0; kind < KL_DUMP_N_KINDS; kind++)
    checksums[kind] = g_checksum_new (G_CHECKSUM_SHA256);
  init_walk (&our_walk, from);
  init_walk (&their_walk, to);
  while ((ok = walk_on (&our_walk, &ours, error) && walk_on (&their_walk, &theirs, error)) && (ours || theirs))
    {
      g_string_truncate (our_text, 0);
      g_string_truncate (their_text, 0);
      if (ours)
        kl_dump_record_describe (ours, our_text);
      if (theirs)
        kl_dump_record_describe (theirs, their_text);
      if (!ours || !theirs || ours->kind != theirs->kind || !g_string_equal (our_text, their_text))
        {
          ok = fail_different (ours, theirs, error);
          break;
        }
      tell (teller, ours);
      result->counts[ours->kind]++;
      g_checksum_update (checksums[ours->kind], (const guchar *) their_text->str, (gssize) their_text->len);
    }
  for (int kind = 0; kind < KL_DUMP_N_KINDS; kind++)
    {
      g_strlcpy (result->checksums[kind], g_checksum_get_string (checksums[kind]), KL_COPY_CHECKSUM_BYTES);
      g_checksum_free (checksums[kind]);
    }

  return ok;
}

gboolean
kl_store_copy (KlStoreDump *from, KlStoreDump *to, KlStoreProgress progress, gpointer user_data,
               KlStoreCopyResult *result, GError **error)
{
  Teller teller = { progress, user_data, "copying", 0, kl_store_dump_count_changes (from, error) };
  g_autofree char *place = NULL;
  KlDumpOrigin origin = { 0 };

  *result = (KlStoreCopyResult) { 0 };
  kl_store_dump_get_origin (from, &origin);
  if (teller.total < 0 || !kl_store_dump_begin (to, &origin, &place, error))
    return FALSE;
  result->resumed = place != NULL;
  if (!copy_all (from, to, place, &teller, error))
    return FALSE;
  teller = (Teller) { progress, user_data, "comparing", 0, teller.total };

  return compare_all (from, to, &teller, result, error) && kl_store_dump_finish (to, error);
}
