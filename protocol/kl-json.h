/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON as the wire contract wants it, over yyjson: strict RFC 8259, at most KL_LIMIT_JSON_DEPTH deep, no key twice in
 * an object, integers without fraction or exponent, no unpaired surrogates. Nothing here recurses deeper than the limit.
 *
 * Reading:
 *
 *   KlJsonFields in;
 *   kl_json_fields_init (&in, kl_json_get_root (json));
 *   const char *group = kl_json_fields_id (&in, "group", KL_JSON_REQUIRED);
 *   const char *body = kl_json_fields_text (&in, "body", KL_JSON_REQUIRED, KL_TEXT_BODY, &body_length);
 *   gint64 limit = kl_json_fields_int (&in, "limit", KL_JSON_OPTIONAL, 1, 100, 50);
 *   if (in.fault)
 *     return bad_request (in.fault_field, in.fault);
 *
 * The getters keep the first fault; after one they go on giving harmless values, so that a handler checks once.
 *
 * Writing: bytes into one growing buffer, commas by themselves; what is already JSON is spliced in whole.
 */
#pragma once

#include <glib.h>
#include <yyjson.h>

#include "protocol/kl-text.h"

G_BEGIN_DECLS

/* ── Documents ── */

/* An immutable, reference-counted document; may be shared between threads. Values and strings that it lends live as
 * long as it does. */
typedef struct _KlJson KlJson;

typedef enum
{
  KL_JSON_OK,
  KL_JSON_MALFORMED,     /* not RFC 8259, not UTF-8, unpaired surrogates, a number that no double holds */
  KL_JSON_TOO_DEEP,      /* over KL_LIMIT_JSON_DEPTH arrays and objects in one another */
  KL_JSON_DUPLICATE_KEY, /* a key twice in one object */
} KlJsonStatus;

/* Parses LENGTH bytes, which are copied as needed. On anything but KL_JSON_OK the result is NULL. STATUS may be NULL. */
KlJson *kl_json_parse (const void *data, gsize length, KlJsonStatus *status);

/* Whether VALUE, from a document that yyjson read elsewhere, keeps the two rules that yyjson does not know. */
KlJsonStatus kl_json_check (yyjson_val *value);

KlJson *kl_json_ref (KlJson *json);
void kl_json_unref (KlJson *json);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlJson, kl_json_unref)

yyjson_val *kl_json_get_root (KlJson *json);

/* ── Fields of an object ── */

typedef enum
{
  KL_JSON_REQUIRED,
  KL_JSON_OPTIONAL, /* absent or null: the fallback */
} KlJsonNeed;

typedef struct
{
  yyjson_val *object;      /* borrowed */
  const char *fault;       /* NULL, or what is wrong with the first bad field: a short English clause, static */
  const char *fault_field; /* that field's name as the caller gave it; NULL where the whole is no object */
} KlJsonFields;

/* OBJECT may be NULL or no object, which is a fault at once (with fault_field NULL). */
void kl_json_fields_init (KlJsonFields *self, yyjson_val *object);

/* Records a fault that the caller found. Keeps the first. FIELD and CLAUSE must be static or outlive SELF. */
void kl_json_fields_refuse (KlJsonFields *self, const char *field, const char *clause);

/* Whether the field stands there at all, null included; whether it stands there as null ("clears the field"). */
gboolean kl_json_fields_has (KlJsonFields *self, const char *field);
gboolean kl_json_fields_is_null (KlJsonFields *self, const char *field);

/* A string of MIN_BYTES to MAX_BYTES without U+0000, NULL where absent. LENGTH_BYTES may be NULL. */
const char *kl_json_fields_string (KlJsonFields *self, const char *field, KlJsonNeed need, gsize min_bytes,
                                   gsize max_bytes, gsize *length_bytes);

/* A string that keeps the text rule (kl-text.h), NULL where absent. LENGTH_BYTES may be NULL. */
const char *kl_json_fields_text (KlJsonFields *self, const char *field, KlJsonNeed need, KlTextRule rule,
                                 gsize *length_bytes);

/* An id: 1–64 characters without ':'. */
const char *kl_json_fields_id (KlJsonFields *self, const char *field, KlJsonNeed need);

