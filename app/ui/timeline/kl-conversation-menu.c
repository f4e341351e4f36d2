/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Role and life: one object a view, kept as its data. The popover is made anew for each opening: what it offers depends
 * on the message. */
#include "app/ui/timeline/kl-conversation-menu.h"

#include <glib/gi18n.h>

#include "app/ui/timeline/kl-message-row.h"
#include "app/ui/timeline/kl-message-text.h"

typedef struct
{
  KlConversationView *view; /* owns this */
  KlTimeline *timeline;
  GSimpleActionGroup *actions;
  GtkWidget *popover;
  KlMessage *message; /* that the menu is of */
  char *link;
  guint position;
} Menu;

static void
copy_to_clipboard (Menu *menu, const char *text)
{
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (menu->view)), text);
}

static void
on_copy (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  Menu *menu = user_data;
  g_autofree char *selection = kl_timeline_dup_selection (menu->timeline);

  if (selection != NULL)
    copy_to_clipboard (menu, selection);
  else if (menu->message != NULL)
    copy_to_clipboard (menu, kl_message_get_body (menu->message));
}

static void
on_select_all (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  Menu *menu = user_data;

  kl_timeline_select (menu->timeline, menu->position, 0, menu->position, G_MAXINT);
}

static void
on_copy_link (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  Menu *menu = user_data;

  if (menu->link != NULL)
    copy_to_clipboard (menu, menu->link);
}

static void
on_open_link (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  Menu *menu = user_data;

  if (menu->link != NULL)
    kl_message_text_open (GTK_WIDGET (menu->view), menu->link);
}

static void
on_retry (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  Menu *menu = user_data;

  if (menu->message != NULL)
    kl_conversation_view_retry (menu->view, menu->message);
}

static void
on_discard (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  Menu *menu = user_data;
  g_autoptr (KlMessage) message = menu->message != NULL ? g_object_ref (menu->message) : NULL;

  if (message != NULL)
    kl_conversation_view_discard (menu->view, message);
}

static const GActionEntry entries[] = {
  { "copy", on_copy, NULL, NULL, NULL, { 0 } },           { "select-all", on_select_all, NULL, NULL, NULL, { 0 } },
  { "copy-link", on_copy_link, NULL, NULL, NULL, { 0 } }, { "open-link", on_open_link, NULL, NULL, NULL, { 0 } },
  { "retry", on_retry, NULL, NULL, NULL, { 0 } },         { "discard", on_discard, NULL, NULL, NULL, { 0 } },
};

static GMenuModel *
build (Menu *menu)
{
  GMenu *model = g_menu_new ();
  g_autoptr (GMenu) texts = g_menu_new ();
  g_autoptr (GMenu) links = g_menu_new ();
  g_autoptr (GMenu) sending = g_menu_new ();

  if (!kl_message_get_deleted (menu->message))
    {
      g_menu_append (texts, kl_timeline_has_selection (menu->timeline) ? _ ("_Copy selection") : _ ("_Copy"),
                     "message.copy");
      g_menu_append (texts, _ ("_Select text"), "message.select-all");
    }
  if (menu->link != NULL)
    {
      g_menu_append (links, _ ("_Open link"), "message.open-link");
      g_menu_append (links, _ ("Copy _link"), "message.copy-link");
    }
  if (kl_message_get_mine (menu->message) && kl_message_get_state (menu->message) == KL_MESSAGE_STATE_FAILED)
    {
      g_menu_append (sending, _ ("_Try again"), "message.retry");
      g_menu_append (sending, _ ("_Discard"), "message.discard");
    }
  g_menu_append_section (model, NULL, G_MENU_MODEL (sending));
  g_menu_append_section (model, NULL, G_MENU_MODEL (links));
  g_menu_append_section (model, NULL, G_MENU_MODEL (texts));
  return G_MENU_MODEL (model);
}

static void
drop_popover (Menu *menu)
{
  g_clear_pointer (&menu->popover, gtk_widget_unparent);
}

static gboolean
on_closed_idle (gpointer user_data)
{
  g_autoptr (GtkWidget) popover = user_data;

  if (gtk_widget_get_parent (popover) != NULL)
    gtk_widget_unparent (popover);
  return G_SOURCE_REMOVE;
}

/* Not at once: the action of the item that closed it comes after. */
static void
on_closed (GtkPopover *popover, Menu *menu)
{
  if (menu->popover == GTK_WIDGET (popover))
    menu->popover = NULL;
  g_idle_add (on_closed_idle, g_object_ref (popover));
}

