/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/bus/kl-bus-wire.h"

#include <sodium.h>
#include <string.h>

#include "protocol/kl-id.h"
#include "protocol/kl-limits.h"

#define VERSION '1'
#define TAG_BYTES 16
/* No name, id or op comes near it. */
#define STRING_MAX_BYTES (64 * 1024)
#define CHANGES_MAX 10000

/* ── The seal ── */

static void
hash (guint8 *out, gsize length, const char *purpose, const char *epoch, const char *secret)
{
  crypto_generichash_state state;

  crypto_generichash_init (&state, NULL, 0, length);
  crypto_generichash_update (&state, (const guint8 *) purpose, strlen (purpose) + 1);
  crypto_generichash_update (&state, (const guint8 *) epoch, strlen (epoch) + 1);
  if (secret)
    crypto_generichash_update (&state, (const guint8 *) secret, strlen (secret));
  crypto_generichash_final (&state, out, length);
}

void
kl_bus_seal_init (KlBusSeal *self, const char *epoch, const char *secret)
{
  guint8 name[crypto_generichash_BYTES_MIN];
  char text[KL_BUS_TAG_CHARS + 1];

  hash (self->key, sizeof self->key, "klatch bus key", epoch, secret);
  hash (name, sizeof name, "klatch bus name", epoch, NULL);
  kl_id_encode (name, sizeof name, text);
  g_strlcpy (self->deployment, text, sizeof self->deployment);
}

static void
make_tag (const KlBusSeal *self, const char *place, const char *body, gsize length, char tag[KL_BUS_TAG_CHARS + 1])
{
  crypto_generichash_state state;
  guint8 mac[TAG_BYTES];

  crypto_generichash_init (&state, self->key, sizeof self->key, sizeof mac);
  crypto_generichash_update (&state, (const guint8 *) place, strlen (place) + 1);
  crypto_generichash_update (&state, (const guint8 *) body, length);
  crypto_generichash_final (&state, mac, sizeof mac);
  kl_id_encode (mac, sizeof mac, tag);
}

void
kl_bus_seal_close (const KlBusSeal *self, const char *place, GString *letter)
{
  char tag[KL_BUS_TAG_CHARS + 1];

  make_tag (self, place, letter->str + KL_BUS_HEAD_BYTES, letter->len - KL_BUS_HEAD_BYTES, tag);
  letter->str[0] = VERSION;
  memcpy (letter->str + 1, tag, KL_BUS_TAG_CHARS);
}

/* ── Letters ── */

typedef struct
{
  const char *bytes;
  gsize length;
} Part;

void
kl_bus_letter_begin (KlBusLetter *self, const char *type, const char *node, guint64 number)
{
  self->out = g_string_sized_new (512);
  self->parts = NULL;
  g_string_set_size (self->out, KL_BUS_HEAD_BYTES);
  kl_json_writer_init_on (&self->json, self->out);
  kl_json_begin_object (&self->json);
  kl_json_member_string (&self->json, "t", type);
  if (node)
    {
      kl_json_member_string (&self->json, "n", node);
      kl_json_member_int (&self->json, "i", (gint64) number);
    }
}

void
kl_bus_letter_add_bytes (KlBusLetter *self, const char *name, const char *bytes, gsize length)
{
  Part part = { bytes, length };

  if (!self->parts)
    self->parts = g_array_new (FALSE, FALSE, sizeof (Part));
  g_array_append_val (self->parts, part);
  kl_json_member_int (&self->json, name, (gint64) length);
}

GString *
kl_bus_letter_finish (KlBusLetter *self, const KlBusSeal *seal, const char *place)
{
  GString *out = g_steal_pointer (&self->out);

  kl_json_end_object (&self->json);
  g_string_append_c (out, '\n');
  for (guint i = 0; self->parts && i < self->parts->len; i++)
    {
      const Part *part = &g_array_index (self->parts, Part, i);

      g_string_append_len (out, part->bytes, (gssize) part->length);
    }
  g_clear_pointer (&self->parts, g_array_unref);
  kl_bus_seal_close (seal, place, out);

  return out;
}

