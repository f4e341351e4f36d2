/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Chores: taking out of the log what nobody reads any more. Each may be left undone, or done by several at once. Internal
 * to the store. */
#pragma once

#include "server/store/kl-mongo-pool.h"

G_BEGIN_DECLS

/* The older states of these messages (SEQS: gint64) of GROUP are to go. */
void kl_mongo_tidy_later (KlStoreJob *job, const char *group, const GArray *seqs);

/* The entries of GROUP that have states of these messages. */
bson_t *kl_mongo_filter_messages (const char *group, const GArray *seqs);

/* text[0]: a deleted group, whose messages, marks and bans are to go. */
gboolean kl_mongo_purge (KlMongo *db, KlStoreJob *job);
/* The same for all deleted groups where it was not done to the end. */
gboolean kl_mongo_purge_all (KlMongo *db, KlStoreJob *job);

/* The entries of GROUP that are about the messages of these seqs (gint64). */
bson_t *kl_mongo_filter_messages (const char *group, const GArray *seqs);

G_END_DECLS
