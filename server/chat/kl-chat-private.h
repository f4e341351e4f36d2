/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the parts of the chat core know of each other.
 *
 * A *person* is one account as long as anything here concerns it; a *group* is the actor
 * that owns the head of one log; a *member* joins the two; a *flow* is what one connection
 * has to do with one group. A *request* is one event of a client until it is answered, a
 * *deed* is the part of it that wants to change a log. All on the main loop's thread.
 *
 * A person is *resident* while it has connections or has lately asked for something: then
 * all its groups are loaded. So rights, counts and shared groups need no look at the store. */
#pragma once

#include "protocol/kl-id.h"
#include "protocol/kl-json.h"
#include "protocol/kl-limits.h"
#include "server/chat/kl-chat.h"

G_BEGIN_DECLS

typedef struct _KlChatPerson KlChatPerson;
typedef struct _KlChatGroup KlChatGroup;
typedef struct _KlChatMember KlChatMember;
typedef struct _KlChatFlow KlChatFlow;
typedef struct _KlChatRequest KlChatRequest;
typedef struct _KlChatDeed KlChatDeed;
typedef struct _KlChatCluster KlChatCluster;
typedef struct _KlChatCall KlChatCall;

/* Answers that need no memory of their own: field and text are static. */
typedef struct {
  KlErrorCode code;
  const char *field; /* optional */
  const char *text;
} KlChatFault;

/* ── Rates ── (kl-chat-bucket.c) */

/* A leaky bucket as one number: when it will be empty again. */
typedef struct {
  gint64 empty_usec;
} KlChatBucket;

/* Takes one; 0, or the milliseconds until there is one again. A rate of 0 lets everything pass. */
gint64 kl_chat_bucket_take (KlChatBucket *self, gint64 now_usec, gint64 per_second, gint64 burst);
void kl_chat_bucket_give_back (KlChatBucket *self, gint64 per_second);

/* ── The whole ── */

struct _KlChat
{
  GObject parent_instance;

  KlStore *store;
  KlBus *bus;
  KlChatSettings settings;
  GStringChunk *strings; /* of the settings */

  KlIdSource *ids;
  GHashTable *entries; /* event name → const KlChatEntry * */
  GHashTable *people;  /* user id → KlChatPerson, which owns the id */
  GHashTable *groups;  /* group id → KlChatGroup, which owns the id */
  GHashTable *calls;   /* call id → KlChatCall, which owns the id */

  GPtrArray *dirty_people; /* KlChatPerson: presence may have changed */
  GPtrArray *dirty_groups; /* KlChatGroup: counts may have changed */
  GQueue requests;      /* KlChatRequest, not yet answered, in the order of their begin */
  guint requests_source; /* looks for those that take too long */
  GQueue turns;          /* KlChatRequest (turn_link): those that wait for a turn */
  guint n_turns;         /* taken */
  gint64 turn_usec;      /* how long one is, on the average of late */
  gboolean giving_turns;

  guint presence_source;
  gint64 presence_due_usec; /* of that source */
  gint64 presence_last_usec;
  gint64 counts_last_usec;
  guint sweep_source;
  gboolean alone; /* there are no other nodes */
  KlChatCluster *cluster;

  char *secret; /* of the store; for tokens of calls */
  gint64 started_usec;
  guint64 signal_serial;
  guint call_beat_source;
  gint64 call_beat_usec;

  GSource *gather_source;
  GPtrArray *gathering; /* KlChatGroup, referenced: their next batch waits for company */
  gint64 gather_ready_usec;

  KlChatStats stats;
};

gint64 kl_chat_now_ms (void);
/* Frees all people and groups; what waits is answered. */
void kl_chat_drop_everything (KlChat *self);
/* kl_chat_end_sessions() on this node alone. */
void kl_chat_end_sessions_here (KlChat *self, const char *user, const char *session, const char *keep);

/* ── People ── (kl-chat-person.c) */

typedef enum {
  KL_CHAT_STATUS_OFFLINE,
  KL_CHAT_STATUS_AWAY,
  KL_CHAT_STATUS_ONLINE,
  KL_CHAT_STATUS_DND,
} KlChatStatus;

typedef enum { KL_PERSON_ABSENT, KL_PERSON_LOADING, KL_PERSON_RESIDENT } KlChatPersonState;

