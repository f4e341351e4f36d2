/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Focus, keys, pointer and selection, by real events: xdotool presses, a window manager gives the window the focus. */
#include "tests/app/timeline/fake-timeline.h"

#include <gdk/x11/gdkx.h>
#include <math.h>

#include "tests/kit/kl-test.h"

static guint
n_items (FakeTimeline *f)
{
  return g_list_model_get_n_items (G_LIST_MODEL (f->store));
}

static void
press (const char *keys)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *command = g_strdup_printf ("xdotool %s", keys);

  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, &error));
  g_assert_no_error (error);
}

/* In the window's coordinates, wherever the window manager has put it. */
static void
move_to (FakeTimeline *f, int x, int y)
{
  GdkSurface *surface = gtk_native_get_surface (GTK_NATIVE (f->window));
  g_autofree char *keys = NULL;
  double shadow_x;
  double shadow_y;

  gtk_native_get_surface_transform (GTK_NATIVE (f->window), &shadow_x, &shadow_y);
  G_GNUC_BEGIN_IGNORE_DEPRECATIONS
  keys = g_strdup_printf ("mousemove --window %lu %d %d", (gulong) gdk_x11_surface_get_xid (surface),
                          x + (int) shadow_x, y + (int) shadow_y);
  G_GNUC_END_IGNORE_DEPRECATIONS
  press (keys);
}

static void
show_active (FakeTimeline *f, GtkTextDirection direction)
{
  fake_timeline_show (f, 900, 700, direction);
  kl_test_wait_until (gtk_window_is_active (GTK_WINDOW (f->window)));
  fake_timeline_settle (f);
}

static void
wait_for_focus (FakeTimeline *f, guint position)
{
  kl_test_wait_until (kl_timeline_get_focus_position (f->timeline) == position);
}

static gboolean
is_in_view (FakeTimeline *f, guint position)
{
  double y;
  int height;

  return fake_timeline_find (f, fake_timeline_item (f, position), &y, &height) && y >= -1
         && (y + height <= 701 || height > 600);
}

static void
test_arrows (FakeTimeline *f, gconstpointer unused)
{
  guint last = n_items (f) - 1;

  show_active (f, GTK_TEXT_DIR_LTR);
  gtk_widget_grab_focus (GTK_WIDGET (f->timeline));
  wait_for_focus (f, last);
  for (guint i = 1; i <= 40; i++)
    {
      press ("key Up");
      wait_for_focus (f, last - i);
      fake_timeline_settle (f);
      g_assert_true (is_in_view (f, last - i));
    }
  for (guint i = 40; i > 20; i--)
    {
      press ("key Down");
      wait_for_focus (f, last - i + 1);
    }
  fake_timeline_settle (f);
  press ("key Home");
  wait_for_focus (f, 0);
  fake_timeline_settle (f);
  g_assert_cmpuint (kl_timeline_get_top_position (f->timeline), ==, 0);
  press ("key Up");
  fake_timeline_frames (f, 3);
  wait_for_focus (f, 0);
  press ("key End");
  wait_for_focus (f, last);
  fake_timeline_settle (f);
  g_assert_true (kl_timeline_get_at_end (f->timeline));
  press ("key Down");
  fake_timeline_frames (f, 3);
  wait_for_focus (f, last);
  fake_timeline_assert_good (f);
}

static void
test_pages (FakeTimeline *f, gconstpointer unused)
{
  double value;

  show_active (f, GTK_TEXT_DIR_LTR);
  gtk_widget_grab_focus (GTK_WIDGET (f->timeline));
  value = gtk_adjustment_get_value (f->adjustment);
  press ("key Prior");
  kl_test_wait_until (gtk_adjustment_get_value (f->adjustment) <= value - 500);
  fake_timeline_settle (f);
  /* The wheel. */
  value = gtk_adjustment_get_value (f->adjustment);
  move_to (f, 400, 300);
  press ("click 4");
  kl_test_wait_until (gtk_adjustment_get_value (f->adjustment) < value);
  fake_timeline_settle (f);
  press ("key Next key Next key Next");
  kl_test_wait_until (kl_timeline_get_at_end (f->timeline));
  fake_timeline_settle (f);
  fake_timeline_assert_good (f);
}

