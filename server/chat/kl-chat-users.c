/* SPDX-License-Identifier: GPL-3.0-or-later */
/* users, and who is told when somebody's profile changes. */
#include "server/chat/kl-chat-private.h"

#include <string.h>

/* ── users ── */

typedef struct
{
  KlChatRequest *request;
  guint open; /* addresses still looked up; one more while they are being asked for */
  GError *error;
} Lookup;

static void
advance_lookup (Lookup *lookup)
{
  KlChatRequest *request = lookup->request;
  g_autoptr (GError) error = NULL;

  if (--lookup->open > 0)
    return;

  error = lookup->error;
  g_free (lookup);
  if (error)
    kl_chat_request_error (request, error);
  else
    kl_chat_request_finish (request);
}

static void
on_address (KlChatRequest *request, KlChatPerson *person, const GError *error, gpointer user_data)
{
  Lookup *lookup = user_data;

  if (person)
    kl_chat_request_name (request, person);
  else if (error && !lookup->error)
    lookup->error = g_error_copy (error);
  advance_lookup (lookup);
}

static void
handle_users (KlChatRequest *request, KlJsonFields *in)
{
  g_autoptr (GPtrArray) ids = kl_json_fields_ids (in, "ids", KL_JSON_REQUIRED, KL_LIMIT_USERS_PER_REQUEST, TRUE);
  Lookup *lookup;

  if (in->fault)
    {
      kl_chat_request_bad (request, in);
      return;
    }

  kl_chat_request_with_users (request);
  lookup = g_new0 (Lookup, 1);
  lookup->request = request;
  lookup->open = 1;
  for (guint i = 0; i < ids->len; i++)
    {
      const char *id = g_ptr_array_index (ids, i);

      if (strchr (id, '@'))
        {
          lookup->open++;
          kl_chat_request_find_person (request, id, on_address, lookup);
        }
      else
        {
          kl_chat_request_name_id (request, id);
        }
    }
  advance_lookup (lookup);
}

/* ── user ── */

static KlChatEvent *
make_user_event (KlChatPerson *person, gboolean own)
{
  g_auto (KlJsonWriter) out = { 0 };

  kl_json_writer_init (&out, 512);
  kl_json_begin_object (&out);
  kl_json_key (&out, "user");
  if (own)
    kl_chat_write_user (&out, person, person);
  else
    kl_chat_write_shared_user (&out, person);
  kl_json_end_object (&out);

  return kl_chat_event_new_written ("user", &out);
}

void
kl_chat_tell_user (KlChatPerson *person, KlChatConnection *except, gboolean own_only)
{
  g_autoptr (KlChatEvent) own = make_user_event (person, TRUE);
  g_autoptr (KlChatEvent) shared = NULL;
  g_autoptr (GHashTable) told = NULL;

  for (guint i = 0; i < person->connections->len; i++)
    {
      KlChatConnection *connection = g_ptr_array_index (person->connections, i);

      if (connection != except)
        kl_chat_connection_deliver (connection, own);
    }
  if (own_only)
    return;

  shared = make_user_event (person, FALSE);
  told = g_hash_table_new (NULL, NULL);
  for (guint i = 0; i < person->memberships->len; i++)
    {
      KlChatMember *member = g_ptr_array_index (person->memberships, i);
      KlChatGroup *group = member->group;

      /* Behind what is held back, too. */
      for (guint j = 0; j < group->targets->len + group->held->len; j++)
        {
          KlChatFlow *flow = j < group->targets->len ? g_array_index (group->targets, KlChatTarget, j).flow
                                                     : g_ptr_array_index (group->held, j - group->targets->len);

          if (flow->connection->person != person && g_hash_table_add (told, flow->connection))
            kl_chat_flow_deliver (flow, shared);
        }
    }
}

const KlChatEntry kl_chat_user_entries[] = {
  { "users", KL_ENTRY_READ, handle_users },
  { NULL },
};