struct _KlChatPerson
{
  KlChat *chat;
  char *id;
  guint uses; /* memberships, connections, requests */
  KlStoreUser *user; /* NULL: not read yet */
  KlChatPersonState state;
  guint groups_loading;
  GError *load_error;
  GArray *waiting; /* Waiter; NULL: none */
  GPtrArray *connections; /* KlChatConnection */
  GPtrArray *memberships; /* KlChatMember, of loaded groups */
  guint joining; /* groups that are being created or joined */
  guint places;  /* of them, those that are certain of a place among the groups one may be in */
  GPtrArray *crowded; /* Create (kl-chat-groups.c): wait until it is decided who has the last place; NULL: none */
  gint64 used_usec;
  GQueue lookups; /* KlChatLookup: those that wait for a message, and all behind them */
  KlChatBucket messages;
  KlChatBucket reads;

  KlActivity local_activity; /* of the connections here */
  guint told_connections;    /* the bus */
  gboolean elsewhere;        /* another node has told of open groups */
  KlChatStatus status;    /* as it is now */
  KlChatStatus announced; /* as watchers were told last */
  char *announced_text;
  gboolean dirty;
  gboolean announce; /* tell in any case: somebody may have read something in between */
};

typedef void (*KlChatDone) (gpointer user_data, const GError *error);

/* The person with this id, whether or not there is such an account; counts a use. */
KlChatPerson *kl_chat_person_use (KlChat *chat, const char *id);
void kl_chat_person_unuse (KlChatPerson *self);
KlChatPerson *kl_chat_person_peek (KlChat *chat, const char *id);
void kl_chat_person_take_user (KlChatPerson *self, KlStoreUser *user);
/* Calls when the profile and all groups are in memory: now or later. */
void kl_chat_person_make_resident (KlChatPerson *self, KlChatDone done, gpointer user_data);
/* Reads the profiles of those (KlChatPerson) that lack one. Those without an account keep none. */
void kl_chat_load_profiles (KlChat *chat, GPtrArray *people, KlChatDone done, gpointer user_data);
gboolean kl_chat_person_shares_group (KlChatPerson *self, KlChatPerson *other);
void kl_chat_sweep (KlChat *chat);

/* The places among the groups one may be in. FALSE: there is none, or none that nobody is certain of already. */
gboolean kl_chat_person_take_place (KlChatPerson *self);
/* After the membership that it was for, or instead of it. */
void kl_chat_person_leave_place (KlChatPerson *self);
/* Creations that wait for a place look again. (kl-chat-groups.c) */
void kl_chat_resume_crowded (KlChatPerson *self);

/* ── Connections ── (kl-chat-connection.c) */

struct _KlChatConnection
{
  guint ref_count;
  KlChat *chat;
  KlChatPerson *person; /* NULL: ended */
  char *user_id;
  char *session;
  const KlChatSink *vtable;
  gpointer sink;
  GPtrArray *flows; /* KlChatFlow, owned */
  guint n_open;
  gboolean away;
  gboolean synced; /* has been sent an answer to sync */
  KlChatRequest *turn; /* its request that waits for a turn or has one; NULL: none */
  GQueue behind;       /* KlChatRequest (turn_link): those behind that one */
  GHashTable *synced_groups; /* ids: those of the answer to sync that is on its way; NULL: none is */
  GPtrArray *peers; /* KlChatPeer (kl-chat-calls-private.h): its places in calls; NULL: none */
  /* Presence that the current round has gathered for it. */
  gpointer presence_stamp;
  GString *presence_people;
  GString *presence_groups;
};

void kl_chat_connection_deliver (KlChatConnection *self, KlChatEvent *event);
/* The same, and asks for the client's acknowledgement. `acked` is called once, maybe at once. */
void kl_chat_connection_ask (KlChatConnection *self, const char *event, const char *json, gsize length, KlChatAcked acked, gpointer user_data);
KlChatFlow *kl_chat_connection_get_flow (KlChatConnection *self, KlChatGroup *group);
/* The flow, made where there is none. */
KlChatFlow *kl_chat_connection_ensure_flow (KlChatConnection *self, KlChatGroup *group);

/* What a connection has to do with a group: whether its events flow, are held back until an answer is out, and
 * whether it is looking at it. */
struct _KlChatFlow
{
  guint ref_count;
  KlChatConnection *connection; /* NULL: ended */
  KlChatGroup *group;
  gboolean flowing;
  guint holds;
  GPtrArray *queue; /* KlChatEvent, while held */
  guint told; /* of these the first so many are in an answer that was given meanwhile */
  KlChatEvent *last; /* group:removed, to be sent when the holds are gone */
  guint target; /* index in group->targets while flowing and not held */
  gboolean open;
  gboolean typing;    /* the others were told that its person types */
  gint64 typing_usec; /* when they were told last */
};

