/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A call in the window, from the button to the end: on the real server, with friends whose call cores are processes of
 * their own. */
#include "app/ui/kl-call-door.h"
#include "app/ui/kl-call-mini.h"
#include "app/ui/kl-call-statistics-dialog.h"
#include "app/ui/kl-call-strip.h"
#include "app/ui/kl-call-tile.h"
#include "app/ui/kl-call-view.h"
#include "app/ui/kl-call-words.h"
#include "app/ui/kl-composer.h"
#include "tests/app/call/test-device.h"
#include "tests/app/ui/ui-call-kit.h"
#include "tests/app/ui/ui-kit.h"

static gboolean
window_shows (UiCallFixture *self, const char *text)
{
  return ui_call_shows (GTK_WIDGET (self->window), text);
}

/* Both friends are in, and we are, by the button and the check. */
static void
come_together (UiCallFixture *self)
{
  call_friend_join (self->mateo, "pinwheel", 500);
  call_friend_join (self->noor, NULL, 0);
  ui_call_set_devices (self);
  kl_test_wait_until (ui_call_find_button (self, "Join the call") != NULL);
  ui_call_act (self, "main.call");
  kl_test_wait_until (ui_call_is_shown (ui_call_find (self, KL_TYPE_CALL_DOOR)));
  kl_test_wait_until (ui_call_find_button (self, "Join 2 people") != NULL);
  ui_call_click (self, "Join 2 people");
  kl_test_wait_until (ui_call_is_shown (ui_call_find (self, KL_TYPE_CALL_VIEW)));
  kl_test_wait_until (ui_call_all_connected (self, 2));
  kl_test_wait_until (ui_call_find (self, KL_TYPE_CALL_DOOR) == NULL);
}

/* How Mateo sees us. */
static KlGroupCallPeer *
seen_by_mateo (UiCallFixture *self)
{
  KlGroupCall *call = kl_group_get_call (call_friend_get_group (self->mateo));
  const char *peer = kl_calls_get_peer (self->calls);

  return call != NULL && peer != NULL ? kl_group_call_find_peer (call, peer) : NULL;
}

/* ── Tests ── */

/* The strip says that a call is on, with whom; the check shows us as we will be seen; then we are in. */
static void
test_way_in (UiCallFixture *self, gconstpointer unused)
{
  GtkWidget *strip = ui_call_find (self, KL_TYPE_CALL_STRIP), *door, *preview;

  kl_test_wait_until (ui_call_find_button (self, "Start a call") != NULL);
  call_friend_join (self->mateo, "pinwheel", 500);
  kl_test_wait_until (ui_call_shows (strip, "Mateo") && ui_call_find_named (strip, GTK_TYPE_BUTTON, "Join") != NULL);
  call_friend_join (self->noor, NULL, 0);
  kl_test_wait_until (ui_call_shows (strip, "Mateo, Noor"));
  kl_ui_test_picture (self->window, "call-strip");

  ui_call_set_devices (self);
  ui_call_click (self, "Join");
  kl_test_wait_until (ui_call_is_shown (ui_call_find (self, KL_TYPE_CALL_DOOR)));
  door = ui_call_find (self, KL_TYPE_CALL_DOOR);
  preview = kl_ui_test_find (door, GTK_TYPE_WIDGET, "video");
  kl_test_wait_until (gtk_widget_get_mapped (preview)
                      && kl_video_feed_get_frames (kl_publisher_get_feed (kl_call_get_publisher (kl_calls_get_call (self->calls)))) > 3);
  kl_test_wait_until (gtk_level_bar_get_value (GTK_LEVEL_BAR (kl_ui_test_find (door, GTK_TYPE_LEVEL_BAR, NULL))) > 0.1);
  g_assert_true (ui_call_shows (
      door, "Sound and picture go straight from you to the others. So everybody in the call can see your "
            "network address, unless you always relay."));
  kl_ui_test_picture (self->window, "call-check");

  /* Closed, nothing has been; the line about the address has not been agreed to. */
  adw_dialog_close (ADW_DIALOG (door));
  kl_test_wait_until (kl_calls_get_state (self->calls) == KL_CALLS_IDLE);
  kl_test_wait_until (ui_call_find (self, KL_TYPE_CALL_DOOR) == NULL);
  g_assert_false (kl_calls_get_warned (self->calls));

  ui_call_act (self, "main.call");
  ui_call_click (self, "Join 2 people");
  kl_test_wait_until (ui_call_all_connected (self, 2));
  g_assert_true (kl_calls_get_warned (self->calls));
  kl_test_wait_until (ui_call_find_button (self, "Leave the call") != NULL);
  ui_call_click (self, "Leave the call");
  kl_test_wait_until (ui_call_find (self, KL_TYPE_CALL_VIEW) == NULL);
  kl_test_wait_until (ui_call_shows (strip, "Mateo, Noor")
                      && ui_call_find_named (strip, GTK_TYPE_BUTTON, "Join") != NULL);

  /* A second time there is nothing to warn of. */
  ui_call_act (self, "main.call");
  kl_test_wait_until (ui_call_is_shown (ui_call_find (self, KL_TYPE_CALL_DOOR)));
  g_assert_false (window_shows (self, "Sound and picture go straight from you to the others. So everybody in the call can see "
                                      "your network address, unless you always relay."));
}

