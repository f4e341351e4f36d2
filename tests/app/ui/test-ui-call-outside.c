/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is seen of a call from outside, on the real server: who is in it, and who calls. */
#include "app/ui/kl-avatar.h"
#include "app/ui/kl-call-card.h"
#include "app/ui/kl-call-door.h"
#include "app/ui/kl-call-mini.h"
#include "app/ui/kl-call-strip.h"
#include "app/ui/kl-call-view.h"
#include "app/ui/kl-faces.h"
#include "app/ui/kl-incoming-dialog.h"
#include "app/ui/kl-member-row.h"
#include "app/ui/kl-ringer.h"
#include "tests/app/ui/fake-notifications.h"
#include "tests/app/ui/ui-call-kit.h"
#include "tests/app/ui/ui-kit.h"

/* ── People ── */

/* What the row of this person says to a screen reader. */
static const char *
find_spoken (GtkWidget *root, const char *name)
{
  if (KL_IS_MEMBER_ROW (root) && gtk_widget_get_mapped (root) && kl_ui_test_shows (root, name))
    return kl_member_row_get_spoken (KL_MEMBER_ROW (root));
  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL; child = gtk_widget_get_next_sibling (child))
    {
      const char *found = find_spoken (child, name);

      if (found != NULL)
        return found;
    }
  return NULL;
}

static gboolean
is_said_in_call (UiCallFixture *self, const char *name)
{
  const char *spoken = find_spoken (GTK_WIDGET (self->window), name);

  return spoken != NULL && g_str_has_suffix (spoken, ", In the call");
}

static gboolean
is_described (GtkWidget *widget, const char *words)
{
  g_autofree char *differs
      = gtk_test_accessible_check_property (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, words, NULL);

  return differs == NULL;
}

/* Pictures of both looks, and the pane from right to left. */
static void
take_people (UiCallFixture *self)
{
  AdwStyleManager *style = adw_style_manager_get_default ();

  kl_ui_test_picture (self->window, "call-people");
  adw_style_manager_set_color_scheme (style, ADW_COLOR_SCHEME_FORCE_DARK);
  kl_ui_test_picture (self->window, "call-people-dark");
  adw_style_manager_set_color_scheme (style, ADW_COLOR_SCHEME_DEFAULT);
}

