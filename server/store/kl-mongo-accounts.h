/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Users and sessions. Internal to the store. */
#pragma once

#include "server/store/kl-mongo-pool.h"

G_BEGIN_DECLS

/* text: password hash, invite or NULL; object: KlStoreUser; number[0]: KlStoreCreate. Makes text[2], the job's own word. */
gboolean kl_mongo_create_user (KlMongo *db, KlStoreJob *job);
/* texts: ids. */
gboolean kl_mongo_get_users (KlMongo *db, KlStoreJob *job);
/* text[0]: the name. */
gboolean kl_mongo_find_user (KlMongo *db, KlStoreJob *job);
gboolean kl_mongo_get_credentials (KlMongo *db, KlStoreJob *job);
/* text[0]: after_name or NULL; number[0]: limit. */
gboolean kl_mongo_list_users (KlMongo *db, KlStoreJob *job);
gboolean kl_mongo_count_users (KlMongo *db, KlStoreJob *job);
/* object: KlStoreUser; number[0]: KlUserFields. */
gboolean kl_mongo_update_user (KlMongo *db, KlStoreJob *job);
/* text: user, hash, session to keep or NULL; number[0]: end_sessions. */
gboolean kl_mongo_set_password (KlMongo *db, KlStoreJob *job);

/* object: KlStoreSession. */
gboolean kl_mongo_create_session (KlMongo *db, KlStoreJob *job);
/* object: the hash. */
gboolean kl_mongo_find_session (KlMongo *db, KlStoreJob *job);
/* text[0]: the user. */
gboolean kl_mongo_list_sessions (KlMongo *db, KlStoreJob *job);
/* text[0]: the id; number[0]: the time. */
gboolean kl_mongo_touch_session (KlMongo *db, KlStoreJob *job);
/* text: user, id. */
gboolean kl_mongo_end_session (KlMongo *db, KlStoreJob *job);
/* number[0]: before. */
gboolean kl_mongo_end_stale_sessions (KlMongo *db, KlStoreJob *job);

/* The documents. WORD: of the one who makes it, and of the first generation of sessions; FIRST: the only such account. */
bson_t *kl_mongo_write_user (const KlStoreUser *user, const char *hash, const char *word, gboolean first);
bson_t *kl_mongo_write_session (const KlStoreSession *session, const char *gen);
gboolean kl_mongo_session_is_valid (const bson_t *session, const bson_t *user);

G_END_DECLS
