/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tables, and how older files become this version. Internal to the store.
 *
 * Keys within are integers: users `u`, groups `g`. What belongs to a place in a group has one integer for both, so that
 * a group's rows lie together and a page of history is one range: KL_SQLITE_KEY (g, seq), KL_SQLITE_KEY (g, rev). */
#pragma once

#include "server/store/kl-sqlite.h"

G_BEGIN_DECLS

/* Written into the file's header ("klat"), so that another program's database is not taken for ours. */
#define KL_SQLITE_APPLICATION_ID 0x6b6c6174

/* 2^23 groups, each with 2^40 messages. */
#define KL_SQLITE_PLACE_BITS 40
#define KL_SQLITE_PLACE_MAX ((G_GINT64_CONSTANT (1) << KL_SQLITE_PLACE_BITS) - 1)
#define KL_SQLITE_KEY(g, place) (((gint64) (g) << KL_SQLITE_PLACE_BITS) | (gint64) (place))
#define KL_SQLITE_PLACE(key) ((gint64) (key) & KL_SQLITE_PLACE_MAX)
#define KL_SQLITE_GROUP(key) ((gint64) (key) >> KL_SQLITE_PLACE_BITS)

/* Brings the file to this version, each step in one transaction, and compares or writes the domain. EPOCH: the
 * caller's to free. Refuses a file of a newer version, of another domain, or that is not ours. */
gboolean kl_sqlite_schema_prepare (KlSqlite *db, const char *domain, char **epoch, char **secret, GError **error);

/* How many steps there are: the version that this program writes. */
int kl_sqlite_schema_version (void);

G_END_DECLS
