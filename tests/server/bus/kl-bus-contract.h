/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every KlBus does, whoever else is there: the cache, and to be alone. */
#pragma once

#include "server/chat/kl-bus.h"

G_BEGIN_DECLS

typedef struct
{
  const char *name; /* "local": the tests are /bus/local/… */
  /* A bus that is ready, with an empty cache; the only one. */
  KlBus *(*make) (gpointer *user_data);
  /* After it is gone. May be NULL. */
  void (*clean) (gpointer user_data);
} KlBusContract;

/* CONTRACT has to be static. */
void
kl_bus_contract_add (const KlBusContract *contract);

/* For other tests: a message without much in it; fills group "g"; "rev: first+count" of what is cached, "-" for
 * nothing. */
KlStoreMessage *
kl_bus_contract_make_message (gint64 seq, gint64 rev);
void
kl_bus_contract_fill (KlBus *bus, gint64 rev, gint64 from_seq, gint64 to_seq);
void
kl_bus_contract_publish (KlBus *bus, gint64 base_rev, gint64 seq);
char *
kl_bus_contract_look (KlBus *bus);
#define kl_bus_contract_assert_cached(bus, expected)                                                                   \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    g_autofree char *kl_cached = kl_bus_contract_look (bus);                                                           \
                                                                                                                       \
    g_assert_cmpstr (kl_cached, ==, expected);                                                                         \
  }                                                                                                                    \
  G_STMT_END

G_END_DECLS