static void
open_menu (Menu *menu, guint position, double x, double y)
{
  GtkWidget *row = kl_timeline_get_row (menu->timeline, position);
  g_autoptr (GMenuModel) model = NULL;
  graphene_point_t point;

  if (!KL_IS_MESSAGE_ROW (row) || kl_message_row_get_message (KL_MESSAGE_ROW (row)) == NULL)
    return;
  g_set_object (&menu->message, kl_message_row_get_message (KL_MESSAGE_ROW (row)));
  menu->position = position;
  g_clear_pointer (&menu->link, g_free);
  if (gtk_widget_compute_point (GTK_WIDGET (menu->timeline), row, &GRAPHENE_POINT_INIT ((float) x, (float) y), &point))
    menu->link = kl_message_row_dup_link_at (KL_MESSAGE_ROW (row), (double) point.x, (double) point.y);
  if (menu->link == NULL)
    menu->link = kl_message_row_dup_only_link (KL_MESSAGE_ROW (row));
  model = build (menu);
  drop_popover (menu);
  menu->popover = gtk_popover_menu_new_from_model (model);
  gtk_widget_set_parent (menu->popover, GTK_WIDGET (menu->view));
  gtk_popover_set_has_arrow (GTK_POPOVER (menu->popover), FALSE);
  gtk_widget_set_halign (menu->popover, GTK_ALIGN_START);
  gtk_popover_set_pointing_to (GTK_POPOVER (menu->popover), &(GdkRectangle) { (int) x, (int) y, 1, 1 });
  g_signal_connect (menu->popover, "closed", G_CALLBACK (on_closed), menu);
  gtk_popover_popup (GTK_POPOVER (menu->popover));
}

static void
on_secondary_pressed (GtkGestureClick *gesture, int n_press, double x, double y, Menu *menu)
{
  guint position = kl_timeline_pick_row (menu->timeline, y);

  gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_CLAIMED);
  if (position != GTK_INVALID_LIST_POSITION)
    open_menu (menu, position, x, y);
}

static void
on_long_press (GtkGestureLongPress *gesture, double x, double y, Menu *menu)
{
  guint position = kl_timeline_pick_row (menu->timeline, y);

  if (position == GTK_INVALID_LIST_POSITION)
    return;
  gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_CLAIMED);
  open_menu (menu, position, x, y);
}

static gboolean
on_menu_key (GtkWidget *widget, GVariant *args, gpointer user_data)
{
  Menu *menu = user_data;
  guint position = kl_timeline_get_focus_position (menu->timeline);
  double y;
  int height;

  if (position == GTK_INVALID_LIST_POSITION || !kl_timeline_get_row_bounds (menu->timeline, position, &y, &height))
    return FALSE;
  open_menu (menu, position, gtk_widget_get_width (widget) / 2.0,
             CLAMP (y + height / 2.0, 0, gtk_widget_get_height (widget)));
  return TRUE;
}

static void
free_menu (gpointer data)
{
  Menu *menu = data;

  g_clear_object (&menu->message);
  g_free (menu->link);
  g_object_unref (menu->actions);
  g_free (menu);
}

static void
on_view_destroyed (GtkWidget *view, Menu *menu)
{
  drop_popover (menu);
}

void
kl_conversation_menu_attach (KlConversationView *view, KlTimeline *timeline)
{
  Menu *menu = g_new0 (Menu, 1);
  GtkGesture *click = gtk_gesture_click_new ();
  GtkGesture *press = gtk_gesture_long_press_new ();
  GtkEventController *keys = gtk_shortcut_controller_new ();

  menu->view = view;
  menu->timeline = timeline;
  menu->actions = g_simple_action_group_new ();
  g_action_map_add_action_entries (G_ACTION_MAP (menu->actions), entries, G_N_ELEMENTS (entries), menu);
  gtk_widget_insert_action_group (GTK_WIDGET (view), "message", G_ACTION_GROUP (menu->actions));
  g_object_set_data_full (G_OBJECT (view), "kl-conversation-menu", menu, free_menu);
  g_signal_connect (view, "destroy", G_CALLBACK (on_view_destroyed), menu);

  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (click), GDK_BUTTON_SECONDARY);
  g_signal_connect (click, "pressed", G_CALLBACK (on_secondary_pressed), menu);
  gtk_widget_add_controller (GTK_WIDGET (timeline), GTK_EVENT_CONTROLLER (click));
  gtk_gesture_single_set_touch_only (GTK_GESTURE_SINGLE (press), TRUE);
  g_signal_connect (press, "pressed", G_CALLBACK (on_long_press), menu);
  gtk_widget_add_controller (GTK_WIDGET (timeline), GTK_EVENT_CONTROLLER (press));
  gtk_shortcut_controller_add_shortcut (
      GTK_SHORTCUT_CONTROLLER (keys),
      gtk_shortcut_new (gtk_alternative_trigger_new (gtk_keyval_trigger_new (GDK_KEY_Menu, 0),
                                                     gtk_keyval_trigger_new (GDK_KEY_F10, GDK_SHIFT_MASK)),
                        gtk_callback_action_new (on_menu_key, menu, NULL)));
  gtk_widget_add_controller (GTK_WIDGET (timeline), keys);
}