/* Beside the conversation the people say who is in the call, and a card above them is the way in. */
static void
test_people (UiCallFixture *self, gconstpointer unused)
{
  GtkWidget *card = ui_call_find (self, KL_TYPE_CALL_CARD), *strip = ui_call_find (self, KL_TYPE_CALL_STRIP), *join;
  GtkLabel *time;
  g_autofree char *began = NULL;
  graphene_rect_t button, title;

  kl_test_wait_until (find_spoken (GTK_WIDGET (self->window), "Mateo") != NULL);
  g_assert_false (is_said_in_call (self, "Mateo"));
  g_assert_false (gtk_widget_get_visible (card) || gtk_widget_get_visible (strip));

  call_friend_join (self->mateo, "pinwheel", 500);
  kl_test_wait_until (ui_call_find_named (card, GTK_TYPE_BUTTON, "Join") != NULL && is_said_in_call (self, "Mateo"));
  g_assert_false (is_said_in_call (self, "Noor"));
  g_assert_true (ui_call_shows (card, "Call in progress"));
  g_assert_true (is_described (card, "Mateo"));
  time = GTK_LABEL (kl_ui_test_find (card, GTK_TYPE_LABEL, "time"));
  began = g_strdup (gtk_label_get_label (time));
  kl_test_wait_until (!g_str_equal (gtk_label_get_label (time), began));
  /* It is said once. */
  g_assert_false (gtk_widget_get_visible (strip));
  call_friend_join (self->noor, NULL, 0);
  kl_test_wait_until (is_described (card, "Mateo, Noor") && is_said_in_call (self, "Noor"));
  take_people (self);

  /* Keys reach the way in. */
  join = ui_call_find_named (card, GTK_TYPE_BUTTON, "Join");
  g_assert_true (gtk_widget_grab_focus (join));
  kl_test_wait_until (gtk_window_is_active (self->window) && gtk_widget_has_focus (join));
  kl_ui_test_press ("Return");
  kl_test_wait_until (ui_call_is_shown (ui_call_find (self, KL_TYPE_CALL_DOOR)));
  ui_call_set_devices (self);
  ui_call_click (self, "Join 2 people");
  kl_test_wait_until (ui_call_all_connected (self, 2)
                      && kl_group_call_get_joined_here (kl_group_get_call (self->group)));
  kl_test_wait_until (ui_call_find (self, KL_TYPE_CALL_DOOR) == NULL);
  gtk_widget_activate_action (ui_call_find (self, KL_TYPE_CALL_VIEW), "call.shrink", NULL);
  kl_test_wait_until (ui_call_is_shown (ui_call_find (self, KL_TYPE_CALL_MINI)) && is_said_in_call (self, "Ilse"));
  kl_test_wait_until (ui_call_find_named (card, GTK_TYPE_BUTTON, "Join") == NULL);
  kl_ui_test_picture (self->window, "call-people-small");

  /* From right to left the way in is at the other side. */
  kl_calls_leave (self->calls);
  kl_test_wait_until (ui_call_find_named (card, GTK_TYPE_BUTTON, "Join") != NULL && !is_said_in_call (self, "Ilse"));
  gtk_widget_set_default_direction (GTK_TEXT_DIR_RTL);
  kl_test_wait_until (gtk_widget_compute_bounds (ui_call_find_named (card, GTK_TYPE_BUTTON, "Join"), card, &button)
                      && button.origin.x < 40);
  kl_ui_test_picture (self->window, "call-people-rtl");
  gtk_widget_set_default_direction (GTK_TEXT_DIR_LTR);
  kl_test_wait_until (gtk_widget_compute_bounds (ui_call_find_named (card, GTK_TYPE_BUTTON, "Join"), card, &title)
                      && title.origin.x > button.origin.x);

  /* Without people beside, the strip says it again. */
  ui_call_act (self, "main.toggle-people");
  kl_test_wait_until (ui_call_find_named (strip, GTK_TYPE_BUTTON, "Join") != NULL);
  ui_call_act (self, "main.toggle-people");
  kl_test_wait_until (!gtk_widget_get_visible (strip) && gtk_widget_get_mapped (card));

  call_friend_leave (self->noor);
  kl_test_wait_until (is_described (card, "Mateo") && !is_said_in_call (self, "Noor")
                      && is_said_in_call (self, "Mateo"));
  call_friend_leave (self->mateo);
  kl_test_wait_until (!gtk_widget_get_visible (card) && !is_said_in_call (self, "Mateo"));
}

/* In a narrow window they come over the conversation when called. */
static void
test_people_narrow (UiCallFixture *self, gconstpointer unused)
{
  GtkWidget *card = ui_call_find (self, KL_TYPE_CALL_CARD);
  int least;

  call_friend_join (self->mateo, "pinwheel", 500);
  call_friend_join (self->noor, NULL, 0);
  kl_test_wait_until (ui_call_find_named (ui_call_find (self, KL_TYPE_CALL_STRIP), GTK_TYPE_BUTTON, "Join") != NULL);
  ui_call_act (self, "main.toggle-people");
  kl_test_wait_until (ui_call_find_named (card, GTK_TYPE_BUTTON, "Join") != NULL && is_said_in_call (self, "Noor"));
  gtk_widget_measure (card, GTK_ORIENTATION_HORIZONTAL, -1, &least, NULL, NULL, NULL);
  g_assert_cmpint (least, <=, 264);
  kl_ui_test_picture (self->window, "call-people-narrow");
}

/* ── Who calls ── */

