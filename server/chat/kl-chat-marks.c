/* SPDX-License-Identifier: GPL-3.0-or-later */
/* read and typing: what people do in a group that stands in no log. */
#include "server/chat/kl-chat-private.h"

/* A client that repeats itself, or cannot make up its mind, is passed on so often. */
#define TYPING_REPEAT_USEC (1 * G_USEC_PER_SEC)

/* ── Marks ── */

void
kl_chat_member_set_marks (KlChatMember *member, const KlStoreMember *marks, KlMarkFields fields)
{
  KlStoreMember *state = kl_store_member_copy (member->state);

  if (fields & KL_MARK_READ_SEQ)
    state->read_seq = MAX (state->read_seq, marks->read_seq);
  if (fields & KL_MARK_NOTIFY)
    state->notify = marks->notify;
  if (fields & KL_MARK_PINNED)
    state->pinned = marks->pinned;
  kl_store_member_unref (member->state);
  member->state = state;
}

/* To all flows that `wanted` wants. */
static void
tell_flows (KlChatGroup *group, KlChatPerson *by, KlChatEvent *event, gboolean (*wanted) (KlChatFlow *, KlChatPerson *))
{
  for (guint i = 0; i < group->targets->len + group->held->len; i++)
    {
      KlChatFlow *flow = i < group->targets->len ? g_array_index (group->targets, KlChatTarget, i).flow
                                                 : g_ptr_array_index (group->held, i - group->targets->len);

      if (wanted (flow, by))
        kl_chat_flow_deliver (flow, event);
    }
}

static gboolean
wants_read (KlChatFlow *flow, KlChatPerson *reader)
{
  KlChatPerson *person = flow->connection->person;

  if (person == reader)
    return TRUE;

  return kl_chat_group_tells_reads (flow->group) && reader->user && reader->user->read_receipts && person->user
         && person->user->read_receipts;
}

void
kl_chat_take_read_mark (KlChatGroup *group, KlChatPerson *person, gint64 seq)
{
  KlChatMember *member = kl_chat_group_get_member (group, person);
  g_auto (KlJsonWriter) out = { 0 };
  g_autoptr (KlChatEvent) event = NULL;

  if (!member || member->state->read_seq >= seq)
    return;

  kl_chat_member_set_marks (member, &(KlStoreMember) { .read_seq = seq }, KL_MARK_READ_SEQ);
  kl_json_writer_init (&out, 128);
  kl_json_begin_object (&out);
  kl_json_member_string (&out, "group", group->id);
  kl_json_member_string (&out, "user", person->id);
  kl_json_member_int (&out, "seq", seq);
  kl_json_end_object (&out);
  event = kl_chat_event_new_written ("read", &out);
  tell_flows (group, person, event, wants_read);
}

/* ── read ── */

typedef struct
{
  KlChatRequest *request;
  gint64 seq;
} Read;

static void
on_read_stored (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Read *read = user_data;
  KlChatRequest *request = read->request;
  g_autoptr (GError) error = NULL;

  if (!kl_store_set_marks_finish (KL_STORE (source), result, &error))
    {
      kl_chat_request_error (request, error);
      return;
    }

  kl_chat_take_read_mark (request->group, request->person, read->seq);
  kl_bus_signal (request->chat->bus, &(KlBusSignal) {
                                         .kind = KL_BUS_READ,
                                         .group = request->group->id,
                                         .user = request->person->id,
                                         .seq = read->seq,
                                     });
  kl_chat_request_ok (request);
}

static void
handle_read (KlChatRequest *request, KlJsonFields *in)
{
  gint64 seq = kl_json_fields_int (in, "seq", KL_JSON_REQUIRED, 0, KL_LIMIT_INTEGER_MAX, 0);
  KlChatMember *member = kl_chat_group_get_member (request->group, request->person);
  g_autoptr (KlStoreMember) marks = NULL;
  Read *read;

  if (in->fault)
    {
      kl_chat_request_bad (request, in);
      return;
    }
  seq = MIN (seq, request->group->seq);
  if (seq <= member->state->read_seq)
    {
      kl_chat_request_ok (request);
      return;
    }

  marks = kl_store_member_copy (member->state);
  marks->read_seq = seq;
  read = g_new0 (Read, 1);
  read->request = request;
  read->seq = seq;
  kl_store_set_marks_async (request->chat->store, request->group->id, marks, KL_MARK_READ_SEQ, on_read_stored, read);
}

/* ── typing ── */

static gboolean
wants_typing (KlChatFlow *flow, KlChatPerson *typist)
{
  return flow->connection->person != typist && (flow->open || flow->group->meta->kind == KL_GROUP_KIND_DIRECT);
}

void
kl_chat_tell_typing (KlChatGroup *group, KlChatPerson *person, gboolean on)
{
  g_auto (KlJsonWriter) out = { 0 };
  g_autoptr (KlChatEvent) event = NULL;

  kl_json_writer_init (&out, 128);
  kl_json_begin_object (&out);
  kl_json_member_string (&out, "group", group->id);
  kl_json_member_string (&out, "user", person->id);
  kl_json_member_bool (&out, "on", on);
  kl_json_end_object (&out);
  event = kl_chat_event_new_written ("typing", &out);
  tell_flows (group, person, event, wants_typing);
}

static void
tell_everywhere (KlChatFlow *flow, gboolean on)
{
  KlChatPerson *person = flow->connection->person;

  kl_chat_tell_typing (flow->group, person, on);
  kl_bus_signal (person->chat->bus, &(KlBusSignal) {
                                        .kind = KL_BUS_TYPING,
                                        .group = flow->group->id,
                                        .user = person->id,
                                        .on = on,
                                    });
}

void
kl_chat_flow_stop_typing (KlChatFlow *flow)
{
  flow->typing = FALSE;
  if (flow->group->meta && !flow->group->meta->deleted)
    tell_everywhere (flow, FALSE);
}

static void
handle_typing (KlChatRequest *request, KlJsonFields *in)
{
  gboolean on = kl_json_fields_bool (in, "on", KL_JSON_REQUIRED, FALSE);
  gint64 now_usec = g_get_monotonic_time ();
  KlChatFlow *flow;

  if (in->fault)
    {
      kl_chat_request_bad (request, in);
      return;
    }

  flow = request->connection->person ? kl_chat_connection_ensure_flow (request->connection, request->group) : NULL;
  if (flow && on && now_usec - flow->typing_usec >= TYPING_REPEAT_USEC)
    {
      flow->typing = TRUE;
      flow->typing_usec = now_usec;
      tell_everywhere (flow, TRUE);
    }
  else if (flow && !on && flow->typing)
    {
      kl_chat_flow_stop_typing (flow);
    }
  kl_chat_request_ok (request);
}

const KlChatEntry kl_chat_mark_entries[] = {
  { "read", KL_ENTRY_MEMBER, handle_read },
  { "typing", KL_ENTRY_MEMBER | KL_ENTRY_CONNECTION, handle_typing },
  { NULL },
};
