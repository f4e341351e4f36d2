/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The whole view: what a message in it shows, and what pointer and keys do to it. */
#include "tests/app/timeline/paged-view.h"

#include <gdk/x11/gdkx.h>

#include "app/core/kl-message-list-private.h"
#include "app/ui/timeline/kl-message-row.h"
#include "app/ui/timeline/kl-message-text.h"
#include "tests/kit/kl-test.h"

static KlMessageText *
find_text (GtkWidget *row)
{
  for (GtkWidget *child = gtk_widget_get_first_child (row); child != NULL; child = gtk_widget_get_next_sibling (child))
    if (KL_IS_MESSAGE_TEXT (child) && g_str_equal (gtk_widget_get_css_name (child), "body"))
      return KL_MESSAGE_TEXT (child);
  return NULL;
}

static void
test_states (PagedView *f, gconstpointer unused)
{
  g_autoptr (GError) refused = g_error_new_literal (KL_CORE_ERROR, KL_CORE_ERROR_LEFT, "The core's own words");
  KlMessage *own;
  GtkWidget *row;
  gboolean found = FALSE;

  paged_view_open (f);
  own = paged_view_send_own (f, "hello");
  paged_view_frames (f, 2);
  row = paged_view_find_row (f, own);
  g_assert_nonnull (row);
  g_object_set (own, "state", KL_MESSAGE_STATE_FAILED, "error", refused, NULL);
  paged_view_frames (f, 2);
  for (GtkWidget *child = gtk_widget_get_first_child (row); child != NULL; child = gtk_widget_get_next_sibling (child))
    if (GTK_IS_BUTTON (child) && gtk_widget_has_css_class (child, "failure"))
      {
        found = TRUE;
        g_assert_true (gtk_widget_get_visible (child));
        g_assert_cmpstr (gtk_widget_get_tooltip_text (child), ==, "You were no longer in this group.");
        g_signal_emit_by_name (child, "clicked");
      }
  g_assert_true (found);
  g_assert_cmpuint (f->n_retries, ==, 1);
  g_object_set (own, "state", KL_MESSAGE_STATE_PENDING, NULL);
  paged_view_frames (f, 2);
  g_object_set (own, "seq", ++f->server_newest, "id", "mine", "state", KL_MESSAGE_STATE_SENT, NULL);
  kl_message_list_confirm (f->c.messages, own);
  paged_view_frames (f, 2);
  g_assert_true (paged_view_find_row (f, own) == row);
  g_object_set (own, "state", KL_MESSAGE_STATE_READ, NULL);
  paged_view_frames (f, 2);
  paged_view_assert_good (f);
}

static void
test_long_text (PagedView *f, gconstpointer unused)
{
  g_autoptr (GString) body = g_string_new (NULL);
  KlMessage *message;
  GtkWidget *row;
  GtkWidget *more = NULL;
  const char *shown;

  /* The cut falls into a family of four. */
  for (guint i = 0; i < 1998; i++)
    g_string_append_c (body, i % 7 == 6 ? ' ' : 'a');
  g_string_append (body, "👨‍👩‍👧‍👦 and so on");
  paged_view_open (f);
  message = paged_view_say (f, "Noor", body->str);
  paged_view_frames (f, 3);
  row = paged_view_find_row (f, message);
  shown = kl_message_text_get_text (find_text (row));
  g_assert_true (g_str_has_suffix (shown, "…"));
  g_assert_true (g_utf8_validate (shown, -1, NULL));
  g_assert_null (strstr (shown, "👨"));
  for (GtkWidget *child = gtk_widget_get_first_child (row); child != NULL; child = gtk_widget_get_next_sibling (child))
    if (GTK_IS_BUTTON (child) && gtk_widget_has_css_class (child, "more"))
      more = child;
  g_assert_nonnull (more);
  g_assert_cmpstr (gtk_button_get_label (GTK_BUTTON (more)), ==, "Show more");
  g_signal_emit_by_name (more, "clicked");
  paged_view_frames (f, 3);
  g_assert_cmpstr (kl_message_text_get_text (find_text (row)), ==, body->str);
  g_assert_cmpstr (gtk_button_get_label (GTK_BUTTON (more)), ==, "Show less");
  /* It stays open when its row was recycled. */
  kl_timeline_jump_to (f->timeline, 3, KL_TIMELINE_ALIGN_TOP, FALSE);
  paged_view_frames (f, 5);
  kl_timeline_jump_to_end (f->timeline, FALSE);
  paged_view_frames (f, 5);
  g_assert_cmpstr (kl_message_text_get_text (find_text (paged_view_find_row (f, message))), ==, body->str);
  paged_view_assert_good (f);
}

static void
assert_cut (PagedView *f, const char *head, const char *unit, const char *expected_end)
{
  g_autoptr (GString) body = g_string_new (head);
  g_autofree char *end = g_strconcat (expected_end, "…", NULL);
  KlMessage *message;
  const char *shown;

  while (g_utf8_strlen (body->str, -1) < 2100)
    g_string_append (body, unit);
  message = paged_view_say (f, "Noor", body->str);
  paged_view_frames (f, 3);
  shown = kl_message_text_get_text (find_text (paged_view_find_row (f, message)));
  if (!g_str_has_suffix (shown, end))
    g_error ("“%s” does not end with “%s”", shown, end);
}