gboolean
kl_bus_reading_open (KlBusReading *self, const KlBusSeal *seal, const char *place, const char *data, gsize length)
{
  char tag[KL_BUS_TAG_CHARS + 1];
  const char *end;

  *self = (KlBusReading) { 0 };
  if (length <= KL_BUS_HEAD_BYTES || data[0] != VERSION)
    return FALSE;
  make_tag (seal, place, data + KL_BUS_HEAD_BYTES, length - KL_BUS_HEAD_BYTES, tag);
  if (sodium_memcmp (tag, data + 1, KL_BUS_TAG_CHARS) != 0)
    return FALSE;
  end = memchr (data + KL_BUS_HEAD_BYTES, '\n', length - KL_BUS_HEAD_BYTES);
  if (!end)
    return FALSE;

  self->json = kl_json_parse (data + KL_BUS_HEAD_BYTES, (gsize) (end - data) - KL_BUS_HEAD_BYTES, NULL);
  if (!self->json)
    return FALSE;
  self->bytes = end + 1;
  self->length = length - (gsize) (end + 1 - data);
  kl_json_fields_init (&self->in, kl_json_get_root (self->json));
  self->type = kl_json_fields_string (&self->in, "t", KL_JSON_REQUIRED, 1, 32, NULL);
  self->node = kl_json_fields_id (&self->in, "n", KL_JSON_OPTIONAL);
  self->number = (guint64) kl_json_fields_int (&self->in, "i", KL_JSON_OPTIONAL, 0, KL_LIMIT_INTEGER_MAX, 0);
  if (!self->in.fault)
    return TRUE;

  kl_bus_reading_clear (self);

  return FALSE;
}

void
kl_bus_reading_clear (KlBusReading *self)
{
  g_clear_pointer (&self->json, kl_json_unref);
}

static const char *
take_bytes (KlBusReading *self, gint64 length)
{
  const char *bytes = self->bytes;

  if (length < 0 || (guint64) length > self->length)
    return NULL;
  self->bytes += length;
  self->length -= (gsize) length;

  return bytes;
}

static char *
dup_string (KlJsonFields *in, const char *name)
{
  return g_strdup (kl_json_fields_string (in, name, KL_JSON_OPTIONAL, 0, STRING_MAX_BYTES, NULL));
}

static gint64
get_int (KlJsonFields *in, const char *name)
{
  return kl_json_fields_int (in, name, KL_JSON_OPTIONAL, -1, KL_LIMIT_INTEGER_MAX, 0);
}

static int
get_number (KlJsonFields *in, const char *name, int min, int max)
{
  return (int) kl_json_fields_int (in, name, KL_JSON_REQUIRED, min, max, min);
}

static void
put_int (KlJsonWriter *json, const char *name, gint64 value)
{
  if (value != 0)
    kl_json_member_int (json, name, value);
}

static void
put_flag (KlJsonWriter *json, const char *name, gboolean on)
{
  if (on)
    kl_json_member_bool (json, name, TRUE);
}

static gboolean
get_flag (KlJsonFields *in, const char *name)
{
  return kl_json_fields_bool (in, name, KL_JSON_OPTIONAL, FALSE);
}

/* ── Messages, members, groups ── */

static void
write_message (KlBusLetter *letter, const KlStoreMessage *message)
{
  KlJsonWriter *json = &letter->json;

  kl_json_member_string_or_nothing (json, "id", message->id);
  kl_json_member_int (json, "q", message->seq);
  kl_json_member_int (json, "r", message->rev);
  kl_json_member_string_or_nothing (json, "s", message->sender);
  kl_json_member_int (json, "c", message->created_at);
  put_int (json, "f", message->flags);
  kl_bus_letter_add_bytes (letter, "j", message->json ? message->json : "", message->json_length);
}

