/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A target whose power fails after so many records: each is a write of its own, so that a copy can be interrupted at
 * any of them. It tells what it has in small pages. */
#pragma once

#include "server/chat/kl-store-dump.h"

G_BEGIN_DECLS

#define KL_TYPE_FRAGILE_DUMP (kl_fragile_dump_get_type ())
G_DECLARE_FINAL_TYPE (KlFragileDump, kl_fragile_dump, KL, FRAGILE_DUMP, GObject)

/* Takes INNER. WRITES: how many go well; -1: all. */
KlStoreDump *
kl_fragile_dump_new (KlStoreDump *inner, int writes);

G_END_DECLS
