/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The JSON reader and, where it takes a text, its getters; what was read is written and read again. */
#include <stddef.h>
#include <stdint.h>

#include "protocol/kl-json.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
read_fields (yyjson_val *root)
{
  static const char *const words[] = { "public", "private", NULL };
  KlJsonFields in;
  gsize length;
  g_autoptr (GPtrArray) ids = NULL;

  kl_json_fields_init (&in, root);
  kl_json_fields_id (&in, "group", KL_JSON_OPTIONAL);
  kl_json_fields_user (&in, "user", KL_JSON_OPTIONAL);
  kl_json_fields_client_id (&in, "client_id", KL_JSON_OPTIONAL);
  kl_json_fields_text (&in, "name", KL_JSON_OPTIONAL, KL_TEXT_GROUP_NAME, &length);
  kl_json_fields_text (&in, "body", KL_JSON_OPTIONAL, KL_TEXT_BODY, &length);
  kl_json_fields_text (&in, "emoji", KL_JSON_OPTIONAL, KL_TEXT_EMOJI, &length);
  kl_json_fields_int (&in, "limit", KL_JSON_OPTIONAL, 1, 100, 50);
  kl_json_fields_bool (&in, "on", KL_JSON_OPTIONAL, FALSE);
  kl_json_fields_word (&in, "visibility", KL_JSON_OPTIONAL, words, 0);
  kl_json_fields_object (&in, "since", KL_JSON_OPTIONAL);
  ids = kl_json_fields_ids (&in, "ids", KL_JSON_OPTIONAL, 100, TRUE);
  g_assert ((in.fault == NULL) == (in.fault_field == NULL) || !yyjson_is_obj (root));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  KlJsonStatus status;
  g_autoptr (KlJson) json = kl_json_parse (data, size, &status);

  g_assert ((json != NULL) == (status == KL_JSON_OK));
  if (json)
    {
      g_auto (KlJsonWriter) writer;
      g_autoptr (KlJson) again = NULL;

      read_fields (kl_json_get_root (json));
      kl_json_writer_init (&writer, 64);
      kl_json_value (&writer, kl_json_get_root (json));
      again = kl_json_parse (writer.out->str, writer.out->len, &status);
      g_assert (again && yyjson_equals (kl_json_get_root (json), kl_json_get_root (again)));
    }

  return 0;
}
