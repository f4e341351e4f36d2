/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the writer knows between transactions, so that an append need not read it. Internal to the store. */
#pragma once

#include "server/store/kl-sqlite.h"

G_BEGIN_DECLS

typedef struct
{
  gint64 g;
  gint64 rev, seq, time, last_seq;
  gint64 members;
  gboolean deleted;
  gboolean dirty;         /* heads is to be written before the commit */
  gboolean members_dirty; /* groups.members too */
} KlSqliteHead;

/* What the writer's thread has beside its handle. Emptied when a transaction is rolled back. */
typedef struct
{
  GHashTable *heads;  /* group id, owned → KlSqliteHead, owned */
  GHashTable *users;  /* user id, owned → u (gint64), owned */
  GPtrArray *touched; /* heads that are dirty, lent by `heads` */
  gboolean purge;     /* a group was deleted: its rows are to be removed */

  /* kl-sqlite-ops.h */
  GHashTable *ops;       /* what stands in recent_ops, owned; NULL: to be read */
  GPtrArray *ops_sorted; /* those being moved to ops, lent by `ops`; NULL: none are */
  guint ops_added;       /* since the last commit */
  guint ops_moved;       /* how many of ops_sorted are in their new place */
  gint64 ops_last;       /* the last n of ops_sorted */
} KlSqliteMemory;

void kl_sqlite_memory_init (KlSqliteMemory *self);
void kl_sqlite_memory_clear (KlSqliteMemory *self);
void kl_sqlite_memory_forget (KlSqliteMemory *self);

/* *HEAD: NULL where there is no such group. FALSE on error. */
gboolean kl_sqlite_memory_find_head (KlSqlite *db, KlSqliteMemory *memory, const char *group, KlSqliteHead **head,
                                     GError **error);
KlSqliteHead *kl_sqlite_memory_add_head (KlSqliteMemory *memory, const char *group, const KlSqliteHead *values);

/* Before the commit: the heads that changed, each once. */
gboolean kl_sqlite_memory_flush (KlSqlite *db, KlSqliteMemory *memory, GError **error);

/* The integer key of a user's id; 0 where there is none. MEMORY may be NULL. FALSE on error. */
gboolean kl_sqlite_find_u (KlSqlite *db, KlSqliteMemory *memory, const char *user, gint64 *u, GError **error);

G_END_DECLS
