/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two nodes on one store: two chat cores, a bus between them, and somebody at each, in one group. */
#pragma once

#include "tests/server/chat/kl-chat-kit.h"
#include "tests/server/chat/kl-pair-bus.h"

G_BEGIN_DECLS

typedef struct
{
  KlKit *one; /* owns the store */
  KlKit two;  /* a second core on it */
  KlPairBus *buses[2];
  KlClient *anna; /* on one; owner */
  KlClient *ben;  /* on two */
  const char *group;
} KlPair;

KlPair *kl_pair_new (void);
void kl_pair_free (KlPair *pair);

G_END_DECLS