static KlStoreMessage *
read_message (KlBusReading *reading, KlJsonFields *in)
{
  g_autoptr (KlStoreMessage) message = kl_store_message_new ();
  gint64 length = kl_json_fields_int (in, "j", KL_JSON_REQUIRED, 0, KL_LIMIT_INTEGER_MAX, 0);
  const char *bytes = take_bytes (reading, length);

  message->id = dup_string (in, "id");
  message->seq = get_int (in, "q");
  message->rev = get_int (in, "r");
  message->sender = dup_string (in, "s");
  message->created_at = get_int (in, "c");
  message->flags = (KlMessageFlags) get_int (in, "f");
  if (in->fault || !bytes)
    return NULL;
  if (length > 0)
    {
      message->json = g_strndup (bytes, (gsize) length);
      message->json_length = (gsize) length;
    }

  return g_steal_pointer (&message);
}

GString *
kl_bus_write_message (const KlBusSeal *seal, const char *group, const KlStoreMessage *message)
{
  g_autofree char *place = g_strdup_printf ("c:%s:%" G_GINT64_FORMAT, group, message->seq);
  KlBusLetter letter;

  kl_bus_letter_begin (&letter, "message", NULL, 0);
  write_message (&letter, message);

  return kl_bus_letter_finish (&letter, seal, place);
}

KlStoreMessage *
kl_bus_read_message (const KlBusSeal *seal, const char *group, const char *data, gsize length, gint64 seq)
{
  g_autofree char *place = g_strdup_printf ("c:%s:%" G_GINT64_FORMAT, group, seq);
  g_auto (KlBusReading) reading = { 0 };
  g_autoptr (KlStoreMessage) message = NULL;

  if (!kl_bus_reading_open (&reading, seal, place, data, length) || !g_str_equal (reading.type, "message"))
    return NULL;
  message = read_message (&reading, &reading.in);

  return message && message->seq == seq ? g_steal_pointer (&message) : NULL;
}

static void
write_member (KlJsonWriter *json, const KlStoreMember *member)
{
  kl_json_begin_object (json);
  kl_json_member_string_or_nothing (json, "u", member->user);
  put_int (json, "r", member->rev);
  kl_json_member_int (json, "role", member->role);
  put_int (json, "at", member->joined_at);
  put_int (json, "read", member->read_seq);
  kl_json_member_int (json, "notify", member->notify);
  put_flag (json, "pinned", member->pinned);
  kl_json_end_object (json);
}

static KlStoreMember *
read_member (KlJsonFields *outer)
{
  g_autoptr (KlStoreMember) member = kl_store_member_new ();
  KlJsonFields in;

  kl_json_fields_init (&in, kl_json_fields_object (outer, "m", KL_JSON_REQUIRED));
  member->user = g_strdup (kl_json_fields_user (&in, "u", KL_JSON_REQUIRED));
  member->rev = get_int (&in, "r");
  member->role = (KlRole) get_number (&in, "role", KL_ROLE_NONE, KL_ROLE_OWNER);
  member->joined_at = get_int (&in, "at");
  member->read_seq = get_int (&in, "read");
  member->notify = (KlNotify) get_number (&in, "notify", KL_NOTIFY_ALL, KL_NOTIFY_NONE);
  member->pinned = get_flag (&in, "pinned");

  return in.fault ? NULL : g_steal_pointer (&member);
}