/* A user: an id or an address, so up to 3,071 bytes. */
const char *kl_json_fields_user (KlJsonFields *self, const char *field, KlJsonNeed need);

/* The sender's id of a deed: 1–64 characters without control characters. */
const char *kl_json_fields_client_id (KlJsonFields *self, const char *field, KlJsonNeed need);

/* An integer within MIN and MAX; FALLBACK where absent. */
gint64 kl_json_fields_int (KlJsonFields *self, const char *field, KlJsonNeed need, gint64 min, gint64 max,
                           gint64 fallback);

gboolean kl_json_fields_bool (KlJsonFields *self, const char *field, KlJsonNeed need, gboolean fallback);

/* The index in WORDS (ended by NULL) of a string field; FALLBACK where absent. */
int kl_json_fields_word (KlJsonFields *self, const char *field, KlJsonNeed need, const char *const *words,
                         int fallback);

/* NULL where absent. An array has at most MAX_ITEMS items. */
yyjson_val *kl_json_fields_array (KlJsonFields *self, const char *field, KlJsonNeed need, gsize max_items);
yyjson_val *kl_json_fields_object (KlJsonFields *self, const char *field, KlJsonNeed need);
/* Any value but null. */
yyjson_val *kl_json_fields_value (KlJsonFields *self, const char *field, KlJsonNeed need);

/* An array of ids (addresses too where ADDRESSES) of at most MAX_ITEMS; NULL where absent. Items are lent by the
 * document, the array is the caller's. */
GPtrArray *kl_json_fields_ids (KlJsonFields *self, const char *field, KlJsonNeed need, gsize max_items,
                               gboolean addresses);

/* ── Writing ── */

typedef struct
{
  GString *out;
  gboolean comma; /* a value stands before the next one */
} KlJsonWriter;

/* Starts a buffer of its own. End with one of _steal_…, or _clear. */
void kl_json_writer_init (KlJsonWriter *self, gsize size_hint_bytes);
/* Appends to a buffer of the caller's, who keeps it. */
void kl_json_writer_init_on (KlJsonWriter *self, GString *out);
void kl_json_writer_clear (KlJsonWriter *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KlJsonWriter, kl_json_writer_clear)
GBytes *kl_json_writer_steal_bytes (KlJsonWriter *self);
char *kl_json_writer_steal_string (KlJsonWriter *self, gsize *length_bytes);

void kl_json_begin_object (KlJsonWriter *self);
void kl_json_end_object (KlJsonWriter *self);
void kl_json_begin_array (KlJsonWriter *self);
void kl_json_end_array (KlJsonWriter *self);

/* KEY needs no escaping: it is a name of the contract. For keys that are data: kl_json_key_escaped(). */
void kl_json_key (KlJsonWriter *self, const char *key);
void kl_json_key_escaped (KlJsonWriter *self, const char *key);

/* Values. TEXT is valid UTF-8; LENGTH_BYTES -1: up to its NUL; NULL writes null. */
void kl_json_string (KlJsonWriter *self, const char *text, gssize length_bytes);
void kl_json_int (KlJsonWriter *self, gint64 value);
void kl_json_bool (KlJsonWriter *self, gboolean value);
void kl_json_null (KlJsonWriter *self);
/* Bytes that are one whole JSON value already. */
void kl_json_raw (KlJsonWriter *self, const void *json, gsize length_bytes);
void kl_json_raw_bytes (KlJsonWriter *self, GBytes *json);
/* A value of a document, written out again. */
void kl_json_value (KlJsonWriter *self, yyjson_val *value);

/* A key and its value in one. */
void kl_json_member_string (KlJsonWriter *self, const char *key, const char *text);
/* Writes nothing where TEXT is NULL. */
void kl_json_member_string_or_nothing (KlJsonWriter *self, const char *key, const char *text);
void kl_json_member_int (KlJsonWriter *self, const char *key, gint64 value);
void kl_json_member_bool (KlJsonWriter *self, const char *key, gboolean value);
void kl_json_member_null (KlJsonWriter *self, const char *key);
void kl_json_member_raw (KlJsonWriter *self, const char *key, const void *json, gsize length_bytes);

G_END_DECLS
