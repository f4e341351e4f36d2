/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Invites and their uses. A use is a document whose key is the code and a number up to how many there are, so no two
 * persons have the same one. It is claimed before what it is for is stored, and names that: one whose claimer died is
 * given back by who next finds the invite used up. Internal to the store. */
#pragma once

#include "server/store/kl-mongo-pool.h"

G_BEGIN_DECLS

typedef struct
{
  char *key;
  char *ref;
  guint change; /* of the batch */
  gint64 claimed_usec;
} KlMongoClaim;

void kl_mongo_claim_free (KlMongoClaim *self);

/* For the change CHANGE of the append NONCE, which will be in the entry ENTRY of the log; or for the account USER, where
 * the invite has to be one that registers. Again for the same: the same claim. *CLAIM stays NULL where the invite is not
 * good (any more). */
gboolean kl_mongo_claim_use (KlMongo *db, const char *code, gint64 now_ms, const char *nonce, guint change,
                             const char *entry, const char *user, KlMongoClaim **claim, GError **error);
/* Gives back those for changes from N_STORED on. */
gboolean kl_mongo_claims_settle (KlMongo *db, GPtrArray *claims, guint n_stored, GError **error);
/* Whether some may have been given back by others meanwhile. */
gboolean kl_mongo_claims_are_old (GPtrArray *claims);

/* The invite if it is good; NULL with no error where it is not. */
KlStoreInvite *kl_mongo_find_good_invite (KlMongo *db, const char *code, GError **error);

gboolean kl_mongo_create_invite (KlMongo *db, KlStoreJob *job);
gboolean kl_mongo_get_invite (KlMongo *db, KlStoreJob *job);
gboolean kl_mongo_revoke_invite (KlMongo *db, KlStoreJob *job);
gboolean kl_mongo_list_invites (KlMongo *db, KlStoreJob *job);

/* The document; its uses stand in documents of their own. */
bson_t *kl_mongo_write_invite (const KlStoreInvite *invite);
KlStoreInvite *kl_mongo_read_invite (const bson_t *doc, gint64 n_used);

G_END_DECLS