static void
write_group (KlJsonWriter *json, const KlStoreGroup *group)
{
  kl_json_begin_object (json);
  kl_json_member_string_or_nothing (json, "id", group->id);
  put_int (json, "r", group->rev);
  kl_json_member_int (json, "kind", group->kind);
  kl_json_member_int (json, "visibility", group->visibility);
  kl_json_member_string_or_nothing (json, "slug", group->slug);
  kl_json_member_string_or_nothing (json, "name", group->name);
  kl_json_member_string_or_nothing (json, "topic", group->topic);
  kl_json_member_string_or_nothing (json, "avatar", group->avatar);
  kl_json_member_string_or_nothing (json, "emoji", group->emoji);
  kl_json_member_int (json, "hue", group->hue);
  put_int (json, "at", group->created_at);
  put_flag (json, "deleted", group->deleted);
  kl_json_end_object (json);
}

static KlStoreGroup *
read_group (KlJsonFields *outer)
{
  g_autoptr (KlStoreGroup) group = kl_store_group_new ();
  KlJsonFields in;

  kl_json_fields_init (&in, kl_json_fields_object (outer, "g", KL_JSON_REQUIRED));
  group->id = dup_string (&in, "id");
  group->rev = get_int (&in, "r");
  group->kind = (KlGroupKind) get_number (&in, "kind", KL_GROUP_KIND_GROUP, KL_GROUP_KIND_DIRECT);
  group->visibility = (KlVisibility) get_number (&in, "visibility", KL_VISIBILITY_PRIVATE, KL_VISIBILITY_PUBLIC);
  group->slug = dup_string (&in, "slug");
  group->name = dup_string (&in, "name");
  group->topic = dup_string (&in, "topic");
  group->avatar = dup_string (&in, "avatar");
  group->emoji = dup_string (&in, "emoji");
  group->hue = get_number (&in, "hue", -1, KL_LIMIT_HUE_MAX);
  group->created_at = get_int (&in, "at");
  group->deleted = get_flag (&in, "deleted");

  return in.fault ? NULL : g_steal_pointer (&group);
}

/* ── Batches ── */

static void
write_change (KlBusLetter *letter, const KlStoreChange *change)
{
  KlJsonWriter *json = &letter->json;

  kl_json_begin_object (json);
  kl_json_member_int (json, "k", change->kind);
  put_int (json, "seq", change->seq);
  kl_json_member_string_or_nothing (json, "op", change->op);
  kl_json_member_string_or_nothing (json, "by", change->actor);
  put_int (json, "time", change->time);
  put_flag (json, "marks", change->sets_marks);
  put_flag (json, "bans", change->bans);
  switch (change->kind)
    {
    case KL_CHANGE_MESSAGE:
      write_message (letter, change->message);
      break;
    case KL_CHANGE_MEMBER:
      kl_json_key (json, "m");
      write_member (json, change->member);
      break;
    case KL_CHANGE_GROUP:
      kl_json_key (json, "g");
      write_group (json, change->group);
      break;
    default:
      g_assert_not_reached ();
    }
  kl_json_end_object (json);
}

void
kl_bus_write_batch (KlBusLetter *letter, KlStoreBatch *batch)
{
  KlJsonWriter *json = &letter->json;

  kl_json_member_string (json, "group", batch->group);
  kl_json_member_int (json, "rev", batch->base_rev);
  kl_json_member_int (json, "seq", batch->base_seq);
  kl_json_key (json, "changes");
  kl_json_begin_array (json);
  for (guint i = 0; i < batch->changes->len; i++)
    write_change (letter, &g_array_index (batch->changes, KlStoreChange, i));
  kl_json_end_array (json);
}

/* What clients will be sent has to be JSON, whatever another version of this program made. */
static gboolean
is_object (const KlStoreMessage *message)
{
  g_autoptr (KlJson) json = kl_json_parse (message->json, message->json_length, NULL);

  return json && yyjson_is_obj (kl_json_get_root (json));
}

