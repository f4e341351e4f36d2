/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* KlChatHasher: Argon2id on two threads of its own.
 *
 * A password costs tens of milliseconds and megabytes on purpose, so it is never worked on in the loop that serves
 * sockets, and no more than a hundred wait: who comes then is told so at once. The threads run at low priority; a
 * hundred sign-ins do not delay a message. All functions and callbacks belong to the thread whose default main
 * context was current in kl_chat_hasher_new(). Passwords are wiped from memory after use. */
typedef struct _KlChatHasher KlChatHasher;

#define KL_CHAT_HASHER_THREADS 2
#define KL_CHAT_HASHER_QUEUE_MAX 100

typedef enum
{
  KL_CHAT_HASHER_DONE,   /* hashed, or the password is right */
  KL_CHAT_HASHER_WRONG,  /* the password is wrong, or there was no hash */
  KL_CHAT_HASHER_FAILED, /* no memory, or the hasher was freed first */
} KlChatHasherResult;

/* `hash` is the text to store: of a hash that was asked for, or of a right password whose stored one was made with
 * other parameters than today's; else NULL. It lives during the call. */
typedef void (*KlChatHasherFunc) (KlChatHasherResult result, const char *hash, gpointer user_data);

/* Parameters below libsodium's least (8 KiB, 1 pass) are raised to it. */
KlChatHasher *
kl_chat_hasher_new (gsize memory_kib, guint passes);

/* Waits for the two jobs under way (not for those that wait, whose callbacks are called with FAILED now). */
void
kl_chat_hasher_free (KlChatHasher *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlChatHasher, kl_chat_hasher_free)

/* Both return FALSE, and will not call back, where the queue is full. */
gboolean
kl_chat_hasher_hash (KlChatHasher *self, const char *password, gsize length, KlChatHasherFunc callback,
                     gpointer user_data);

/* `hash` NULL: nobody has that name. It takes as long as for somebody, and is WRONG. */
gboolean
kl_chat_hasher_verify (KlChatHasher *self, const char *password, gsize length, const char *hash,
                       KlChatHasherFunc callback, gpointer user_data);

/* How many wait or are under way. */
guint
kl_chat_hasher_get_n_pending (KlChatHasher *self);

G_END_DECLS