/* Who calls, and the three answers. */
static void
test_ring (UiCallFixture *self, gconstpointer unused)
{
  GtkWidget *incoming;

  ui_call_set_devices (self);
  call_friend_join (self->noor, NULL, 0);
  call_friend_join (self->mateo, "pinwheel", 500);
  call_friend_ring (self->mateo);
  kl_test_wait_until (ui_call_is_shown (ui_call_find (self, KL_TYPE_INCOMING_DIALOG)));
  incoming = ui_call_find (self, KL_TYPE_INCOMING_DIALOG);
  kl_test_wait_until (ui_call_shows (incoming, "Mateo"));
  g_assert_true (ui_call_shows (incoming, "Video call in Ridge Hut Crew"));
  kl_test_wait_until (ui_call_shows (incoming, "Noor is already in"));
  g_assert_nonnull (kl_ui_test_find (kl_ui_test_find (incoming, KL_TYPE_FACES, NULL), KL_TYPE_AVATAR, NULL));
  kl_ui_test_picture (self->window, "call-incoming");
  ui_call_assert_light_in_all_looks (incoming);
  call_friend_leave (self->noor);
  kl_test_wait_until (!ui_call_shows (incoming, "Noor is already in"));
  g_assert_false (gtk_widget_get_visible (kl_ui_test_find (incoming, KL_TYPE_FACES, NULL)));
  call_friend_join (self->noor, NULL, 0);
  kl_test_wait_until (ui_call_shows (incoming, "Noor is already in"));
  ui_call_click (self, "Decline");
  kl_test_wait_until (ui_call_find (self, KL_TYPE_INCOMING_DIALOG) == NULL);
  g_assert_null (kl_calls_get_ring (self->calls));
  g_assert_cmpint (kl_calls_get_state (self->calls), ==, KL_CALLS_IDLE);

  /* It stops with the call. */
  call_friend_ring (self->mateo);
  kl_test_wait_until (ui_call_is_shown (ui_call_find (self, KL_TYPE_INCOMING_DIALOG)));
  call_friend_leave (self->mateo);
  call_friend_leave (self->noor);
  kl_test_wait_until (ui_call_find (self, KL_TYPE_INCOMING_DIALOG) == NULL);

  call_friend_join (self->mateo, "pinwheel", 500);
  call_friend_ring (self->mateo);
  ui_call_click (self, "Voice only");
  kl_test_wait_until (ui_call_all_connected (self, 1));
  kl_test_wait_until (ui_call_find_button (self, "Turn camera on") != NULL
                      && ui_call_find_button (self, "Mute") != NULL);
  g_assert_false (kl_calls_get_camera_on (self->calls));
}

static void
set_dnd (UiCallFixture *self, gboolean dnd)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  kl_session_set_status_async (self->session, dnd, NULL, NULL, kl_test_keep_result, &result);
  kl_test_await (&result);
  kl_session_set_status_finish (self->session, result, &error);
  g_assert_no_error (error);
  kl_test_wait_until ((kl_user_get_status (kl_session_get_me (self->session)) == KL_USER_STATUS_DND) == dnd);
}

static gboolean
is_sounding (KlRinger *ringer)
{
  gboolean sounding;

  g_object_get (ringer, "sounding", &sounding, NULL);
  return sounding;
}

/* The desktop's answer has come: GLib takes back what it knows to be there, and nothing that is still on its way. */
static void
await_shown (FakeNotifications *desktop, GApplication *application)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GVariant) answer = NULL;

  kl_test_wait_until (desktop->id != 0);
  g_dbus_connection_flush_sync (desktop->bus, NULL, NULL);
  g_dbus_connection_call (g_application_get_dbus_connection (application), "org.freedesktop.DBus",
                          "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetId", NULL, NULL, G_DBUS_CALL_FLAGS_NONE,
                          -1, NULL, kl_test_keep_result, &result);
  kl_test_await (&result);
  answer = g_dbus_connection_call_finish (g_application_get_dbus_connection (application), result, NULL);
  g_assert_nonnull (answer);
}

/* The desktop is told where the window is not looked at, with the same three answers; not who is not to be disturbed.
 */
