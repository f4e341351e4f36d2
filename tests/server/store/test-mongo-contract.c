/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "tests/kit/kl-test-mongod.h"
#include "tests/kit/kl-test.h"
#include "tests/server/store/kl-store-contract.h"
#include "tests/server/store/kl-store-kit.h"

/* One server for all tests, with a database for each. */
static KlTestMongod *mongod;

static KlStore *
open_mongo (const char *place)
{
  g_autofree char *name = g_path_get_basename (place);
  g_autofree char *uri = NULL;

  g_strcanon (name, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS, '_');
  uri = g_strdup_printf ("%s/%s", kl_test_mongod_get_uri (mongod), name);

  return kl_store_kit_open_mongo (uri);
}

static const KlStoreContract mongo = { .open = open_mongo, .is_slow = TRUE };

int
main (int argc, char **argv)
{
  int status;

  kl_test_init (&argc, &argv);
  if (!kl_test_mongod_or_skip ("/store/mongo"))
    return g_test_run ();
  mongod = kl_test_mongod_new ();
  kl_store_contract_add ("/store/mongo", &mongo);
  status = g_test_run ();
  kl_test_mongod_free (mongod);

  return status;
}
