/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/server/chat/kl-pair.h"

KlPair *
kl_pair_new (void)
{
  KlPair *pair = g_new0 (KlPair, 1);
  KlChatSettings settings;

  kl_kit_settings (&settings);
  settings.connections_per_user = 6;
  /* Less than a test waits for an answer, and more than a database without indexes needs. */
  settings.request_ms = kl_kit_uses_mongodb () ? 15000 : 400;
  pair->one = kl_kit_new (&settings);
  kl_pair_bus_new_two (pair->buses);
  kl_test_finalize (pair->one->chat);
  pair->one->chat = kl_chat_new (KL_STORE (pair->one->store), KL_BUS (pair->buses[0]), &settings);
  pair->two = *pair->one;
  pair->two.chat = kl_chat_new (KL_STORE (pair->one->store), KL_BUS (pair->buses[1]), &settings);

  pair->anna = kl_kit_person (pair->one, "anna");
  pair->ben = kl_kit_person (&pair->two, "ben");
  pair->group = kl_client_create (pair->anna, "Tea", "public");
  kl_client_ok (pair->ben, "group:join", "{'group':'%s'}", pair->group);
  kl_client_next (pair->anna, "member");
  kl_client_next (pair->anna, "message");
  kl_test_spin (20);
  kl_client_forget (pair->ben);

  return pair;
}

void
kl_pair_free (KlPair *pair)
{
  for (guint i = 0; i < pair->one->clients->len; i++)
    kl_client_end (g_ptr_array_index (pair->one->clients, i));
  kl_test_wait_until (G_OBJECT (pair->two.chat)->ref_count == 1);
  kl_test_finalize (pair->two.chat);
  kl_kit_free (pair->one);
  kl_test_spin (1);
  kl_test_finalize (pair->buses[0]);
  kl_test_finalize (pair->buses[1]);
  g_free (pair);
}