KlChatFlow *kl_chat_flow_ref (KlChatFlow *self);
void kl_chat_flow_unref (KlChatFlow *self);
/* Keeps the group's events back, from this moment on, in order. */
void kl_chat_flow_hold (KlChatFlow *self);
/* After the answer: what was kept back goes out, if the flow has begun (`begin`: it has now). */
void kl_chat_flow_release (KlChatFlow *self, gboolean begin);
void kl_chat_flow_begin (KlChatFlow *self);
/* To this connection alone, in order with the group's events. */
void kl_chat_flow_deliver (KlChatFlow *self, KlChatEvent *event);
/* The end of the group for this connection; `last` may be NULL (the connection itself ends). */
void kl_chat_flow_end (KlChatFlow *self, KlChatEvent *last);

/* ── Groups ── (kl-chat-group.c) */

typedef struct {
  void (*deliver) (gpointer sink, KlChatEvent *event);
  gpointer sink;
  KlChatFlow *flow;
} KlChatTarget;

struct _KlChatMember
{
  KlChatPerson *person;
  KlChatGroup *group;
  KlStoreMember *state; /* its marks are kept up to date */
  guint here;           /* connections, here, that have the group open */
  gboolean here_elsewhere;
  guint index;          /* in person->memberships */
};

typedef enum { KL_GROUP_LOADING, KL_GROUP_READY, KL_GROUP_GONE } KlChatGroupState;

struct _KlChatGroup
{
  KlChat *chat;
  char *id;
  guint ref_count;
  KlChatGroupState state;
  GArray *waiting; /* those who wait for it to load */
  guint pins; /* members who are resident */
  gint64 used_usec;

  KlStoreGroup *meta; /* NULL: being created */
  gint64 rev;         /* the head: all up to it has been delivered */
  gint64 seq;
  gint64 time;
  KlStoreMessage *last_message;
  char *last_json; /* last_message with its body cut, once asked for */
  gsize last_json_length;
  GHashTable *members; /* KlChatPerson → KlChatMember, owned */
  GHashTable *bans;    /* user id → KlStoreBan */
  guint bans_stamp;    /* another whenever they change */
  guint n_owners;
  guint n_online;
  guint n_here;
  GArray *targets; /* KlChatTarget: the flows to deliver to */
  GPtrArray *held; /* KlChatFlow: those that are held */
  KlChatCall *call;     /* NULL: none */
  gint64 call_told_usec; /* when the members were told of it last */
  guint call_source;     /* until they are told again */
  gboolean dirty;        /* counts, for those who have it open */
  gboolean counts_dirty; /* counts, for all its members */

  /* The log (kl-chat-log.c) */
  GQueue pending; /* KlChatDeed */
  GPtrArray *planned; /* KlChatDeed, of the batch in flight */
  KlStoreBatch *in_flight;
  gint64 stored_usec;     /* when the last one came back */
  gint64 append_usec;     /* how long the last append took */
  gint64 gather_due_usec; /* when the next one begins; 0: not known yet */
  gboolean gathering;
  gboolean planning;
  gboolean reading_log;
  gboolean searching;   /* for old ops among what is pending */
  gboolean twins;       /* an op is pending more than once */
  gboolean uncertain;   /* there may be more in the log: read on before the next append */
  gboolean unpublished; /* … and of what is there the others may not have been told */
  guint stuck;          /* conflicts, one after the other, with nobody */

  /* What others write (kl-chat-follow.c, kl-chat-forward.c) */
  GPtrArray *ahead;    /* Ahead, by base_rev: what came before what it follows; NULL: nothing */
  guint wait_source;   /* for what is missing, or for the winner */
  gboolean awaiting_winner;
  guint vain_waits;    /* for a winner, one after the other */
  gint64 rival_usec;   /* when something by another node was applied last; 0: never */
  char *last_writer;   /* of the head; NULL: this node, or not known */
  gint64 last_written_usec;
  GQueue handed;       /* KlChatDeed: with another node, and those of the same people behind them */
  guint handed_source;
  gboolean has_given;  /* there may be deeds that are, or were, with another node */
  GHashTable *watched; /* message id → Watched */

  /* Reads that several share (kl-chat-shared.c) */
  gboolean reading_changes;
  gboolean counting;
  GArray *changes_waiting; /* ChangesReader: for the next one; NULL: nobody */
  GArray *count_waiting;   /* CountReader, the same */
};

typedef void (*KlChatGroupFunc) (KlChatGroup *group, const GError *error, gpointer user_data);

