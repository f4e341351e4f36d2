/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-call-statistics-dialog.h"

#include <glib/gi18n.h>

typedef enum
{
  ROW_RECEIVED,
  ROW_PICTURE,
  ROW_LOST,
  ROW_SENT,
  ROW_SENT_LOST,
  ROW_ROUND_TRIP,
  ROW_WAY,
  N_ROWS,
} Row;

static const char *const titles[N_ROWS] = {
  N_ ("Received"), N_ ("Picture"), N_ ("Lost on the way to you"), N_ ("Sent"), N_ ("Lost on the way to them"), N_ ("Round trip"), N_ ("Way"),
};

/* One of the others. */
typedef struct
{
  KlCallPeer *peer;
  AdwPreferencesGroup *group; /* in the page */
  GtkLabel *values[N_ROWS];
} Section;

struct _KlCallStatisticsDialog
{
  AdwDialog parent_instance;

  GtkStack *stack;
  AdwPreferencesPage *page;

  KlCalls *calls;
  KlCall *call;
  GPtrArray *sections; /* element-type Section */
  guint clock;
};

G_DEFINE_FINAL_TYPE (KlCallStatisticsDialog, kl_call_statistics_dialog, ADW_TYPE_DIALOG)

static void
section_free (gpointer data)
{
  Section *section = data;

  g_object_unref (section->peer);
  g_free (section);
}

/* ── Numbers in words ────────────────────────────────────────────────────── */

static char *
dup_rate (guint bps)
{
  return g_strdup_printf (_ ("%u kbit/s"), (bps + 500) / 1000);
}

static char *
dup_lost (const KlCallSample *line)
{
  gint64 all = line->packets_received + line->packets_lost;

  /* Translators: packets that were lost, and their share: "12 (0.4 %)" */
  return g_strdup_printf (_ ("%d (%.1f %%)"), (int) line->packets_lost, all > 0 ? 100.0 * (double) line->packets_lost / (double) all : 0.0);
}

static char *
dup_value (const KlCallStats *stats,
           Row                row)
{
  switch (row)
    {
    case ROW_RECEIVED:
      return dup_rate (stats->line.received_bps);
    case ROW_PICTURE:
      if (stats->width == 0 || stats->fps < 0.5)
        return g_strdup (_ ("None"));
      /* Translators: width, height and pictures a second: "640 × 360, 30 a second" */
      return g_strdup_printf (_ ("%d × %d, %d a second"), stats->width, stats->height, (int) (stats->fps + 0.5));
    case ROW_LOST:
      return dup_lost (&stats->line);
    case ROW_SENT:
      return dup_rate (stats->line.sent_bps);
    case ROW_SENT_LOST:
      return stats->line.has_feedback ? g_strdup_printf (_ ("%.1f %%"), stats->line.loss_percent) : g_strdup (_ ("Not known yet"));
    case ROW_ROUND_TRIP:
      return stats->line.round_trip_ms > 0 ? g_strdup_printf (_ ("%.0f ms"), stats->line.round_trip_ms) : g_strdup (_ ("Not known yet"));
    case ROW_WAY:
      return g_strdup (stats->relayed ? _ ("By a relay") : _ ("Direct"));
    case N_ROWS:
    default:
      return NULL;
    }
}

static void
update_numbers (KlCallStatisticsDialog *self)
{
  for (guint i = 0; i < self->sections->len; i++)
    {
      Section *section = g_ptr_array_index (self->sections, i);
      KlCallStats stats;

      kl_call_peer_get_stats (section->peer, &stats);
      for (guint row = 0; row < N_ROWS; row++)
        {
          g_autofree char *value = dup_value (&stats, (Row) row);

          gtk_label_set_label (section->values[row], value);
        }
    }
}

static gboolean
on_clock (gpointer user_data)
{
  update_numbers (user_data);
  return G_SOURCE_CONTINUE;
}

/* ── Who is there ────────────────────────────────────────────────────────── */

