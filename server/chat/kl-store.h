/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "server/chat/kl-meter.h"

G_BEGIN_DECLS

/* The durable side of the server: what the chat core needs from a database.
 *
 * Shape. A group is a log of changes. Each change has the group's next `rev`, one
 * after the other without a gap, and never moves; it names the object it changes
 * (a message by its seq, a member by its user, or the group itself) and carries
 * this object's whole state afterwards. An append is a batch for one group that
 * holds only if the group's head still is where the writer believes it to be.
 *
 * Threads. Everything here is called on, and calls back on, the thread that made
 * the store (the main loop). No call blocks. Values (KlStoreUser, KlStoreMessage …)
 * are handed between threads: whoever makes one fills it in before he shows it to
 * anybody, from then on it is immutable, and its count is atomic.
 *
 * Asynchronous calls. Each x_async() has an x_finish(); the latter returns what its
 * comment says, or NULL/FALSE with a KL_STORE_ERROR. They cannot be cancelled: each
 * calls back exactly once. An implementation gets a GTask (owned by it) and returns
 * it with g_task_return_pointer() (_boolean(), _int(): as the finish function gives), or
 * g_task_return_error(), on the main loop, and, where it has several to return, in
 * one turn of it.
 *
 * Durability. A change is reported after it would survive a power cut. Reads see
 * every change that has been reported before they were asked. They may see newer ones.
 *
 * Strings are UTF-8, ids as in PROTOCOL.md, times milliseconds since the epoch. */

#define KL_STORE_ERROR (kl_store_error_quark ())

/* UNAVAILABLE: the disk is full, the database does not answer …; nothing was stored
 *   unless the call is an append (then: unknown, read the log); trying again helps.
 * FAILED: the database says no for a reason that trying again does not cure.
 * NOT_FOUND: there is no such object.
 * TAKEN: a unique key (user name) is in use, or was once.
 * SPENT: the invite is unknown, expired, used up or revoked.
 * NOT_FIRST: there is an account already (KL_STORE_CREATE_FIRST). */
typedef enum {
  KL_STORE_ERROR_UNAVAILABLE,
  KL_STORE_ERROR_FAILED,
  KL_STORE_ERROR_NOT_FOUND,
  KL_STORE_ERROR_TAKEN,
  KL_STORE_ERROR_SPENT,
  KL_STORE_ERROR_NOT_FIRST,
} KlStoreError;

GQuark kl_store_error_quark (void);

