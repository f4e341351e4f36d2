/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between opening, reading and writing of a dump. */
#pragma once

#include "server/store/kl-sqlite-dump.h"
#include "server/store/kl-sqlite-memory.h"
#include "server/store/kl-sqlite.h"

G_BEGIN_DECLS

struct _KlSqliteDump
{
  GObject parent_instance;

  char *path;
  char *unfinished; /* where it lies while it is being filled; NULL: to be read from */
  int lock_fd;      /* of the folder, or of the unfinished file */
  KlSqlite *db;     /* NULL: to be written to, and not begun */
  char *domain, *epoch, *secret;

  gboolean has_op_places; /* the temporary table is there */
  KlSqliteMemory memory;  /* for the keys of users */
  char *group;            /* of which `g` is the key */
  gint64 g;
};

gboolean
kl_sqlite_dump_read (KlSqliteDump *self, KlDumpKind kind, const char *group, const char *after, guint limit,
                     GPtrArray *records, char **next, GError **error);

/* One record, within a transaction. */
gboolean
kl_sqlite_dump_write_record (KlSqliteDump *self, const KlDumpRecord *record, GError **error);

/* Sets `g`. FALSE also where there is no such group. */
gboolean
kl_sqlite_dump_find_group (KlSqliteDump *self, const char *group, GError **error);

G_END_DECLS
