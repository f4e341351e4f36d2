/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The memory of a client that does what the contract asks of clients: it syncs, asks for more until nothing is left,
 * and asserts of each event that it is the next one. */
#pragma once

#include "tests/server/chat/kl-chat-kit.h"

G_BEGIN_DECLS

typedef struct
{
  gint64 rev; /* held; -1: none */
  gboolean flowing;
  gint64 unread;        /* as the last answer said, and counted on */
  GHashTable *messages; /* id → "REV SEQ BODY", of the newest state */
  GHashTable *members;  /* user → role, of what was told */
} KlSyncHeld;

typedef struct
{
  KlClient *client;
  GHashTable *groups; /* id → KlSyncHeld */
  guint seen;         /* of client->heard */
  guint events;
} KlSyncModel;

KlSyncModel *
kl_sync_model_new (KlClient *client);
void
kl_sync_model_free (KlSyncModel *model);

/* What it holds of this group; nothing yet, where it did not know of it. */
KlSyncHeld *
kl_sync_model_get (KlSyncModel *model, const char *group);

/* Takes in the events that came before the answer of this order; G_MAXUINT: all. */
void
kl_sync_model_hear (KlSyncModel *model, guint until);

/* Takes an answer to sync; returns how many groups it left for later. */
guint
kl_sync_model_take (KlSyncModel *model, yyjson_val *answer);

/* The `since` of all groups, or of those in the array ONLY. */
char *
kl_sync_model_dup_since (KlSyncModel *model, yyjson_val *only);

/* As a client does: sync, and more until nothing is left. Returns how often it had to ask. */
guint
kl_sync_model_synchronize (KlSyncModel *model);

/* What the model holds of the newest messages is what history says. */
void
kl_sync_model_check_against_history (KlSyncModel *model, const char *group);

G_END_DECLS
