/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A chat core on a real store in a temporary folder, and people who talk to it as the
 * socket layer would. JSON in calls is written with ' for ". */
#pragma once

#include <string.h>

#include "protocol/kl-id.h"
#include "protocol/kl-json.h"
#include "server/bus/kl-local-bus.h"
#include "server/chat/kl-chat.h"
#include "tests/kit/kl-test.h"

G_BEGIN_DECLS

typedef struct {
  struct sqlite3 *tool; /* while the store is held */
  KlStore *store; /* SQLite's, or by KLATCH_TEST_STORE=mongodb a MongoDB's */
  KlLocalBus *bus;
  KlChat *chat;
  char *dir;
  GPtrArray *clients; /* KlClient */
  guint n_users;
} KlKit;

/* An acknowledgement that the core waits for. */
typedef struct {
  KlChatAcked acked;
  gpointer user_data;
} KlAsked;

/* What one connection was told. */
typedef struct {
  const char *name;
  KlJson *json;
  guint order; /* among all answers and events of its client */
} KlHeard;

typedef struct {
  KlKit *kit;
  KlStoreUser *user;
  KlStoreSession *session;
  KlChatConnection *connection;
  GArray *heard; /* KlHeard */
  guint mark;    /* kl_client_next() goes on here */
  guint order;
  GArray *asked; /* KlAsked, which are never answered */
  gboolean acknowledges; /* what asks for it, at once; the default */
  gboolean closed;
  char *notice;
  guint answer_order; /* of the last answer */
} KlClient;

/* An answer, awaited. */
typedef struct {
  gboolean done;
  KlErrorCode code;
  gboolean repeated;
  gint64 retry_after_ms;
  KlJson *json;
  KlClient *client;
  guint order;
  gsize length;
} KlAnswer;

KlKit *kl_kit_new (const KlChatSettings *settings); /* NULL: quick ones for tests */
gboolean kl_kit_uses_mongodb (void);
/* Something from outside keeps the store from writing, until it is released. */
void kl_kit_hold_store (KlKit *kit);
void kl_kit_release_store (KlKit *kit);
void kl_kit_settings (KlChatSettings *settings);
void kl_kit_free (KlKit *kit);
/* Stops the chat core and starts another on the same store: memory is gone. Clients end. */
void kl_kit_restart (KlKit *kit);

KlStoreUser *kl_kit_user (KlKit *kit, const char *name);
/* A new connection of this person, not synced. */
KlClient *kl_kit_connect (KlKit *kit, KlStoreUser *user);
/* A new person with a synced connection. */
KlClient *kl_kit_person (KlKit *kit, const char *name);
KlClient *kl_kit_device (KlClient *client);
void kl_client_end (KlClient *client);
/* Its line breaks: it has not said good-bye. */
void kl_client_break (KlClient *client);

/* Starts a call; kl_answer_wait() runs the loop until it is answered. */
KlAnswer *kl_client_start (KlClient *client, const char *event, const char *format, ...) G_GNUC_PRINTF (3, 4);
yyjson_val *kl_answer_wait (KlAnswer *answer);
void kl_answer_free (KlAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlAnswer, kl_answer_free)

/* The answer, which has to be ok. Lives until the client ends. */
yyjson_val *kl_client_ok (KlClient *client, const char *event, const char *format, ...) G_GNUC_PRINTF (3, 4);
/* It has to fail with this code and, where FIELD is not NULL, this field. */
void kl_client_fails (KlClient *client, KlErrorCode code, const char *field, const char *event, const char *format, ...) G_GNUC_PRINTF (5, 6);

/* The argument of the next event of this name, waited for; earlier ones of other names are passed over. */
yyjson_val *kl_client_next (KlClient *client, const char *name);
/* How many events of this name have come. */
guint kl_client_count (KlClient *client, const char *name);
/* Forgets what has come so far. */
void kl_client_forget (KlClient *client);

/* Paths: "group.mine.unread", "messages.0.id". */
yyjson_val *kl_get (yyjson_val *root, const char *path);
const char *kl_get_string (yyjson_val *root, const char *path);
gint64 kl_get_int (yyjson_val *root, const char *path); /* -1 where it is missing */
gboolean kl_get_bool (yyjson_val *root, const char *path);
guint kl_get_size (yyjson_val *root, const char *path);
/* The member of the array at PATH whose KEY is VALUE, or NULL. */
yyjson_val *kl_find (yyjson_val *root, const char *path, const char *key, const char *value);

/* A group of this person; its id is owned by the kit. */
const char *kl_client_create (KlClient *client, const char *name, const char *visibility);
/* Sends; gives the message. */
yyjson_val *kl_client_send (KlClient *client, const char *group, const char *body);

typedef void (*KlKitTest) (KlKit *kit);
void kl_kit_add (const char *path, KlKitTest test);

G_END_DECLS