static void
test_notification (UiCallFixture *self, gconstpointer unused)
{
  FakeNotifications *desktop = fake_notifications_new ();
  g_autoptr (GtkApplication) application = gtk_application_new ("chat.klatch.Test", G_APPLICATION_NON_UNIQUE);
  GtkWindow *other = GTK_WINDOW (gtk_window_new ());
  GtkSettings *settings = gtk_settings_get_default ();
  g_autoptr (GSettings) banners = g_settings_new ("org.gnome.desktop.notifications");
  g_autoptr (GError) error = NULL;
  g_autoptr (KlGroup) band = NULL;
  CallFriend *kofi;
  KlRinger *ringer;

  g_application_register (G_APPLICATION (application), NULL, &error);
  g_assert_no_error (error);
  gtk_window_set_application (self->window, application);
  ringer = kl_ringer_new (self->calls, self->window);
  ui_call_set_devices (self);
  call_friend_join (self->mateo, "pinwheel", 500);
  kl_test_wait_until (gtk_window_is_active (self->window));
  call_friend_ring (self->mateo);
  kl_test_wait_until (ui_call_is_shown (ui_call_find (self, KL_TYPE_INCOMING_DIALOG)));
  g_assert_cmpuint (desktop->id, ==, 0);
  g_assert_true (is_sounding (ringer));

  /* Nobody looks any more. */
  gtk_window_present (other);
  kl_test_wait_until (desktop->id != 0);
  g_assert_cmpstr (desktop->title, ==, "Call from Mateo");
  g_assert_cmpstr (desktop->body, ==, "Video call in Ridge Hut Crew");
  fake_notifications_press (desktop, "Decline");
  kl_test_wait_until (desktop->id == 0 && ui_call_find (self, KL_TYPE_INCOMING_DIALOG) == NULL);
  g_assert_false (is_sounding (ringer));

  set_dnd (self, TRUE);
  call_friend_ring (self->mateo);
  kl_test_wait_until (g_list_model_get_n_items (kl_session_get_rings (self->session)) == 1);
  g_assert_null (kl_calls_get_ring (self->calls));
  kl_test_spin (100);
  g_assert_cmpuint (desktop->id, ==, 0);
  g_assert_false (is_sounding (ringer));
  set_dnd (self, FALSE);
  g_assert_true (is_sounding (ringer));
  await_shown (desktop, G_APPLICATION (application));
  /* Likewise the desktop's own. */
  g_assert_true (g_settings_set_boolean (banners, "show-banners", FALSE));
  kl_test_wait_until (desktop->id == 0);
  g_assert_null (kl_calls_get_ring (self->calls));
  g_assert_false (is_sounding (ringer));
  g_settings_set_boolean (banners, "show-banners", TRUE);
  kl_test_wait_until (desktop->id != 0);
  g_assert_true (is_sounding (ringer));
  g_assert_cmpint (desktop->urgency, <, 2);
  /* The desktop is to make no sounds. */
  g_object_set (settings, "gtk-enable-event-sounds", FALSE, NULL);
  g_assert_false (is_sounding (ringer));
  g_object_set (settings, "gtk-enable-event-sounds", TRUE, NULL);
  g_assert_true (is_sounding (ringer));
  fake_notifications_press (desktop, "Voice only");
  kl_test_wait_until (ui_call_all_connected (self, 1) && desktop->id == 0);
  g_assert_true (kl_calls_get_microphone_on (self->calls));
  g_assert_false (kl_calls_get_camera_on (self->calls));
  g_assert_false (is_sounding (ringer));

  /* A second call is seen, but not heard by those one talks with. */
  band = kl_live_create (self->session, "Band Practice", KL_VISIBILITY_PUBLIC);
  kofi = call_friend_new (self->server, "kofi", "Kofi", band);
  call_friend_join (kofi, NULL, 0);
  call_friend_ring (kofi);
  kl_test_wait_until (kl_calls_get_ring (self->calls) != NULL);
  g_assert_false (is_sounding (ringer));
  kl_calls_leave (self->calls);
  kl_test_wait_until (is_sounding (ringer));
  call_friend_free (kofi);
  kl_test_wait_until (!is_sounding (ringer));

  gtk_window_destroy (other);
  kl_test_finalize (ringer);
  gtk_window_set_application (self->window, NULL);
  fake_notifications_free (desktop);
}

int
main (int argc, char **argv)
{
  ui_call_init (&argc, &argv);
#define WIDE GINT_TO_POINTER (1100)
#define ADD(name, width, func) g_test_add ("/call/" name, UiCallFixture, width, ui_call_set_up, func, ui_call_tear_down)
  ADD ("people", GINT_TO_POINTER (1280), test_people);
  ADD ("people-narrow", GINT_TO_POINTER (400), test_people_narrow);
  ADD ("ring", WIDE, test_ring);
  ADD ("notification", WIDE, test_notification);
#undef ADD
#undef WIDE
  return g_test_run ();
}
