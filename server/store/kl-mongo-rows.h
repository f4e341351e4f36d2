/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values as documents and back; docs/architecture.md has the fields. Internal to the store. */
#pragma once

#include "server/store/kl-mongo-memory.h"
#include "server/store/kl-mongo.h"

G_BEGIN_DECLS

/* ── Entries of the log ──
 * One document is one deed: its changes follow each other, and it is named by the first one's rev. */

/* "GROUP:REV", which sorts as the revs do. */
char *kl_mongo_key (const char *group, gint64 rev);
/* {"FIELD": from GROUP's entry REV to its last}; REV may be below 1. Field: "_id", or "mg" for those that concern
 * members or the group itself. */
bson_t *kl_mongo_filter_since (const char *field, const char *group, gint64 rev);

/* The deed of N changes from the index FIRST of the batch; HEAD is moved behind it. A change without its state is one whose state
 * was superseded and removed. */
bson_t *kl_mongo_write_entry (const KlStoreBatch *batch, guint first, guint n, KlMongoHead *head, const char *nonce);

void kl_mongo_read_head (const bson_t *entry, KlMongoHead *head);
gint64 kl_mongo_entry_first (const bson_t *entry);
gint64 kl_mongo_entry_last (const bson_t *entry);
/* Appends its changes (KlStoreChange) to the array. The state is missing where it is superseded and was removed; a
 * message that was read without its JSON has an empty one. */
void kl_mongo_read_entry (const bson_t *entry, GArray *changes);
/* An array for them, which clears its elements. */
GArray *kl_mongo_changes_new (void);

/* ── States ── */

void kl_mongo_append_group (bson_t *doc, const KlStoreGroup *group);
KlStoreGroup *kl_mongo_read_group (const bson_t *doc, const char *id, gint64 rev);
char *kl_mongo_fold_group (const KlStoreGroup *group);

KlStoreUser *kl_mongo_read_user (const bson_t *doc);
KlStoreSession *kl_mongo_read_session (const bson_t *doc);
KlStoreBan *kl_mongo_read_ban (const bson_t *doc);

G_END_DECLS