static void
add_section (KlCallStatisticsDialog *self,
             KlCallPeer             *peer)
{
  Section *section = g_new0 (Section, 1);
  KlUser *user = kl_calls_get_person (self->calls, kl_call_peer_get_user (peer));

  section->peer = g_object_ref (peer);
  section->group = ADW_PREFERENCES_GROUP (adw_preferences_group_new ());
  if (user != NULL)
    g_object_bind_property (user, "display-name", section->group, "title", G_BINDING_SYNC_CREATE);
  for (guint i = 0; i < N_ROWS; i++)
    {
      GtkWidget *row = adw_action_row_new (), *value = gtk_label_new (NULL);

      adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), _ (titles[i]));
      gtk_widget_add_css_class (value, "numeric");
      gtk_widget_add_css_class (value, "dimmed");
      adw_action_row_add_suffix (ADW_ACTION_ROW (row), value);
      adw_preferences_group_add (section->group, row);
      section->values[i] = GTK_LABEL (value);
    }
  adw_preferences_page_add (self->page, section->group);
  g_ptr_array_add (self->sections, section);
}

static void
on_peers (KlCallStatisticsDialog *self)
{
  GListModel *peers = kl_call_get_peers (self->call);
  guint n = g_list_model_get_n_items (peers);

  for (guint i = 0; i < self->sections->len; i++)
    adw_preferences_page_remove (self->page, ((Section *) g_ptr_array_index (self->sections, i))->group);
  g_ptr_array_set_size (self->sections, 0);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (KlCallPeer) peer = g_list_model_get_item (peers, i);

      add_section (self, peer);
    }
  gtk_stack_set_visible_child_name (self->stack, n > 0 ? "peers" : "nobody");
  update_numbers (self);
}

static void
on_call (KlCallStatisticsDialog *self)
{
  if (kl_calls_get_call (self->calls) != self->call)
    adw_dialog_force_close (ADW_DIALOG (self));
}

AdwDialog *
kl_call_statistics_dialog_new (KlCalls *calls)
{
  KlCallStatisticsDialog *self;

  g_return_val_if_fail (KL_IS_CALLS (calls) && kl_calls_get_call (calls) != NULL, NULL);

  self = g_object_new (KL_TYPE_CALL_STATISTICS_DIALOG, NULL);
  self->calls = g_object_ref (calls);
  self->call = g_object_ref (kl_calls_get_call (calls));
  g_signal_connect_object (calls, "notify::call", G_CALLBACK (on_call), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (kl_call_get_peers (self->call), "items-changed", G_CALLBACK (on_peers), self, G_CONNECT_SWAPPED);
  self->clock = g_timeout_add_seconds (1, on_clock, self);
  on_peers (self);
  return ADW_DIALOG (self);
}

static void
kl_call_statistics_dialog_dispose (GObject *object)
{
  KlCallStatisticsDialog *self = KL_CALL_STATISTICS_DIALOG (object);

  g_clear_handle_id (&self->clock, g_source_remove);
  g_ptr_array_set_size (self->sections, 0);
  gtk_widget_dispose_template (GTK_WIDGET (object), KL_TYPE_CALL_STATISTICS_DIALOG);
  g_clear_object (&self->call);
  g_clear_object (&self->calls);
  G_OBJECT_CLASS (kl_call_statistics_dialog_parent_class)->dispose (object);
}

static void
kl_call_statistics_dialog_finalize (GObject *object)
{
  g_ptr_array_unref (KL_CALL_STATISTICS_DIALOG (object)->sections);
  G_OBJECT_CLASS (kl_call_statistics_dialog_parent_class)->finalize (object);
}

static void
kl_call_statistics_dialog_class_init (KlCallStatisticsDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_call_statistics_dialog_dispose;
  G_OBJECT_CLASS (klass)->finalize = kl_call_statistics_dialog_finalize;

  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-call-statistics-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, KlCallStatisticsDialog, stack);
  gtk_widget_class_bind_template_child (widget_class, KlCallStatisticsDialog, page);
}

static void
kl_call_statistics_dialog_init (KlCallStatisticsDialog *self)
{
  self->sections = g_ptr_array_new_with_free_func (section_free);
  gtk_widget_init_template (GTK_WIDGET (self));
}
