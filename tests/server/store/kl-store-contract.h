/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The contract of KlStore, as tests: whatever implements it must pass. */
#pragma once

#include "server/chat/kl-store.h"

G_BEGIN_DECLS

/* How the suite gets stores. Each test has a place of its own (a folder, a database name). */
typedef struct
{
  KlStore *(*open) (const char *place); /* the same place again: what was stored there */
  gboolean is_slow;                     /* tests of large amounts make do with smaller ones */
} KlStoreContract;

typedef struct
{
  const KlStoreContract *contract;
  char *place; /* an empty folder, removed at the end */
  KlStore *store;
} KlStoreFixture;

/* Adds the tests under PREFIX ("/store/sqlite"). CONTRACT is static. */
void kl_store_contract_add (const char *prefix, const KlStoreContract *contract);

/* The parts. */
void kl_store_contract_add_log (const char *prefix, const KlStoreContract *contract);
void kl_store_contract_add_groups (const char *prefix, const KlStoreContract *contract);
void kl_store_contract_add_accounts (const char *prefix, const KlStoreContract *contract);

void kl_store_contract_add_test (const char *prefix, const char *name, const KlStoreContract *contract,
                                 void (*test) (KlStoreFixture *self, gconstpointer unused));

/* Closes and opens again. */
void kl_store_fixture_reopen (KlStoreFixture *self);

/* Ada, Ben and Cleo. */
void kl_store_fixture_add_people (KlStoreFixture *self);
/* Them, and Ada's group "g" with the head at rev 2, seq 0. */
void kl_store_fixture_add_group (KlStoreFixture *self);

void kl_store_fixture_assert_head (KlStoreFixture *self, const char *group, gint64 rev, gint64 seq);
void kl_store_fixture_assert_not_found (KlStoreFixture *self, const char *group);

G_END_DECLS