/* Calls with the group when it is loaded, now or later; NULL and KL_STORE_ERROR_NOT_FOUND where there is none. */
void kl_chat_get_group (KlChat *chat, const char *id, KlChatGroupFunc func, gpointer user_data);
/* An actor for a group that is to be created. Gives a reference. */
KlChatGroup *kl_chat_group_new_unborn (KlChat *chat, const char *id);
/* Has just been stored: answers those who asked for it meanwhile. */
void kl_chat_group_born (KlChatGroup *self);
KlChatGroup *kl_chat_group_ref (KlChatGroup *self);
void kl_chat_group_unref (KlChatGroup *self);
KlChatMember *kl_chat_group_get_member (KlChatGroup *self, KlChatPerson *person);
KlRole kl_chat_group_get_role (KlChatGroup *self, KlChatPerson *person);
/* As the store has them (KlStoreBan). */
void kl_chat_group_set_bans (KlChatGroup *self, GPtrArray *bans);
gboolean kl_chat_group_is_idle (KlChatGroup *self);
void kl_chat_group_drop (KlChatGroup *self); /* out of memory */
/* It has been deleted: its members are told, and it is dropped. */
void kl_chat_group_vanish (KlChatGroup *self);
/* Sends to all whose events flow. */
void kl_chat_group_deliver (KlChatGroup *self, KlChatEvent *event);
/* Changes that have been stored, the next in order: into the state, and out as events. */
void kl_chat_group_apply (KlChatGroup *self, KlStoreBatch *batch);
/* Brings the whole object, as `group` without rev, to all the person's connections but one, and begins their flow. */
void kl_chat_group_greet (KlChatGroup *self, KlChatPerson *person, KlChatConnection *except);
/* To this one, whatever it was told before. */
void kl_chat_group_greet_connection (KlChatGroup *self, KlChatConnection *connection);
/* The same to those connections where its events flow: `mine` has changed. */
void kl_chat_group_show (KlChatGroup *self, KlChatPerson *person, KlChatConnection *except);
/* Those to whom `read` tells: a group of up to 50, both with receipts on. */
gboolean kl_chat_group_tells_reads (KlChatGroup *self);

/* ── The log ── (kl-chat-log.c) */

typedef enum {
  KL_DEED_PLANNED,  /* has added its changes */
  KL_DEED_ANSWERED, /* there is nothing to store: it has answered its request */
  KL_DEED_WAIT,     /* something in this batch touches what it depends on */
} KlDeedVerdict;

typedef struct {
  KlChatGroup *group;
  KlStoreBatch *batch;
  gint64 seq;
  gint64 time;
  guint joins;
  gboolean closed; /* the group is deleted by this batch */
  GPtrArray *touched; /* persons, meta and messages that the batch changes */
  GHashTable *ops;
} KlChatPlan;

typedef struct {
  KlDeedVerdict (*plan) (KlChatDeed *deed, KlChatPlan *plan);
  /* Its changes are stored and applied. Answers. */
  void (*stored) (KlChatDeed *deed);
  /* Its op is in the log already (`op` NULL: it is not any more). Answers. NULL: the deed has no op. */
  void (*repeated) (KlChatDeed *deed, const KlStoreOp *op);
  void (*free) (KlChatDeed *deed);
  /* The node to which it was handed has stored it. Answers. NULL: it cannot be handed on. */
  void (*stored_elsewhere) (KlChatDeed *deed, KlStoreMessage *message);
} KlChatDeedClass;

/* The beginning of each deed's own struct. */
struct _KlChatDeed
{
  const KlChatDeedClass *class;
  KlChatRequest *request; /* NULL: answered */
  char *op;
  guint first; /* its changes in the batch */
  guint n_changes;
  char *argument;  /* JSON of its event, with which another node can do it; NULL: it stays here */
  gsize argument_length;
  gint64 handed_usec; /* in group->handed: when it was handed on; 0: it waits */
  char *handed_to;    /* the node; stays when it is taken back */
  gboolean stays;     /* was taken back; until it has lost some races here it is not given again */
  guint losses;       /* races that it has lost since */
  KlStoreMessage *elsewhere; /* while its append is under way: what another node has stored of it; NULL: nothing */
};

/* ── Deeds about a message ── (kl-chat-lookup.c)
 *
 * What one person says and changes stays in its order, also where a message has to be read first: reads come back in
 * any order. The beginning of such a deed's own struct. */
typedef struct _KlChatLookup KlChatLookup;
struct _KlChatLookup
{
  KlChatDeed deed;
  void (*go_on) (KlChatLookup *self); /* takes it */
  gboolean reading;
  KlStoreMessage *message; /* as the store had it; NULL: none was asked for, or error is set */
  GError *error;
};

/* Calls go_on() when `message` (an id; NULL: none) of the request's group has been read and everything before has gone on. */
void kl_chat_lookup_start (KlChatLookup *self, const char *message);
void kl_chat_lookup_clear (KlChatLookup *self);

