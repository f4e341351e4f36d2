/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When a group's next batch begins. What a message costs is its way to every member: one write for each of their
 * connections, however many messages it carries. So a batch waits a moment for company: a fifth of a millisecond after
 * its first deed, and after the batch before for as long as that one's way out to all members may take. In a quiet
 * group nobody notices; in a busy one messages travel together. */
#include "server/chat/kl-chat-private.h"

#define FIRST_WAIT_USEC 200
#define WAIT_USEC_A_TARGET 20
#define WAIT_MAX_USEC 10000
/* Without a bus who loses an append has to read, and who wins does not: he would win for ever. So where others have
 * written lately he leaves them a gap, in proportion to what the store takes. */
#define RIVAL_USEC (60 * G_USEC_PER_SEC)
#define GAP_APPENDS 4
#define GAP_MIN_USEC (10 * 1000)
#define GAP_MAX_USEC (200 * 1000)

typedef struct
{
  GSource parent;
  KlChat *chat;
} GatherSource;

static void
set_ready (KlChat *chat)
{
  gint64 ready_usec = -1;

  for (guint i = 0; i < chat->gathering->len; i++)
    {
      KlChatGroup *group = g_ptr_array_index (chat->gathering, i);

      if (ready_usec < 0 || group->gather_due_usec < ready_usec)
        ready_usec = group->gather_due_usec;
    }
  chat->gather_ready_usec = ready_usec;
  g_source_set_ready_time (chat->gather_source, ready_usec);
}

static gboolean
dispatch_gather (GSource *source, GSourceFunc callback, gpointer user_data)
{
  KlChat *chat = ((GatherSource *) source)->chat;
  gint64 now_usec = g_get_monotonic_time ();
  g_autoptr (GPtrArray) due = g_ptr_array_new ();

  for (guint i = chat->gathering->len; i > 0; i--)
    {
      KlChatGroup *group = g_ptr_array_index (chat->gathering, i - 1);

      if (group->gather_due_usec > now_usec)
        continue;
      g_ptr_array_remove_index_fast (chat->gathering, i - 1);
      group->gathering = FALSE;
      g_ptr_array_add (due, group);
    }
  set_ready (chat);

  g_object_ref (chat);
  for (guint i = 0; i < due->len; i++)
    {
      KlChatGroup *group = g_ptr_array_index (due, i);

      kl_chat_group_advance (group);
      kl_chat_group_unref (group);
    }
  g_object_unref (chat);

  return G_SOURCE_CONTINUE;
}

void
kl_chat_gather_start (KlChat *chat)
{
  static GSourceFuncs funcs = { .dispatch = dispatch_gather };

  chat->gathering = g_ptr_array_new ();
  chat->gather_ready_usec = -1;
  chat->gather_source = g_source_new (&funcs, sizeof (GatherSource));
  ((GatherSource *) chat->gather_source)->chat = chat;
  g_source_set_static_name (chat->gather_source, "kl-chat-gather");
  g_source_attach (chat->gather_source, g_main_context_get_thread_default ());
}

void
kl_chat_gather_stop (KlChat *chat)
{
  if (!chat->gathering)
    return;

  g_source_destroy (chat->gather_source);
  g_clear_pointer (&chat->gather_source, g_source_unref);
  for (guint i = 0; i < chat->gathering->len; i++)
    {
      KlChatGroup *group = g_ptr_array_index (chat->gathering, i);

      group->gathering = FALSE;
      kl_chat_group_unref (group);
    }
  g_clear_pointer (&chat->gathering, g_ptr_array_unref);
}

static gint64
get_gap_usec (KlChatGroup *self, gint64 now_usec)
{
  if (self->rival_usec == 0 || now_usec - self->rival_usec > RIVAL_USEC || kl_bus_is_ready (self->chat->bus, NULL))
    return 0;

  return CLAMP (self->append_usec * GAP_APPENDS, GAP_MIN_USEC, GAP_MAX_USEC);
}

gboolean
kl_chat_gather_is_due (KlChatGroup *self)
{
  KlChat *chat = self->chat;
  gint64 now_usec = g_get_monotonic_time ();

  if (!chat->gathering)
    return TRUE;
  if (self->gather_due_usec == 0)
    self->gather_due_usec
        = MAX (now_usec + FIRST_WAIT_USEC,
               self->stored_usec
                   + MAX (MIN ((gint64) self->targets->len * WAIT_USEC_A_TARGET, WAIT_MAX_USEC),
                          get_gap_usec (self, now_usec)));
  if (now_usec >= self->gather_due_usec)
    {
      self->gather_due_usec = 0;
      return TRUE;
    }

  if (!self->gathering)
    {
      self->gathering = TRUE;
      g_ptr_array_add (chat->gathering, kl_chat_group_ref (self));
      if (chat->gather_ready_usec < 0 || self->gather_due_usec < chat->gather_ready_usec)
        set_ready (chat);
    }

  return FALSE;
}
