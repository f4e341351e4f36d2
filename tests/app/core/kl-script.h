/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A session, and a server that plays a script: answers that lie ready for an event, and a log of all that the session
 * sent. The account is "me", the other one is "you". Set-up starts no session: that is the test's, once its script
 * lies ready; tear-down wants one, ends it and shows that nothing holds it any more. Same thread. */
#pragma once

#include "app/core/kl-core.h"
#include "tests/app/core/kl-fake-server.h"

G_BEGIN_DECLS

typedef struct
{
  KlFakeServer *server;
  KlAccount *account;
  char *folder;
  KlSession *session;
  GHashTable *scripts; /* event → GQueue of JSON answers */
  GPtrArray *log;      /* "event json" */
  GArray *acks;        /* of each line in the log */
} KlScript;

/* Adds a test with one, under /core/sync/. */
void kl_script_add_test (const char *name, void (*test) (KlScript *self, gconstpointer unused));

void kl_script_start (KlScript *self);
/* And waits for it to be online. */
void kl_script_start_online (KlScript *self);
/* Ends the session and starts another one on the same folder. */
void kl_script_restart (KlScript *self);
/* Starts online with one group, "g", with messages 1 to 5, of which a list shows all. Gives the list. */
KlMessageList *kl_script_begin_with_five (KlScript *self);

/* The answer to the next such event that has none yet; once it is used up the event stays unanswered. */
void kl_script_add (KlScript *self, const char *event, const char *answer);
/* To "sync"; groups and later: what stands in an array, changes: in an object. */
void kl_script_add_sync (KlScript *self, const char *epoch, const char *groups, const char *changes, const char *later);
/* To "history": messages from..to. */
void kl_script_add_page (KlScript *self, const char *group, gint64 from, gint64 to, gboolean more_before,
                         gboolean more_after);

/* How often it was sent; *last becomes the last one's JSON. */
guint kl_script_count (KlScript *self, const char *event, const char **last);
/* For an answer by hand to the last one of that name; -1: there was none. */
gint64 kl_script_last_ack (KlScript *self, const char *event);

/* A "message" event in group "g"; object: the message's JSON. */
void kl_script_send_message (KlScript *self, gint64 rev, const char *object);
/* The same, of one that you wrote; its body is "m" and its seq. */
void kl_script_send_plain (KlScript *self, gint64 seq, gint64 rev);

/* Lends what the session has, or NULL. */
KlGroup *kl_script_get_group (KlScript *self, const char *id);

/* Objects of the protocol as JSON. */
char *kl_script_message_json (const char *group, gint64 seq, gint64 rev, const char *sender, const char *body,
                              const char *client_id);
/* An array of messages from..to, each with rev = seq. */
char *kl_script_messages_json (const char *group, gint64 from, gint64 to);
/* A public group of two, in which I am a member. */
char *kl_script_group_json (const char *id, gint64 rev, gint64 read_seq, int unread);

G_END_DECLS
