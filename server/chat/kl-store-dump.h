/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "server/chat/kl-store.h"

G_BEGIN_DECLS

/* All that is in a store, record by record, in an order that is the same for every store: what a copy from one to
 * another goes through. Nobody else has the store open meanwhile.
 *
 * Blocking, on one thread, for the administrator's programs. Errors are KL_STORE_ERROR with a sentence for people. */

/* In the order of the whole: all users, all sessions, all groups, each followed by its members (who left too), its bans
 * and its log, at last all invites that are good for something. Within a kind the keys ascend, byte by byte. */
typedef enum
{
  KL_DUMP_USER,
  KL_DUMP_SESSION,
  KL_DUMP_GROUP,
  KL_DUMP_INVITE,
  KL_DUMP_MEMBER, /* from here on: of a group */
  KL_DUMP_BAN,
  KL_DUMP_CHANGE,
  KL_DUMP_N_KINDS,
} KlDumpKind;

const char *
kl_dump_kind_get_name (KlDumpKind kind); /* "users" … */

/* A CHANGE has rev, kind, seq, op, time (0: unknown), and the state that its object has now: `message` if this is the
 * entry of the message's last change, else NULL; `member` and `group` in any case. Of a deleted group only its last
 * entry has one, and all are told as changes of the group itself; it has members, but no bans. */
typedef struct
{
  KlDumpKind kind;
  char *group;             /* MEMBER, BAN, CHANGE: the group's id */
  KlStoreUser *user;       /* USER */
  char *password_hash;     /* USER, optional */
  KlStoreSession *session; /* SESSION */
  KlStoreInvite *invite;   /* INVITE */
  KlStoreGroup *state;     /* GROUP; with the head of its log: */
  gint64 rev, seq;         /* GROUP */
  gint64 time;             /* GROUP: created_at of the newest message; 0: none */
  gint64 last_seq;         /* GROUP: of the newest message that is not system */
  gint64 members;          /* GROUP: who are in */
  KlStoreMember *member;   /* MEMBER */
  KlStoreBan *ban;         /* BAN */
  KlStoreChange change;    /* CHANGE */
} KlDumpRecord;

KlDumpRecord *
kl_dump_record_new (KlDumpKind kind, const char *group);
void
kl_dump_record_free (KlDumpRecord *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlDumpRecord, kl_dump_record_free)

/* What tells it from the others of its kind (and group), and by which they are ordered. */
char *
kl_dump_record_dup_key (const KlDumpRecord *self);
/* The rev in a CHANGE's key; 0 for NULL. */
gint64
kl_dump_parse_rev (const char *key);
char *
kl_dump_dup_rev_key (gint64 rev);
/* All of it as text, the same for records that mean the same. */
void
kl_dump_record_describe (const KlDumpRecord *self, GString *text);

#define KL_TYPE_STORE_DUMP (kl_store_dump_get_type ())
G_DECLARE_INTERFACE (KlStoreDump, kl_store_dump, KL, STORE_DUMP, GObject)

/* What is the store's as a whole. The texts are lent. */
typedef struct
{
  const char *domain;
  const char *epoch;
  const char *secret;
} KlDumpOrigin;

struct _KlStoreDumpInterface
{
  GTypeInterface parent_iface;

  void (*get_origin) (KlStoreDump *self, KlDumpOrigin *origin);
  gint64 (*count_changes) (KlStoreDump *self, GError **error);
  gboolean (*read) (KlStoreDump *self, KlDumpKind kind, const char *group, const char *after, guint limit,
                    GPtrArray *records, char **next, GError **error);
  gboolean (*begin) (KlStoreDump *self, const KlDumpOrigin *origin, char **place, GError **error);
  gboolean (*write) (KlStoreDump *self, GPtrArray *records, const char *place, GError **error);
  gboolean (*finish) (KlStoreDump *self, GError **error);
};

/* Reading: lives as long as the dump. */
void
kl_store_dump_get_origin (KlStoreDump *self, KlDumpOrigin *origin);
/* How many CHANGEs there are, about; -1 on error. */
gint64
kl_store_dump_count_changes (KlStoreDump *self, GError **error);
/* Adds to RECORDS about LIMIT records of a kind (of GROUP for MEMBER, BAN, CHANGE; for GROUP it may name the only one
 * that is wanted) whose keys come after AFTER (may be NULL). *NEXT: what to go on after; NULL at the end. */
gboolean
kl_store_dump_read (KlStoreDump *self, KlDumpKind kind, const char *group, const char *after, guint limit,
                    GPtrArray *records, char **next, GError **error);

/* Writing: first begin. A store that is empty becomes one that is being filled from ORIGIN, which no server opens;
 * *PLACE is NULL then. One that is being filled from the same goes on: *PLACE is what the last write said. Any other is
 * refused. */
gboolean
kl_store_dump_begin (KlStoreDump *self, const KlDumpOrigin *origin, char **place, GError **error);
/* Stores the records, which follow each other in the order of the whole, and PLACE. What is there already, from before
 * an interruption, stays; before the records of a group that was begun then its GROUP comes again. */
gboolean
kl_store_dump_write (KlStoreDump *self, GPtrArray *records, const char *place, GError **error);
/* The store is whole: servers may open it. */
gboolean
kl_store_dump_finish (KlStoreDump *self, GError **error);

G_END_DECLS