/* Sets KL_STORE_ERROR_FAILED; FALSE always, to be returned. */
gboolean kl_store_fail (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* ── Values ─────────────────────────────────────────────────────────────────
 * kl_store_x_new() gives an empty one; the maker sets the fields, giving strings
 * (g_strdup()) away to it. Optional strings are NULL. */

/* An account without its secrets. */
typedef struct {
  char *id;
  char *name;
  char *display_name;
  char *avatar;      /* media id, optional */
  char *status_text; /* optional */
  gboolean admin;    /* server_role: "admin" */
  gboolean read_receipts;
  gboolean dnd;
  gboolean disabled; /* may not sign in */
  gboolean deleted;
  gint64 last_seen_at; /* when the last connection ended; 0: never */
  gint64 created_at;
  gint64 updated_at;
} KlStoreUser;

KlStoreUser *kl_store_user_new (void);
KlStoreUser *kl_store_user_ref (KlStoreUser *self);
void kl_store_user_unref (KlStoreUser *self);
/* A copy with a count of its own, to change before anyone else sees it. */
KlStoreUser *kl_store_user_copy (const KlStoreUser *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlStoreUser, kl_store_user_unref)

#define KL_STORE_TOKEN_HASH_BYTES 32

typedef struct {
  char *id;
  char *user; /* user id */
  char *device;
  guint8 token_hash[KL_STORE_TOKEN_HASH_BYTES];
  gint64 created_at;
  gint64 last_seen_at;
} KlStoreSession;

KlStoreSession *kl_store_session_new (void);
KlStoreSession *kl_store_session_ref (KlStoreSession *self);
void kl_store_session_unref (KlStoreSession *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlStoreSession, kl_store_session_unref)

/* What a sign-in is checked against. */
typedef struct {
  KlStoreUser *user;
  char *password_hash; /* libsodium's string */
} KlStoreCredentials;

KlStoreCredentials *kl_store_credentials_new (void);
void kl_store_credentials_free (KlStoreCredentials *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlStoreCredentials, kl_store_credentials_free)

/* A live session with its account. */
typedef struct {
  KlStoreSession *session;
  KlStoreUser *user;
} KlStoreSignedIn;

KlStoreSignedIn *kl_store_signed_in_new (void);
void kl_store_signed_in_free (KlStoreSignedIn *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlStoreSignedIn, kl_store_signed_in_free)

/* One kind of code: it joins its group, if it has one, and may register. */
typedef struct {
  char *code;
  char *group; /* group id, optional */
  char *by;    /* user id; NULL: made by the server's administrator at the console */
  gboolean registers; /* by a server admin or from the console, when it was made */
  gint64 created_at;
  gint64 expires_at; /* 0: never */
  gint64 uses_left;  /* at the time of reading */
} KlStoreInvite;

KlStoreInvite *kl_store_invite_new (void);
KlStoreInvite *kl_store_invite_ref (KlStoreInvite *self);
void kl_store_invite_unref (KlStoreInvite *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlStoreInvite, kl_store_invite_unref)

typedef enum { KL_GROUP_KIND_GROUP, KL_GROUP_KIND_DIRECT } KlGroupKind;
typedef enum { KL_VISIBILITY_PRIVATE, KL_VISIBILITY_PUBLIC } KlVisibility;
/* The order is that of the rights; stored as these numbers. */
typedef enum { KL_ROLE_NONE, KL_ROLE_MEMBER, KL_ROLE_ADMIN, KL_ROLE_OWNER } KlRole;
typedef enum { KL_NOTIFY_ALL, KL_NOTIFY_MENTIONS, KL_NOTIFY_NONE } KlNotify;

/* The group itself; who is in it stands in its members. */
typedef struct {
  char *id;
  gint64 rev; /* of its last change */
  KlGroupKind kind;
  KlVisibility visibility;
  char *slug; /* optional, unique, never given twice */
  char *name;
  char *topic;  /* "" for none */
  char *avatar; /* media id, optional */
  char *emoji;  /* optional */
  int hue;      /* 0–7, or -1 */
  gint64 created_at;
  gboolean deleted; /* the last change of a group: all else of it goes */
} KlStoreGroup;

KlStoreGroup *kl_store_group_new (void); /* hue is -1 */
KlStoreGroup *kl_store_group_ref (KlStoreGroup *self);
void kl_store_group_unref (KlStoreGroup *self);
KlStoreGroup *kl_store_group_copy (const KlStoreGroup *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlStoreGroup, kl_store_group_unref)

/* A person in a group. The marks are his own, have no rev, and change by
 * kl_store_set_marks_async(); in a KlStoreChange they count only if it says so. */
typedef struct {
  char *user; /* user id */
  gint64 rev;
  KlRole role; /* NONE: has left */
  gint64 joined_at;
  gint64 read_seq;
  KlNotify notify;
  gboolean pinned;
} KlStoreMember;

KlStoreMember *kl_store_member_new (void);
KlStoreMember *kl_store_member_ref (KlStoreMember *self);
void kl_store_member_unref (KlStoreMember *self);
KlStoreMember *kl_store_member_copy (const KlStoreMember *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlStoreMember, kl_store_member_unref)

typedef struct {
  char *user;
  char *by;
  gint64 at;
} KlStoreBan;

KlStoreBan *kl_store_ban_new (void);
KlStoreBan *kl_store_ban_ref (KlStoreBan *self);
void kl_store_ban_unref (KlStoreBan *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlStoreBan, kl_store_ban_unref)

typedef enum {
  KL_MESSAGE_SYSTEM = 1 << 0,
  KL_MESSAGE_DELETED = 1 << 1,
} KlMessageFlags;

/* A message as it is now. `json` is the object of PROTOCOL.md, complete, made once
 * by the chat core and spliced into every answer; the other fields repeat what a
 * store must select by. */
typedef struct {
  char *id;
  gint64 seq;
  gint64 rev; /* of its last change */
  char *sender;
  gint64 created_at;
  KlMessageFlags flags;
  char *text; /* for search; NULL: none (system, deleted) */
  char *json;
  gsize json_length; /* json has a NUL after it */
} KlStoreMessage;

KlStoreMessage *kl_store_message_new (void);
KlStoreMessage *kl_store_message_ref (KlStoreMessage *self);
void kl_store_message_unref (KlStoreMessage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlStoreMessage, kl_store_message_unref)

/* ── The log ────────────────────────────────────────────────────────────────*/

typedef enum {
  KL_CHANGE_MESSAGE = 1,
  KL_CHANGE_MEMBER = 2,
  KL_CHANGE_GROUP = 3,
} KlChangeKind;

/* One entry of a group's log, with the state that it leads to. */
typedef struct {
  KlChangeKind kind;
  gint64 rev;
  gint64 seq;  /* MESSAGE: its seq, else 0. Above the head's seq: a new message */
  char *op;    /* what makes the deed unique for ever, "user id\nclient_id"; NULL: nothing */
  char *actor; /* user id */
  gint64 time;

  KlStoreMessage *message; /* MESSAGE */
  KlStoreMember *member;   /* MEMBER */
  KlStoreGroup *group;     /* GROUP */

  gboolean sets_marks; /* MEMBER: a new member; the marks are taken from `member` */
  char *invite;        /* MEMBER: takes one use of this code, or the batch is SPENT */
  gboolean bans;       /* MEMBER: also bans the person (by: actor, at: time) */

  gboolean goes_along; /* belongs to the deed of the change before: both are stored, or neither. A deed has at most
                        * KL_STORE_DEED_CHANGES, and at most one op, with its first change */
} KlStoreChange;

#define KL_STORE_DEED_CHANGES 4

void kl_store_change_clear (KlStoreChange *self);

/* Changes of one group with consecutive revs. The first of a new group's batch is its GROUP
 * change, with base_rev 0. A KlStoreBatch owns its changes (elements KlStoreChange). */
typedef struct {
  char *group;
  gint64 base_rev; /* the head on which it was planned: changes[0].rev - 1 */
  gint64 base_seq;
  GArray *changes;
} KlStoreBatch;

KlStoreBatch *kl_store_batch_new (const char *group, gint64 base_rev, gint64 base_seq);
KlStoreBatch *kl_store_batch_ref (KlStoreBatch *self);
void kl_store_batch_unref (KlStoreBatch *self);
/* The first N of its changes as a batch. */
KlStoreBatch *kl_store_batch_dup_first (const KlStoreBatch *self, guint n);
/* A zeroed change at the end, with the next rev. Valid until the next call. */
KlStoreChange *kl_store_batch_add (KlStoreBatch *self, KlChangeKind kind);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlStoreBatch, kl_store_batch_unref)