/* It is called after the group, and says how long the call of three has been on. */
static gboolean
is_headed (UiCallFixture *self, GType type)
{
  GtkWidget *widget = ui_call_find_named (GTK_WIDGET (self->window), type, "Call in Ridge Hut Crew");
  g_autofree char *elapsed = kl_call_words_dup_elapsed (kl_calls_get_started_at (self->calls));
  g_autofree char *words = kl_call_words_dup_people (elapsed, 3);

  return widget != NULL && ui_call_shows (widget, words);
}

/* What stands in it, and what it is called. */
static void
test_view (UiCallFixture *self, gconstpointer unused)
{
  static const char *const names[] = { "Mute",  "Turn camera off", "Share the screen", "React",
                                       "Chat",  "Leave the call",  "Full screen",      "Make the call small",
                                       "More",  "Show who speaks large" };
  GtkWidget *view;

  come_together (self);
  view = ui_call_find (self, KL_TYPE_CALL_VIEW);
  kl_test_wait_until (ui_call_find_named (view, KL_TYPE_CALL_TILE, "Mateo") != NULL);
  kl_test_wait_until (ui_call_find_named (view, KL_TYPE_CALL_TILE, "Noor, muted, camera off") != NULL);
  kl_test_wait_until (ui_call_find_named (view, KL_TYPE_CALL_TILE, "Ilse (you)") != NULL);
  g_assert_true (ui_call_shows (view, "Ridge Hut Crew"));
  kl_test_wait_until (is_headed (self, KL_TYPE_CALL_VIEW));
  g_assert_true (ui_call_shows (view, "Your microphone is on. Hold Space to mute."));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      if (ui_call_find_named (view, GTK_TYPE_WIDGET, names[i]) == NULL)
        g_error ("nothing is called “%s”", names[i]);
    }
  g_assert_cmpstr (gtk_widget_get_tooltip_text (ui_call_find_button (self, "Mute")), ==, "Mute (M)");
  g_assert_null (ui_call_find_named (GTK_WIDGET (self->window), KL_TYPE_COMPOSER, "Message"));

  call_friend_set_hand (self->noor, TRUE);
  kl_test_wait_until (ui_call_find_named (view, KL_TYPE_CALL_TILE, "Noor, muted, camera off, hand raised") != NULL);
  kl_test_wait_until (gtk_widget_has_css_class (ui_call_find_named (view, KL_TYPE_CALL_TILE, "Mateo"), "speaking"));
  call_friend_react (self->mateo, "🎉");
  kl_test_wait_until (ui_call_shows (view, "🎉"));
  kl_ui_test_picture (self->window, "call-of-three");
  ui_call_assert_light_in_all_looks (view);

  call_friend_leave (self->noor);
  kl_test_wait_until (ui_call_find_named (view, KL_TYPE_CALL_TILE, "Noor, muted, camera off, hand raised") == NULL);
  call_friend_leave (self->mateo);
  kl_test_wait_until (ui_call_shows (view, "Nobody else is here yet"));
}

