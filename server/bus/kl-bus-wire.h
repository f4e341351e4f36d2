/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What nodes write to each other, and into the cache: a *letter*.
 *
 *   1 TAG JSON \n BYTES
 *
 * "1" is the form's version; another one is not read. TAG is a MAC, under a key that only the nodes of one deployment
 * have, over the place the letter is meant for (channel, or key and field) and all that follows: what others write
 * there by mistake or on purpose, and what was copied from another place, is no letter. JSON is one object; fields that
 * a reader does not know are passed over, so that nodes of neighbouring versions understand each other. BYTES are
 * messages' own JSON as it is sent to clients, one behind the other, their lengths in the object: made once by who
 * wrote the message, spliced by all.
 *
 * A publication also says its node ("n") and counts ("i"), and no node hears the same number twice. */
#pragma once

#include "protocol/kl-json.h"
#include "server/chat/kl-bus.h"

G_BEGIN_DECLS

#define KL_BUS_KEY_BYTES 32
#define KL_BUS_TAG_CHARS 26
#define KL_BUS_HEAD_BYTES (1 + KL_BUS_TAG_CHARS)
#define KL_BUS_DEPLOYMENT_CHARS 16

/* Makes of the store's epoch and secret the key, and of the epoch the name that stands in all keys and
 * channels, which gives away neither. */
typedef struct
{
  guint8 key[KL_BUS_KEY_BYTES];
  char deployment[KL_BUS_DEPLOYMENT_CHARS + 1];
} KlBusSeal;

void
kl_bus_seal_init (KlBusSeal *self, const char *epoch, const char *secret);

/* Version and TAG into the first KL_BUS_HEAD_BYTES of LETTER, over all that follows them. */
void
kl_bus_seal_close (const KlBusSeal *self, const char *place, GString *letter);

/* ── Writing ── */

typedef struct
{
  GString *out;
  KlJsonWriter json;
  GArray *parts; /* bytes that follow, lent until _finish() */
} KlBusLetter;

/* Opens the object; NODE NULL: not a publication. */
void
kl_bus_letter_begin (KlBusLetter *self, const char *type, const char *node, guint64 number);
/* Its length as member NAME, and the bytes for later. */
void
kl_bus_letter_add_bytes (KlBusLetter *self, const char *name, const char *bytes, gsize length);
/* Ends and seals it for PLACE. */
GString *
kl_bus_letter_finish (KlBusLetter *self, const KlBusSeal *seal, const char *place);

/* ── Reading ── */

typedef struct
{
  KlJson *json;
  KlJsonFields in;
  const char *type; /* "" where there is none */
  const char *node; /* NULL where there is none */
  guint64 number;
  const char *bytes; /* not read yet */
  gsize length;
} KlBusReading;

/* FALSE: no letter for this place. DATA has to outlive the reading. */
gboolean
kl_bus_reading_open (KlBusReading *self, const KlBusSeal *seal, const char *place, const char *data, gsize length);
void
kl_bus_reading_clear (KlBusReading *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KlBusReading, kl_bus_reading_clear)

/* ── What stands in them ── */

void
kl_bus_write_batch (KlBusLetter *letter, KlStoreBatch *batch);
/* NULL: something in it is not as it has to be. */
KlStoreBatch *
kl_bus_read_batch (KlBusReading *reading);

/* For the cache: a letter that holds one message of GROUP. */
GString *
kl_bus_write_message (const KlBusSeal *seal, const char *group, const KlStoreMessage *message);
KlStoreMessage *
kl_bus_read_message (const KlBusSeal *seal, const char *group, const char *data, gsize length, gint64 seq);

void
kl_bus_write_signal (KlBusLetter *letter, const KlBusSignal *signal);
/* Lent by the reading, but for *JSON, which is to be freed. */
gboolean
kl_bus_read_signal (KlBusReading *reading, KlBusSignal *signal, char **json);

void
kl_bus_write_forward (KlBusLetter *letter, const KlBusForward *forward);
gboolean
kl_bus_read_forward (KlBusReading *reading, KlBusForward *forward);

/* A person's share, as an array: activity, connections, ids of open groups. */
void
kl_bus_write_share (KlJsonWriter *json, const KlBusPresence *share);
/* HERE (emptied first) gets lent strings and a NULL. */
gboolean
kl_bus_read_share (yyjson_val *value, KlBusPresence *share, GPtrArray *here);

void
kl_bus_write_node (KlJsonWriter *json, const KlBusNode *node);
/* Fills in all but id, heard and own. */
gboolean
kl_bus_read_node (yyjson_val *value, KlBusNode *node);

G_END_DECLS
