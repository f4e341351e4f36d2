/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between opening, reading and writing of a dump. */
#pragma once

#include "server/store/kl-mongo-dump.h"
#include "server/store/kl-mongo-memory.h"
#include "server/store/kl-mongo.h"

G_BEGIN_DECLS

struct _KlMongoDump
{
  GObject parent_instance;

  mongoc_client_pool_t *clients;
  mongoc_client_t *client;
  char *database;
  KlMongoMemory *memory;
  KlMongo db;
  char *domain, *epoch, *secret;

  /* Reading: of the group that was asked for last. */
  KlDumpRecord *group; /* NULL: none yet */
  GPtrArray *members;  /* KlStoreMember, by user id */

  /* Writing. */
  gboolean has_any;     /* something was written, now or before */
  KlDumpRecord *filled; /* the head of the group to which changes are written; NULL: none yet */
  KlMongoHead head;     /* behind the last of them */
};

gboolean
kl_mongo_dump_read (KlMongoDump *self, KlDumpKind kind, const char *group, const char *after, guint limit,
                    GPtrArray *records, char **next, GError **error);

/* Stores them; what is there already stays. */
gboolean
kl_mongo_dump_write (KlMongoDump *self, GPtrArray *records, GError **error);

G_END_DECLS
