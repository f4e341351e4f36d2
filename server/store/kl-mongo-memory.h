/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the workers of one MongoDB store remember together, so that a write asks the database for nothing that cannot
 * have changed. All of it may be forgotten at any time. Internal to the store. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Where a group's log stood after the entry that ends with `rev`; it never changes for this rev. */
typedef struct
{
  gint64 rev;
  gint64 seq;
  gint64 time;     /* created_at of the newest message; 0: none */
  gint64 last_seq; /* of the newest message that is not system */
  gint64 meta;     /* the last rev of the newest entry that changed members or the group itself */
  gboolean deleted;
} KlMongoHead;

typedef struct _KlMongoMemory KlMongoMemory;

KlMongoMemory *kl_mongo_memory_new (void);
void kl_mongo_memory_free (KlMongoMemory *self);

/* Whether the server fills in Timestamp(0,0), so that entries carry its own time; and whether it has no use of indexes
 * but for finding a document by its key (FerretDB). Set before the workers start. */
void kl_mongo_memory_set_server (KlMongoMemory *self, gboolean stamps, gboolean scans);
gboolean kl_mongo_memory_stamps (KlMongoMemory *self);
gboolean kl_mongo_memory_scans (KlMongoMemory *self);

/* FALSE: not remembered at this rev. */
gboolean kl_mongo_memory_get_head (KlMongoMemory *self, const char *group, gint64 rev, KlMongoHead *head);
/* The newest that is remembered; 0: none. */
gint64 kl_mongo_memory_get_rev (KlMongoMemory *self, const char *group);
void kl_mongo_memory_set_head (KlMongoMemory *self, const char *group, const KlMongoHead *head);

/* Accounts are never removed and names never change. NULL: not remembered. */
char *kl_mongo_memory_dup_name (KlMongoMemory *self, const char *user);
void kl_mongo_memory_add_name (KlMongoMemory *self, const char *user, const char *name);

G_END_DECLS
