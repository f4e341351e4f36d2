/* SPDX-License-Identifier: GPL-3.0-or-later
 * A session's part in calls: docs/protocol.md's call:* as functions and signals. Which group has a call is KlGroup:call,
 * what rings is KlSession:rings. Who wants to be in a call uses KlCalls (app/calling), which stands on this.
 *
 * Signals of KlSession:
 *   call-peer (call, const KlCallNews *)     somebody came, went or switched something in a call that I am in
 *   call-signal (call, from, data)           strings; data is the JSON object that the peer sent
 *   call-reaction (call, peer, emoji)        of another peer
 *   call-declined (call, KlUser)             somebody does not want to come
 * They come as the server sends them, whether or not the answer to joining has been read: the caller knows its call.
 * All fail as the session's other deeds do (KL_CORE_ERROR_OFFLINE while not connected and synced). */
#pragma once

#include "app/core/kl-group-call.h"
#include "app/core/kl-ring.h"
#include "app/core/kl-session.h"

G_BEGIN_DECLS

typedef enum
{
  KL_CALL_NEWS_MEDIA, /* it switched something */
  KL_CALL_NEWS_JOINED,
  KL_CALL_NEWS_LEFT,
} KlCallNewsKind;

/* What call-peer tells; for the time of the signal. */
typedef struct
{
  KlCallNewsKind kind;
  const char *peer;
  KlUser *user;
  gboolean audio, video, screen, hand; /* not with LEFT */
} KlCallNews;

/* A STUN or TURN server that the server recommends. */
typedef struct
{
  GStrv urls;
  char *username;   /* or NULL */
  char *credential; /* or NULL */
} KlCallHelper;

/* The place in a call that joining has given. */
typedef struct
{
  char *call;
  char *peer;
  char *token; /* takes the place up again on another connection */
  gint64 started_at;
  KlUser *started_by;
  GPtrArray *peers;   /* element-type KlGroupCallPeer: the others */
  GPtrArray *helpers; /* element-type KlCallHelper */
  gboolean relay_only;
} KlCallPlace;

void kl_call_place_free (KlCallPlace *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlCallPlace, kl_call_place_free)

/* Joins the group's call, or begins one. RESUME: takes that place up again after a broken line; nobody is told. Errors:
 * KL_CORE_ERROR_CONFLICT with the field "mesh": it is full; with RESUME: _CONFLICT (another call has begun), _NOT_FOUND (it
 * is over), _FORBIDDEN (the token is too old): join anew. */
void kl_session_join_call_async (KlSession *self,
                                 KlGroup *group,
                                 gboolean audio,
                                 gboolean video,
                                 const KlCallPlace *resume,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
KlCallPlace *kl_session_join_call_finish (KlSession *self, GAsyncResult *result, GError **error);

/* DATA: one JSON object for the peer TO. Ends when the server has it. KL_CORE_ERROR_RATE_LIMITED: its line is broken and too
 * much waits for it; _NOT_FOUND: it is gone. */
void kl_session_signal_call_async (KlSession *self,
                                   const char *call,
                                   const char *to,
                                   const char *data,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
gboolean kl_session_signal_call_finish (KlSession *self, GAsyncResult *result, GError **error);

/* USERS (a list of ids): these members; NULL: all, in a group of up to 50 members. */
void kl_session_ring_call_async (KlSession *self,
                                 const char *call,
                                 const char *const *users,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
gboolean kl_session_ring_call_finish (KlSession *self, GAsyncResult *result, GError **error);

/* Told, not asked: what does not arrive is of no consequence, or said again when the line is back. */
void kl_session_leave_call (KlSession *self, const char *call);
void kl_session_tell_call_media (KlSession *self, const char *call, gboolean audio, gboolean video, gboolean screen,
                                 gboolean hand);
void kl_session_react_in_call (KlSession *self, const char *call, const char *emoji);
/* The ring ends here and on my other devices. */
void kl_session_decline_call (KlSession *self, KlRing *ring);

/* Calls that ring. A GListModel of KlRing; the oldest first. */
GListModel *kl_session_get_rings (KlSession *self);

/* The person with this id; names come by themselves if they are not known yet. Lent, NULL for what is no id. */
KlUser *kl_session_get_person (KlSession *self, const char *id);

G_END_DECLS