/* It has been answered. */
void kl_chat_deed_free (KlChatDeed *deed);
/* Takes the deed. */
void kl_chat_group_enqueue (KlChatGroup *self, KlChatDeed *deed);
void kl_chat_group_advance (KlChatGroup *self);
void kl_chat_group_fail_all (KlChatGroup *self, const KlChatFault *fault);
extern const KlChatFault kl_chat_fault_gone;
extern const KlChatFault kl_chat_fault_unstored; /* or not known to be */

/* ── What others write ── (kl-chat-follow.c) */

/* What another node (NULL: not known which) has stored. */
void kl_chat_group_hear (KlChatGroup *self, KlStoreBatch *batch, const char *node);
/* Reads what others have stored. */
void kl_chat_group_read_on (KlChatGroup *self);
/* The head has moved: what was kept may follow. */
void kl_chat_group_catch_up (KlChatGroup *self);
/* An append has lost against another: who has won will say it by the bus, else it is read. */
void kl_chat_group_await_winner (KlChatGroup *self);
/* The head is by this node; NULL: by us. */
void kl_chat_group_wrote (KlChatGroup *self, const char *node);
void kl_chat_group_stop_following (KlChatGroup *self);

/* ── Handing requests to the last writer ── (kl-chat-forward.c) */

/* TRUE: another node does it, or it waits behind one that another node does. */
gboolean kl_chat_group_hand_over (KlChatGroup *self, KlChatDeed *deed);
/* The same for what is pending. */
void kl_chat_group_hand_over_pending (KlChatGroup *self);
/* A new message is in the log: answers the request that is, or was, with another node for it. One whose own append is
 * under way is answered when that has failed. */
void kl_chat_group_settle_handed (KlChatGroup *self, KlStoreMessage *message);
/* The append has failed. */
void kl_chat_group_settle_planned (KlChatGroup *self);
/* Another node was quicker than the deeds that are planned. */
void kl_chat_group_note_loss (KlChatGroup *self);
/* Takes the deed. */
void kl_chat_deed_settle_elsewhere (KlChatDeed *deed, KlStoreMessage *message);
/* What waited behind what is settled goes on. */
void kl_chat_group_release_handed (KlChatGroup *self);
/* Takes all of it back. */
void kl_chat_group_take_back_handed (KlChatGroup *self);
/* A request from another node. */
void kl_chat_take_over (KlChat *chat, const KlBusForward *forward);

/* ── When a batch begins ── (kl-chat-gather.c) */

void kl_chat_gather_start (KlChat *chat);
void kl_chat_gather_stop (KlChat *chat);
/* FALSE: not yet; kl_chat_group_advance() will be called when it is. */
gboolean kl_chat_gather_is_due (KlChatGroup *self);


gboolean kl_chat_plan_touches (KlChatPlan *plan, gconstpointer what);
void kl_chat_plan_touch (KlChatPlan *plan, gconstpointer what);
/* The next message: fills in id, group, seq, rev, created_at of `draft`. */
KlStoreChange *kl_chat_plan_change (KlChatPlan *plan, KlChatDeed *deed, KlChangeKind kind);
/* Adds a system message by the deed's person. */
void kl_chat_plan_system (KlChatPlan *plan, KlChatDeed *deed, const char *event, const char *user, const char *by, const char *value);
/* Adds what a call leaves behind: how long it was, or (-1) that nobody came. */
void kl_chat_plan_call_ended (KlChatPlan *plan, KlChatDeed *deed, gint64 duration_ms);
/* Where the groups' own fields are touched. */
#define KL_CHAT_META(group) ((gconstpointer) (group))

/* The newest state of a message while somebody wants to change it. */
void kl_chat_group_watch (KlChatGroup *self, const char *message);
void kl_chat_group_unwatch (KlChatGroup *self, const char *message);
KlStoreMessage *kl_chat_group_get_watched (KlChatGroup *self, const char *message);
void kl_chat_group_tell_watched (KlChatGroup *self, KlStoreMessage *message);

/* ── Requests ── (kl-chat-request.c) */

typedef enum {
  KL_ENTRY_PLAIN = 0,
  KL_ENTRY_GROUP = 1 << 0,      /* has `group`, which exists */
  KL_ENTRY_MEMBER = 1 << 1,     /* … and the person is in it */
  KL_ENTRY_READ = 1 << 2,       /* counts against reads */
  KL_ENTRY_WRITE = 1 << 3,      /* counts against messages */
  KL_ENTRY_CONNECTION = 1 << 4, /* only on a live connection */
  KL_ENTRY_REST = 1 << 5,       /* only by kl_chat_call() */
  KL_ENTRY_HANDED = 1 << 6,     /* from another node: the group is loaded, the person need not be resident */
  KL_ENTRY_PATIENT = 1 << 7,    /* may take long: has more time, and waits for its turn; only on a live connection */
} KlEntryFlags;

