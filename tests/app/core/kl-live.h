/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The real server, and clients on it, for tests. The server's path is in $KLATCH_SERVER. */
#pragma once

#include "app/core/kl-core.h"
#include "tests/kit/kl-test-process.h"

G_BEGIN_DECLS

typedef struct
{
  KlTestProcess *process;
  char *data;
  char *url;
  const char *const *settings; /* more environment, or NULL */
} KlLiveServer;

/* Starts it on a free port with a folder of its own, cheap passwords and no rates. */
KlLiveServer *kl_live_server_new (const char *const *settings);
void kl_live_server_free (KlLiveServer *self);
/* kill -9. */
void kl_live_server_kill (KlLiveServer *self);
/* Again, on the same port and folder. */
void kl_live_server_start (KlLiveServer *self);

/* Registers, or signs in; aborts on an error. */
KlAccount *kl_live_register (KlLiveServer *self, const char *name);
KlAccount *kl_live_sign_in (KlLiveServer *self, const char *name);
#define KL_LIVE_PASSWORD "correct horse battery"

/* A session that is online; folder: where it keeps its files. */
KlSession *kl_live_session (KlAccount *account, const char *folder);
/* The same, but only started. */
KlSession *kl_live_session_offline (KlAccount *account, const char *folder);
/* Stops it and shows that nothing holds it any more. */
void kl_live_session_end (KlSession *session);
void kl_live_await_state (KlSession *session, KlConnectionState state);

KlGroup *kl_live_create (KlSession *session, const char *name, KlVisibility visibility);
KlGroup *kl_live_join (KlSession *session, KlGroup *group);
void kl_live_send (KlSession *session, KlGroup *group, const char *body);

/* An event by the session's own connection; the answer as JSON, or the error's code in words. */
char *kl_live_emit (KlSession *session, const char *event, const char *json);

/* "body|body|…" of what is no system message, unsent ones with a * */
char *kl_live_describe (KlMessageList *list);
/* Waits for kl_live_describe() to say so. */
void kl_live_await_text (KlMessageList *list, const char *expected);
/* Scrolling up meets every seq from the newest to 1 once. */
void kl_live_assert_whole (KlMessageList *list, gint64 newest);

/* A fixture: a server with two people on it, each with a folder for a session (none is started). Set-up's data is the
 * server's settings; a test ends the sessions that it started, and leaves the server running or stopped. */
typedef struct
{
  KlLiveServer *server;
  char *folder;
  char *folder_b;
  KlAccount *aroha;
  KlAccount *ben;
} KlLivePair;

void kl_live_pair_set_up (KlLivePair *self, gconstpointer settings);
void kl_live_pair_tear_down (KlLivePair *self, gconstpointer settings);

G_END_DECLS
