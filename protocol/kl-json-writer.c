/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "protocol/kl-json.h"

#include <string.h>

/* The letter behind the backslash; 'u': \u00XX. */
static inline char
escape_of (guint8 byte)
{
  switch (byte)
    {
    case '\b':
      return 'b';
    case '\t':
      return 't';
    case '\n':
      return 'n';
    case '\f':
      return 'f';
    case '\r':
      return 'r';
    default:
      return byte < 0x20 ? 'u' : (char)byte;
    }
}

void
kl_json_writer_init (KlJsonWriter *self, gsize size_hint_bytes)
{
  self->out = g_string_sized_new (size_hint_bytes);
  self->comma = FALSE;
}

void
kl_json_writer_init_on (KlJsonWriter *self, GString *out)
{
  self->out = out;
  self->comma = FALSE;
}

void
kl_json_writer_clear (KlJsonWriter *self)
{
  if (self->out)
    g_string_free (g_steal_pointer (&self->out), TRUE);
}

GBytes *
kl_json_writer_steal_bytes (KlJsonWriter *self)
{
  return g_string_free_to_bytes (g_steal_pointer (&self->out));
}

char *
kl_json_writer_steal_string (KlJsonWriter *self, gsize *length_bytes)
{
  if (length_bytes)
    *length_bytes = self->out->len;

  return g_string_free_and_steal (g_steal_pointer (&self->out));
}

static inline void
before_value (KlJsonWriter *self)
{
  if (self->comma)
    g_string_append_c (self->out, ',');
  self->comma = TRUE;
}

void
kl_json_begin_object (KlJsonWriter *self)
{
  before_value (self);
  g_string_append_c (self->out, '{');
  self->comma = FALSE;
}

void
kl_json_end_object (KlJsonWriter *self)
{
  g_string_append_c (self->out, '}');
  self->comma = TRUE;
}

void
kl_json_begin_array (KlJsonWriter *self)
{
  before_value (self);
  g_string_append_c (self->out, '[');
  self->comma = FALSE;
}

void
kl_json_end_array (KlJsonWriter *self)
{
  g_string_append_c (self->out, ']');
  self->comma = TRUE;
}

void
kl_json_key (KlJsonWriter *self, const char *key)
{
  before_value (self);
  g_string_append_c (self->out, '"');
  g_string_append (self->out, key);
  g_string_append_len (self->out, "\":", 2);
  self->comma = FALSE;
}

static void
append_escaped (GString *out, const char *text, gsize length)
{
  static const char digits[] = "0123456789abcdef";
  const char *end = text + length;
  const char *run = text;

  g_string_append_c (out, '"');
  for (const char *p = text; p < end; p++)
    {
      guint8 byte = (guint8)*p;
      char escape;

      if (G_LIKELY (byte >= 0x20 && byte != '"' && byte != '\\'))
        continue;
      escape = escape_of (byte);

      g_string_append_len (out, run, p - run);
      run = p + 1;
      if (escape == 'u')
        {
          char sequence[6] = { '\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15] };

          g_string_append_len (out, sequence, sizeof sequence);
        }
      else
        {
          char sequence[2] = { '\\', escape };

          g_string_append_len (out, sequence, sizeof sequence);
        }
    }
  g_string_append_len (out, run, end - run);
  g_string_append_c (out, '"');
}

void
kl_json_key_escaped (KlJsonWriter *self, const char *key)
{
  before_value (self);
  append_escaped (self->out, key, strlen (key));
  g_string_append_c (self->out, ':');
  self->comma = FALSE;
}

void
kl_json_string (KlJsonWriter *self, const char *text, gssize length_bytes)
{
  if (!text)
    {
      kl_json_null (self);
      return;
    }

  before_value (self);
  append_escaped (self->out, text, length_bytes < 0 ? strlen (text) : (gsize)length_bytes);
}

void
kl_json_int (KlJsonWriter *self, gint64 value)
{
  char digits[24];
  char *p = digits + sizeof digits;
  guint64 rest = value < 0 ? (guint64)0 - (guint64)value : (guint64)value;

  before_value (self);
  do
    *--p = (char)('0' + rest % 10);
  while (rest /= 10);
  if (value < 0)
    *--p = '-';
  g_string_append_len (self->out, p, digits + sizeof digits - p);
}

void
kl_json_bool (KlJsonWriter *self, gboolean value)
{
  before_value (self);
  g_string_append (self->out, value ? "true" : "false");
}

void
kl_json_null (KlJsonWriter *self)
{
  before_value (self);
  g_string_append_len (self->out, "null", 4);
}

void
kl_json_raw (KlJsonWriter *self, const void *json, gsize length_bytes)
{
  before_value (self);
  g_string_append_len (self->out, json, (gssize)length_bytes);
}

void
kl_json_raw_bytes (KlJsonWriter *self, GBytes *json)
{
  gsize length;
  const void *data = g_bytes_get_data (json, &length);

  kl_json_raw (self, data, length);
}

void
kl_json_value (KlJsonWriter *self, yyjson_val *value)
{
  gsize length = 0;
  char *text = yyjson_val_write (value, YYJSON_WRITE_NOFLAG, &length);

  if (text)
    kl_json_raw (self, text, length);
  else
    kl_json_null (self);
  free (text);
}

void
kl_json_member_string (KlJsonWriter *self, const char *key, const char *text)
{
  kl_json_key (self, key);
  kl_json_string (self, text, -1);
}

void
kl_json_member_string_or_nothing (KlJsonWriter *self, const char *key, const char *text)
{
  if (text)
    kl_json_member_string (self, key, text);
}

void
kl_json_member_int (KlJsonWriter *self, const char *key, gint64 value)
{
  kl_json_key (self, key);
  kl_json_int (self, value);
}

void
kl_json_member_bool (KlJsonWriter *self, const char *key, gboolean value)
{
  kl_json_key (self, key);
  kl_json_bool (self, value);
}

void
kl_json_member_null (KlJsonWriter *self, const char *key)
{
  kl_json_key (self, key);
  kl_json_null (self);
}

void
kl_json_member_raw (KlJsonWriter *self, const char *key, const void *json, gsize length_bytes)
{
  kl_json_key (self, key);
  kl_json_raw (self, json, length_bytes);
}
