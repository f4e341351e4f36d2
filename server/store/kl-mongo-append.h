/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing to the log. Internal to the store. */
#pragma once

#include "server/store/kl-mongo-pool.h"

G_BEGIN_DECLS

/* What a job of kl_mongo_append() has as its object: an append as far as it has got. */
typedef struct _KlMongoAppend KlMongoAppend;

KlMongoAppend *kl_mongo_append_new (KlStoreBatch *batch);
void kl_mongo_append_free (KlMongoAppend *self);

gboolean kl_mongo_append (KlMongo *db, KlStoreJob *job);

G_END_DECLS
