/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading the log and the messages in it. Internal to the store. */
#pragma once

#include "server/store/kl-mongo-pool.h"

G_BEGIN_DECLS

/* texts: the ops. */
gboolean kl_mongo_find_ops (KlMongo *db, KlStoreJob *job);
/* text[0]: the group; number: since, limit. */
gboolean kl_mongo_get_changes (KlMongo *db, KlStoreJob *job);
/* text[0]: the group; number: after_rev, limit. */
gboolean kl_mongo_read_log (KlMongo *db, KlStoreJob *job);
/* text[0]: the group; number: from_seq, to_seq. */
gboolean kl_mongo_get_messages (KlMongo *db, KlStoreJob *job);
/* text[0]: the group; text[1]: the id. */
gboolean kl_mongo_get_message (KlMongo *db, KlStoreJob *job);
/* object: GArray of KlUnreadQuery; texts: what they lend. */
gboolean kl_mongo_count_unread (KlMongo *db, KlStoreJob *job);

/* The newest states (KlStoreMessage) of these messages, in the order of seq; with JOB what is superseded is tidied away
 * later. */
GPtrArray *kl_mongo_find_messages (KlMongo *db, KlStoreJob *job, const char *group, gint64 from, gint64 to,
                                   GError **error);

/* The newest state (KlStoreMessage) of each message in these entries whose seq lies within FROM and TO, in the order of
 * seq. SUPERSEDED gets the seqs of those which have older ones. */
GPtrArray *kl_mongo_keep_newest (GPtrArray *entries, gint64 from, gint64 to, GArray *superseded);

G_END_DECLS
