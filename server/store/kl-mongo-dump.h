/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A MongoDB store as something that is copied from or to. Blocking, on one thread. */
#pragma once

#include "server/chat/kl-store-dump.h"

G_BEGIN_DECLS

#define KL_TYPE_MONGO_DUMP (kl_mongo_dump_get_type ())
G_DECLARE_FINAL_TYPE (KlMongoDump, kl_mongo_dump, KL, MONGO_DUMP, GObject)

/* Opens the store at URI to read from it. No node may run on it. Errors: KL_STORE_ERROR, without the password. */
KlMongoDump *
kl_mongo_dump_open (const char *uri, GError **error);

/* To write to it. No node starts on what is being filled. A database in which a server was only started counts as
 * empty. */
KlMongoDump *
kl_mongo_dump_new (const char *uri, GError **error);

G_END_DECLS
