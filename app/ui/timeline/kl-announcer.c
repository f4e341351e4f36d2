/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/timeline/kl-announcer.h"

#include <glib/gi18n.h>

#define PAUSE_MS 3000
#define GRAPHEMES 200

struct _KlAnnouncer
{
  GtkWidget *widget;
  guint pause_id;
  guint n_untold;
  gint64 told_usec; /* 0: never */
};

KlAnnouncer *
kl_announcer_new (GtkWidget *widget)
{
  KlAnnouncer *self = g_new0 (KlAnnouncer, 1);

  self->widget = widget;
  return self;
}

void
kl_announcer_reset (KlAnnouncer *self)
{
  g_clear_handle_id (&self->pause_id, g_source_remove);
  self->n_untold = 0;
}

void
kl_announcer_free (KlAnnouncer *self)
{
  kl_announcer_reset (self);
  g_free (self);
}

static void
speak (KlAnnouncer *self, const char *words, gboolean important)
{
  self->told_usec = g_get_monotonic_time ();
  gtk_accessible_announce (GTK_ACCESSIBLE (self->widget), words,
                           important ? GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_HIGH
                                     : GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_LOW);
}

static gboolean
on_pause_over (gpointer user_data)
{
  KlAnnouncer *self = user_data;
  g_autofree char *words
      = g_strdup_printf (ngettext ("%u new message", "%u new messages", self->n_untold), self->n_untold);

  self->pause_id = 0;
  self->n_untold = 0;
  speak (self, words, FALSE);
  return G_SOURCE_REMOVE;
}

void
kl_announcer_tell (KlAnnouncer *self, KlMessage *message)
{
  g_autofree char *preview = NULL;
  g_autofree char *words = NULL;
  KlUser *sender = kl_message_get_sender (message);
  gint64 wait_ms = PAUSE_MS - (g_get_monotonic_time () - self->told_usec) / 1000;

  if (kl_message_get_kind (message) == KL_MESSAGE_KIND_SYSTEM || kl_message_get_mine (message) || sender == NULL)
    return;
  if (self->told_usec != 0 && wait_ms > 0)
    {
      self->n_untold++;
      if (self->pause_id == 0)
        self->pause_id = g_timeout_add ((guint) wait_ms, on_pause_over, self);
      return;
    }
  preview = kl_message_dup_preview (message, GRAPHEMES);
  words = g_strdup_printf ("%s: %s", kl_user_get_display_name (sender), preview);
  speak (self, words, kl_message_get_mentions_me (message));
}
