/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Short words for tests of stores: each call waits for its answer. */
#pragma once

#include "server/chat/kl-store.h"
#include "tests/kit/kl-test.h"

G_BEGIN_DECLS

/* Waits for the answer of kl_store_CALL_async() with these arguments, and leaves it in `result`, which must be declared
 * with KL_STORE_ANSWER. */
#define KL_STORE_ANSWER g_autoptr (GAsyncResult) result = NULL
#define kl_store_kit_call(call, ...) \
  G_STMT_START \
  { \
    g_clear_object (&result); \
    kl_store_##call##_async (__VA_ARGS__, kl_test_keep_result, &result); \
    kl_test_await (&result); \
  } \
  G_STMT_END

/* A store that has to open: the file PATH, or a whole URI of a database, whose deadline is that of tests. */
KlStore *kl_store_kit_open_sqlite (const char *path);
KlStore *kl_store_kit_open_mongo (const char *uri);
/* Closes it and drops the caller's reference, which has to be the last. */
void kl_store_kit_close (KlStore *store);

/* Makes a user of this name, whose id is "u-NAME". */
void kl_store_kit_add_user (KlStore *store, const char *name);

/* A batch on a new group: the group, and its maker as owner. Ids are the caller's. SLUG may be NULL. */
KlStoreBatch *kl_store_kit_new_group (const char *group, const char *owner, const char *slug, const char *name);
/* Makes it public and appends it. */
void kl_store_kit_add_group (KlStore *store, const char *group, const char *owner, const char *slug, const char *name);

KlStoreChange *kl_store_kit_add_message (KlStoreBatch *batch, gint64 seq, const char *sender, const char *client_id,
                                         const char *body);
/* Of a message that is there, or one with flags. */
KlStoreChange *kl_store_kit_change_message (KlStoreBatch *batch, gint64 seq, const char *sender, const char *body,
                                            KlMessageFlags flags);
KlStoreChange *kl_store_kit_add_member (KlStoreBatch *batch, const char *user, KlRole role);

/* Appends and gives the outcome; INDEXES (may be NULL) gets the listed ones. Unrefs the batch. */
KlAppendOutcome kl_store_kit_append (KlStore *store, KlStoreBatch *batch, GArray **indexes);

/* The whole answer. Unrefs the batch. */
KlAppendResult *kl_store_kit_append_result (KlStore *store, KlStoreBatch *batch);

/* Appends one message on this head; asserts that it is stored. */
void kl_store_kit_send (KlStore *store, const char *group, gint64 base_rev, gint64 base_seq, const char *sender,
                        const char *client_id, const char *body);

KlStoreLoaded *kl_store_kit_load (KlStore *store, const char *group);
GPtrArray *kl_store_kit_messages (KlStore *store, const char *group, gint64 from_seq, gint64 to_seq);

G_END_DECLS