static void
hold (const char *what, const char *key)
{
  const char *argv[] = { "xdotool", what, key, NULL };
  g_autoptr (GError) error = NULL;

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
}

static void
test_keys (UiCallFixture *self, gconstpointer unused)
{
  come_together (self);
  kl_test_wait_until (gtk_window_is_active (self->window));
  kl_test_wait_until (seen_by_mateo (self) != NULL && kl_group_call_peer_get_audio (seen_by_mateo (self))
                      && kl_group_call_peer_get_video (seen_by_mateo (self)));

  kl_ui_test_press ("m");
  kl_test_wait_until (ui_call_find_button (self, "Unmute") != NULL
                      && !kl_group_call_peer_get_audio (seen_by_mateo (self)));
  g_assert_true (window_shows (self, "Your microphone is off."));
  kl_ui_test_press ("m");
  kl_test_wait_until (ui_call_find_button (self, "Mute") != NULL
                      && kl_group_call_peer_get_audio (seen_by_mateo (self)));
  hold ("keydown", "space");
  kl_test_wait_until (!kl_calls_get_microphone_on (self->calls));
  hold ("keyup", "space");
  kl_test_wait_until (kl_calls_get_microphone_on (self->calls));
  kl_ui_test_press ("v");
  kl_test_wait_until (ui_call_find_button (self, "Turn camera on") != NULL
                      && !kl_group_call_peer_get_video (seen_by_mateo (self)));
  kl_ui_test_press ("v");
  kl_test_wait_until (ui_call_find_button (self, "Turn camera off") != NULL
                      && kl_group_call_peer_get_video (seen_by_mateo (self)));
  kl_ui_test_press ("h");
  kl_test_wait_until (kl_group_call_peer_get_hand (seen_by_mateo (self)));

  kl_ui_test_press ("F11");
  kl_test_wait_until (gtk_window_is_fullscreen (self->window)
                      && ui_call_find_button (self, "Leave full screen") != NULL);
  kl_ui_test_press ("Escape");
  kl_test_wait_until (!gtk_window_is_fullscreen (self->window));

  /* Small, one writes, and what one writes is no command. */
  kl_ui_test_press ("Escape");
  kl_test_wait_until (ui_call_is_shown (ui_call_find (self, KL_TYPE_CALL_MINI))
                      && ui_call_is_shown (ui_call_find (self, KL_TYPE_COMPOSER)));
  g_assert_false (ui_call_is_shown (ui_call_find (self, KL_TYPE_CALL_VIEW)));
  gtk_widget_grab_focus (ui_call_find (self, KL_TYPE_COMPOSER));
  kl_ui_test_press ("m");
  kl_ui_test_press ("space");
  kl_test_wait_until (g_str_equal (kl_group_get_draft (self->group), "m ") || g_str_equal (kl_group_get_draft (self->group), "m"));
  g_assert_true (kl_calls_get_microphone_on (self->calls));
  kl_test_wait_until (is_headed (self, KL_TYPE_CALL_MINI));
  kl_ui_test_picture (self->window, "call-small");
  ui_call_assert_light_in_all_looks (ui_call_find (self, KL_TYPE_CALL_MINI));
  ui_call_act (self, "main.call");
  kl_test_wait_until (ui_call_is_shown (ui_call_find (self, KL_TYPE_CALL_VIEW)));
  g_assert_false (ui_call_is_shown (ui_call_find (self, KL_TYPE_COMPOSER)));
}

/* A machine with neither may join, and says what is so. */
static void
test_no_devices (UiCallFixture *self, gconstpointer unused)
{
  GtkWidget *view;

  call_friend_join (self->mateo, "pinwheel", 500);
  kl_test_wait_until (ui_call_find_button (self, "Join the call") != NULL);
  ui_call_act (self, "main.call");
  kl_test_wait_until (window_shows (self, "No microphone was found. You can join and listen."));
  kl_test_wait_until (window_shows (self, "No camera was found. You can join without."));
  kl_ui_test_picture (self->window, "call-check-without-devices");
  ui_call_click (self, "Join 1 person");
  kl_test_wait_until (ui_call_all_connected (self, 1));
  view = ui_call_find (self, KL_TYPE_CALL_VIEW);
  kl_test_wait_until (ui_call_shows (view, "There is no microphone. The others do not hear you."));
  g_assert_nonnull (ui_call_find_named (view, KL_TYPE_CALL_TILE, "Ilse (you), muted, camera off"));
}