/* One tab stop. */
static void
test_tab (FakeTimeline *f, gconstpointer unused)
{
  GtkWidget *box = g_object_ref_sink (gtk_box_new (GTK_ORIENTATION_VERTICAL, 0));
  GtkWidget *before = gtk_button_new_with_label ("before");
  GtkWidget *after = gtk_button_new_with_label ("after");
  guint last = n_items (f) - 1;

  show_active (f, GTK_TEXT_DIR_LTR);
  g_object_ref (f->scroller);
  gtk_window_set_child (GTK_WINDOW (f->window), NULL);
  gtk_box_append (GTK_BOX (box), before);
  gtk_box_append (GTK_BOX (box), f->scroller);
  gtk_box_append (GTK_BOX (box), after);
  gtk_window_set_child (GTK_WINDOW (f->window), box);
  g_object_unref (f->scroller);
  g_object_unref (box);
  fake_timeline_settle (f);
  gtk_widget_grab_focus (before);
  press ("key Tab");
  kl_test_wait_until (kl_timeline_get_focus_position (f->timeline) != GTK_INVALID_LIST_POSITION);
  press ("key Up");
  kl_test_wait_until (kl_timeline_get_focus_position (f->timeline) < last);
  last = kl_timeline_get_focus_position (f->timeline);
  press ("key Tab");
  kl_test_wait_until (gtk_widget_is_focus (after));
  press ("key shift+Tab");
  wait_for_focus (f, last);
  press ("key shift+Tab");
  kl_test_wait_until (gtk_widget_is_focus (before));
  f->fault = NULL;
}

static void
test_far_away (FakeTimeline *f, gconstpointer unused)
{
  guint position;
  GtkWidget *row;

  show_active (f, GTK_TEXT_DIR_LTR);
  position = n_items (f) - 3;
  kl_timeline_focus_row (f->timeline, position);
  row = kl_timeline_get_row (f->timeline, position);
  for (guint i = 0; i < 110; i++)
    {
      fake_timeline_scroll_by (f, -700);
      fake_timeline_frames (f, 1);
      g_assert_true (gtk_widget_is_focus (row));
      g_assert_cmpuint (kl_timeline_get_focus_position (f->timeline), ==, position);
    }
  fake_timeline_add (f, 0, 10);
  g_assert_cmpuint (kl_timeline_get_focus_position (f->timeline), ==, position + 10);
  press ("key Up");
  wait_for_focus (f, position + 9);
  fake_timeline_settle (f);
  g_assert_true (is_in_view (f, position + 9));
  /* Its item goes while it is far away: the focus stays in the timeline. */
  fake_timeline_scroll_by (f, -20000);
  fake_timeline_settle (f);
  g_list_store_remove (f->store, position + 9);
  g_assert_cmpuint (kl_timeline_get_focus_position (f->timeline), !=, GTK_INVALID_LIST_POSITION);
  fake_timeline_settle (f);
  fake_timeline_assert_good (f);
}

static void
test_focused_goes (FakeTimeline *f, gconstpointer unused)
{
  show_active (f, GTK_TEXT_DIR_LTR);
  kl_timeline_focus_row (f->timeline, n_items (f) - 5);
  for (guint i = 0; i < 12; i++)
    {
      guint position = kl_timeline_get_focus_position (f->timeline);

      g_assert_cmpuint (position, !=, GTK_INVALID_LIST_POSITION);
      g_list_store_remove (f->store, position);
      fake_timeline_frames (f, 2);
    }
  g_list_store_remove_all (f->store);
  fake_timeline_frames (f, 2);
  g_assert_true (gtk_widget_is_focus (GTK_WIDGET (f->timeline)));
  fake_timeline_add (f, 0, 30);
  fake_timeline_settle (f);
  press ("key Up");
  kl_test_wait_until (kl_timeline_get_focus_position (f->timeline) != GTK_INVALID_LIST_POSITION);
  fake_timeline_assert_good (f);
}

static void
on_text (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(char **) user_data = gdk_clipboard_read_text_finish (GDK_CLIPBOARD (source), result, NULL);
}

static char *
read_clipboard (FakeTimeline *f)
{
  char *text = NULL;

  gdk_clipboard_read_text_async (gtk_widget_get_clipboard (f->window), NULL, on_text, &text);
  kl_test_wait_until (text != NULL);
  return text;
}

