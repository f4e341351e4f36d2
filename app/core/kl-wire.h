/* SPDX-License-Identifier: GPL-3.0-or-later
 * From the wire's objects (docs/protocol.md, "Objects") to ours, and back for the disk. What a server sends is not
 * trusted: a field that breaks the contract makes its whole object be left out, and nothing is printed. */
#pragma once

#include "app/core/kl-group.h"
#include "app/core/kl-people.h"
#include "protocol/kl-json.h"

G_BEGIN_DECLS

/* What merging and storing need of a message. The strings are the document's. */
typedef struct
{
  yyjson_val *object;
  const char *id;
  const char *group;
  const char *client_id; /* or NULL */
  const char *sender;
  gint64 seq;
  gint64 rev;
  gboolean system;
} KlWireMessage;

/* FALSE: it is no message object. */
gboolean kl_wire_read_message (yyjson_val *object, KlWireMessage *message);

/* Fills the properties. me: one's own user id. FALSE, and nothing changed, where a field is not as it must be. */
gboolean kl_wire_update_message (KlMessage *self, const KlWireMessage *message, KlPeople *people, const char *me);

/* Ids of the persons that a message names, with a space before and after each (for the disk). */
char *kl_wire_dup_people (const KlWireMessage *message);

void kl_wire_update_user (KlUser *self, yyjson_val *object, gboolean with_presence);

typedef struct
{
  gint64 rev;
  gint64 created_at;
  yyjson_val *last_message; /* or NULL */
  gboolean has_mine;
} KlWireGroup;

/* Fills the properties but last-message, last-time and newest-seq. FALSE, and nothing changed, where it is no group
 * object. */
gboolean kl_wire_update_group (KlGroup *self, yyjson_val *object, KlPeople *people, KlWireGroup *more);

/* The group as its own object of the wire, for the disk. */
char *kl_wire_write_group (KlGroup *self, gint64 rev, gint64 created_at, KlMessage *last_message);

/* The error of an answer {"ok":false,"error":{…}} or {"error":{…}}. Transfer full. */
GError *kl_wire_read_error (yyjson_val *answer);

KlRole kl_wire_role (const char *word);

G_END_DECLS
