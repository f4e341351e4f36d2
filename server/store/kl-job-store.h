/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A KlStore whose calls are jobs for threads. It makes a job of each call but append() and get_moved(), which each
 * implementation makes its own way, as it does the store's own properties and its end. Internal to the store. */
#pragma once

#include "server/store/kl-store-job.h"

G_BEGIN_DECLS

/* Each with the arguments that its job has. */
typedef enum
{
  KL_STORE_CALL_FIND_OPS,        /* texts: ops */
  KL_STORE_CALL_LOAD_GROUP,      /* text: group */
  KL_STORE_CALL_FIND_GROUP,      /* text: slug */
  KL_STORE_CALL_GET_CHANGES,     /* text: group; number: since, limit */
  KL_STORE_CALL_READ_LOG,        /* text: group; number: after_rev, limit */
  KL_STORE_CALL_GET_MESSAGES,    /* text: group; number: from_seq, to_seq */
  KL_STORE_CALL_GET_MESSAGE,     /* text: group, id */
  KL_STORE_CALL_GET_MEMBER,      /* text: group, user */
  KL_STORE_CALL_GET_MEMBERS,     /* text: group, query, after_name; number: limit */
  KL_STORE_CALL_GET_MEMBERSHIPS, /* text: user */
  KL_STORE_CALL_COUNT_UNREAD,    /* object: GArray of KlUnreadQuery; texts: what they lend, user and group of each */
  KL_STORE_CALL_SET_MARKS,       /* text: group, user; number: KlMarkFields; object: KlStoreMember */
  KL_STORE_CALL_SET_BAN,         /* text: group; number: on; object: KlStoreBan */
  KL_STORE_CALL_LIST_GROUPS,     /* text: query, after_id; number: all, after_members, limit */

  KL_STORE_CALL_CREATE_USER, /* text: password's hash, invite; number: KlStoreCreate; object: KlStoreUser */
  KL_STORE_CALL_GET_USERS,   /* texts: ids */
  KL_STORE_CALL_FIND_USER,   /* text: name */
  KL_STORE_CALL_LIST_USERS,  /* text: after_name; number: limit */
  KL_STORE_CALL_COUNT_USERS,
  KL_STORE_CALL_GET_TOTALS,
  KL_STORE_CALL_UPDATE_USER,     /* text: id; number: KlUserFields; object: KlStoreUser */
  KL_STORE_CALL_GET_CREDENTIALS, /* text: name */
  KL_STORE_CALL_SET_PASSWORD,    /* text: user, hash, session to keep; number: end_sessions */

  KL_STORE_CALL_CREATE_SESSION,     /* object: KlStoreSession */
  KL_STORE_CALL_FIND_SESSION,       /* object: the token's hash */
  KL_STORE_CALL_LIST_SESSIONS,      /* text: user */
  KL_STORE_CALL_TOUCH_SESSION,      /* text: id; number: time */
  KL_STORE_CALL_END_SESSION,        /* text: user, id */
  KL_STORE_CALL_END_STALE_SESSIONS, /* number: before */

  KL_STORE_CALL_CREATE_INVITE, /* object: KlStoreInvite */
  KL_STORE_CALL_GET_INVITE,    /* text: code */
  KL_STORE_CALL_REVOKE_INVITE, /* text: code */
  KL_STORE_CALL_LIST_INVITES,  /* text: group, by */
} KlStoreCall;
#define KL_STORE_CALLS (KL_STORE_CALL_LIST_INVITES + 1)

#define KL_TYPE_JOB_STORE (kl_job_store_get_type ())
G_DECLARE_DERIVABLE_TYPE (KlJobStore, kl_job_store, KL, JOB_STORE, GObject)

struct _KlJobStoreClass
{
  GObjectClass parent_class;

  /* Takes what is in JOB. */
  void (*run) (KlJobStore *self, KlStoreCall call, const KlStoreJob *job);
};

G_END_DECLS
