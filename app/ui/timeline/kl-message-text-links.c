/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Links in a message: a click or Enter opens one, Tab goes from one to the next, the pointer shows the true target.
 * Nothing but what kl_link_is_allowed() lets through is ever handed to the desktop. */
#include "app/ui/timeline/kl-links.h"
#include "app/ui/timeline/kl-message-text-private.h"

guint
kl_message_text_get_n_links (KlMessageText *self)
{
  g_return_val_if_fail (KL_IS_MESSAGE_TEXT (self), 0);

  return self->links != NULL ? self->links->len : 0;
}

char *
kl_message_text_dup_link (KlMessageText *self, guint index)
{
  KlLink link;

  g_return_val_if_fail (KL_IS_MESSAGE_TEXT (self), NULL);
  g_return_val_if_fail (self->links != NULL && index < self->links->len, NULL);

  link = g_array_index (self->links, KlLink, index);
  return g_strndup (pango_layout_get_text (kl_message_text_get_layout (self)) + link.start,
                    (gsize) (link.end - link.start));
}

static int
link_at (KlMessageText *self, double x, double y)
{
  int byte;
  int trailing;

  if (self->links == NULL
      || !pango_layout_xy_to_index (kl_message_text_get_layout (self),
                                    (int) ((x - kl_message_text_get_x (self)) * PANGO_SCALE), (int) (y * PANGO_SCALE),
                                    &byte, &trailing))
    return -1;
  for (guint i = 0; i < self->links->len; i++)
    {
      KlLink link = g_array_index (self->links, KlLink, i);

      if (byte >= link.start && byte < link.end)
        return (int) i;
    }
  return -1;
}

char *
kl_message_text_dup_link_at (KlMessageText *self, double x, double y)
{
  int index;

  g_return_val_if_fail (KL_IS_MESSAGE_TEXT (self), NULL);

  index = link_at (self, x, y);
  return index >= 0 ? kl_message_text_dup_link (self, (guint) index) : NULL;
}

void
kl_message_text_open (GtkWidget *widget, const char *uri)
{
  g_autoptr (GtkUriLauncher) launcher = NULL;
  GtkRoot *root = gtk_widget_get_root (widget);

  if (!kl_link_is_allowed (uri))
    return;
  launcher = gtk_uri_launcher_new (uri);
  gtk_uri_launcher_launch (launcher, GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL, NULL, NULL, NULL);
}

static void
open_link (KlMessageText *self, guint index)
{
  g_autofree char *uri = kl_message_text_dup_link (self, index);
  gboolean handled = FALSE;

  g_signal_emit_by_name (self, "open-link", uri, &handled);
  if (!handled)
    kl_message_text_open (GTK_WIDGET (self), uri);
}

static void
on_released (GtkGestureClick *gesture, int n_press, double x, double y, KlMessageText *self)
{
  int index = link_at (self, x, y);

  if (index < 0 || n_press != 1 || self->selection[0] != self->selection[1])
    return;
  gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_CLAIMED);
  open_link (self, (guint) index);
}

static void
on_motion (GtkEventControllerMotion *motion, double x, double y, KlMessageText *self)
{
  gboolean inside = FALSE;
  const char *name = NULL;

  kl_message_text_get_byte_at (self, x, y, &inside);
  if (link_at (self, x, y) >= 0)
    name = "pointer";
  else if (inside)
    name = "text";
  if (g_strcmp0 (name, self->cursor) == 0)
    return;
  self->cursor = name;
  gtk_widget_set_cursor_from_name (GTK_WIDGET (self), name);
}

/* The true target, whatever the text around it says. */
static gboolean
kl_message_text_query_tooltip (GtkWidget *widget, int x, int y, gboolean keyboard, GtkTooltip *tooltip)
{
  KlMessageText *self = KL_MESSAGE_TEXT (widget);
  int index = keyboard ? self->focused_link : link_at (self, x, y);
  g_autofree char *uri = NULL;

  if (index < 0 || self->links == NULL)
    return FALSE;
  uri = kl_message_text_dup_link (self, (guint) index);
  gtk_tooltip_set_text (tooltip, uri);
  return TRUE;
}

/* Tab goes from link to link. */
static gboolean
kl_message_text_focus (GtkWidget *widget, GtkDirectionType direction)
{
  KlMessageText *self = KL_MESSAGE_TEXT (widget);
  int n_links = (int) kl_message_text_get_n_links (self);
  int next;

  if (n_links == 0 || (direction != GTK_DIR_TAB_FORWARD && direction != GTK_DIR_TAB_BACKWARD))
    return FALSE;
  if (!gtk_widget_is_focus (widget))
    next = direction == GTK_DIR_TAB_FORWARD ? 0 : n_links - 1;
  else
    next = self->focused_link + (direction == GTK_DIR_TAB_FORWARD ? 1 : -1);
  if (next < 0 || next >= n_links)
    return FALSE;
  self->focused_link = next;
  gtk_widget_queue_draw (widget);
  return gtk_widget_is_focus (widget) || gtk_widget_grab_focus (widget);
}

static gboolean
on_activate (GtkWidget *widget, GVariant *args, gpointer unused)
{
  KlMessageText *self = KL_MESSAGE_TEXT (widget);

  if (self->focused_link < 0 || self->links == NULL)
    return FALSE;
  open_link (self, (guint) self->focused_link);
  return TRUE;
}

void
kl_message_text_links_class_init (GtkWidgetClass *widget_class)
{
  widget_class->query_tooltip = kl_message_text_query_tooltip;
  widget_class->focus = kl_message_text_focus;
  /* open-link (uri) → gboolean handled: a link was activated; by default the desktop opens it. */
  g_signal_new ("open-link", KL_TYPE_MESSAGE_TEXT, G_SIGNAL_RUN_LAST, 0, g_signal_accumulator_true_handled, NULL, NULL,
                G_TYPE_BOOLEAN, 1, G_TYPE_STRING);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Return, 0, on_activate, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_KP_Enter, 0, on_activate, NULL);
}

void
kl_message_text_links_init (KlMessageText *self)
{
  GtkGesture *click = gtk_gesture_click_new ();
  GtkEventController *motion = gtk_event_controller_motion_new ();

  g_signal_connect (click, "released", G_CALLBACK (on_released), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (click));
  g_signal_connect (motion, "motion", G_CALLBACK (on_motion), self);
  gtk_widget_add_controller (GTK_WIDGET (self), motion);
  gtk_widget_set_has_tooltip (GTK_WIDGET (self), TRUE);
}
