/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What nodes write to each other, sealed as it has to be (another version may have written it) and as it comes: nothing
 * is printed, and what was taken over can be sent to clients. */
#include "server/bus/kl-bus-wire.h"

#include <string.h>

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
check_batch (KlBusReading *reading)
{
  g_autoptr (KlStoreBatch) batch = kl_bus_read_batch (reading);

  for (guint i = 0; batch && i < batch->changes->len; i++)
    {
      const KlStoreChange *change = &g_array_index (batch->changes, KlStoreChange, i);
      g_autoptr (KlJson) json = NULL;

      g_assert_cmpint (change->rev, ==, batch->base_rev + 1 + i);
      g_assert_true ((change->kind == KL_CHANGE_MESSAGE) == (change->message != NULL));
      g_assert_true ((change->kind == KL_CHANGE_MEMBER) == (change->member != NULL));
      g_assert_true ((change->kind == KL_CHANGE_GROUP) == (change->group != NULL));
      if (!change->message)
        continue;
      g_assert_cmpint (change->message->json[change->message->json_length], ==, '\0');
      json = kl_json_parse (change->message->json, change->message->json_length, NULL);
      g_assert_true (yyjson_is_obj (kl_json_get_root (json)));
    }
}

static void
check_rest (KlBusReading *reading)
{
  g_autoptr (GPtrArray) here = g_ptr_array_new ();
  g_autoptr (KlBusNode) node = kl_bus_node_new ();
  g_autofree char *json = NULL;
  KlBusReading again = *reading;
  KlBusPresence share;
  KlBusSignal signal;
  KlBusForward forward;

  kl_bus_read_signal (&again, &signal, &json);
  again = *reading;
  if (kl_bus_read_forward (&again, &forward))
    g_assert_cmpuint (forward.json_length, <=, reading->length);
  kl_bus_read_share (yyjson_obj_get (kl_json_get_root (reading->json), "s"), &share, here);
  kl_bus_read_node (yyjson_obj_get (kl_json_get_root (reading->json), "s"), node);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GString) letter = g_string_sized_new (size + KL_BUS_HEAD_BYTES);
  g_auto (KlBusReading) reading = { 0 };
  g_autoptr (KlStoreMessage) message = NULL;
  KlBusSeal seal;

  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING | G_LOG_FATAL_MASK);
  kl_bus_seal_init (&seal, "epoch", "secret");
  g_assert_false (kl_bus_reading_open (&reading, &seal, "place", (const char *) data, size));

  g_string_set_size (letter, KL_BUS_HEAD_BYTES);
  g_string_append_len (letter, (const char *) data, (gssize) size);
  kl_bus_seal_close (&seal, "c:g:1", letter);
  message = kl_bus_read_message (&seal, "g", letter->str, letter->len, 1);
  kl_bus_seal_close (&seal, "place", letter);
  if (!kl_bus_reading_open (&reading, &seal, "place", letter->str, letter->len))
    return 0;
  check_rest (&reading);
  check_batch (&reading);

  return 0;
}