typedef struct {
  const char *name;
  KlEntryFlags flags;
  void (*handle) (KlChatRequest *request, KlJsonFields *in);
} KlChatEntry;

extern const KlChatEntry kl_chat_handed_entry; /* message:send */
/* A family's table ends with a name of NULL. */
extern const KlChatEntry kl_chat_group_entries[];
extern const KlChatEntry kl_chat_join_entries[];
extern const KlChatEntry kl_chat_member_entries[];
extern const KlChatEntry kl_chat_message_entries[];
extern const KlChatEntry kl_chat_history_entries[];
extern const KlChatEntry kl_chat_sync_entries[];
extern const KlChatEntry kl_chat_open_entries[];
extern const KlChatEntry kl_chat_mark_entries[];
extern const KlChatEntry kl_chat_invite_entries[];
extern const KlChatEntry kl_chat_user_entries[];
extern const KlChatEntry kl_chat_call_entries[];

typedef struct {
  KlChatFlow *flow; /* referenced */
  gboolean begin;   /* its events flow from then on, if the answer is ok */
  guint queued;     /* events that waited already, and so are in the answer */
} KlChatHold;

/* How many times the usual time a patient request has. */
#define KL_CHAT_PATIENCE 3

typedef enum {
  KL_TURN_NONE,
  KL_TURN_BEHIND, /* in connection->behind */
  KL_TURN_NEXT,   /* its connection's first */
  KL_TURN_WAITS,  /* … and in chat->turns */
  KL_TURN_TAKEN,
} KlChatTurn;

struct _KlChatRequest
{
  KlChat *chat;
  KlChatPerson *person;
  KlChatConnection *connection; /* NULL: REST */
  KlChatGroup *group;           /* where the entry has one */
  const KlChatEntry *entry;
  yyjson_doc *copy; /* the argument, where it had to wait */
  KlChatReply reply;
  gpointer user_data;
  GList link; /* in chat->requests */
  gint64 begun_usec;
  gboolean replied; /* it took too long: the client was told so, and nobody waits for the answer any more */
  KlChatTurn turn;
  GList turn_link;
  gint64 turn_usec; /* when it was taken */

  KlJsonWriter out; /* the answer so far; out.out NULL: not begun */
  GPtrArray *named; /* KlChatPerson, used: whom `users` of the answer will show; NULL: no `users` */
  GHashTable *named_set;
  gboolean repeated;
  GArray *holds; /* KlChatHold, until the answer is out; NULL: none */
  void (*ended) (gpointer data); /* when all is over; NULL: nothing */
  gpointer ended_data;
};

/* A request of the server itself on behalf of this person. */
void kl_chat_begin (KlChat *chat, const char *user, const KlChatEntry *entry, yyjson_val *argument, KlChatReply reply, gpointer user_data);

void kl_chat_request_set_group (KlChatRequest *self, KlChatGroup *group);
/* From where its argument had to be copied. */
void kl_chat_request_go_on (KlChatRequest *self);
/* Nobody waits for the answer: it took too long, or the connection has ended. What only reads need not go on. */
gboolean kl_chat_request_is_vain (const KlChatRequest *self);

/* Each of these ends the request. */
void kl_chat_request_ok (KlChatRequest *self);
void kl_chat_request_fail (KlChatRequest *self, KlErrorCode code, const char *field, const char *text);
void kl_chat_request_fault (KlChatRequest *self, const KlChatFault *fault);
void kl_chat_request_bad (KlChatRequest *self, const KlJsonFields *in);
/* An error of the store. NOT_FOUND: text says what. */
void kl_chat_request_error (KlChatRequest *self, const GError *error);
void kl_chat_request_limited (KlChatRequest *self, gint64 retry_after_ms);
/* forbidden or, in a private group, not_found, as if there were none. */
void kl_chat_request_not_member (KlChatRequest *self);
void kl_chat_request_no_group (KlChatRequest *self);

/* An answer in steps: begin, write members, name people, finish. */
KlJsonWriter *kl_chat_request_begin (KlChatRequest *self);
/* From now on the answer has `users`. */
void kl_chat_request_with_users (KlChatRequest *self);
void kl_chat_request_name (KlChatRequest *self, KlChatPerson *person);
void kl_chat_request_name_id (KlChatRequest *self, const char *user);
/* The sender and the people named in the message. */
void kl_chat_request_name_message (KlChatRequest *self, const KlStoreMessage *message);
/* Held from now until the answer is out; then released, and begun where `begin`. Gives the index in self->holds. */
guint kl_chat_request_hold (KlChatRequest *self, KlChatFlow *flow, gboolean begin);
void kl_chat_request_finish (KlChatRequest *self);

