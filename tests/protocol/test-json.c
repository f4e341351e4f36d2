/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "protocol/kl-json.h"

#include <string.h>

/* ── The reader ── */

#define T(text) text, sizeof (text) - 1

static void
test_documents (void)
{
  static const struct
  {
    const char *text;
    gsize length;
    KlJsonStatus status;
  } cases[] = {
    { T ("{}"), KL_JSON_OK },
    { T (" [1,2.5,-3e2,true,false,null,\"x\"] "), KL_JSON_OK },
    { T ("\"\\u0000b\""), KL_JSON_OK },
    { T ("\"\\ud83d\\ude00\""), KL_JSON_OK },
    { T (""), KL_JSON_MALFORMED },
    { T (" "), KL_JSON_MALFORMED },
    { T ("{} x"), KL_JSON_MALFORMED },
    { T ("{}{}"), KL_JSON_MALFORMED },
    { T ("{}\0"), KL_JSON_MALFORMED },
    { T ("[1,]"), KL_JSON_MALFORMED },
    { T ("{\"a\":1,}"), KL_JSON_MALFORMED },
    { T ("{a:1}"), KL_JSON_MALFORMED },
    { T ("{'a':1}"), KL_JSON_MALFORMED },
    { T ("[1] // x"), KL_JSON_MALFORMED },
    { T ("[01]"), KL_JSON_MALFORMED },
    { T ("[+1]"), KL_JSON_MALFORMED },
    { T ("[.5]"), KL_JSON_MALFORMED },
    { T ("[1.]"), KL_JSON_MALFORMED },
    { T ("[0x1]"), KL_JSON_MALFORMED },
    { T ("[NaN]"), KL_JSON_MALFORMED },
    { T ("[Infinity]"), KL_JSON_MALFORMED },
    { T ("[1e400]"), KL_JSON_MALFORMED },
    { T ("[TRUE]"), KL_JSON_MALFORMED },
    { T ("\"a\nb\""), KL_JSON_MALFORMED },
    { T ("\"a\0b\""), KL_JSON_MALFORMED },
    { T ("\"\\x41\""), KL_JSON_MALFORMED },
    { T ("\"\\ud800\""), KL_JSON_MALFORMED },
    { T ("\"\\udc00\""), KL_JSON_MALFORMED },
    { T ("\"\\ud800\\u0041\""), KL_JSON_MALFORMED },
    { T ("\"\\ude00\\ud83d\""), KL_JSON_MALFORMED },
    { T ("\"\xed\xa0\x80\""), KL_JSON_MALFORMED },
    { T ("\"\xff\""), KL_JSON_MALFORMED },
    { T ("\"\xc0\x80\""), KL_JSON_MALFORMED },
    { T ("\xef\xbb\xbf{}"), KL_JSON_MALFORMED },
    { T ("\"abc"), KL_JSON_MALFORMED },
    { T ("{\"a\":1,\"a\":1}"), KL_JSON_DUPLICATE_KEY },
    { T ("{\"a\":1,\"\\u0061\":1}"), KL_JSON_DUPLICATE_KEY },
    { T ("[[{\"b\":{\"a\":1,\"c\":2,\"a\":1}}]]"), KL_JSON_DUPLICATE_KEY },
    { T ("{\"\":1,\"\":1}"), KL_JSON_DUPLICATE_KEY },
    { T ("{\"a\\u0000b\":1,\"a\\u0000c\":1}"), KL_JSON_OK },
    { T ("{\"a\":1,\"A\":1,\"ab\":{\"a\":1}}"), KL_JSON_OK },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      KlJsonStatus status;
      g_autoptr (KlJson) json = kl_json_parse (cases[i].text, cases[i].length, &status);

      if (status != cases[i].status || (json != NULL) != (status == KL_JSON_OK))
        g_error ("case %" G_GSIZE_FORMAT " %s: status %d", i, cases[i].text, (int)status);
    }
}

