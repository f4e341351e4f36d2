/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Groups, members, marks, bans, the directory. Internal to the store. */
#pragma once

#include "server/store/kl-mongo-pool.h"

G_BEGIN_DECLS

/* text[0]: the group. */
gboolean kl_mongo_load_group (KlMongo *db, KlStoreJob *job);
/* text[0]: the slug. */
gboolean kl_mongo_find_group (KlMongo *db, KlStoreJob *job);
/* text[0]: the group; text[1]: the user. */
gboolean kl_mongo_get_member (KlMongo *db, KlStoreJob *job);
/* text: group, query, after_name; number[0]: limit. */
gboolean kl_mongo_get_members (KlMongo *db, KlStoreJob *job);
/* text[0]: the user. */
gboolean kl_mongo_get_memberships (KlMongo *db, KlStoreJob *job);
/* text[0]: the group; object: KlStoreMember; number[0]: KlMarkFields. */
gboolean kl_mongo_set_marks (KlMongo *db, KlStoreJob *job);
/* text[0]: the group; object: KlStoreBan; number[0]: on. Makes text[1], the job's own word. */
gboolean kl_mongo_set_ban (KlMongo *db, KlStoreJob *job);
/* text: query, after_id; number: all, after_members, limit. */
gboolean kl_mongo_list_groups (KlMongo *db, KlStoreJob *job);
gboolean kl_mongo_get_totals (KlMongo *db, KlStoreJob *job);
/* How far kl_mongo_get_moved() has looked, and told. One job at a time reads it, the main loop writes it between them. */
typedef struct _KlMongoSweep KlMongoSweep;
/* What one look has found. */
typedef struct _KlMongoMoved KlMongoMoved;

KlMongoSweep *kl_mongo_sweep_new (void);
KlMongoSweep *kl_mongo_sweep_ref (KlMongoSweep *self);
void kl_mongo_sweep_unref (KlMongoSweep *self);

/* object: KlMongoSweep. → KlMongoMoved. What nobody was told counts as not found. */
gboolean kl_mongo_get_moved (KlMongo *db, KlStoreJob *job);
/* Main loop: it is told now. Takes MOVED, gives the heads (KlStoreHead). */
GPtrArray *kl_mongo_sweep_tell (KlMongoSweep *self, KlMongoMoved *moved);

/* Adds the group's members (KlStoreMember) in no order; FORMER: who left too. */
gboolean kl_mongo_load_members (KlMongo *db, const char *group, gboolean former, GPtrArray *members, GError **error);
/* Adds its bans (KlStoreBan). */
gboolean kl_mongo_load_bans (KlMongo *db, const char *group, GPtrArray *bans, GError **error);

G_END_DECLS
