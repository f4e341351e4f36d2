/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finding entries of the log by their place. Internal to the store. */
#pragma once

#include "server/store/kl-mongo.h"

G_BEGIN_DECLS

/* The newest entry of a group's log; NULL with no error where there is none. */
bson_t *kl_mongo_find_head (KlMongo *db, const char *group, GError **error);

/* The newest entry, or, where that would be looked for among all documents, the one that holds REV: on which an append
 * can be planned; whether it is the newest, the insert says. NULL with no error where there is none. */
bson_t *kl_mongo_find_base (KlMongo *db, const char *group, gint64 rev, GError **error);

/* The entries (bson_t) in their order from the first that may hold a change above REV, at most LIMIT; those before it that
 * are among them have to be passed over. The one that ends with REV is among them. */
GPtrArray *kl_mongo_find_entries (KlMongo *db, const char *group, gint64 rev, gint64 limit, GError **error);

G_END_DECLS