static gboolean
read_change (KlBusReading *reading, yyjson_val *value, KlStoreBatch *batch)
{
  KlJsonFields in;
  KlStoreChange *change;

  kl_json_fields_init (&in, value);
  change = kl_store_batch_add (batch, (KlChangeKind) get_number (&in, "k", KL_CHANGE_MESSAGE, KL_CHANGE_GROUP));
  change->seq = get_int (&in, "seq");
  change->op = dup_string (&in, "op");
  change->actor = dup_string (&in, "by");
  change->time = get_int (&in, "time");
  change->sets_marks = get_flag (&in, "marks");
  change->bans = get_flag (&in, "bans");
  if (in.fault)
    return FALSE;

  switch (change->kind)
    {
    case KL_CHANGE_MESSAGE:
      change->message = read_message (reading, &in);
      return change->message && is_object (change->message);
    case KL_CHANGE_MEMBER:
      change->member = read_member (&in);
      return change->member != NULL;
    case KL_CHANGE_GROUP:
      change->group = read_group (&in);
      return change->group != NULL;
    default:
      return FALSE;
    }
}

KlStoreBatch *
kl_bus_read_batch (KlBusReading *reading)
{
  KlJsonFields *in = &reading->in;
  const char *group = kl_json_fields_id (in, "group", KL_JSON_REQUIRED);
  gint64 rev = kl_json_fields_int (in, "rev", KL_JSON_REQUIRED, 0, KL_LIMIT_INTEGER_MAX, 0);
  gint64 seq = kl_json_fields_int (in, "seq", KL_JSON_REQUIRED, 0, KL_LIMIT_INTEGER_MAX, 0);
  yyjson_val *changes = kl_json_fields_array (in, "changes", KL_JSON_REQUIRED, CHANGES_MAX);
  g_autoptr (KlStoreBatch) batch = NULL;
  yyjson_arr_iter iter;
  yyjson_val *value;

  if (in->fault)
    return NULL;

  batch = kl_store_batch_new (group, rev, seq);
  yyjson_arr_iter_init (changes, &iter);
  while ((value = yyjson_arr_iter_next (&iter)))
    if (!read_change (reading, value, batch))
      return NULL;

  return reading->length == 0 ? g_steal_pointer (&batch) : NULL;
}

/* ── Words ── */

static const char *const signal_words[]
    = { "session", "user", "typing", "read", "settings", "call", "membership", "bans", NULL };

G_STATIC_ASSERT (G_N_ELEMENTS (signal_words) == KL_BUS_BANS + 2);

void
kl_bus_write_signal (KlBusLetter *letter, const KlBusSignal *signal)
{
  KlJsonWriter *json = &letter->json;

  kl_json_member_string (json, "what", signal_words[signal->kind]);
  kl_json_member_string_or_nothing (json, "user", signal->user);
  kl_json_member_string_or_nothing (json, "group", signal->group);
  kl_json_member_string_or_nothing (json, "id", signal->id);
  kl_json_member_string_or_nothing (json, "keep", signal->keep);
  put_int (json, "seq", signal->seq);
  put_flag (json, "on", signal->on);
  if (signal->json)
    kl_bus_letter_add_bytes (letter, "j", signal->json, strlen (signal->json));
}

gboolean
kl_bus_read_signal (KlBusReading *reading, KlBusSignal *signal, char **bytes)
{
  KlJsonFields *in = &reading->in;
  gint64 length = kl_json_fields_int (in, "j", KL_JSON_OPTIONAL, 0, KL_LIMIT_INTEGER_MAX, -1);
  const char *json = take_bytes (reading, length);

  *signal = (KlBusSignal) { .node = reading->node };
  signal->kind = (KlBusSignalKind) kl_json_fields_word (in, "what", KL_JSON_REQUIRED, signal_words, 0);
  signal->user = kl_json_fields_user (in, "user", KL_JSON_OPTIONAL);
  signal->group = kl_json_fields_id (in, "group", KL_JSON_OPTIONAL);
  signal->id = kl_json_fields_id (in, "id", KL_JSON_OPTIONAL);
  signal->keep = kl_json_fields_id (in, "keep", KL_JSON_OPTIONAL);
  signal->seq = get_int (in, "seq");
  signal->on = get_flag (in, "on");
  if (json)
    signal->json = *bytes = g_strndup (json, (gsize) length);

  return !in->fault && reading->length == 0;
}

