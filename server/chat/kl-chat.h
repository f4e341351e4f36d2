/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <yyjson.h>

#include "protocol/kl-error-code.h"
#include "server/chat/kl-bus.h"
#include "server/chat/kl-store.h"

G_BEGIN_DECLS

/* The rules of Klatch: groups, messages, presence. It knows no socket; `server/api`
 * gives it live connections and requests, and gets bytes of JSON back. Main loop only. */

/* ── Settings ───────────────────────────────────────────────────────────────
 * The defaults are PROTOCOL.md's. 0 switches a rate or a count off. */
typedef struct {
  const char *domain;
  const char *public_url;      /* NULL: none; only to make links of invites */
  gint64 body_bytes;           /* [limits] message_bytes */
  gint64 messages_per_second;
  gint64 message_burst;
  gint64 reads_per_second;     /* the burst is twice that */
  gint64 connections_per_user;
  gint64 members_per_group;
  gint64 groups_per_user;
  gboolean members_invite_register; /* [registration] invites_by = members */
  gint64 mesh_limit;           /* [calls]; peers of a call */
  gint64 call_grace_ms;        /* how long the place of a broken line is kept */
  gboolean relay_only;
  const char *stun;            /* NULL: none */
  const char *turn;            /* NULL: none; needs turn_secret */
  const char *turn_secret;
  gint64 turn_ttl_s;
  /* Not settings of the server, but tests have no time. */
  gint64 presence_interval_ms;      /* 1,000: presence events of a connection */
  gint64 counts_interval_ms;        /* 10,000: counts of groups that are not open */
  gint64 idle_group_ms;             /* 60,000: until an unused group leaves memory */
  gint64 call_recreate_ms;          /* 60,000: after a start, in which a call may be taken up again */
  gint64 store_retry_ms;            /* 1,000: retry_after_ms of `unavailable` */
  gint64 request_ms;                /* 4,500: then a request is answered `unavailable`; `sync` has three times as long */
  gint64 syncs_at_once;             /* 128: the others wait for their turn; 0: as many as there are */
  /* Where there are other nodes. */
  gint64 gap_wait_ms;               /* 20: for a change that is missing, before it is read */
  gint64 winner_wait_ms;            /* 8: for what another node wrote first */
  gint64 forward_window_ms;         /* 500: after that, the last writer is no longer handed requests */
  gint64 forward_wait_ms;           /* 150: for what was handed to it */
  gint64 moved_interval_ms;         /* 5,000: the store is asked what others have written */
  gint64 moved_alone_ms;            /* 1,000: the same while the bus is gone */
} KlChatSettings;

void kl_chat_settings_init (KlChatSettings *self, const char *domain);

/* ── Answers ────────────────────────────────────────────────────────────────
 * What a handler answers: the acknowledgement, {"ok":true,…} or {"ok":false,"error":{…}}. */
typedef struct {
  KlErrorCode code;   /* KL_ERROR_CODE_NONE: ok */
  gboolean repeated;  /* ok, but the deed was done before (REST: 200, not 201) */
  gint64 retry_after_ms; /* 0: none */
  const char *json;   /* lent for the call */
  gsize length;
} KlChatAnswer;

/* Called exactly once a request, in this turn of the loop or later. */
typedef void (*KlChatReply) (const KlChatAnswer *answer, gpointer user_data);

/* The same for REST: without "ok"; the length in *length. */
char *kl_chat_answer_to_rest (const KlChatAnswer *answer, gsize *length);

/* ── Events to clients ──────────────────────────────────────────────────────
 * One name with one JSON argument, made once however many receive it. */
typedef struct _KlChatEvent KlChatEvent;
struct _KlChatEvent {
  /*< private >*/
  guint ref_count; /* one thread */
  /*< public >*/
  const char *name; /* static */
  char *json;
  gsize length;
  gpointer packet;              /* api's: the encoded packet, shared by all receivers; NULL until it is made */
  GDestroyNotify packet_destroy;
};

KlChatEvent *kl_chat_event_new_take (const char *static_name, char *json, gsize length);
KlChatEvent *kl_chat_event_ref (KlChatEvent *self);
void kl_chat_event_unref (KlChatEvent *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlChatEvent, kl_chat_event_unref)

/* ── Live connections ───────────────────────────────────────────────────────*/

