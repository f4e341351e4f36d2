/* SPDX-License-Identifier: GPL-3.0-or-later
 * The inside of a session, shared by its files:
 *   kl-session.c         the object: start, stop, state, the open group
 *   kl-session-talk.c    sending, reading, typing
 *   kl-session-sync.c    catching up with the server, without gaps
 *   kl-session-merge.c   what the server says of messages and groups becomes ours, and the cache's
 *   kl-session-events.c  events
 *   kl-session-lists.c   pages for message and member lists
 *   kl-session-deeds.c   what a person asks the server for
 *   kl-session-calls.c   calls: who is in one, what rings, and the words that go to and fro */
#pragma once

#include "app/core/kl-cache.h"
#include "app/core/kl-connection.h"
#include "app/core/kl-group-list-private.h"
#include "app/core/kl-member-list-private.h"
#include "app/core/kl-message-list-private.h"
#include "app/core/kl-outbox.h"
#include "app/core/kl-session-calls.h"
#include "app/core/kl-session.h"
#include "app/core/kl-wire.h"

#include <libsoup/soup.h>

G_BEGIN_DECLS

enum
{
  KL_ANSWER_MS = 20 * 1000,
  KL_PAGE_MESSAGES = 50,
  KL_SEEN_MAX = 4096,
};

/* One of one's own groups, as the session follows it. */
typedef struct
{
  KlSession *session; /* not owned */
  KlGroup *group;
  KlMessage *server_last;  /* the newest stored message for the list, or NULL */
  gint64 rev;              /* all changes up to here are in the cache */
  gint64 created_at;
  GHashTable *seen;        /* owned gint64: revs above rev + 1 that have come already */
  gboolean live;           /* its events flow */
  gboolean held;           /* the cache has messages of it */
  gboolean dirty;          /* its object is newer than the cache's */
  gboolean reading;        /* a read mark is on its way */
  GWeakRef messages;       /* KlMessageList */
  GWeakRef members;        /* KlMemberList */
  gint64 typing_told_usec; /* when we last said that we type; 0: we do not */
  guint typing_source;
} KlTrack;

struct _KlSession
{
  GObject parent_instance;

  KlAccount *account;
  char *folder;
  char *server_name;
  char *epoch;
  KlUser *me;
  KlPeople *people;
  KlGroupList *groups;
  KlConnection *connection;
  KlCache *cache;
  KlOutbox *outbox;
  SoupSession *soup;
  GCancellable *cancellable;
  KlGroup *open_group;
  GHashTable *tracks;      /* group id (the group's) → owned KlTrack */
  GListStore *rings;       /* of KlRing */
  GHashTable *ring_sources; /* owned call id → GSource id */
  char *own_call;          /* the call that we are in on this connection, or were when it broke; or NULL */
  char *own_peer;
  GQueue recent;           /* of owned KlMessageList, the latest first */
  GPtrArray *wanted;       /* owned user ids whose names are not known */
  GHashTable *refresh;     /* owned group ids whose object is asked for anew */
  GHashTable *catch_up;    /* owned group ids with a gap */
  GHashTable *waiting;     /* owned GTask: page loads that wait for the first sync */
  gpointer taking;         /* an answer to "sync" that is being taken, or NULL */
  guint taking_source;
  guint sync_source;       /* another try, for a server that was busy */
  guint sync_delay_ms;
  guint wanted_source;
  guint refresh_source;
  guint save_source;
  guint catch_up_delay_ms;
  guint rounds;            /* further syncs since the connection is there */
  guint generation;        /* of the connection: answers to an older one are not used */
  gboolean started;
  gboolean cache_loaded;
  gboolean synced;         /* since the connection is there */
  gboolean syncing;        /* a sync with "more" is under way */
  gboolean away;
  gboolean stopping;
};

/* ── kl-session.c ── */

KlTrack *kl_session_track (KlSession *self, const char *group_id);
KlTrack *kl_session_track_new (KlSession *self, KlGroup *group);
/* The group is no longer one's own. reason NULL: silently. */
void kl_session_drop_track (KlSession *self, KlTrack *track, const char *reason);
/* last-message and last-time follow the outbox and the server's newest. */
void kl_session_update_last (KlSession *self, KlTrack *track);
/* The group's object goes into the cache soon. */
void kl_session_mark_dirty (KlSession *self, KlTrack *track);
/* What is to be done once a group's events flow, and once all is synced. */
void kl_session_group_went_live (KlSession *self, KlTrack *track);
/* An answer's handler may run when the session has been given up: */
gboolean kl_session_is_alive (KlSession *self);