/* Where the cut is in pairs, what counts is where they begin; and a link that is cut would lead elsewhere. */
static void
test_long_cut (PagedView *f, gconstpointer unused)
{
  g_autofree char *words = g_strnfill (1989, 'a');
  g_autofree char *before_link = g_strconcat (words, " https://huts.example/", NULL);
  g_autofree char *word = g_strconcat (words, " ", NULL);

  paged_view_open (f);
  assert_cut (f, "", "🇩🇪🇫🇷", "🇫🇷");
  assert_cut (f, "x", "🇩🇪🇫🇷", "🇩🇪🇫🇷🇩🇪");
  assert_cut (f, "", "👍🏽", "👍🏽");
  assert_cut (f, before_link, "x", word);
  paged_view_assert_good (f);
}

/* As written; a warning of GTK's would end the test. */
static void
test_as_written (PagedView *f, gconstpointer unused)
{
  static const char *const bodies[] = { "Tom & Jerry <b>",
                                        "&amp;",
                                        "</span>",
                                        "&",
                                        "a\tb\nc",
                                        ("\xe2\x80\xae"
                                         "exe.gpj"),
                                        "💥" };

  paged_view_open (f);
  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      KlMessage *message;

      g_object_set (conversation_user (&f->c, "Noor"), "display-name", bodies[i], NULL);
      message = paged_view_say (f, "Noor", bodies[i]);
      paged_view_frames (f, 2);
      g_assert_cmpstr (kl_message_text_get_text (find_text (paged_view_find_row (f, message))), ==, bodies[i]);
    }
  paged_view_assert_good (f);
}

/* Recycled rows forget what they showed. */
static void
test_recycled (PagedView *f, gconstpointer unused)
{
  g_autoptr (KlMessage) first = NULL;
  KlMessageText *text;

  paged_view_open (f);
  first = g_object_ref (paged_view_visible_message (f, 200));
  gtk_adjustment_set_value (f->adjustment, gtk_adjustment_get_value (f->adjustment) - 5000);
  paged_view_frames (f, 6);
  g_assert_null (paged_view_find_row (f, first));
  g_object_set (first, "body", "changed while nobody looked", NULL);
  for (GtkWidget *row = gtk_widget_get_first_child (GTK_WIDGET (f->timeline)); row != NULL;
       row = gtk_widget_get_next_sibling (row))
    if (KL_IS_MESSAGE_ROW (row))
      {
        text = find_text (row);
        g_assert_cmpstr (kl_message_text_get_text (text), !=, "changed while nobody looked");
      }
  paged_view_assert_good (f);
}

static void
press (const char *keys)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *command = g_strdup_printf ("xdotool %s", keys);

  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, &error));
  g_assert_no_error (error);
}

static void
move_to (PagedView *f, GtkWidget *widget, double x, double y)
{
  graphene_point_t point;
  double shadow_x;
  double shadow_y;
  g_autofree char *keys = NULL;

  g_assert_true (gtk_widget_compute_point (widget, f->window, &GRAPHENE_POINT_INIT ((float) x, (float) y), &point));
  gtk_native_get_surface_transform (GTK_NATIVE (f->window), &shadow_x, &shadow_y);
  G_GNUC_BEGIN_IGNORE_DEPRECATIONS
  keys = g_strdup_printf ("mousemove --window %lu %d %d",
                          (gulong) gdk_x11_surface_get_xid (gtk_native_get_surface (GTK_NATIVE (f->window))),
                          (int) ((double) point.x + shadow_x), (int) ((double) point.y + shadow_y));
  G_GNUC_END_IGNORE_DEPRECATIONS
  press (keys);
}

static gboolean
on_open_link (KlMessageText *text, const char *uri, char **opened)
{
  g_free (*opened);
  *opened = g_strdup (uri);
  return TRUE;
}

static void
on_clipboard (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(char **) user_data = gdk_clipboard_read_text_finish (GDK_CLIPBOARD (source), result, NULL);
}