/* ── Turns ── (kl-chat-turns.c) */

/* FALSE: it has to wait. */
gboolean kl_chat_turns_take (KlChatRequest *self);
/* Calls kl_chat_request_go_on() when it is its turn, or answers it. */
void kl_chat_turns_wait (KlChatRequest *self);
/* It has been answered. */
void kl_chat_turns_leave (KlChatRequest *self);
/* Answers those that have waited too long. */
void kl_chat_turns_tick (KlChat *chat);
void kl_chat_turns_connection_ended (KlChatConnection *connection);

/* A user id, address or name in an argument, to a person with a profile: NULL, NULL where there is none. */
typedef void (*KlChatPersonFunc) (KlChatRequest *request, KlChatPerson *person, const GError *error, gpointer user_data);
void kl_chat_request_find_person (KlChatRequest *self, const char *reference, KlChatPersonFunc func, gpointer user_data);

/* ── JSON ── (kl-chat-json.c) */

const char *kl_chat_role_to_string (KlRole role);
extern const char *const kl_chat_role_words[];   /* from KL_ROLE_MEMBER on */
extern const char *const kl_chat_notify_words[];
extern const char *const kl_chat_visibility_words[];

/* As `viewer` may see it (NULL: presence is not shown). The person has a profile. */
void kl_chat_write_user (KlJsonWriter *out, KlChatPerson *person, KlChatPerson *viewer);
/* The same for events that many receive, who all share a group with this person. */
void kl_chat_write_shared_user (KlJsonWriter *out, KlChatPerson *person);
/* An upper bound of its bytes. */
gsize kl_chat_user_bound (KlChatPerson *person);
void kl_chat_write_presence (KlJsonWriter *out, KlChatPerson *person);
void kl_chat_write_member (KlJsonWriter *out, const KlStoreMember *member);
/* Without `mine`; with counts and last_message where `whole`. Nothing is open: the object is not ended. */
void kl_chat_write_group_open (KlJsonWriter *out, KlChatGroup *group, gboolean with_last_message);
/* What all may see, with null for what is cleared: the `group` event with rev. */
void kl_chat_write_group_shared (KlJsonWriter *out, const KlStoreGroup *meta, KlChat *chat, gint64 rev);
void kl_chat_write_listing (KlJsonWriter *out, KlChat *chat, const KlStoreListing *listing);

/* A message in pieces, to make a new state of it. */
typedef struct {
  const char *id;
  const char *group;
  gint64 seq;
  gint64 rev;
  const char *sender;
  const char *client_id;
  const char *body; /* NULL: none */
  gsize body_length;
  const char *reply_to; /* NULL: to nothing */
  const char *system_event; /* NULL: not a system message */
  const char *system_user;
  const char *system_by;
  const char *system_value;
  gint64 system_duration_ms; /* -1: none */
  GString *reactions; /* JSON of the array; NULL: none */
  gint64 created_at;
  gint64 edited_at; /* 0: never */
  const char *deleted_by; /* NULL: not deleted */
} KlChatDraft;

KlStoreMessage *kl_chat_draft_finish (const KlChatDraft *draft);
/* Lends from `json`, which the caller keeps. Without reactions. */
void kl_chat_draft_read (KlChatDraft *draft, KlJson *json);

/* Of those who reacted, an answer's `users` shows so many for each emoji. */
#define KL_CHAT_NAMED_REACTORS 20
/* The JSON with the body cut for a list. */
char *kl_chat_message_cut (const KlStoreMessage *message, gsize *length);
/* Ids (char *, owned) of the people that the message names besides its sender; NULL: nobody. */
GPtrArray *kl_chat_message_get_named (const KlStoreMessage *message);

/* A group as one person sees it at one moment; only the count of unread messages is still to come. */
typedef struct {
  KlChatGroup *group; /* referenced */
  GString *json;      /* ends before the number of unread, or is complete (not a member) */
  gboolean member;
  gint64 rev;
  gint64 seq;
  gint64 read_seq;
  guint32 unread;
  GPtrArray *named; /* KlChatPerson, used: of last_message */
} KlChatSnapshot;

KlChatSnapshot *kl_chat_snapshot_new (KlChatGroup *group, KlChatPerson *viewer);
void kl_chat_snapshot_free (KlChatSnapshot *self);
gsize kl_chat_snapshot_get_length (KlChatSnapshot *self);
void kl_chat_snapshot_write (KlChatSnapshot *self, KlJsonWriter *out);
/* Writes {"group": …} of now and finishes. */
void kl_chat_request_answer_group (KlChatRequest *self);

