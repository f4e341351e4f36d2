/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/kit/kl-test.h"
#include "tests/server/store/kl-store-contract.h"
#include "tests/server/store/kl-store-kit.h"

static KlStore *
open_sqlite (const char *place)
{
  g_autofree char *path = g_build_filename (place, "klatch.db", NULL);

  return kl_store_kit_open_sqlite (path);
}

static const KlStoreContract sqlite = { .open = open_sqlite };

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  kl_store_contract_add ("/store/sqlite", &sqlite);

  return g_test_run ();
}