/* OK: all of it is stored. Otherwise only the first `n_stored` changes are, which is none where
 * the store writes a batch as one; a store that writes deed after deed may be interrupted by
 * another writer, between two deeds. Those count as stored and reported.
 * CONFLICT: the group's head is not at base_rev (or the group is there already, is
 *   deleted), or another's change stands behind n_stored: read on, plan again.
 * OP_USED: the ops of the changes in `indexes` are in the log already.
 * SLUG_TAKEN: base_rev was 0, and the slug is in use or was once.
 * SPENT: the invites of the changes in `indexes` are not good (any more). */
typedef enum {
  KL_APPEND_OK,
  KL_APPEND_CONFLICT,
  KL_APPEND_OP_USED,
  KL_APPEND_SLUG_TAKEN,
  KL_APPEND_SPENT,
} KlAppendOutcome;

typedef struct {
  KlAppendOutcome outcome;
  guint n_stored;  /* not OK: changes that are stored all the same, the batch's first */
  GArray *indexes; /* of guint */
} KlAppendResult;

KlAppendResult *kl_append_result_new (KlAppendOutcome outcome);
void kl_append_result_free (KlAppendResult *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlAppendResult, kl_append_result_free)

/* Where a used op stands. */
typedef struct {
  char *group;
  KlChangeKind kind;
  gint64 rev; /* of the entry */
  gint64 seq; /* MESSAGE */
} KlStoreOp;