/* Events. */
KlChatEvent *kl_chat_event_new_message (KlChatGroup *group, gint64 rev, const KlStoreMessage *message);
KlChatEvent *kl_chat_event_new_removed (KlChatGroup *group, const char *reason);
/* Takes what was written. */
KlChatEvent *kl_chat_event_new_written (const char *static_name, KlJsonWriter *out);

/* ── Pages of messages ── (kl-chat-history.c) */

typedef void (*KlChatPageFunc) (GPtrArray *messages, const GError *error, gpointer user_data);

/* Messages from_seq … to_seq by way of the cache. */
void kl_chat_read_page (KlChatGroup *group, gint64 from_seq, gint64 to_seq, KlChatPageFunc func, gpointer user_data);
/* Writes "messages" of the group's newest page and names its people, then finishes. */
void kl_chat_request_answer_latest (KlChatRequest *self);

/* ── What many ask for at once ── (kl-chat-shared.c) */

/* Of the store's changes (elements KlStoreChange, as kl_store_get_changes_finish() has them; lent), or NULL and why. */
typedef void (*KlChatChangesFunc) (const GArray *changes, const GError *error, gpointer user_data);

/* What has changed since, at most one more than KL_LIMIT_SYNC_CHANGES: at least all that is known here by now. Of a group
 * that has just been deleted nothing. */
void kl_chat_group_read_changes (KlChatGroup *self, gint64 since, KlChatChangesFunc func, gpointer user_data);
/* Counts what is unread for all (KlChatSnapshot, lent until done). */
void kl_chat_count_snapshots (KlChat *chat, KlChatPerson *viewer, GPtrArray *snapshots, KlChatDone done, gpointer user_data);

/* ── Presence ── (kl-chat-presence.c) */

/* Something that goes into a person's status has changed. */
void kl_chat_presence_update (KlChatPerson *person);
/* The counts of the group have changed. */
void kl_chat_presence_touch_group (KlChatGroup *group);
/* The array of those who are here, at most 200; `request` (NULL: none) names them. */
void kl_chat_write_here (KlJsonWriter *out, KlChatGroup *group, KlChatRequest *request);
/* `person` was shown to somebody. */
void kl_chat_presence_shown (KlChatPerson *person);
/* Takes those marks; read_seq never goes back. */
void kl_chat_member_set_marks (KlChatMember *member, const KlStoreMember *marks, KlMarkFields fields);
void kl_chat_member_set_here (KlChatMember *member, int by);
gboolean kl_chat_member_is_here (const KlChatMember *member);
/* A new member may be looking at the group on another node. */
void kl_chat_member_learn_here (KlChatMember *member);
/* Tells the others that the typist of this flow has stopped. */
void kl_chat_flow_stop_typing (KlChatFlow *flow);
void kl_chat_tell_typing (KlChatGroup *group, KlChatPerson *person, gboolean on);
/* Moves a person's mark in memory, and tells. */
void kl_chat_take_read_mark (KlChatGroup *group, KlChatPerson *person, gint64 seq);
void kl_chat_presence_forget_group (KlChatGroup *group);
/* `user` event to those who share a group, and to the person's own connections but one. */
void kl_chat_tell_user (KlChatPerson *person, KlChatConnection *except, gboolean own_only);

/* ── Other nodes ── (kl-chat-cluster.c) */

void kl_chat_cluster_start (KlChat *chat);
void kl_chat_cluster_stop (KlChat *chat);
/* The bus may have lost anything: all that others may have changed is looked up. */
void kl_chat_cluster_check_all (KlChat *chat);
/* This person may have joined a group that is not known here. */
void kl_chat_cluster_learn (KlChat *chat, const char *group, const char *user);

/* Brings what of a group stands in no log (bans, marks, settings) to what the store has. `done` (NULL: nothing) is
 * called with the error, if there was one. */
void kl_chat_group_refresh (KlChatGroup *self, KlChatDone done, gpointer user_data);
/* ── Calls ── (kl-chat-calls-private.h is for their own files) */

/* `meant`: the client said good-bye; else its places are kept for a while. */
void kl_chat_calls_connection_ended (KlChatConnection *connection, gboolean meant);
void kl_chat_calls_member_gone (KlChatGroup *group, KlChatPerson *person);
/* Other nodes may hold peers of a call that is not known here. */
void kl_chat_calls_group_loaded (KlChatGroup *group);
void kl_chat_calls_group_gone (KlChatGroup *group);
/* What another node says about the group's call. */
void kl_chat_calls_hear (KlChatGroup *group, const char *node, const char *json);

/* ── What other nodes say ── (kl-chat-node.c) */
extern const KlBusListener kl_chat_bus_listener;

G_END_DECLS
