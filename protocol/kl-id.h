/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ids and secrets. Ids are 128 bits in 26 characters of base32hex (0-9a-v), which sort as the bits do. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define KL_ID_CHARS 26
#define KL_ID_SIZE (KL_ID_CHARS + 1)
#define KL_TOKEN_CHARS 52
#define KL_CODE_CHARS 26

/* Makes time-ordered ids (UUIDv7's bits), for messages and groups: each is greater than the one before, also when the
 * clock stands or goes back. Belongs to one thread. */
typedef struct _KlIdSource KlIdSource;

KlIdSource *kl_id_source_new (void);
void kl_id_source_free (KlIdSource *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlIdSource, kl_id_source_free)

/* NOW_MS: milliseconds since the Unix epoch. */
void kl_id_source_next (KlIdSource *self, gint64 now_ms, char id[KL_ID_SIZE]);

/* A random id (UUIDv4's bits), for all else. */
char *kl_id_new_random (void);

/* A bearer token of 256 random bits, 52 characters. */
char *kl_id_new_token (void);
/* A code of 128 random bits for invites and set-up, 26 characters. */
char *kl_id_new_code (void);

/* Whether this has the form that the contract allows for an id, ours or another server's: 1–64 characters of UTF-8
 * without ':' and control characters. */
gboolean kl_id_is_valid (const char *id);

/* LENGTH random bytes from the kernel. */
void kl_id_fill_random (void *data, gsize length);

/* base32hex of LENGTH bytes in lower case without padding. OUT holds (LENGTH * 8 + 4) / 5 + 1. */
void kl_id_encode (const guint8 *data, gsize length, char *out);

G_END_DECLS
