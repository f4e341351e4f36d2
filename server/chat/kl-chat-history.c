/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pages of messages. A group's seqs have no gap, so a page is arithmetic; the newest
 * ones come from the cache where it is as new as the head. */
#include "server/chat/kl-chat-private.h"

/* ── Reading ── */

typedef struct
{
  KlChatGroup *group; /* referenced */
  KlChat *chat;       /* referenced */
  gint64 from_seq;
  gint64 to_seq;
  gint64 rev; /* the head when it was asked for; 0: not for the cache */
  KlChatPageFunc func;
  gpointer user_data;
} Page;

static void
end_page (Page *page, GPtrArray *messages, const GError *error)
{
  page->func (messages, error, page->user_data);
  kl_chat_group_unref (page->group);
  g_object_unref (page->chat);
  g_free (page);
}

static GPtrArray *
slice (GPtrArray *messages, gint64 from_seq, gint64 to_seq)
{
  GPtrArray *page = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_store_message_unref);

  for (guint i = 0; i < messages->len; i++)
    {
      KlStoreMessage *message = g_ptr_array_index (messages, i);

      if (message->seq >= from_seq && message->seq <= to_seq)
        g_ptr_array_add (page, kl_store_message_ref (message));
    }

  return page;
}

static void
on_stored_page (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Page *page = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) messages = kl_store_get_messages_finish (KL_STORE (source), result, &error);
  g_autoptr (GPtrArray) wanted = NULL;

  if (!messages)
    {
      end_page (page, NULL, error);
      return;
    }

  if (page->rev > 0 && page->group->state == KL_GROUP_READY && page->rev == page->group->rev)
    kl_bus_cache_fill (page->chat->bus, page->group->id, page->rev, messages);
  wanted = slice (messages, page->from_seq, page->to_seq);
  end_page (page, wanted, NULL);
}

static void
on_cached (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Page *page = user_data;
  g_autoptr (KlBusCached) cached = kl_bus_cache_get_finish (KL_BUS (source), result, NULL);
  const KlStoreMessage *first = cached && cached->messages->len > 0 ? g_ptr_array_index (cached->messages, 0) : NULL;
  g_autoptr (GPtrArray) wanted = NULL;

  if (first && cached->rev >= page->group->rev && first->seq <= page->from_seq)
    {
      wanted = slice (cached->messages, page->from_seq, page->to_seq);
      end_page (page, wanted, NULL);
      return;
    }

  page->rev = page->group->rev;
  kl_store_get_messages_async (page->chat->store, page->group->id,
                               MAX (1, page->group->seq - KL_BUS_CACHE_MESSAGES + 1), page->group->seq, on_stored_page,
                               page);
}

void
kl_chat_read_page (KlChatGroup *group, gint64 from_seq, gint64 to_seq, KlChatPageFunc func, gpointer user_data)
{
  Page *page = g_new0 (Page, 1);

  page->group = kl_chat_group_ref (group);
  page->chat = g_object_ref (group->chat);
  page->from_seq = MAX (from_seq, 1);
  page->to_seq = MIN (to_seq, group->seq);
  page->func = func;
  page->user_data = user_data;
  if (page->from_seq > page->to_seq)
    {
      g_autoptr (GPtrArray) none = g_ptr_array_new ();

      end_page (page, none, NULL);
    }
  else if (page->from_seq > group->seq - KL_BUS_CACHE_MESSAGES)
    {
      kl_bus_cache_get_async (group->chat->bus, group->id, on_cached, page);
    }
  else
    {
      kl_store_get_messages_async (group->chat->store, group->id, page->from_seq, page->to_seq, on_stored_page, page);
    }
}

