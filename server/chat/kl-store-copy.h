/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "server/chat/kl-store-dump.h"
#include "server/chat/kl-store-progress.h"

G_BEGIN_DECLS

#define KL_COPY_CHECKSUM_BYTES 65

/* What was compared at the end. */
typedef struct
{
  gint64 counts[KL_DUMP_N_KINDS];
  char checksums[KL_DUMP_N_KINDS][KL_COPY_CHECKSUM_BYTES]; /* SHA-256, hexadecimal */
  gboolean resumed;                                        /* an earlier copy was gone on with */
} KlStoreCopyResult;

/* Copies everything from one store to another, which is empty or was being filled from the same one, then reads both
 * again and compares record by record; only then is the target a store that a server opens. Ids, revs, seqs and ops
 * stay as they are, so does the epoch: clients do not notice. Nobody else uses either meanwhile. Blocking. PROGRESS may
 * be NULL. */
gboolean
kl_store_copy (KlStoreDump *from, KlStoreDump *to, KlStoreProgress progress, gpointer user_data,
               KlStoreCopyResult *result, GError **error);

G_END_DECLS
