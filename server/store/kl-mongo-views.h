/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the log says of members and groups, laid out for those who ask by person, by address or for the directory. The log
 * is the truth: the view of a group says up to which of its entries it has it all (`v`), and whoever finds it behind
 * brings it up. Internal to the store. */
#pragma once

#include "server/store/kl-mongo.h"

G_BEGIN_DECLS

/* These CHANGES (KlStoreChange) are all that concerns members and the group itself between the entries that end with
 * SINCE and TO. */
gboolean kl_mongo_views_apply (KlMongo *db, const char *group, const GArray *changes, gint64 since, gint64 to,
                               GError **error);

/* Brings the view up to the entry that ends with META, if it is behind. *VIEW (may be NULL) gets the group's document
 * as it is then; NULL where there is no such group. */
gboolean kl_mongo_views_catch_up (KlMongo *db, const char *group, gint64 meta, bson_t **view, GError **error);

/* The name of an account, or NULL with no error where there is none. */
char *kl_mongo_dup_user_name (KlMongo *db, const char *user, GError **error);

/* The fields of the group's document, in which the entries up to TO are. STATE may be NULL: as it was. */
void kl_mongo_append_view (bson_t *doc, const KlStoreGroup *state, gint64 state_rev, gint64 n_members, gint64 to);

G_END_DECLS