#define KL_TYPE_CHAT (kl_chat_get_type ())
G_DECLARE_FINAL_TYPE (KlChat, kl_chat, KL, CHAT, GObject)

typedef struct _KlChatConnection KlChatConnection;

/* FALSE: the connection has ended first. Does not look at the answer. */
typedef void (*KlChatAcked) (gpointer user_data, gboolean acknowledged);

/* Where a connection's events go. None of the functions may call back into the chat core but `acked`. */
typedef struct {
  /* Sends the event; keeps a reference if it needs the event later. */
  void (*deliver) (gpointer sink, KlChatEvent *event);
  /* Sends the `notice` event and ends the connection, as soon as it can. The core has let go of
   * it already: no kl_chat_connection_end() is needed, and further calls on it answer `unauthorized`. */
  void (*close) (gpointer sink, KlChatEvent *notice);
  /* Sends the event and asks for an acknowledgement; calls `acked` exactly once, maybe at once. */
  void (*ask) (gpointer sink, const char *event, const char *json, gsize length, KlChatAcked acked, gpointer user_data);
} KlChatSink;

/* `store` and `bus` are kept; the settings are copied. */
KlChat *kl_chat_new (KlStore *store, KlBus *bus, const KlChatSettings *settings);
KlStore *kl_chat_get_store (KlChat *self);
KlBus *kl_chat_get_bus (KlChat *self);
const KlChatSettings *kl_chat_get_settings (KlChat *self);

/* A Socket.IO CONNECT whose session is known to be good. `sink` is kept until the end of the connection.
 * NULL: the person has too many (settings); CONNECT_ERROR `rate_limited`. Gives a reference. */
KlChatConnection *kl_chat_connect (KlChat *self, KlStoreSignedIn *who, const KlChatSink *vtable, gpointer sink);
KlChatConnection *kl_chat_connection_ref (KlChatConnection *self);
/* The last reference does not end it. */
void kl_chat_connection_unref (KlChatConnection *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlChatConnection, kl_chat_connection_unref)
/* The transport is gone, whoever ended it. Nothing is delivered any more. `meant`: the client said good-bye
 * (a Socket.IO DISCONNECT, an Engine.IO close), so it keeps no place in a call. */
void kl_chat_connection_end (KlChatConnection *self, gboolean meant);
const char *kl_chat_connection_get_user (KlChatConnection *self);
const char *kl_chat_connection_get_session (KlChatConnection *self);

/* An event from the client. `argument` (lent for the call) is its only argument; NULL: it had none, or several,
 * or it was binary: `bad_request`. */
void kl_chat_handle (KlChatConnection *connection, const char *event, yyjson_val *argument, KlChatReply reply, gpointer user_data);

/* The same events for REST, by a user without a connection. Besides those of PROTOCOL.md: "directory"
 * {query?, limit?, after?} → {groups, next?}. */
void kl_chat_call (KlChat *self, const char *user, const char *event, yyjson_val *argument, KlChatReply reply, gpointer user_data);

/* {"group":{name, emoji, hue, members}} of a code for one who is not signed in; members of a code without
 * a group: {}. Else `not_found`. No "ok" (as kl_chat_answer_to_rest()). */
void kl_chat_preview_invite (KlChat *self, const char *code, KlChatReply reply, gpointer user_data);

/* ── What the accounts (kl-chat-accounts.h) and the administrator tell the core ──*/

/* The JSON of a user object as this very user sees it (read_receipts, dnd …). */
char *kl_chat_own_user_json (KlChat *self, KlStoreUser *user, gsize *length);

/* The profile is stored and now this: `user` events to those who share a group and to the person's devices. */
void kl_chat_user_changed (KlChat *self, KlStoreUser *user);

/* Ends the live connections of a session (NULL: of all the user's, but those of `keep`) with `notice: revoked`. */
void kl_chat_end_sessions (KlChat *self, const char *user, const char *session, const char *keep);

/* Puts one who has just registered by a group's code into its group; the use is taken already. */
void kl_chat_join_registered (KlChat *self, const char *user, const char *group, KlChatReply reply, gpointer user_data);

typedef struct {
  guint connections;
  guint people_online;
  guint groups_loaded;
  guint64 messages_stored; /* since the start */
  guint64 events_delivered;
} KlChatStats;

void kl_chat_get_stats (KlChat *self, KlChatStats *stats);

G_END_DECLS