KlStoreOp *kl_store_op_new (void);
void kl_store_op_free (KlStoreOp *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlStoreOp, kl_store_op_free)

/* A group as its actor begins. All of one moment. */
typedef struct {
  KlStoreGroup *group;
  gint64 rev; /* the head's */
  gint64 seq; /* of the newest message; 0: none */
  gint64 time; /* created_at of the newest message; 0: none */
  KlStoreMessage *last_message; /* the newest that is not system; NULL: none */
  GPtrArray *members; /* KlStoreMember, role not NONE */
  GPtrArray *bans;    /* KlStoreBan */
} KlStoreLoaded;

KlStoreLoaded *kl_store_loaded_new (void); /* with empty arrays that own their elements */
void kl_store_loaded_free (KlStoreLoaded *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlStoreLoaded, kl_store_loaded_free)

/* One line of a directory. */
typedef struct {
  KlStoreGroup *group;
  gint64 rev; /* the head's */
  gint64 members;
} KlStoreListing;

KlStoreListing *kl_store_listing_new (void);
void kl_store_listing_free (KlStoreListing *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlStoreListing, kl_store_listing_free)

typedef struct {
  GPtrArray *members; /* KlStoreMember */
  GPtrArray *users;   /* KlStoreUser, one for each member, in the same order */
} KlStoreMemberPage;

KlStoreMemberPage *kl_store_member_page_new (void);
void kl_store_member_page_free (KlStoreMemberPage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlStoreMemberPage, kl_store_member_page_free)

/* Where a group's log stands. */
typedef struct {
  char *group;
  gint64 rev;
  GPtrArray *users; /* in what has moved: ids (char *) of those who joined, left or changed roles; NULL: of nobody */
} KlStoreHead;

KlStoreHead *kl_store_head_new (const char *group, gint64 rev); /* users is NULL */
void kl_store_head_free (KlStoreHead *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlStoreHead, kl_store_head_free)

/* How much there is. */
typedef struct {
  gint64 users;
  gint64 groups;   /* not deleted */
  gint64 messages; /* of these groups, system and deleted ones too */
} KlStoreTotals;

/* Counts the messages of `group` that one person has not read, as the group was at
 * `rev`: those with after_seq < seq <= to_seq, sent by others, not system, and not
 * deleted (or deleted by a change above `rev`). At most KL_UNREAD_MAX are counted. */
typedef struct {
  const char *user; /* lent until the call has come back, as is the group */
  const char *group;
  gint64 after_seq;
  gint64 to_seq;
  gint64 rev;
} KlUnreadQuery;

#define KL_UNREAD_MAX 1000

/* ── Calls ──────────────────────────────────────────────────────────────────*/

/* How an account comes to be. FIRST: only if there is none yet. NOT_FIRST: only if there is one. */
typedef enum {
  KL_STORE_CREATE_ANY,
  KL_STORE_CREATE_FIRST,
  KL_STORE_CREATE_NOT_FIRST,
} KlStoreCreate;

/* Which fields of a KlStoreUser an update takes. updated_at: always. */
typedef enum {
  KL_USER_DISPLAY_NAME = 1 << 0,
  KL_USER_AVATAR = 1 << 1,
  KL_USER_STATUS_TEXT = 1 << 2,
  KL_USER_READ_RECEIPTS = 1 << 3,
  KL_USER_DND = 1 << 4,
  KL_USER_ADMIN = 1 << 5,
  KL_USER_DISABLED = 1 << 6,
  KL_USER_LAST_SEEN = 1 << 7, /* alone: updated_at stays */
} KlUserFields;

typedef enum {
  KL_MARK_READ_SEQ = 1 << 0, /* never goes back */
  KL_MARK_NOTIFY = 1 << 1,
  KL_MARK_PINNED = 1 << 2,
} KlMarkFields;