static void
test_depth (void)
{
  static const struct
  {
    gsize depth;
    const char *open, *close;
    gsize n_close;
    KlJsonStatus status;
  } cases[] = {
    { 32, "[", "]", 32, KL_JSON_OK },
    { 33, "[", "]", 33, KL_JSON_TOO_DEEP },
    { 32, "{\"a\":", "}", 32, KL_JSON_OK },
    { 33, "{\"a\":", "}", 33, KL_JSON_TOO_DEEP },
    { 100000, "[", "]", 0, KL_JSON_MALFORMED },
    { 500000, "[", "]", 500000, KL_JSON_TOO_DEEP },
    { 100000, "{\"a\":", "}", 100000, KL_JSON_TOO_DEEP },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      GString *text = g_string_new (NULL);
      KlJsonStatus status;
      g_autoptr (KlJson) json = NULL;

      for (gsize n = 0; n < cases[i].depth; n++)
        g_string_append (text, cases[i].open);
      if (*cases[i].open == '{')
        g_string_append (text, "1");
      for (gsize n = 0; n < cases[i].n_close; n++)
        g_string_append (text, cases[i].close);
      json = kl_json_parse (text->str, text->len, &status);
      g_assert_cmpint (status, ==, cases[i].status);
      g_string_free (text, TRUE);
    }
}

static char *
make_keys (int n, int again)
{
  GString *text = g_string_new ("{");

  for (int i = 0; i < n; i++)
    g_string_append_printf (text, "\"key%d\":%d,", i, i);
  g_string_append_printf (text, "\"key%d\":0}", again);

  return g_string_free_and_steal (text);
}

static void
test_many_keys (void)
{
  static const int sizes[] = { 1, 11, 12, 13, 100, 50000 };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *different = make_keys (sizes[i], sizes[i]), *repeated = make_keys (sizes[i], sizes[i] / 2);
      KlJsonStatus status;
      g_autoptr (KlJson) json = kl_json_parse (different, strlen (different), &status);

      g_assert_cmpint (status, ==, KL_JSON_OK);
      g_assert_null (kl_json_parse (repeated, strlen (repeated), &status));
      g_assert_cmpint (status, ==, KL_JSON_DUPLICATE_KEY);
    }
}

/* Short documents and long ones are kept in memory differently; both live as long as their last reference. */
static void
test_lifetime (void)
{
  static const gsize sizes[] = { 1, 2000, 2046, 2047, 100000 };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *fill = g_strnfill (sizes[i], 'x');
      char *text = g_strdup_printf ("\"%s\"", fill);
      KlJson *json = kl_json_parse (text, strlen (text), NULL);
      KlJson *held = kl_json_ref (json);

      memset (text, 'y', strlen (text));
      g_free (text);
      kl_json_unref (json);
      g_assert_cmpstr (yyjson_get_str (kl_json_get_root (held)), ==, fill);
      kl_json_unref (held);
    }
}

/* ── Fields ── */

/* Everything a getter may be asked for, by the name of its kind. */
static void
get_kind (KlJsonFields *in, const char *kind, KlJsonNeed need)
{
  static const char *const words[] = { "public", "private", NULL };
  g_autoptr (GPtrArray) ids = NULL;

  if (g_str_equal (kind, "int"))
    kl_json_fields_int (in, "f", need, 1, 100, 50);
  else if (g_str_equal (kind, "any int"))
    kl_json_fields_int (in, "f", need, G_MININT64, G_MAXINT64, 0);
  else if (g_str_equal (kind, "bool"))
    kl_json_fields_bool (in, "f", need, FALSE);
  else if (g_str_equal (kind, "string"))
    kl_json_fields_string (in, "f", need, 2, 4, NULL);
  else if (g_str_equal (kind, "name"))
    kl_json_fields_text (in, "f", need, KL_TEXT_GROUP_NAME, NULL);
  else if (g_str_equal (kind, "id"))
    kl_json_fields_id (in, "f", need);
  else if (g_str_equal (kind, "user"))
    kl_json_fields_user (in, "f", need);
  else if (g_str_equal (kind, "client_id"))
    kl_json_fields_client_id (in, "f", need);
  else if (g_str_equal (kind, "word"))
    kl_json_fields_word (in, "f", need, words, 0);
  else if (g_str_equal (kind, "array"))
    kl_json_fields_array (in, "f", need, 2);
  else if (g_str_equal (kind, "object"))
    kl_json_fields_object (in, "f", need);
  else if (g_str_equal (kind, "ids"))
    ids = kl_json_fields_ids (in, "f", need, 2, FALSE);
  else if (g_str_equal (kind, "users"))
    ids = kl_json_fields_ids (in, "f", need, 2, TRUE);
  else
    g_assert_not_reached ();
}