/* ── Devices ── */

static AdwComboRow *
find_speaker_row (GtkWidget *root)
{
  if (ADW_IS_COMBO_ROW (root) && g_str_equal (adw_preferences_row_get_title (ADW_PREFERENCES_ROW (root)), "Speaker"))
    return ADW_COMBO_ROW (root);
  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL; child = gtk_widget_get_next_sibling (child))
    {
      AdwComboRow *found = find_speaker_row (child);

      if (found != NULL)
        return found;
    }
  return NULL;
}

/* What is plugged in can be chosen at once, and what is pulled out is the system's choice again, until it comes back. */
static void
test_plugs (UiCallFixture *self, gconstpointer unused)
{
  KlMediaDevices *devices = kl_calls_get_devices (self->calls);
  g_autoptr (GstDevice) headset = test_device_new ("A headset", "Audio/Sink", "A headset"), speaker = test_device_new ("A speaker", "Audio/Sink", "A speaker");
  g_autoptr (GstDevice) chosen = NULL, none = NULL;
  AdwComboRow *row;

  ui_call_set_devices (self);
  ui_call_act (self, "main.call");
  kl_test_wait_until (ui_call_is_shown (ui_call_find (self, KL_TYPE_CALL_DOOR)));
  row = find_speaker_row (ui_call_find (self, KL_TYPE_CALL_DOOR));
  g_assert_false (gtk_widget_get_visible (GTK_WIDGET (row)));
  kl_media_devices_take_added (devices, headset);
  kl_media_devices_take_added (devices, speaker);
  g_assert_true (gtk_widget_get_visible (GTK_WIDGET (row)));
  g_assert_cmpuint (adw_combo_row_get_selected (row), ==, 0);

  adw_combo_row_set_selected (row, 2);
  g_object_get (self->calls, "speaker", &chosen, NULL);
  g_assert_true (chosen == speaker);
  kl_media_devices_take_removed (devices, speaker);
  g_assert_cmpuint (adw_combo_row_get_selected (row), ==, 0);
  g_object_get (self->calls, "speaker", &none, NULL);
  g_assert_null (none);
  kl_media_devices_take_added (devices, speaker);
  g_assert_cmpuint (adw_combo_row_get_selected (row), ==, 2);
  adw_combo_row_set_selected (row, 0);
  kl_media_devices_take_removed (devices, headset);
  kl_media_devices_take_removed (devices, speaker);
  g_assert_false (gtk_widget_get_visible (GTK_WIDGET (row)));
}

/* ── Small ── */