/* How long each kind of call has taken, whatever the implementation, and how many are under way. */
typedef enum {
  KL_STORE_DEED_APPEND, /* changes of groups */
  KL_STORE_DEED_READ,
  KL_STORE_DEED_WRITE,  /* all else that writes */
} KlStoreDeed;
#define KL_STORE_DEEDS (KL_STORE_DEED_WRITE + 1)

#define KL_TYPE_STORE (kl_store_get_type ())
G_DECLARE_INTERFACE (KlStore, kl_store, KL, STORE, GObject)

struct _KlStoreInterface
{
  GTypeInterface parent_iface;

  const char *(*get_epoch) (KlStore *self);
  const char *(*get_secret) (KlStore *self);
  gboolean (*is_ready) (KlStore *self, char **reason);
  void (*close) (KlStore *self, GTask *task);

  void (*append) (KlStore *self, KlStoreBatch *batch, GTask *task);
  void (*find_ops) (KlStore *self, const char *const *ops, GTask *task);
  void (*load_group) (KlStore *self, const char *group, GTask *task);
  void (*find_group) (KlStore *self, const char *slug, GTask *task);
  void (*get_changes) (KlStore *self, const char *group, gint64 since, guint limit, GTask *task);
  void (*read_log) (KlStore *self, const char *group, gint64 after_rev, guint limit, GTask *task);
  void (*get_moved) (KlStore *self, GTask *task);
  void (*get_messages) (KlStore *self, const char *group, gint64 from_seq, gint64 to_seq, GTask *task);
  void (*get_message) (KlStore *self, const char *group, const char *id, GTask *task);
  void (*get_member) (KlStore *self, const char *group, const char *user, GTask *task);
  void (*get_members) (KlStore *self, const char *group, const char *query, const char *after_name, guint limit, GTask *task);
  void (*get_memberships) (KlStore *self, const char *user, GTask *task);
  void (*count_unread) (KlStore *self, const KlUnreadQuery *queries, guint n_queries, GTask *task);
  void (*set_marks) (KlStore *self, const char *group, const KlStoreMember *marks, KlMarkFields fields, GTask *task);
  void (*set_ban) (KlStore *self, const char *group, KlStoreBan *ban, gboolean on, GTask *task);
  void (*list_groups) (KlStore *self, const char *query, gboolean all, gint64 after_members, const char *after_id, guint limit, GTask *task);

  void (*create_user) (KlStore *self, KlStoreUser *user, const char *password_hash, KlStoreCreate how, const char *invite, GTask *task);
  void (*get_users) (KlStore *self, const char *const *ids, GTask *task);
  void (*find_user) (KlStore *self, const char *name, GTask *task);
  void (*list_users) (KlStore *self, const char *after_name, guint limit, GTask *task);
  void (*count_users) (KlStore *self, GTask *task);
  void (*get_totals) (KlStore *self, GTask *task);
  void (*update_user) (KlStore *self, KlStoreUser *user, KlUserFields fields, GTask *task);
  void (*get_credentials) (KlStore *self, const char *name, GTask *task);
  void (*set_password) (KlStore *self, const char *user, const char *password_hash, gboolean end_sessions, const char *keep_session, GTask *task);

  void (*create_session) (KlStore *self, KlStoreSession *session, GTask *task);
  void (*find_session) (KlStore *self, const guint8 *token_hash, GTask *task);
  void (*list_sessions) (KlStore *self, const char *user, GTask *task);
  void (*touch_session) (KlStore *self, const char *id, gint64 time, GTask *task);
  void (*end_session) (KlStore *self, const char *user, const char *id, GTask *task);
  void (*end_stale_sessions) (KlStore *self, gint64 before, GTask *task);

  void (*create_invite) (KlStore *self, KlStoreInvite *invite, GTask *task);
  void (*get_invite) (KlStore *self, const char *code, GTask *task);
  void (*revoke_invite) (KlStore *self, const char *code, GTask *task);
  void (*list_invites) (KlStore *self, const char *group, const char *by, GTask *task);
};

