/* SPDX-License-Identifier: GPL-3.0-or-later */
/* yyjson parses (strictly, without recursion); one walk over the result then refuses what RFC 8259 leaves open and the
 * contract does not: depth and repeated keys. Small documents, which most are, live in one block of memory. */
#include "protocol/kl-json.h"

#include <string.h>

#include "protocol/kl-id.h"
#include "protocol/kl-limits.h"

/* Up to this length header, values and strings come from one allocation. */
#define ONE_BLOCK_MAX_BYTES 2048
/* Objects of up to this many keys are compared pair by pair. */
#define PAIRWISE_MAX_KEYS 12

struct _KlJson
{
  gatomicrefcount ref_count;
  yyjson_doc *doc;
  gboolean one_block; /* doc lies behind this struct */
};

/* ── Documents ── */

static int
compare_keys (const void *a, const void *b)
{
  yyjson_val *const *x = a, *const *y = b;
  gsize x_length = yyjson_get_len (*x), y_length = yyjson_get_len (*y);

  if (x_length != y_length)
    return x_length < y_length ? -1 : 1;

  return memcmp (yyjson_get_str (*x), yyjson_get_str (*y), x_length);
}

static gboolean
has_duplicate_key (yyjson_val *object)
{
  gsize n = yyjson_obj_size (object), filled = 0;
  yyjson_val *few[PAIRWISE_MAX_KEYS];
  g_autofree yyjson_val **many = NULL;
  yyjson_obj_iter iter = yyjson_obj_iter_with (object);
  yyjson_val *key;

  if (n < 2)
    return FALSE;

  if (n <= PAIRWISE_MAX_KEYS)
    {
      while ((key = yyjson_obj_iter_next (&iter)))
        {
          for (gsize i = 0; i < filled; i++)
            if (compare_keys (&few[i], &key) == 0)
              return TRUE;
          few[filled++] = key;
        }
      return FALSE;
    }

  many = g_new (yyjson_val *, n);
  while ((key = yyjson_obj_iter_next (&iter)))
    many[filled++] = key;
  qsort (many, filled, sizeof *many, compare_keys);
  for (gsize i = 1; i < filled; i++)
    if (compare_keys (&many[i - 1], &many[i]) == 0)
      return TRUE;

  return FALSE;
}

/* DEPTH: of VALUE itself, 1 for the root. Stops at the limit, so the recursion is bounded by it. */
static KlJsonStatus
walk (yyjson_val *value, int depth)
{
  KlJsonStatus status = KL_JSON_OK;

  if (!yyjson_is_ctn (value))
    return KL_JSON_OK;
  if (depth > KL_LIMIT_JSON_DEPTH)
    return KL_JSON_TOO_DEEP;

  if (yyjson_is_arr (value))
    {
      yyjson_arr_iter iter = yyjson_arr_iter_with (value);
      yyjson_val *item;

      while (status == KL_JSON_OK && (item = yyjson_arr_iter_next (&iter)))
        status = walk (item, depth + 1);
    }
  else
    {
      yyjson_obj_iter iter = yyjson_obj_iter_with (value);
      yyjson_val *key;

      if (has_duplicate_key (value))
        return KL_JSON_DUPLICATE_KEY;
      while (status == KL_JSON_OK && (key = yyjson_obj_iter_next (&iter)))
        status = walk (yyjson_obj_iter_get_val (key), depth + 1);
    }

  return status;
}

KlJsonStatus
kl_json_check (yyjson_val *value)
{
  return walk (value, 1);
}

static KlJson *
read_document (const void *data, gsize length)
{
  KlJson *self;

  /* With these flags yyjson does not write to its input. */
  if (length <= ONE_BLOCK_MAX_BYTES)
    {
      gsize pool_bytes = yyjson_read_max_memory_usage (length, YYJSON_READ_NOFLAG);
      gsize offset = (sizeof (KlJson) + 15) & ~(gsize)15;
      yyjson_alc pool;

      self = g_malloc (offset + pool_bytes);
      self->one_block = TRUE;
      yyjson_alc_pool_init (&pool, (char *)self + offset, pool_bytes);
      self->doc = yyjson_read_opts ((char *)data, length, YYJSON_READ_NOFLAG, &pool, NULL);
    }
  else
    {
      self = g_new (KlJson, 1);
      self->one_block = FALSE;
      self->doc = yyjson_read_opts ((char *)data, length, YYJSON_READ_NOFLAG, NULL, NULL);
    }
  g_atomic_ref_count_init (&self->ref_count);

  return self;
}