static void
mouse (const char *what, int x, int y)
{
  g_autofree char *line = g_strdup_printf ("xdotool mousemove %d %d %s", x, y, what);
  g_autoptr (GError) error = NULL;

  g_spawn_command_line_sync (line, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
}

static graphene_rect_t
get_box (UiCallFixture *self)
{
  graphene_rect_t box = GRAPHENE_RECT_INIT (0, 0, 0, 0);

  g_assert_true (gtk_widget_compute_bounds (ui_call_find (self, KL_TYPE_CALL_MINI), GTK_WIDGET (self->page), &box));
  return box;
}

/* Dragged, it springs into the nearest corner; a press on its button is no drag. */
static void
test_drag (UiCallFixture *self, gconstpointer unused)
{
  graphene_rect_t box;
  int width;

  come_together (self);
  gtk_window_maximize (self->window);
  kl_test_wait_until (gtk_window_is_maximized (self->window));
  kl_ui_test_press ("Escape");
  /* Where the whole screen is the window's, places in it are places on the screen. */
  kl_test_wait_until (ui_call_is_shown (ui_call_find (self, KL_TYPE_CALL_MINI))
                      && gtk_widget_get_width (GTK_WIDGET (self->page)) > 1200);
  width = gtk_widget_get_width (GTK_WIDGET (self->page));
  kl_test_wait_until (get_box (self).origin.x + get_box (self).size.width == (float) width - 18);
  kl_test_spin (200);
  box = get_box (self);
  mouse ("mousedown 1", (int) box.origin.x + 60, (int) box.origin.y + 100);
  mouse ("", (int) box.origin.x - 200, (int) box.origin.y - 100);
  mouse ("", 150, 160);
  kl_test_wait_until (get_box (self).origin.x < 200);
  mouse ("mouseup 1", 150, 160);
  kl_test_wait_until (get_box (self).origin.x == 18 && get_box (self).origin.y == 60);
  ui_call_click (self, "Make the call large");
  kl_test_wait_until (ui_call_is_shown (ui_call_find (self, KL_TYPE_CALL_VIEW)));
}

/* Numbers for those who want to know, and the choice of devices. */
static void
test_dialogs (UiCallFixture *self, gconstpointer unused)
{
  come_together (self);
  gtk_widget_activate_action (ui_call_find (self, KL_TYPE_CALL_VIEW), "call.statistics", NULL);
  kl_test_wait_until (ui_call_is_shown (ui_call_find (self, KL_TYPE_CALL_STATISTICS_DIALOG)));
  kl_test_wait_until (ui_call_shows (ui_call_find (self, KL_TYPE_CALL_STATISTICS_DIALOG), "Direct"));
  kl_ui_test_picture (self->window, "call-statistics");
  call_friend_leave (self->noor);
  kl_test_wait_until (!ui_call_shows (ui_call_find (self, KL_TYPE_CALL_STATISTICS_DIALOG), "Noor"));
  g_assert_true (ui_call_shows (ui_call_find (self, KL_TYPE_CALL_STATISTICS_DIALOG), "Mateo"));
  adw_dialog_close (ADW_DIALOG (ui_call_find (self, KL_TYPE_CALL_STATISTICS_DIALOG)));
  kl_test_wait_until (ui_call_find (self, KL_TYPE_CALL_STATISTICS_DIALOG) == NULL);

  gtk_widget_activate_action (ui_call_find (self, KL_TYPE_CALL_VIEW), "call.devices", NULL);
  kl_test_wait_until (window_shows (self, "Noise suppression"));
  kl_ui_test_picture (self->window, "call-devices");
}

/* A telephone's width: everything is there, and nothing sticks out. */
static void
test_narrow (UiCallFixture *self, gconstpointer unused)
{
  GtkWidget *view;
  graphene_rect_t box;
  int least;

  come_together (self);
  view = ui_call_find (self, KL_TYPE_CALL_VIEW);
  gtk_widget_measure (view, GTK_ORIENTATION_HORIZONTAL, -1, &least, NULL, NULL, NULL);
  g_assert_cmpint (least, <=, 360);
  kl_test_wait_until (gtk_widget_get_width (view) > 0 && gtk_widget_get_width (view) <= 400);
  g_assert_true (gtk_widget_compute_bounds (ui_call_find_button (self, "Leave the call"), view, &box));
  g_assert_cmpfloat (box.origin.x + box.size.width, <=, (float) gtk_widget_get_width (view));
  g_assert_true (gtk_widget_compute_bounds (ui_call_find_button (self, "Mute"), view, &box));
  g_assert_cmpfloat (box.origin.x, >=, 0);
  kl_ui_test_picture (self->window, "call-narrow");
  kl_ui_test_press ("Escape");
  kl_test_wait_until (ui_call_is_shown (ui_call_find (self, KL_TYPE_CALL_MINI)));
  kl_ui_test_picture (self->window, "call-small-narrow");
}

int
main (int argc, char **argv)
{
  ui_call_init (&argc, &argv);
#define WIDE GINT_TO_POINTER (1100)
#define ADD(name, width, func) g_test_add ("/call/" name, UiCallFixture, width, ui_call_set_up, func, ui_call_tear_down)
  ADD ("way-in", WIDE, test_way_in);
  ADD ("view", WIDE, test_view);
  ADD ("keys", WIDE, test_keys);
  ADD ("no-devices", WIDE, test_no_devices);
  ADD ("dialogs", WIDE, test_dialogs);
  ADD ("plugs", WIDE, test_plugs);
  ADD ("drag", WIDE, test_drag);
  ADD ("narrow", GINT_TO_POINTER (360), test_narrow);
#undef ADD
#undef WIDE
  return g_test_run ();
}