/* ── kl-session-talk.c ── */

void kl_session_make_outbox (KlSession *self, const char *path);
void kl_session_send_read_mark (KlSession *self, KlTrack *track);
void kl_session_send_presence (KlSession *self);
void kl_session_stop_typing (KlSession *self, KlTrack *track, gboolean tell);

/* ── kl-session-sync.c ── */

void kl_session_begin_sync (KlSession *self);
void kl_session_end_sync (KlSession *self);
/* The connection, or the session, ends. */
void kl_session_give_up_sync (KlSession *self);
/* An event with this rev came for a group. */
void kl_session_note_rev (KlSession *self, KlTrack *track, gint64 rev, KlCacheChange *change);
/* Asks for the group's object: its counts cannot be told from here. */
void kl_session_refresh_group (KlSession *self, KlTrack *track);

/* ── kl-session-merge.c ── */

/* A message of the server: merged into the object that stands for it, if it is not older than that; transfer full,
 * NULL where it is none of this group. change may be NULL: not for the cache. */
KlMessage *kl_session_merge_message (KlSession *self, KlTrack *track, yyjson_val *object, KlCacheChange *change);
/* Likewise an array; element-type KlMessage, by seq. */
GPtrArray *kl_session_merge_messages (KlSession *self, KlTrack *track, yyjson_val *array, KlCacheChange *change);
/* Puts merged messages into the group's message list, if there is one. */
void kl_session_show_messages (KlSession *self, KlTrack *track, GPtrArray *messages);
/* An answer's "users". */
void kl_session_merge_user (KlSession *self, yyjson_val *object, KlCacheChange *change);
void kl_session_merge_users (KlSession *self, yyjson_val *users, KlCacheChange *change);
/* One of one's own groups, whole; made if it is new. NULL: it is no group object. */
KlTrack *kl_session_merge_group (KlSession *self, yyjson_val *object, KlWireGroup *more);
/* The group of an answer (joining, creating), with its latest page: live from there on. */
KlTrack *kl_session_merge_joined (KlSession *self, yyjson_val *answer);
void kl_session_want_user (KlSession *self, KlUser *user);
void kl_session_load_cached (KlSession *self, KlCachedStart *start);
KlRole kl_session_own_role (KlTrack *track);

/* ── kl-session-events.c ── */

void kl_session_take_event (KlSession *self, const char *name, yyjson_val *argument);
void kl_session_forget_presence (KlSession *self);
void kl_session_merge_member (KlSession *self, KlTrack *track, yyjson_val *member);

/* ── kl-session-deeds.c ── */

/* Makes of the answer what the task returns; NULL, and the answer makes no sense. */
typedef gpointer (*KlSessionReader) (KlSession *self, yyjson_val *answer);

/* A task, and an object that is begun. */
GTask *kl_session_begin_deed (KlSession *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                              gpointer user_data, gpointer tag, KlJsonWriter *out);
/* Takes the task and what the writer holds. */
void kl_session_ask (KlSession *self, GTask *task, const char *event, KlJsonWriter *out, KlSessionReader reader,
                     GDestroyNotify free_result);

/* ── kl-session-calls.c ── */

void kl_session_calls_class_init (GObjectClass *klass);
/* For ring_sources. */
void kl_session_remove_source (gpointer id);
/* The call of a group as its whole object, or an event, has it; VALUE NULL or null: there is none. */
void kl_session_take_group_call (KlSession *self, KlTrack *track, yyjson_val *value);
/* The connection is lost: nothing is known of calls. */
void kl_session_forget_calls (KlSession *self);
void kl_session_forget_group_calls (KlSession *self, KlTrack *track);
void kl_session_forget_rings (KlSession *self);

/* Handlers of events. */
void kl_session_on_call (KlSession *self, yyjson_val *argument);
void kl_session_on_call_peer (KlSession *self, yyjson_val *argument);
void kl_session_on_call_signal (KlSession *self, yyjson_val *argument);
void kl_session_on_call_react (KlSession *self, yyjson_val *argument);
void kl_session_on_call_ring (KlSession *self, yyjson_val *argument);
void kl_session_on_call_declined (KlSession *self, yyjson_val *argument);

/* ── kl-session-lists.c ── */

void kl_session_open_people (KlSession *self, KlTrack *track);
void kl_session_reload_lists (KlSession *self, KlTrack *track);
void kl_session_flush_waiting (KlSession *self);

G_END_DECLS
