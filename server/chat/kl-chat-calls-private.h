/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calls: who is in one, and the words that their clients pass each other. Media never comes here.
 *
 * A group has one call at most. A *peer* is one connection's place in it, so one person may be there with two devices.
 * A peer whose line broke keeps its place for a while, with the signals that could not be handed over; a resume token
 * takes it up again, on this node or on another, also after a restart.
 *
 * In a cluster each node announces the peers that it holds, at every change and every four seconds, to the nodes that
 * know the group; what is not heard of for twelve seconds is gone. Two calls that begin at the same moment on
 * two nodes become the older one: the peers of the other are told of it and join again. */
#pragma once

#include "server/chat/kl-chat-private.h"

G_BEGIN_DECLS

typedef struct _KlChatPeer KlChatPeer;

/* What a peer says of itself. */
typedef struct {
  gboolean audio;
  gboolean video;
  gboolean screen;
  gboolean hand;
} KlChatCallMedia;

struct _KlChatPeer
{
  guint ref_count; /* acknowledgements under way hold it */
  KlChatCall *call; /* NULL: has left */
  char *id;
  KlChatPerson *person;         /* used */
  char *node;                   /* NULL: here */
  KlChatConnection *connection; /* NULL: its line is broken, or it is elsewhere */
  KlChatCallMedia media;
  gint64 since; /* when it came to its node: of two nodes that hold it the later is right */
  guint grace_source;
  GQueue signals; /* Signal: not acknowledged, in their order */
  gsize signal_bytes;
};

struct _KlChatCall
{
  KlChat *chat;
  KlChatGroup *group; /* referenced */
  char *id;
  char *started_by; /* user id */
  gint64 started_at;
  gboolean answered; /* somebody else has been in it */
  GPtrArray *peers;  /* KlChatPeer, owned, in the order of coming */
  GHashTable *nodes; /* other nodes that hold peers → when they were heard of, in µs (gint64 *) */
};

/* ── State ── (kl-chat-calls.c) */

/* With the given id, or a new one where `id` is NULL. */
KlChatCall *kl_chat_call_new (KlChatGroup *group, const char *id, const char *started_by, gint64 started_at);
KlChatCall *kl_chat_call_find (KlChat *chat, const char *id);
KlChatPeer *kl_chat_call_find_peer (KlChatCall *self, const char *id);
KlChatPeer *kl_chat_call_get_peer_of (KlChatCall *self, KlChatConnection *connection);
gboolean kl_chat_call_has_person (KlChatCall *self, KlChatPerson *person);
/* `node` NULL: here. */
KlChatPeer *kl_chat_call_add_peer (KlChatCall *self, const char *id, KlChatPerson *person, const char *node);
/* Tells the others. The last one's going ends the call, which is then no more. */
void kl_chat_peer_leave (KlChatPeer *self);
/* The connection holds the place from now on. */
void kl_chat_peer_attach (KlChatPeer *self, KlChatConnection *connection);
void kl_chat_peer_tell_joined (KlChatPeer *self);
/* Another node holds the place. → the arguments (char *) of the signals that waited for it. */
GPtrArray *kl_chat_peer_hand_over (KlChatPeer *self, const char *node);
/* After the answer: sends again what was not acknowledged. */
void kl_chat_peer_send_waiting (KlChatPeer *self);
/* FALSE: it is so already. */
gboolean kl_chat_peer_set_media (KlChatPeer *self, const KlChatCallMedia *media);
/* Its members, into an open object. */
void kl_chat_peer_write_media (const KlChatPeer *self, KlJsonWriter *out);
/* Tells the others of it. */
void kl_chat_peer_tell_media (KlChatPeer *self);
/* Forgets the group's call without a word in the conversation. */
void kl_chat_calls_abandon (KlChatGroup *group);
/* Writes the system message of a call's end: for requests of the server itself. */
void kl_chat_call_handle_ended (KlChatRequest *request, KlJsonFields *in);
/* The members are to be told how the call stands, soon. */
void kl_chat_call_changed (KlChatGroup *group);
/* To all in it that are here, but one (NULL: all). */
void kl_chat_call_deliver (KlChatCall *self, KlChatEvent *event, KlChatPeer *except);
/* FALSE: too much waits for it already. */
gboolean kl_chat_peer_signal (KlChatPeer *self, const char *from, const char *data, gsize length);
/* The whole object; without one peer (NULL: with all). */
void kl_chat_call_write (KlJsonWriter *out, KlChatCall *self, const KlChatPeer *without);

/* ── Other nodes ── (kl-chat-call-nodes.c) */

/* Tells the other nodes which peers are here. */
void kl_chat_call_announce (KlChatGroup *group);
/* Begins the object of a word to the other nodes that hold peers of this call: to be ended and published. */
void kl_chat_call_begin_word (KlJsonWriter *out, KlChatCall *call, const char *type, gsize size);
void kl_chat_call_publish (KlChatGroup *group, KlJsonWriter *out);

/* ── What clients ask ── (kl-chat-call-requests.c) */

void kl_chat_call_ring_here (KlChatCall *call, const char *by, const char *const *users);
void kl_chat_call_decline_here (KlChatCall *call, KlChatPerson *person, KlChatConnection *except);
void kl_chat_call_react_here (KlChatCall *call, const char *peer, const char *emoji);

/* ── Secrets ── (kl-chat-call-token.c) */

typedef struct {
  const char *call;
  const char *peer;
  const char *user;
  const char *group;
  const char *started_by;
  gint64 started_at;
} KlChatCallClaims;

char *kl_chat_call_token_new (KlChat *chat, const KlChatCallClaims *claims);
/* Checks call, peer, user, group; fills in the others (*started_by is the caller's). */
gboolean kl_chat_call_token_check (KlChat *chat, const char *token, KlChatCallClaims *claims, char **started_by);
/* The array of ice_servers, with credentials for this person. */
void kl_chat_call_write_ice_servers (KlJsonWriter *out, KlChat *chat, const char *user);

G_END_DECLS