/* Changes when the store is restored from a backup; known from the start. */
const char *kl_store_get_epoch (KlStore *self);
/* Random, made with the store and known from the start, the same for all nodes: to sign what clients keep. Not to be shown. */
const char *kl_store_get_secret (KlStore *self);
/* Whether writes can be expected to succeed now; else *reason (optional) says why not, in a few words. */
gboolean kl_store_is_ready (KlStore *self, char **reason);
/* Main loop; lives as long as the store. */
const KlMeter *kl_store_get_meter (KlStore *self, KlStoreDeed deed);
/* Finishes what is pending, then closes. Later calls give UNAVAILABLE. */
void kl_store_close_async (KlStore *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean kl_store_close_finish (KlStore *self, GAsyncResult *result, GError **error);

/* → KlAppendResult. Keeps a reference to the batch. */
void kl_store_append_async (KlStore *self, KlStoreBatch *batch, GAsyncReadyCallback callback, gpointer user_data);
KlAppendResult *kl_store_append_finish (KlStore *self, GAsyncResult *result, GError **error);
/* → KlStoreOp for each of the ops, in their order, NULL where it is not used. */
void kl_store_find_ops_async (KlStore *self, const char *const *ops, GAsyncReadyCallback callback, gpointer user_data);
GPtrArray *kl_store_find_ops_finish (KlStore *self, GAsyncResult *result, GError **error);
/* → the group, or NOT_FOUND (deleted ones too). */
void kl_store_load_group_async (KlStore *self, const char *group, GAsyncReadyCallback callback, gpointer user_data);
KlStoreLoaded *kl_store_load_group_finish (KlStore *self, GAsyncResult *result, GError **error);
/* → the id of the group, not deleted, that has this slug; or NOT_FOUND. */
void kl_store_find_group_async (KlStore *self, const char *slug, GAsyncReadyCallback callback, gpointer user_data);
char *kl_store_find_group_finish (KlStore *self, GAsyncResult *result, GError **error);
/* What has changed: messages and members (who have left too) whose own rev is above `since`, as they
 * are now, in the order of these revs, at most `limit`. → array of KlStoreChange with kind, rev, seq, and
 * message or member set; the array clears its elements. */
void kl_store_get_changes_async (KlStore *self, const char *group, gint64 since, guint limit, GAsyncReadyCallback callback, gpointer user_data);
GArray *kl_store_get_changes_finish (KlStore *self, GAsyncResult *result, GError **error);
/* The log itself: the entries above `after_rev`, in order, at most `limit`, each with the state that its object has now
 * (so its own rev may be higher; a deleted group ends with its GROUP entry). op, actor, invite may be missing, `bans` is
 * kept. For a writer that met CONFLICT. → KlStoreBatch with base_rev after_rev; empty at the head; NOT_FOUND. */
void kl_store_read_log_async (KlStore *self, const char *group, gint64 after_rev, guint limit, GAsyncReadyCallback callback, gpointer user_data);
KlStoreBatch *kl_store_read_log_finish (KlStore *self, GAsyncResult *result, GError **error);
/* For the nodes of a cluster, which may miss what another one stored: the groups whose log has been added to, by anybody,
 * since the last call, by the database's own clock; some may be told again. The first call only begins. One call at a
 * time. A store that has one process for itself tells nothing. → KlStoreHead. */
void kl_store_get_moved_async (KlStore *self, GAsyncReadyCallback callback, gpointer user_data);
GPtrArray *kl_store_get_moved_finish (KlStore *self, GAsyncResult *result, GError **error);
/* → KlStoreMessage, those with from_seq <= seq <= to_seq in this order. */
void kl_store_get_messages_async (KlStore *self, const char *group, gint64 from_seq, gint64 to_seq, GAsyncReadyCallback callback, gpointer user_data);
GPtrArray *kl_store_get_messages_finish (KlStore *self, GAsyncResult *result, GError **error);
/* → the message, or NOT_FOUND. */
void kl_store_get_message_async (KlStore *self, const char *group, const char *id, GAsyncReadyCallback callback, gpointer user_data);
KlStoreMessage *kl_store_get_message_finish (KlStore *self, GAsyncResult *result, GError **error);
/* → one who is or has been a member (role NONE), also of a deleted group; or NOT_FOUND. */
void kl_store_get_member_async (KlStore *self, const char *group, const char *user, GAsyncReadyCallback callback, gpointer user_data);
KlStoreMember *kl_store_get_member_finish (KlStore *self, GAsyncResult *result, GError **error);
/* Members (not those who left) in the order of their user names, which come after `after_name`, whose name
 * or display name has `query`, case and accents folded (kl-text.h); both may be NULL. → KlStoreMemberPage. */
void kl_store_get_members_async (KlStore *self, const char *group, const char *query, const char *after_name, guint limit, GAsyncReadyCallback callback, gpointer user_data);
KlStoreMemberPage *kl_store_get_members_finish (KlStore *self, GAsyncResult *result, GError **error);
/* → the ids (char *) of the groups in which the user is. */
void kl_store_get_memberships_async (KlStore *self, const char *user, GAsyncReadyCallback callback, gpointer user_data);
GPtrArray *kl_store_get_memberships_finish (KlStore *self, GAsyncResult *result, GError **error);
/* For several people and groups at once. → guint32 counts, one a query. */
void kl_store_count_unread_async (KlStore *self, const KlUnreadQuery *queries, guint n_queries, GAsyncReadyCallback callback, gpointer user_data);
GArray *kl_store_count_unread_finish (KlStore *self, GAsyncResult *result, GError **error);
/* Sets those marks of marks->user that `fields` names. No such member: nothing happens. */
void kl_store_set_marks_async (KlStore *self, const char *group, const KlStoreMember *marks, KlMarkFields fields, GAsyncReadyCallback callback, gpointer user_data);
gboolean kl_store_set_marks_finish (KlStore *self, GAsyncResult *result, GError **error);
/* Lays on or lifts the ban of ban->user (who is not a member). */
void kl_store_set_ban_async (KlStore *self, const char *group, KlStoreBan *ban, gboolean on, GAsyncReadyCallback callback, gpointer user_data);
gboolean kl_store_set_ban_finish (KlStore *self, GAsyncResult *result, GError **error);
/* The directory: public groups (`all`: private and direct ones too, for the administrator), most members first, then
 * by id, after the place (after_members, after_id), whose name, slug or topic has `query`, folded. Begin with
 * after_id NULL. → KlStoreListing. */
void kl_store_list_groups_async (KlStore *self, const char *query, gboolean all, gint64 after_members, const char *after_id, guint limit, GAsyncReadyCallback callback, gpointer user_data);
GPtrArray *kl_store_list_groups_finish (KlStore *self, GAsyncResult *result, GError **error);

/* Stores the account. With `invite` takes a use of it (SPENT where it is not good or does not register) in the
 * same transaction. → the invite as it stood before, or a new empty one where there was none; TAKEN, SPENT, NOT_FIRST. */
void kl_store_create_user_async (KlStore *self, KlStoreUser *user, const char *password_hash, KlStoreCreate how, const char *invite, GAsyncReadyCallback callback, gpointer user_data);
KlStoreInvite *kl_store_create_user_finish (KlStore *self, GAsyncResult *result, GError **error);
/* → KlStoreUser; ids that nobody has are left out. */
void kl_store_get_users_async (KlStore *self, const char *const *ids, GAsyncReadyCallback callback, gpointer user_data);
GPtrArray *kl_store_get_users_finish (KlStore *self, GAsyncResult *result, GError **error);
/* → the user, or NOT_FOUND. */
void kl_store_find_user_async (KlStore *self, const char *name, GAsyncReadyCallback callback, gpointer user_data);
KlStoreUser *kl_store_find_user_finish (KlStore *self, GAsyncResult *result, GError **error);
/* → KlStoreUser by name, after `after_name` (or NULL). */
void kl_store_list_users_async (KlStore *self, const char *after_name, guint limit, GAsyncReadyCallback callback, gpointer user_data);
GPtrArray *kl_store_list_users_finish (KlStore *self, GAsyncResult *result, GError **error);
/* → how many accounts there are; -1 on error. */
void kl_store_count_users_async (KlStore *self, GAsyncReadyCallback callback, gpointer user_data);
gint64 kl_store_count_users_finish (KlStore *self, GAsyncResult *result, GError **error);
/* For the administrator. → to be freed with g_free(). */
void kl_store_get_totals_async (KlStore *self, GAsyncReadyCallback callback, gpointer user_data);
KlStoreTotals *kl_store_get_totals_finish (KlStore *self, GAsyncResult *result, GError **error);
/* Sets the fields of user->id. → the account as it now is, or NOT_FOUND. */
void kl_store_update_user_async (KlStore *self, KlStoreUser *user, KlUserFields fields, GAsyncReadyCallback callback, gpointer user_data);
KlStoreUser *kl_store_update_user_finish (KlStore *self, GAsyncResult *result, GError **error);
/* → by user name; or NOT_FOUND. */
void kl_store_get_credentials_async (KlStore *self, const char *name, GAsyncReadyCallback callback, gpointer user_data);
KlStoreCredentials *kl_store_get_credentials_finish (KlStore *self, GAsyncResult *result, GError **error);
/* With end_sessions ends all the person's sessions but keep_session (may be NULL) in the same transaction. → the ids
 * (char *) of those that ended. */
void kl_store_set_password_async (KlStore *self, const char *user, const char *password_hash, gboolean end_sessions, const char *keep_session, GAsyncReadyCallback callback, gpointer user_data);
GPtrArray *kl_store_set_password_finish (KlStore *self, GAsyncResult *result, GError **error);

void kl_store_create_session_async (KlStore *self, KlStoreSession *session, GAsyncReadyCallback callback, gpointer user_data);
gboolean kl_store_create_session_finish (KlStore *self, GAsyncResult *result, GError **error);
/* By the hash (KL_STORE_TOKEN_HASH_BYTES) of the token. → the session and its user, or NOT_FOUND. */
void kl_store_find_session_async (KlStore *self, const guint8 *token_hash, GAsyncReadyCallback callback, gpointer user_data);
KlStoreSignedIn *kl_store_find_session_finish (KlStore *self, GAsyncResult *result, GError **error);
/* → KlStoreSession, newest use first. */
void kl_store_list_sessions_async (KlStore *self, const char *user, GAsyncReadyCallback callback, gpointer user_data);
GPtrArray *kl_store_list_sessions_finish (KlStore *self, GAsyncResult *result, GError **error);
/* Sets last_seen_at. */
void kl_store_touch_session_async (KlStore *self, const char *id, gint64 time, GAsyncReadyCallback callback, gpointer user_data);
gboolean kl_store_touch_session_finish (KlStore *self, GAsyncResult *result, GError **error);
/* → TRUE, or NOT_FOUND where the user has no such session. */
void kl_store_end_session_async (KlStore *self, const char *user, const char *id, GAsyncReadyCallback callback, gpointer user_data);
gboolean kl_store_end_session_finish (KlStore *self, GAsyncResult *result, GError **error);
/* Removes sessions last used before `before`. */
void kl_store_end_stale_sessions_async (KlStore *self, gint64 before, GAsyncReadyCallback callback, gpointer user_data);
gboolean kl_store_end_stale_sessions_finish (KlStore *self, GAsyncResult *result, GError **error);

/* invite->uses_left is what it begins with. */
void kl_store_create_invite_async (KlStore *self, KlStoreInvite *invite, GAsyncReadyCallback callback, gpointer user_data);
gboolean kl_store_create_invite_finish (KlStore *self, GAsyncResult *result, GError **error);
/* → the invite if it is still good (not expired, used up or revoked, its group not deleted), or NOT_FOUND. */
void kl_store_get_invite_async (KlStore *self, const char *code, GAsyncReadyCallback callback, gpointer user_data);
KlStoreInvite *kl_store_get_invite_finish (KlStore *self, GAsyncResult *result, GError **error);
void kl_store_revoke_invite_async (KlStore *self, const char *code, GAsyncReadyCallback callback, gpointer user_data);
gboolean kl_store_revoke_invite_finish (KlStore *self, GAsyncResult *result, GError **error);
/* → KlStoreInvite of the group that are still good, newest first; with `by` only that person's. */
void kl_store_list_invites_async (KlStore *self, const char *group, const char *by, GAsyncReadyCallback callback, gpointer user_data);
GPtrArray *kl_store_list_invites_finish (KlStore *self, GAsyncResult *result, GError **error);

G_END_DECLS