void
kl_bus_write_forward (KlBusLetter *letter, const KlBusForward *forward)
{
  kl_json_member_string (&letter->json, "user", forward->user);
  kl_json_member_string (&letter->json, "group", forward->group);
  kl_bus_letter_add_bytes (letter, "j", forward->json, forward->json_length);
}

gboolean
kl_bus_read_forward (KlBusReading *reading, KlBusForward *forward)
{
  KlJsonFields *in = &reading->in;

  forward->user = kl_json_fields_user (in, "user", KL_JSON_REQUIRED);
  forward->group = kl_json_fields_id (in, "group", KL_JSON_REQUIRED);
  forward->json_length = (gsize) kl_json_fields_int (in, "j", KL_JSON_REQUIRED, 0, KL_LIMIT_INTEGER_MAX, 0);
  forward->json = take_bytes (reading, (gint64) forward->json_length);

  return !in->fault && forward->json && reading->length == 0;
}

/* ── Presence ── */

void
kl_bus_write_share (KlJsonWriter *json, const KlBusPresence *share)
{
  kl_json_begin_array (json);
  kl_json_int (json, share->activity);
  kl_json_int (json, share->connections);
  for (gsize i = 0; share->here && share->here[i]; i++)
    kl_json_string (json, share->here[i], -1);
  kl_json_end_array (json);
}

gboolean
kl_bus_read_share (yyjson_val *value, KlBusPresence *share, GPtrArray *here)
{
  yyjson_val *activity = yyjson_arr_get (value, 0);
  yyjson_val *connections = yyjson_arr_get (value, 1);
  yyjson_arr_iter iter;
  yyjson_val *group;

  if (!yyjson_is_uint (activity) || yyjson_get_uint (activity) > KL_ACTIVITY_ONLINE || !yyjson_is_uint (connections)
      || yyjson_get_uint (connections) > G_MAXINT32)
    return FALSE;

  g_ptr_array_set_size (here, 0);
  yyjson_arr_iter_init (value, &iter);
  yyjson_arr_iter_next (&iter);
  yyjson_arr_iter_next (&iter);
  while ((group = yyjson_arr_iter_next (&iter)))
    {
      if (!yyjson_is_str (group) || !kl_id_is_valid (yyjson_get_str (group)))
        return FALSE;
      g_ptr_array_add (here, (char *) yyjson_get_str (group));
    }
  g_ptr_array_add (here, NULL);
  share->activity = (KlActivity) yyjson_get_uint (activity);
  share->connections = (guint) yyjson_get_uint (connections);
  share->here = here->len > 1 ? (const char *const *) here->pdata : NULL;

  return TRUE;
}

void
kl_bus_write_node (KlJsonWriter *json, const KlBusNode *node)
{
  kl_json_begin_object (json);
  kl_json_member_string_or_nothing (json, "address", node->address);
  kl_json_member_string_or_nothing (json, "version", node->version);
  put_int (json, "since", node->since);
  put_int (json, "connections", node->connections);
  put_int (json, "people", node->people);
  kl_json_end_object (json);
}

gboolean
kl_bus_read_node (yyjson_val *value, KlBusNode *node)
{
  KlJsonFields in;

  kl_json_fields_init (&in, value);
  g_set_str (&node->address, kl_json_fields_string (&in, "address", KL_JSON_OPTIONAL, 0, 1024, NULL));
  g_set_str (&node->version, kl_json_fields_string (&in, "version", KL_JSON_OPTIONAL, 0, 256, NULL));
  node->since = get_int (&in, "since");
  node->connections = get_int (&in, "connections");
  node->people = get_int (&in, "people");

  return !in.fault;
}