static void
test_copy (FakeTimeline *f, gconstpointer unused)
{
  guint position;
  g_autofree char *text = NULL;
  g_autofree char *more = NULL;
  g_autofree char *expected = NULL;
  GString *many = g_string_new (NULL);

  show_active (f, GTK_TEXT_DIR_LTR);
  position = n_items (f) - 4;
  kl_timeline_focus_row (f->timeline, position);
  press ("key ctrl+c");
  kl_test_wait_until (gdk_clipboard_is_local (gtk_widget_get_clipboard (f->window)));
  text = read_clipboard (f);
  expected = g_strdup_printf ("%u[0-100]", fake_item_get_id (fake_timeline_item (f, position)));
  g_assert_cmpstr (text, ==, expected);

  /* Over rows that have no widget by now. */
  kl_timeline_select (f->timeline, position, 30, position - 200, 20);
  fake_timeline_scroll_by (f, -9000);
  fake_timeline_settle (f);
  for (guint i = position - 200; i <= position; i++)
    g_string_append_printf (many, "%s%u[%d-%d]", i > position - 200 ? "\n" : "",
                            fake_item_get_id (fake_timeline_item (f, i)), i == position - 200 ? 20 : 0,
                            i == position ? 30 : 100);
  more = kl_timeline_dup_selection (f->timeline);
  g_assert_cmpstr (more, ==, many->str);
  /* It follows its rows, and goes with them. */
  fake_timeline_add (f, 0, 5);
  g_free (more);
  more = kl_timeline_dup_selection (f->timeline);
  g_assert_cmpstr (more, ==, many->str);
  g_list_store_remove (f->store, position + 5);
  g_assert_false (kl_timeline_has_selection (f->timeline));
  g_string_free (many, TRUE);
  fake_timeline_settle (f);
  fake_timeline_assert_good (f);
}

static void
test_drag (FakeTimeline *f, gconstpointer unused)
{
  g_autofree char *text = NULL;
  double value;
  guint from;
  guint to;

  show_active (f, GTK_TEXT_DIR_LTR);
  from = kl_timeline_pick_row (f->timeline, 400);
  to = kl_timeline_pick_row (f->timeline, 600);
  move_to (f, 30, 400);
  press ("mousedown 1");
  move_to (f, 35, 450);
  move_to (f, 50, 600);
  kl_test_wait_until (kl_timeline_has_selection (f->timeline));
  press ("mouseup 1");
  fake_timeline_frames (f, 3);
  text = kl_timeline_dup_selection (f->timeline);
  g_assert_nonnull (text);
  if (from != to)
    g_assert_nonnull (strchr (text, '\n'));
  /* Out of the view: it scrolls. */
  value = gtk_adjustment_get_value (f->adjustment);
  move_to (f, 30, 300);
  press ("mousedown 1");
  move_to (f, 35, 200);
  move_to (f, 35, -20);
  kl_test_wait_until (gtk_adjustment_get_value (f->adjustment) < value - 100);
  press ("mouseup 1");
  fake_timeline_frames (f, 2);
  g_assert_true (kl_timeline_has_selection (f->timeline));
  /* A click elsewhere ends it. */
  move_to (f, 600, 300);
  press ("click 1");
  kl_test_wait_until (!kl_timeline_has_selection (f->timeline));
  fake_timeline_settle (f);
  fake_timeline_assert_good (f);
}

static void
test_rtl (FakeTimeline *f, gconstpointer unused)
{
  show_active (f, GTK_TEXT_DIR_RTL);
  kl_timeline_jump_to (f->timeline, n_items (f) / 2, KL_TIMELINE_ALIGN_TOP, FALSE);
  fake_timeline_settle (f);
  fake_timeline_watch (f, fake_timeline_item_below (f, 0));
  fake_timeline_add (f, 0, 60);
  fake_timeline_add (f, n_items (f), 3);
  fake_timeline_frames (f, 4);
  fake_timeline_assert_good (f);
}

#define ADD(name, n, function)                                                                                         \
  g_test_add ("/timeline/focus/" name, FakeTimeline, GUINT_TO_POINTER (n), fake_timeline_set_up, function,             \
              fake_timeline_tear_down)

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  gtk_init ();
  ADD ("arrows", 300, test_arrows);
  ADD ("pages", 500, test_pages);
  ADD ("tab", 300, test_tab);
  ADD ("far-away", 3000, test_far_away);
  ADD ("focused-goes", 300, test_focused_goes);
  ADD ("copy", 1000, test_copy);
  ADD ("drag", 500, test_drag);
  ADD ("rtl", 1000, test_rtl);
  return g_test_run ();
}
