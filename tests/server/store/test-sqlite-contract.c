/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/store/kl-sqlite-store.h"
#include "tests/kit/kl-test.h"
#include "tests/server/store/kl-store-contract.h"

static KlStore *
open_sqlite (const char *place)
{
  g_autofree char *path = g_build_filename (place, "klatch.db", NULL);
  g_autoptr (GError) error = NULL;
  KlSqliteStore *store = kl_sqlite_store_open (path, "example.org", &error);

  g_assert_no_error (error);

  return KL_STORE (store);
}

static const KlStoreContract sqlite = { .open = open_sqlite };

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  kl_store_contract_add ("/store/sqlite", &sqlite);

  return g_test_run ();
}