/* By click and by key; a drag over it selects instead. */
static void
test_links (PagedView *f, gconstpointer unused)
{
  KlMessage *message;
  GtkWidget *text;
  g_autofree char *opened = NULL;
  g_autofree char *copied = NULL;
  double link_x;

  paged_view_open (f);
  kl_test_wait_until (gtk_window_is_active (GTK_WINDOW (f->window)));
  message = paged_view_say (f, "Noor", "See https://huts.example/ridge & <b> then");
  paged_view_frames (f, 4);
  text = GTK_WIDGET (find_text (paged_view_find_row (f, message)));
  g_signal_connect (text, "open-link", G_CALLBACK (on_open_link), &opened);
  for (link_x = 0; link_x < 400; link_x += 4)
    {
      g_autofree char *link = kl_message_text_dup_link_at (KL_MESSAGE_TEXT (text), link_x, 10);

      if (link != NULL)
        break;
    }
  g_assert_cmpfloat (link_x, <, 100);
  move_to (f, text, link_x + 20, 10);
  press ("click 1");
  kl_test_wait_until (opened != NULL);
  g_assert_cmpstr (opened, ==, "https://huts.example/ridge");
  g_clear_pointer (&opened, g_free);

  kl_timeline_focus_row (f->timeline, g_list_model_get_n_items (kl_timeline_get_model (f->timeline)) - 1);
  press ("key Tab");
  kl_test_wait_until (gtk_widget_is_focus (text));
  press ("key Return");
  kl_test_wait_until (opened != NULL);
  g_assert_cmpstr (opened, ==, "https://huts.example/ridge");
  g_clear_pointer (&opened, g_free);

  move_to (f, text, link_x + 20, 10);
  press ("mousedown 1");
  move_to (f, text, link_x + 60, 10);
  move_to (f, text, 390, 12);
  kl_test_wait_until (kl_timeline_has_selection (f->timeline));
  press ("mouseup 1");
  paged_view_frames (f, 3);
  g_assert_null (opened);
  press ("key ctrl+c");
  kl_test_wait_until (gdk_clipboard_is_local (gtk_widget_get_clipboard (f->window)));
  gdk_clipboard_read_text_async (gtk_widget_get_clipboard (f->window), NULL, on_clipboard, &copied);
  kl_test_wait_until (copied != NULL);
  g_assert_true (g_str_has_suffix (copied, " & <b> then"));
  g_assert_false (g_str_has_prefix (copied, "See"));
  /* A word. */
  kl_timeline_clear_selection (f->timeline);
  move_to (f, text, 4, 10);
  press ("click --repeat 2 --delay 30 1");
  kl_test_wait_until (kl_timeline_has_selection (f->timeline));
  g_free (copied);
  copied = kl_timeline_dup_selection (f->timeline);
  g_assert_cmpstr (copied, ==, "See");
  paged_view_assert_good (f);
}

static GtkWidget *
find_popover (GtkWidget *widget)
{
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (GTK_IS_POPOVER_MENU (child))
      return child;
  return NULL;
}

static void
on_discard (KlConversationView *view, KlMessage *message, KlMessage **discarded)
{
  *discarded = message;
}

static void
test_menu (PagedView *f, gconstpointer unused)
{
  KlMessage *own;
  KlMessage *discarded = NULL;
  GtkWidget *text;
  g_autofree char *copied = NULL;

  g_signal_connect (f->view, "discard", G_CALLBACK (on_discard), &discarded);
  paged_view_open (f);
  kl_test_wait_until (gtk_window_is_active (GTK_WINDOW (f->window)));
  own = paged_view_send_own (f, "not wanted by the server");
  g_object_set (own, "state", KL_MESSAGE_STATE_FAILED, NULL);
  paged_view_frames (f, 4);
  text = GTK_WIDGET (find_text (paged_view_find_row (f, own)));
  move_to (f, text, 10, 10);
  press ("click 3");
  kl_test_wait_until (find_popover (GTK_WIDGET (f->view)) != NULL);
  gtk_widget_activate_action (GTK_WIDGET (f->view), "message.copy", NULL);
  gdk_clipboard_read_text_async (gtk_widget_get_clipboard (f->window), NULL, on_clipboard, &copied);
  kl_test_wait_until (copied != NULL);
  g_assert_cmpstr (copied, ==, "not wanted by the server");
  gtk_widget_activate_action (GTK_WIDGET (f->view), "message.discard", NULL);
  g_assert_true (discarded == own);
  gtk_widget_activate_action (GTK_WIDGET (f->view), "message.select-all", NULL);
  g_assert_true (kl_timeline_has_selection (f->timeline));
  press ("key Escape");
  kl_test_wait_until (find_popover (GTK_WIDGET (f->view)) == NULL);
  kl_timeline_clear_selection (f->timeline);
  /* By key. */
  kl_timeline_focus_row (f->timeline, g_list_model_get_n_items (kl_timeline_get_model (f->timeline)) - 1);
  paged_view_frames (f, 2);
  press ("key shift+F10");
  kl_test_wait_until (find_popover (GTK_WIDGET (f->view)) != NULL);
  press ("key Escape");
  kl_test_wait_until (find_popover (GTK_WIDGET (f->view)) == NULL);
  paged_view_assert_good (f);
}

int
main (int argc, char **argv)
{
  paged_view_init (&argc, &argv);
  paged_view_add ("states", 30, test_states);
  paged_view_add ("long-text", 60, test_long_text);
  paged_view_add ("long-cut", 30, test_long_cut);
  paged_view_add ("as-written", 30, test_as_written);
  paged_view_add ("recycled", 400, test_recycled);
  paged_view_add ("links", 60, test_links);
  paged_view_add ("menu", 60, test_menu);
  return g_test_run ();
}