KlJson *
kl_json_parse (const void *data, gsize length, KlJsonStatus *status)
{
  g_autoptr (KlJson) self = NULL;
  KlJsonStatus result = KL_JSON_MALFORMED;

  if (length > 0)
    {
      self = read_document (data, length);
      if (self->doc)
        result = walk (yyjson_doc_get_root (self->doc), 1);
    }

  if (status)
    *status = result;

  return result == KL_JSON_OK ? g_steal_pointer (&self) : NULL;
}

KlJson *
kl_json_ref (KlJson *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
kl_json_unref (KlJson *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  /* A document in one block has its allocator inside, by then out of scope: it goes with the block. */
  if (!self->one_block)
    yyjson_doc_free (self->doc);
  g_free (self);
}

yyjson_val *
kl_json_get_root (KlJson *self)
{
  return yyjson_doc_get_root (self->doc);
}

/* ── Fields ── */

void
kl_json_fields_init (KlJsonFields *self, yyjson_val *object)
{
  self->object = object;
  self->fault = NULL;
  self->fault_field = NULL;
  if (!yyjson_is_obj (object))
    {
      self->object = NULL;
      self->fault = "must be an object";
    }
}

void
kl_json_fields_refuse (KlJsonFields *self, const char *field, const char *clause)
{
  if (self->fault)
    return;

  self->fault = clause;
  self->fault_field = field;
}

/* NULL where absent or null. A required one that is absent becomes the fault. */
static yyjson_val *
find (KlJsonFields *self, const char *field, KlJsonNeed need)
{
  yyjson_val *value = self->object ? yyjson_obj_get (self->object, field) : NULL;

  if (value && !yyjson_is_null (value))
    return value;

  if (need == KL_JSON_REQUIRED)
    kl_json_fields_refuse (self, field, "is missing");

  return NULL;
}

gboolean
kl_json_fields_has (KlJsonFields *self, const char *field)
{
  return self->object && yyjson_obj_get (self->object, field) != NULL;
}

gboolean
kl_json_fields_is_null (KlJsonFields *self, const char *field)
{
  return self->object && yyjson_is_null (yyjson_obj_get (self->object, field));
}

const char *
kl_json_fields_string (KlJsonFields *self, const char *field, KlJsonNeed need, gsize min_bytes, gsize max_bytes,
                       gsize *length_bytes)
{
  yyjson_val *value = find (self, field, need);
  const char *clause = NULL;
  gsize length;

  if (length_bytes)
    *length_bytes = 0;
  if (!value)
    return NULL;

  length = yyjson_get_len (value);
  if (!yyjson_is_str (value))
    clause = "must be a string";
  else if (length < min_bytes)
    clause = length == 0 ? "must not be empty" : "is too short";
  else if (length > max_bytes)
    clause = "is too long";
  else if (memchr (yyjson_get_str (value), 0, length))
    clause = "must not contain control characters";

  if (clause)
    {
      kl_json_fields_refuse (self, field, clause);
      return NULL;
    }
  if (length_bytes)
    *length_bytes = length;

  return yyjson_get_str (value);
}

const char *
kl_json_fields_text (KlJsonFields *self, const char *field, KlJsonNeed need, KlTextRule rule, gsize *length_bytes)
{
  gsize length;
  const char *text = kl_json_fields_string (self, field, need, 0, G_MAXSIZE, &length);
  const char *clause;

  if (length_bytes)
    *length_bytes = length;
  if (!text)
    return NULL;

  clause = kl_text_check (text, length, rule);
  if (clause)
    {
      kl_json_fields_refuse (self, field, clause);
      if (length_bytes)
        *length_bytes = 0;
      return NULL;
    }

  return text;
}

const char *
kl_json_fields_id (KlJsonFields *self, const char *field, KlJsonNeed need)
{
  /* Four bytes a character at most, before they are counted. */
  const char *id = kl_json_fields_string (self, field, need, 1, KL_LIMIT_ID_CHARS * 4, NULL);

  if (id && !kl_id_is_valid (id))
    {
      kl_json_fields_refuse (self, field, "is not an id");
      return NULL;
    }

  return id;
}

static gboolean
has_control (const char *text)
{
  for (const char *p = text; *p; p = g_utf8_next_char (p))
    if (g_unichar_type (g_utf8_get_char (p)) == G_UNICODE_CONTROL)
      return TRUE;

  return FALSE;
}

static gboolean
is_user (const char *text)
{
  return kl_id_is_valid (text) || (strchr (text, '@') && !has_control (text));
}

const char *
kl_json_fields_user (KlJsonFields *self, const char *field, KlJsonNeed need)
{
  const char *user = kl_json_fields_string (self, field, need, 1, KL_LIMIT_ADDRESS_BYTES, NULL);

  if (user && !is_user (user))
    {
      kl_json_fields_refuse (self, field, "is neither an id nor an address");
      return NULL;
    }

  return user;
}

const char *
kl_json_fields_client_id (KlJsonFields *self, const char *field, KlJsonNeed need)
{
  gsize length;
  const char *id = kl_json_fields_string (self, field, need, 1, KL_LIMIT_CLIENT_ID_CHARS * 4, &length);

  if (id && (g_utf8_strlen (id, (gssize)length) > KL_LIMIT_CLIENT_ID_CHARS || has_control (id)))
    {
      kl_json_fields_refuse (self, field, "must be 1 to 64 characters without control characters");
      return NULL;
    }

  return id;
}

gint64
kl_json_fields_int (KlJsonFields *self, const char *field, KlJsonNeed need, gint64 min, gint64 max, gint64 fallback)
{
  yyjson_val *value = find (self, field, need);
  gboolean fits;

  if (!value)
    return fallback;
  if (!yyjson_is_int (value))
    {
      kl_json_fields_refuse (self, field, "must be an integer");
      return fallback;
    }

  fits = !yyjson_is_uint (value) || yyjson_get_uint (value) <= (guint64)G_MAXINT64;
  if (!fits || yyjson_get_sint (value) < min || yyjson_get_sint (value) > max)
    {
      kl_json_fields_refuse (self, field, "is out of range");
      return fallback;
    }

  return yyjson_get_sint (value);
}

gboolean
kl_json_fields_bool (KlJsonFields *self, const char *field, KlJsonNeed need, gboolean fallback)
{
  yyjson_val *value = find (self, field, need);

  if (!value)
    return fallback;
  if (!yyjson_is_bool (value))
    {
      kl_json_fields_refuse (self, field, "must be true or false");
      return fallback;
    }

  return yyjson_get_bool (value);
}

int
kl_json_fields_word (KlJsonFields *self, const char *field, KlJsonNeed need, const char *const *words, int fallback)
{
  yyjson_val *value = find (self, field, need);

  if (!value)
    return fallback;

  for (int i = 0; words[i]; i++)
    if (yyjson_equals_str (value, words[i]))
      return i;

  kl_json_fields_refuse (self, field, yyjson_is_str (value) ? "is none of the known words" : "must be a string");

  return fallback;
}

yyjson_val *
kl_json_fields_array (KlJsonFields *self, const char *field, KlJsonNeed need, gsize max_items)
{
  yyjson_val *value = find (self, field, need);

  if (!value)
    return NULL;
  if (!yyjson_is_arr (value) || yyjson_arr_size (value) > max_items)
    {
      kl_json_fields_refuse (self, field, yyjson_is_arr (value) ? "has too many items" : "must be an array");
      return NULL;
    }

  return value;
}

yyjson_val *
kl_json_fields_object (KlJsonFields *self, const char *field, KlJsonNeed need)
{
  yyjson_val *value = find (self, field, need);

  if (value && !yyjson_is_obj (value))
    {
      kl_json_fields_refuse (self, field, "must be an object");
      return NULL;
    }

  return value;
}

yyjson_val *
kl_json_fields_value (KlJsonFields *self, const char *field, KlJsonNeed need)
{
  return find (self, field, need);
}

GPtrArray *
kl_json_fields_ids (KlJsonFields *self, const char *field, KlJsonNeed need, gsize max_items, gboolean addresses)
{
  yyjson_val *array = kl_json_fields_array (self, field, need, max_items);
  g_autoptr (GPtrArray) ids = NULL;
  yyjson_arr_iter iter;
  yyjson_val *item;

  if (!array)
    return NULL;

  ids = g_ptr_array_sized_new ((guint)yyjson_arr_size (array));
  iter = yyjson_arr_iter_with (array);
  while ((item = yyjson_arr_iter_next (&iter)))
    {
      const char *id = yyjson_get_str (item);
      gsize length = yyjson_get_len (item);
      gboolean plain = id && length > 0 && length <= KL_LIMIT_ADDRESS_BYTES && !memchr (id, 0, length);

      if (!plain || !(addresses ? is_user (id) : kl_id_is_valid (id)))
        {
          kl_json_fields_refuse (self, field, "must hold ids only");
          return NULL;
        }
      g_ptr_array_add (ids, (gpointer)id);
    }

  return g_steal_pointer (&ids);
}
