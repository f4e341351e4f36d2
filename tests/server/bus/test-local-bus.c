/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/bus/kl-local-bus.h"
#include "tests/kit/kl-test.h"
#include "tests/server/bus/kl-bus-contract.h"

static KlBus *
make_bus (gpointer *unused)
{
  return KL_BUS (kl_local_bus_new ());
}

static const KlBusContract local = { .name = "local", .make = make_bus };

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  kl_bus_contract_add (&local);

  return g_test_run ();
}
