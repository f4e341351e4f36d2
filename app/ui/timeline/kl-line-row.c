/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/timeline/kl-line-row.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "app/ui/timeline/kl-clock.h"
#include "app/ui/timeline/kl-message-text.h"
#include "app/ui/timeline/kl-row-metrics.h"
#include "app/ui/timeline/kl-timeline.h"

#define MIN_WIDTH_PX 200
#define RULE_GAP_PX 12
#define MAX_COUNT 1000

struct _KlLineRow
{
  GtkWidget parent_instance;

  KlRowKind kind;
  KlRow *row;
  GtkWidget *text;
  GtkWidget *rules[2]; /* of the unread line */
};

static void kl_line_row_timeline_row_init (KlTimelineRowInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (KlLineRow, kl_line_row, GTK_TYPE_WIDGET,
                               G_IMPLEMENT_INTERFACE (KL_TYPE_TIMELINE_ROW, kl_line_row_timeline_row_init))

static char *
dup_words (KlLineRow *self)
{
  guint count = kl_row_get_count (self->row);

  switch (self->kind)
    {
    case KL_ROW_KIND_DAY:
      return kl_clock_format_day (kl_clock_get_default (), kl_row_get_time (self->row));
    case KL_ROW_KIND_SYSTEM:
      return kl_dup_system_words (kl_row_get_run (self->row));
    case KL_ROW_KIND_UNREAD:
      if (count == 0)
        return g_strdup (_ ("New messages"));
      if (count >= MAX_COUNT)
        return g_strdup (_ ("999+ new messages"));
      return g_strdup_printf (ngettext ("%u new message", "%u new messages", count), count);
    case KL_ROW_KIND_MESSAGE:
    default:
      return g_strdup ("");
    }
}

static void
show_words (KlLineRow *self)
{
  g_autofree char *words = NULL;

  if (self->row == NULL)
    return;
  words = dup_words (self);
  kl_message_text_set_marked (KL_MESSAGE_TEXT (self->text), words);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  kl_message_text_get_text (KL_MESSAGE_TEXT (self->text)), -1);
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

static void
follow_run (KlLineRow *self)
{
  GPtrArray *run = kl_row_get_run (self->row);

  for (guint i = 0; run != NULL && i < run->len; i++)
    {
      KlUser *user = kl_message_get_system_user (run->pdata[i]);

      if (user != NULL)
        g_signal_connect_object (user, "notify::display-name", G_CALLBACK (show_words), self, G_CONNECT_SWAPPED);
    }
}

static void
unfollow_run (KlLineRow *self)
{
  GPtrArray *run = kl_row_get_run (self->row);

  for (guint i = 0; run != NULL && i < run->len; i++)
    {
      KlUser *user = kl_message_get_system_user (run->pdata[i]);

      if (user != NULL)
        g_signal_handlers_disconnect_by_data (user, self);
    }
}

static void
on_row_changed (KlRow *row, KlLineRow *self)
{
  unfollow_run (self);
  follow_run (self);
  show_words (self);
}

static void
kl_line_row_bind (KlTimelineRow *row, GObject *item)
{
  KlLineRow *self = KL_LINE_ROW (row);

  self->row = g_object_ref (KL_ROW (item));
  g_signal_connect (self->row, "changed", G_CALLBACK (on_row_changed), self);
  follow_run (self);
  show_words (self);
}

static void
kl_line_row_unbind (KlTimelineRow *row)
{
  KlLineRow *self = KL_LINE_ROW (row);

  if (self->row == NULL)
    return;
  unfollow_run (self);
  g_signal_handlers_disconnect_by_data (self->row, self);
  g_clear_object (&self->row);
}

static void
kl_line_row_timeline_row_init (KlTimelineRowInterface *iface)
{
  iface->bind = kl_line_row_bind;
  iface->unbind = kl_line_row_unbind;
}

static GtkSizeRequestMode
kl_line_row_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
kl_line_row_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                     int *minimum_baseline, int *natural_baseline)
{
  KlLineRow *self = KL_LINE_ROW (widget);
  int x;
  int column;
  int height;

  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    {
      *minimum = *natural = MIN_WIDTH_PX;
      return;
    }
  kl_row_find_column (MAX (for_size, MIN_WIDTH_PX), &x, &column);
  kl_message_text_fit (KL_MESSAGE_TEXT (self->text), column, NULL, &height);
  *minimum = *natural = KL_ROW_GAP_PX + height;
}

static void
kl_line_row_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  KlLineRow *self = KL_LINE_ROW (widget);
  int x;
  int column;
  int text_width;
  int text_height;
  int text_x;

  kl_row_find_column (width, &x, &column);
  kl_message_text_fit (KL_MESSAGE_TEXT (self->text), column, &text_width, &text_height);
  text_x = x + (column - text_width) / 2;
  gtk_widget_size_allocate (self->text, &(GtkAllocation) { text_x, KL_ROW_GAP_PX, text_width, text_height }, -1);
  if (self->rules[0] != NULL)
    {
      int y = KL_ROW_GAP_PX + text_height / 2;
      int length = MAX (0, text_x - RULE_GAP_PX - x);

      gtk_widget_size_allocate (self->rules[0], &(GtkAllocation) { x, y, length, 1 }, -1);
      gtk_widget_size_allocate (self->rules[1], &(GtkAllocation) { x + column - length, y, length, 1 }, -1);
    }
}

static void
kl_line_row_dispose (GObject *object)
{
  KlLineRow *self = KL_LINE_ROW (object);

  kl_line_row_unbind (KL_TIMELINE_ROW (self));
  g_clear_pointer (&self->text, gtk_widget_unparent);
  g_clear_pointer (&self->rules[0], gtk_widget_unparent);
  g_clear_pointer (&self->rules[1], gtk_widget_unparent);
  G_OBJECT_CLASS (kl_line_row_parent_class)->dispose (object);
}

static void
kl_line_row_class_init (KlLineRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_line_row_dispose;
  widget_class->get_request_mode = kl_line_row_get_request_mode;
  widget_class->measure = kl_line_row_measure;
  widget_class->size_allocate = kl_line_row_size_allocate;
  gtk_widget_class_set_css_name (widget_class, "line");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_LIST_ITEM);
}

static void
kl_line_row_init (KlLineRow *self)
{
  self->text = kl_message_text_new ("label", KL_TEXT_CENTERED);
  gtk_widget_set_parent (self->text, GTK_WIDGET (self));
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  g_signal_connect_object (kl_clock_get_default (), "changed", G_CALLBACK (show_words), self, G_CONNECT_SWAPPED);
}

GtkWidget *
kl_line_row_new (KlRowKind kind)
{
  static const char *const classes[] = { "day", "unread", "system", "message" };
  KlLineRow *self = g_object_new (KL_TYPE_LINE_ROW, NULL);

  self->kind = kind;
  gtk_widget_add_css_class (GTK_WIDGET (self), classes[kind]);
  for (int i = 0; i < 2 && kind == KL_ROW_KIND_UNREAD; i++)
    {
      self->rules[i]
          = g_object_new (ADW_TYPE_BIN, "css-name", "rule", "accessible-role", GTK_ACCESSIBLE_ROLE_PRESENTATION, NULL);
      gtk_widget_set_parent (self->rules[i], GTK_WIDGET (self));
    }
  return GTK_WIDGET (self);
}