static void
write_messages (KlChatRequest *request, GPtrArray *messages)
{
  KlJsonWriter *out = kl_chat_request_begin (request);

  kl_chat_request_with_users (request);
  kl_json_key (out, "messages");
  kl_json_begin_array (out);
  for (guint i = 0; i < messages->len; i++)
    {
      const KlStoreMessage *message = g_ptr_array_index (messages, i);

      kl_json_raw (out, message->json, message->json_length);
      kl_chat_request_name_message (request, message);
    }
  kl_json_end_array (out);
}

static void
on_latest (GPtrArray *messages, const GError *error, gpointer user_data)
{
  KlChatRequest *request = user_data;

  if (error)
    {
      kl_chat_request_error (request, error);
      return;
    }
  write_messages (request, messages);
  kl_chat_request_finish (request);
}

void
kl_chat_request_answer_latest (KlChatRequest *self)
{
  gint64 seq = self->group->seq;

  kl_chat_read_page (self->group, seq - KL_LIMIT_PAGE_DEFAULT + 1, seq, on_latest, self);
}

/* ── history ── */

typedef struct
{
  KlChatRequest *request;
  gint64 from_seq;
  gint64 to_seq;
  gint64 newest;
} History;

static void
on_history (GPtrArray *messages, const GError *error, gpointer user_data)
{
  g_autofree History *history = user_data;
  KlChatRequest *request = history->request;
  KlJsonWriter *out;

  if (error)
    {
      kl_chat_request_error (request, error);
      return;
    }

  write_messages (request, messages);
  out = kl_chat_request_begin (request);
  kl_json_member_bool (out, "more_before", history->from_seq > 1 && history->newest > 0);
  kl_json_member_bool (out, "more_after", history->to_seq < history->newest);
  kl_chat_request_finish (request);
}

/* Which seqs the page holds, of a group whose newest is `newest`. */
static void
lay_page (gint64 before, gint64 after, gint64 around, gint64 limit, gint64 newest, gint64 *from_seq, gint64 *to_seq)
{
  if (after >= 0)
    {
      *from_seq = MIN (after, newest) + 1;
      *to_seq = MIN (*from_seq + limit - 1, newest);
      return;
    }
  if (around >= 0)
    {
      /* Centred, but as full as the ends allow. */
      *from_seq = CLAMP (around - limit / 2, 1, MAX (newest - limit + 1, 1));
      *to_seq = MIN (*from_seq + limit - 1, newest);
      return;
    }

  *to_seq = before >= 0 ? MIN (before - 1, newest) : newest;
  *from_seq = MAX (*to_seq - limit + 1, 1);
}

static void
handle_history (KlChatRequest *request, KlJsonFields *in)
{
  gint64 before = kl_json_fields_int (in, "before", KL_JSON_OPTIONAL, 0, KL_LIMIT_INTEGER_MAX, -1);
  gint64 after = kl_json_fields_int (in, "after", KL_JSON_OPTIONAL, 0, KL_LIMIT_INTEGER_MAX, -1);
  gint64 around = kl_json_fields_int (in, "around", KL_JSON_OPTIONAL, 0, KL_LIMIT_INTEGER_MAX, -1);
  gint64 limit
      = kl_json_fields_int (in, "limit", KL_JSON_OPTIONAL, KL_LIMIT_PAGE_MIN, KL_LIMIT_PAGE_MAX, KL_LIMIT_PAGE_DEFAULT);
  History *history;

  if ((before >= 0) + (after >= 0) + (around >= 0) > 1)
    kl_json_fields_refuse (in, before >= 0 ? "before" : "after", "does not go with another place");
  if (in->fault)
    {
      kl_chat_request_bad (request, in);
      return;
    }

  history = g_new0 (History, 1);
  history->request = request;
  history->newest = request->group->seq;
  lay_page (before, after, around, limit, history->newest, &history->from_seq, &history->to_seq);
  kl_chat_read_page (request->group, history->from_seq, history->to_seq, on_history, history);
}

const KlChatEntry kl_chat_history_entries[] = {
  { "history", KL_ENTRY_MEMBER | KL_ENTRY_READ, handle_history },
  { NULL },
};