static const char *const kinds[] = { "int",  "any int", "bool",      "string", "name", "id",   "user",
                                     "word", "array",   "client_id", "object", "ids",  "users" };

static void
test_fields (void)
{
  static const struct
  {
    const char *kind, *value;
    gboolean fine;
  } cases[] = {
    { "int", "1", TRUE },
    { "int", "100", TRUE },
    { "int", "0", FALSE },
    { "int", "101", FALSE },
    { "int", "-1", FALSE },
    { "int", "5.0", FALSE },
    { "int", "5e0", FALSE },
    { "int", "1E1", FALSE },
    { "int", "\"5\"", FALSE },
    { "int", "true", FALSE },
    { "int", "[5]", FALSE },
    { "int", "99999999999999999999", FALSE },
    { "any int", "9223372036854775807", TRUE },
    { "any int", "9223372036854775808", FALSE },
    { "any int", "18446744073709551615", FALSE },
    { "any int", "-9223372036854775808", TRUE },
    { "any int", "-9223372036854775809", FALSE },
    { "bool", "true", TRUE },
    { "bool", "1", FALSE },
    { "bool", "\"true\"", FALSE },
    { "string", "\"ab\"", TRUE },
    { "string", "\"a\"", FALSE },
    { "string", "\"abcd\"", TRUE },
    { "string", "\"abcde\"", FALSE },
    { "string", "\"a\\u0000b\"", FALSE },
    { "string", "12", FALSE },
    { "string", "{}", FALSE },
    { "name", "\"Tea\"", TRUE },
    { "name", "\"\\u0000b\"", FALSE },
    { "name", "\"\\u202ex\"", FALSE },
    { "name", "\"\"", FALSE },
    { "id", "\"0198abc\"", TRUE },
    { "id", "\"\"", FALSE },
    { "id", "\"a:b\"", FALSE },
    { "id", "\"1234567890123456789012345678901234567890123456789012345678901234\"", TRUE },
    { "id", "\"12345678901234567890123456789012345678901234567890123456789012345\"", FALSE },
    { "id", "5", FALSE },
    { "user", "\"ada@example.org\"", TRUE },
    { "user", "\"a:b@example.org\"", TRUE },
    { "user", "\"a:b\"", FALSE },
    { "user", "\"a\\n@b\"", FALSE },
    { "client_id", "\"a:b 1\"", TRUE },
    { "client_id", "\"a\\nb\"", FALSE },
    { "client_id", "\"12345678901234567890123456789012345678901234567890123456789012345\"", FALSE },
    { "client_id", "\"\"", FALSE },
    { "word", "\"private\"", TRUE },
    { "word", "\"Private\"", FALSE },
    { "word", "\"public\\u0000\"", FALSE },
    { "word", "1", FALSE },
    { "array", "[1,2]", TRUE },
    { "array", "[1,2,3]", FALSE },
    { "array", "{}", FALSE },
    { "object", "{}", TRUE },
    { "object", "[]", FALSE },
    { "ids", "[\"a\",\"b\"]", TRUE },
    { "ids", "[]", TRUE },
    { "ids", "[\"a\",\"b\",\"c\"]", FALSE },
    { "ids", "[\"a\",5]", FALSE },
    { "ids", "[\"a:b@c\"]", FALSE },
    { "ids", "[null]", FALSE },
    { "ids", "[\"a\\u0000\"]", FALSE },
    { "users", "[\"a:b@c\"]", TRUE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = g_strdup_printf ("{\"f\":%s}", cases[i].value);
      g_autoptr (KlJson) json = kl_json_parse (text, strlen (text), NULL);
      KlJsonFields in;

      g_assert_nonnull (json);
      kl_json_fields_init (&in, kl_json_get_root (json));
      get_kind (&in, cases[i].kind, KL_JSON_REQUIRED);
      if ((in.fault == NULL) != cases[i].fine)
        g_error ("%s %s: %s", cases[i].kind, cases[i].value, in.fault ? in.fault : "accepted");
      g_assert_cmpstr (in.fault_field, ==, cases[i].fine ? NULL : "f");
    }
}

static void
test_absent (void)
{
  static const char *const texts[] = { "{}", "{\"f\":null}", "{\"g\":1}" };

  for (gsize t = 0; t < G_N_ELEMENTS (texts); t++)
    for (gsize k = 0; k < G_N_ELEMENTS (kinds); k++)
      {
        g_autoptr (KlJson) json = kl_json_parse (texts[t], strlen (texts[t]), NULL);
        KlJsonFields in;

        kl_json_fields_init (&in, kl_json_get_root (json));
        get_kind (&in, kinds[k], KL_JSON_OPTIONAL);
        g_assert_null (in.fault);
        get_kind (&in, kinds[k], KL_JSON_REQUIRED);
        g_assert_cmpstr (in.fault, ==, "is missing");
        g_assert_cmpstr (in.fault_field, ==, "f");
      }
}

static void
test_values (void)
{
  const char *text = "{\"limit\":7,\"on\":true,\"body\":\"a\\u00e9\",\"visibility\":\"private\",\"avatar\":null}";
  static const char *const words[] = { "public", "private", NULL };
  g_autoptr (KlJson) json = kl_json_parse (text, strlen (text), NULL);
  KlJsonFields in;
  gsize length;

  kl_json_fields_init (&in, kl_json_get_root (json));
  g_assert_cmpint (kl_json_fields_int (&in, "limit", KL_JSON_OPTIONAL, 1, 100, 50), ==, 7);
  g_assert_cmpint (kl_json_fields_int (&in, "other", KL_JSON_OPTIONAL, 1, 100, 50), ==, 50);
  g_assert_true (kl_json_fields_bool (&in, "on", KL_JSON_REQUIRED, FALSE));
  g_assert_cmpstr (kl_json_fields_text (&in, "body", KL_JSON_REQUIRED, KL_TEXT_BODY, &length), ==, "aé");
  g_assert_cmpuint (length, ==, 3);
  g_assert_cmpint (kl_json_fields_word (&in, "visibility", KL_JSON_OPTIONAL, words, 0), ==, 1);
  g_assert_true (kl_json_fields_has (&in, "avatar"));
  g_assert_true (kl_json_fields_is_null (&in, "avatar"));
  g_assert_false (kl_json_fields_has (&in, "emoji"));
  g_assert_false (kl_json_fields_is_null (&in, "emoji"));
  g_assert_null (in.fault);
}

/* The first fault stays, and what follows gives harmless values. */
static void
test_first_fault (void)
{
  g_autoptr (KlJson) json = kl_json_parse (T ("{\"b\":\"5\",\"c\":1}"), NULL);
  KlJsonFields in;

  kl_json_fields_init (&in, kl_json_get_root (json));
  g_assert_cmpint (kl_json_fields_int (&in, "b", KL_JSON_REQUIRED, 0, 9, 3), ==, 3);
  g_assert_null (kl_json_fields_string (&in, "c", KL_JSON_REQUIRED, 0, 9, NULL));
  kl_json_fields_refuse (&in, "d", "is wrong");
  g_assert_cmpstr (in.fault_field, ==, "b");
  g_assert_cmpstr (in.fault, ==, "must be an integer");
}

static void
test_no_object (void)
{
  static const char *const texts[] = { "[]", "\"x\"", "null", "1" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (KlJson) json = kl_json_parse (texts[i], strlen (texts[i]), NULL);
      KlJsonFields in;

      kl_json_fields_init (&in, kl_json_get_root (json));
      for (gsize k = 0; k < G_N_ELEMENTS (kinds); k++)
        get_kind (&in, kinds[k], KL_JSON_REQUIRED);
      g_assert_cmpstr (in.fault, ==, "must be an object");
      g_assert_null (in.fault_field);
      g_assert_false (kl_json_fields_has (&in, "f"));
    }

  {
    KlJsonFields in;

    kl_json_fields_init (&in, NULL);
    g_assert_nonnull (in.fault);
  }
}

/* ── The writer ── */

static void
test_writer (void)
{
  g_auto (KlJsonWriter) writer;
  g_autofree char *text = NULL;

  kl_json_writer_init (&writer, 16);
  kl_json_begin_object (&writer);
  kl_json_member_int (&writer, "min", G_MININT64);
  kl_json_member_int (&writer, "max", G_MAXINT64);
  kl_json_member_int (&writer, "zero", 0);
  kl_json_member_bool (&writer, "yes", TRUE);
  kl_json_member_null (&writer, "nothing");
  kl_json_member_string (&writer, "none", NULL);
  kl_json_member_string_or_nothing (&writer, "absent", NULL);
  kl_json_member_string_or_nothing (&writer, "text", "é");
  kl_json_key (&writer, "list");
  kl_json_begin_array (&writer);
  kl_json_begin_object (&writer);
  kl_json_end_object (&writer);
  kl_json_begin_array (&writer);
  kl_json_end_array (&writer);
  kl_json_raw (&writer, T ("{\"a\":[1]}"));
  kl_json_int (&writer, -7);
  kl_json_end_array (&writer);
  kl_json_key_escaped (&writer, "a\"b");
  kl_json_bool (&writer, FALSE);
  kl_json_member_raw (&writer, "raw", T ("[2]"));
  kl_json_end_object (&writer);
  text = kl_json_writer_steal_string (&writer, NULL);
  g_assert_cmpstr (text, ==,
                   "{\"min\":-9223372036854775808,\"max\":9223372036854775807,\"zero\":0,\"yes\":true,\"nothing\":null,"
                   "\"none\":null,\"text\":\"é\",\"list\":[{},[],{\"a\":[1]},-7],\"a\\\"b\":false,\"raw\":[2]}");
}

static void
test_escapes (void)
{
  g_auto (KlJsonWriter) writer;
  g_autoptr (KlJson) json = NULL;
  yyjson_val *root;
  char all[128];

  for (int i = 0; i < 128; i++)
    all[i] = (char)i;

  kl_json_writer_init (&writer, 16);
  kl_json_string (&writer, all, sizeof all);
  g_assert_true (g_str_has_prefix (writer.out->str, "\"\\u0000\\u0001"));
  g_assert_nonnull (strstr (writer.out->str, "\\b\\t\\n\\u000b\\f\\r\\u000e"));
  g_assert_nonnull (strstr (writer.out->str, " !\\\"#"));
  g_assert_nonnull (strstr (writer.out->str, "[\\\\]"));

  json = kl_json_parse (writer.out->str, writer.out->len, NULL);
  root = kl_json_get_root (json);
  g_assert_cmpmem (yyjson_get_str (root), yyjson_get_len (root), all, sizeof all);
}

static void
test_value_again (void)
{
  g_auto (KlJsonWriter) writer;
  const char *text = "{\"a\":[1,2.5,\"x\\n\"],\"b\":{\"c\":null}}";
  g_autoptr (KlJson) json = kl_json_parse (text, strlen (text), NULL);
  g_autoptr (GBytes) bytes = NULL;

  kl_json_writer_init (&writer, 16);
  kl_json_begin_array (&writer);
  kl_json_value (&writer, kl_json_get_root (json));
  kl_json_value (&writer, yyjson_obj_get (kl_json_get_root (json), "b"));
  kl_json_end_array (&writer);
  bytes = kl_json_writer_steal_bytes (&writer);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes),
                   "[{\"a\":[1,2.5,\"x\\n\"],\"b\":{\"c\":null}},{\"c\":null}]", 47);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/protocol/json/documents", test_documents);
  g_test_add_func ("/protocol/json/depth", test_depth);
  g_test_add_func ("/protocol/json/many-keys", test_many_keys);
  g_test_add_func ("/protocol/json/lifetime", test_lifetime);
  g_test_add_func ("/protocol/json/fields", test_fields);
  g_test_add_func ("/protocol/json/absent", test_absent);
  g_test_add_func ("/protocol/json/values", test_values);
  g_test_add_func ("/protocol/json/first-fault", test_first_fault);
  g_test_add_func ("/protocol/json/no-object", test_no_object);
  g_test_add_func ("/protocol/json/writer", test_writer);
  g_test_add_func ("/protocol/json/escapes", test_escapes);
  g_test_add_func ("/protocol/json/value-again", test_value_again);
  return g_test_run ();
}
