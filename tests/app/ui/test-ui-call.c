/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A call in the window, from the button to the end: on the real server, with friends whose call cores are processes of
 * their own. */
#include "app/ui/kl-avatar.h"
#include "app/ui/kl-call-card.h"
#include "app/ui/kl-call-control.h"
#include "app/ui/kl-call-door.h"
#include "app/ui/kl-call-grid.h"
#include "app/ui/kl-call-host.h"
#include "app/ui/kl-call-mini.h"
#include "app/ui/kl-call-statistics-dialog.h"
#include "app/ui/kl-call-strip.h"
#include "app/ui/kl-call-view.h"
#include "app/ui/kl-call-words.h"
#include "app/ui/kl-composer.h"
#include "app/ui/kl-faces.h"
#include "app/ui/kl-incoming-dialog.h"
#include "app/ui/kl-main-page.h"
#include "app/ui/kl-member-row.h"
#include "app/ui/kl-notice.h"
#include "app/ui/kl-ringer.h"
#include "tests/app/call/test-device.h"
#include "tests/app/ui/call-friend.h"
#include "tests/app/ui/fake-notifications.h"
#include "tests/app/ui/ui-kit.h"

typedef struct
{
  KlLiveServer *server;
  char *folder;
  KlAccount *account;
  KlSession *session;
  KlGroup *group;
  GSettings *settings;
  KlCalls *calls;
  KlMainPage *page;
  GtkWindow *window;
  CallFriend *mateo, *noor;
} Fixture;

/* ── What is there ── */

static GtkWidget *
find (Fixture *self, GType type)
{
  return kl_ui_test_find (GTK_WIDGET (self->window), type, NULL);
}

static gboolean
is_shown (GtkWidget *widget)
{
  return widget != NULL && gtk_widget_get_mapped (widget);
}

/* What is mapped, of this type, and has this accessible name; a button may have it from its label. */
static GtkWidget *
find_named (GtkWidget *root, GType type, const char *name)
{
  if (!gtk_widget_get_visible (root))
    return NULL;
  if (g_type_is_a (G_OBJECT_TYPE (root), type) && gtk_widget_get_mapped (root) && GTK_IS_BUTTON (root)
      && g_strcmp0 (gtk_button_get_label (GTK_BUTTON (root)), name) == 0)
    return root;
  if (g_type_is_a (G_OBJECT_TYPE (root), type) && gtk_widget_get_mapped (root)
      && gtk_test_accessible_has_property (GTK_ACCESSIBLE (root), GTK_ACCESSIBLE_PROPERTY_LABEL))
    {
      g_autofree char *differs
          = gtk_test_accessible_check_property (GTK_ACCESSIBLE (root), GTK_ACCESSIBLE_PROPERTY_LABEL, name, NULL);

      if (differs == NULL)
        return root;
    }
  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL; child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find_named (child, type, name);

      if (found != NULL)
        return found;
    }
  return NULL;
}

static GtkWidget *
find_button (Fixture *self, const char *name)
{
  return find_named (GTK_WIDGET (self->window), GTK_TYPE_BUTTON, name);
}

/* Nor is what the call covers shown. */
static gboolean
shows (GtkWidget *root, const char *text)
{
  if (!gtk_widget_get_visible (root) || !gtk_widget_get_child_visible (root))
    return FALSE;
  if (GTK_IS_LABEL (root) && g_str_equal (gtk_label_get_text (GTK_LABEL (root)), text))
    return TRUE;
  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL; child = gtk_widget_get_next_sibling (child))
    if (shows (child, text))
      return TRUE;
  return FALSE;
}

static gboolean
window_shows (Fixture *self, const char *text)
{
  return shows (GTK_WIDGET (self->window), text);
}

static void
click (Fixture *self, const char *name)
{
  kl_test_wait_until (find_button (self, name) != NULL);
  g_signal_emit_by_name (find_button (self, name), "clicked");
}

static void
act (Fixture *self, const char *action)
{
  g_assert_true (gtk_widget_activate_action (GTK_WIDGET (self->page), action, NULL));
}

/* ── Coming and going ── */

static void
set_devices (Fixture *self)
{
  g_autoptr (KlMediaSource) camera = kl_media_source_new_test_video ("smpte");
  g_autoptr (KlMediaSource) microphone = kl_media_source_new_test_audio (440);

  g_object_set (self->calls, "camera", camera, "microphone", microphone, NULL);
}

static void
set_up (Fixture *self, gconstpointer width)
{
  g_autoptr (GAsyncResult) result = NULL;

  self->server = kl_live_server_new (NULL);
  self->folder = kl_test_dir_new ();
  self->account = kl_live_register (self->server, "ilse");
  self->session = kl_live_session (self->account, self->folder);
  kl_session_set_display_name_async (self->session, "Ilse", NULL, kl_test_keep_result, &result);
  kl_test_await (&result);
  self->group = kl_live_create (self->session, "Ridge Hut Crew", KL_VISIBILITY_PUBLIC);
  self->settings = g_settings_new ("chat.klatch.Klatch");
  g_settings_reset (self->settings, "last-group");
  g_settings_reset (self->settings, "call-warned");
  self->calls = g_object_new (KL_TYPE_CALLS, "session", self->session, "settings", self->settings, "silent", TRUE,
                              "local-address", "127.0.0.1", "voice-processing", FALSE, NULL);
  self->page = KL_MAIN_PAGE (kl_main_page_new (self->session, self->calls, self->settings));
  self->window = kl_ui_test_show (GTK_WIDGET (self->page), GPOINTER_TO_INT (width), 700);
  self->mateo = call_friend_new (self->server, "mateo", "Mateo", self->group);
  self->noor = call_friend_new (self->server, "noor", "Noor", self->group);
  kl_main_page_open_group (self->page, self->group);
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  kl_calls_leave (self->calls);
  kl_test_wait_until (kl_calls_get_state (self->calls) == KL_CALLS_IDLE && kl_calls_get_call (self->calls) == NULL);
  kl_ui_test_close (self->window, GTK_WIDGET (self->page));
  kl_test_wait_until (G_OBJECT (self->calls)->ref_count == 1);
  kl_test_finalize (self->calls);
  call_friend_free (self->mateo);
  call_friend_free (self->noor);
  g_object_unref (self->settings);
  g_object_unref (self->group);
  kl_live_session_end (self->session);
  g_object_unref (self->account);
  kl_test_dir_remove (self->folder);
  g_free (self->folder);
  kl_live_server_free (self->server);
}

static gboolean
all_connected (Fixture *self, guint n)
{
  KlCall *call = kl_calls_get_call (self->calls);
  GListModel *peers = call != NULL ? kl_call_get_peers (call) : NULL;

  if (peers == NULL || g_list_model_get_n_items (peers) != n)
    return FALSE;
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (KlCallPeer) peer = g_list_model_get_item (peers, i);

      if (kl_call_peer_get_state (peer) != KL_CALL_PEER_CONNECTED
          || (kl_call_peer_get_video (peer) && kl_video_feed_get_frames (kl_call_peer_get_feed (peer)) < 5))
        return FALSE;
    }
  return TRUE;
}

/* Both friends are in, and we are, by the button and the check. */
static void
come_together (Fixture *self)
{
  call_friend_join (self->mateo, "pinwheel", 500);
  call_friend_join (self->noor, NULL, 0);
  set_devices (self);
  kl_test_wait_until (find_button (self, "Join the call") != NULL);
  act (self, "main.call");
  kl_test_wait_until (is_shown (find (self, KL_TYPE_CALL_DOOR)));
  kl_test_wait_until (find_button (self, "Join 2 people") != NULL);
  click (self, "Join 2 people");
  kl_test_wait_until (is_shown (find (self, KL_TYPE_CALL_VIEW)));
  kl_test_wait_until (all_connected (self, 2));
  kl_test_wait_until (find (self, KL_TYPE_CALL_DOOR) == NULL);
}

/* How Mateo sees us. */
static KlGroupCallPeer *
seen_by_mateo (Fixture *self)
{
  KlGroupCall *call = kl_group_get_call (call_friend_get_group (self->mateo));
  const char *peer = kl_calls_get_peer (self->calls);

  return call != NULL && peer != NULL ? kl_group_call_find_peer (call, peer) : NULL;
}

/* ── Tests ── */

/* The strip says that a call is on, with whom; the check shows us as we will be seen; then we are in. */
static void
test_way_in (Fixture *self, gconstpointer unused)
{
  GtkWidget *strip = find (self, KL_TYPE_CALL_STRIP), *door, *preview;

  kl_test_wait_until (find_button (self, "Start a call") != NULL);
  call_friend_join (self->mateo, "pinwheel", 500);
  kl_test_wait_until (shows (strip, "Mateo") && find_named (strip, GTK_TYPE_BUTTON, "Join") != NULL);
  call_friend_join (self->noor, NULL, 0);
  kl_test_wait_until (shows (strip, "Mateo, Noor"));
  kl_ui_test_picture (self->window, "call-strip");

  set_devices (self);
  click (self, "Join");
  kl_test_wait_until (is_shown (find (self, KL_TYPE_CALL_DOOR)));
  door = find (self, KL_TYPE_CALL_DOOR);
  preview = kl_ui_test_find (door, GTK_TYPE_WIDGET, "video");
  kl_test_wait_until (gtk_widget_get_mapped (preview)
                      && kl_video_feed_get_frames (kl_publisher_get_feed (kl_call_get_publisher (kl_calls_get_call (self->calls)))) > 3);
  kl_test_wait_until (gtk_level_bar_get_value (GTK_LEVEL_BAR (kl_ui_test_find (door, GTK_TYPE_LEVEL_BAR, NULL))) > 0.1);
  g_assert_true (shows (door, "Sound and picture go straight from you to the others. So everybody in the call can see your "
                              "network address, unless you always relay."));
  kl_ui_test_picture (self->window, "call-check");

  /* Closed, nothing has been; the line about the address has not been agreed to. */
  adw_dialog_close (ADW_DIALOG (door));
  kl_test_wait_until (kl_calls_get_state (self->calls) == KL_CALLS_IDLE);
  kl_test_wait_until (find (self, KL_TYPE_CALL_DOOR) == NULL);
  g_assert_false (kl_calls_get_warned (self->calls));

  act (self, "main.call");
  click (self, "Join 2 people");
  kl_test_wait_until (all_connected (self, 2));
  g_assert_true (kl_calls_get_warned (self->calls));
  kl_test_wait_until (find_button (self, "Leave the call") != NULL);
  click (self, "Leave the call");
  kl_test_wait_until (find (self, KL_TYPE_CALL_VIEW) == NULL);
  kl_test_wait_until (shows (strip, "Mateo, Noor") && find_named (strip, GTK_TYPE_BUTTON, "Join") != NULL);

  /* A second time there is nothing to warn of. */
  act (self, "main.call");
  kl_test_wait_until (is_shown (find (self, KL_TYPE_CALL_DOOR)));
  g_assert_false (window_shows (self, "Sound and picture go straight from you to the others. So everybody in the call can see "
                                      "your network address, unless you always relay."));
}

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
is_said_in_call (Fixture *self, const char *name)
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
take_people (Fixture *self)
{
  AdwStyleManager *style = adw_style_manager_get_default ();

  kl_ui_test_picture (self->window, "call-people");
  adw_style_manager_set_color_scheme (style, ADW_COLOR_SCHEME_FORCE_DARK);
  kl_ui_test_picture (self->window, "call-people-dark");
  adw_style_manager_set_color_scheme (style, ADW_COLOR_SCHEME_DEFAULT);
}

/* Beside the conversation the people say who is in the call, and a card above them is the way in. */
static void
test_people (Fixture *self, gconstpointer unused)
{
  GtkWidget *card = find (self, KL_TYPE_CALL_CARD), *strip = find (self, KL_TYPE_CALL_STRIP), *join;
  GtkLabel *time;
  g_autofree char *began = NULL;
  graphene_rect_t button, title;

  kl_test_wait_until (find_spoken (GTK_WIDGET (self->window), "Mateo") != NULL);
  g_assert_false (is_said_in_call (self, "Mateo"));
  g_assert_false (gtk_widget_get_visible (card) || gtk_widget_get_visible (strip));

  call_friend_join (self->mateo, "pinwheel", 500);
  kl_test_wait_until (find_named (card, GTK_TYPE_BUTTON, "Join") != NULL && is_said_in_call (self, "Mateo"));
  g_assert_false (is_said_in_call (self, "Noor"));
  g_assert_true (shows (card, "Call in progress"));
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
  join = find_named (card, GTK_TYPE_BUTTON, "Join");
  g_assert_true (gtk_widget_grab_focus (join));
  kl_test_wait_until (gtk_window_is_active (self->window) && gtk_widget_has_focus (join));
  kl_ui_test_press ("Return");
  kl_test_wait_until (is_shown (find (self, KL_TYPE_CALL_DOOR)));
  set_devices (self);
  click (self, "Join 2 people");
  kl_test_wait_until (all_connected (self, 2) && kl_group_call_get_joined_here (kl_group_get_call (self->group)));
  kl_test_wait_until (find (self, KL_TYPE_CALL_DOOR) == NULL);
  gtk_widget_activate_action (find (self, KL_TYPE_CALL_VIEW), "call.shrink", NULL);
  kl_test_wait_until (is_shown (find (self, KL_TYPE_CALL_MINI)) && is_said_in_call (self, "Ilse"));
  kl_test_wait_until (find_named (card, GTK_TYPE_BUTTON, "Join") == NULL);
  kl_ui_test_picture (self->window, "call-people-small");

  /* From right to left the way in is at the other side. */
  kl_calls_leave (self->calls);
  kl_test_wait_until (find_named (card, GTK_TYPE_BUTTON, "Join") != NULL && !is_said_in_call (self, "Ilse"));
  gtk_widget_set_default_direction (GTK_TEXT_DIR_RTL);
  kl_test_wait_until (gtk_widget_compute_bounds (find_named (card, GTK_TYPE_BUTTON, "Join"), card, &button)
                      && button.origin.x < 40);
  kl_ui_test_picture (self->window, "call-people-rtl");
  gtk_widget_set_default_direction (GTK_TEXT_DIR_LTR);
  kl_test_wait_until (gtk_widget_compute_bounds (find_named (card, GTK_TYPE_BUTTON, "Join"), card, &title)
                      && title.origin.x > button.origin.x);

  /* Without people beside, the strip says it again. */
  act (self, "main.toggle-people");
  kl_test_wait_until (find_named (strip, GTK_TYPE_BUTTON, "Join") != NULL);
  act (self, "main.toggle-people");
  kl_test_wait_until (!gtk_widget_get_visible (strip) && gtk_widget_get_mapped (card));

  call_friend_leave (self->noor);
  kl_test_wait_until (is_described (card, "Mateo") && !is_said_in_call (self, "Noor") && is_said_in_call (self, "Mateo"));
  call_friend_leave (self->mateo);
  kl_test_wait_until (!gtk_widget_get_visible (card) && !is_said_in_call (self, "Mateo"));
}

/* In a narrow window they come over the conversation when called. */
static void
test_people_narrow (Fixture *self, gconstpointer unused)
{
  GtkWidget *card = find (self, KL_TYPE_CALL_CARD);
  int least;

  call_friend_join (self->mateo, "pinwheel", 500);
  call_friend_join (self->noor, NULL, 0);
  kl_test_wait_until (find_named (find (self, KL_TYPE_CALL_STRIP), GTK_TYPE_BUTTON, "Join") != NULL);
  act (self, "main.toggle-people");
  kl_test_wait_until (find_named (card, GTK_TYPE_BUTTON, "Join") != NULL && is_said_in_call (self, "Noor"));
  gtk_widget_measure (card, GTK_ORIENTATION_HORIZONTAL, -1, &least, NULL, NULL, NULL);
  g_assert_cmpint (least, <=, 264);
  kl_ui_test_picture (self->window, "call-people-narrow");
}

/* Whatever is written on a call's ground, which is dark in every look, is light. */
static void
assert_light (GtkWidget *root)
{
  GdkRGBA color;

  gtk_widget_get_color (root, &color);
  if (GTK_IS_LABEL (root) && gtk_widget_get_mapped (root)
      && 0.2126f * color.red + 0.7152f * color.green + 0.0722f * color.blue < 0.4f)
    g_error ("“%s” is dark", gtk_label_get_label (GTK_LABEL (root)));
  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL; child = gtk_widget_get_next_sibling (child))
    assert_light (child);
}

static void
assert_light_in_all_looks (GtkWidget *root)
{
  assert_light (root);
  kl_ui_test_set_contrast (TRUE);
  kl_test_spin (50);
  assert_light (root);
  kl_ui_test_set_contrast (FALSE);
}

/* It is called after the group, and says how long the call of three has been on. */
static gboolean
is_headed (Fixture *self, GType type)
{
  GtkWidget *widget = find_named (GTK_WIDGET (self->window), type, "Call in Ridge Hut Crew");
  g_autofree char *elapsed = kl_call_words_dup_elapsed (kl_calls_get_started_at (self->calls));
  g_autofree char *words = kl_call_words_dup_people (elapsed, 3);

  return widget != NULL && shows (widget, words);
}

/* What stands in it, and what it is called. */
static void
test_view (Fixture *self, gconstpointer unused)
{
  static const char *const names[] = { "Mute",  "Turn camera off", "Share the screen", "React",
                                       "Chat",  "Leave the call",  "Full screen",      "Make the call small",
                                       "More",  "Show who speaks large" };
  GtkWidget *view;

  come_together (self);
  view = find (self, KL_TYPE_CALL_VIEW);
  kl_test_wait_until (find_named (view, KL_TYPE_CALL_TILE, "Mateo") != NULL);
  kl_test_wait_until (find_named (view, KL_TYPE_CALL_TILE, "Noor, muted, camera off") != NULL);
  kl_test_wait_until (find_named (view, KL_TYPE_CALL_TILE, "Ilse (you)") != NULL);
  g_assert_true (shows (view, "Ridge Hut Crew"));
  kl_test_wait_until (is_headed (self, KL_TYPE_CALL_VIEW));
  g_assert_true (shows (view, "Your microphone is on. Hold Space to mute."));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      if (find_named (view, GTK_TYPE_WIDGET, names[i]) == NULL)
        g_error ("nothing is called “%s”", names[i]);
    }
  g_assert_cmpstr (gtk_widget_get_tooltip_text (find_button (self, "Mute")), ==, "Mute (M)");
  g_assert_null (find_named (GTK_WIDGET (self->window), KL_TYPE_COMPOSER, "Message"));

  call_friend_set_hand (self->noor, TRUE);
  kl_test_wait_until (find_named (view, KL_TYPE_CALL_TILE, "Noor, muted, camera off, hand raised") != NULL);
  kl_test_wait_until (gtk_widget_has_css_class (find_named (view, KL_TYPE_CALL_TILE, "Mateo"), "speaking"));
  call_friend_react (self->mateo, "🎉");
  kl_test_wait_until (shows (view, "🎉"));
  kl_ui_test_picture (self->window, "call-of-three");
  assert_light_in_all_looks (view);

  call_friend_leave (self->noor);
  kl_test_wait_until (find_named (view, KL_TYPE_CALL_TILE, "Noor, muted, camera off, hand raised") == NULL);
  call_friend_leave (self->mateo);
  kl_test_wait_until (shows (view, "Nobody else is here yet"));
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
test_keys (Fixture *self, gconstpointer unused)
{
  come_together (self);
  kl_test_wait_until (gtk_window_is_active (self->window));
  kl_test_wait_until (seen_by_mateo (self) != NULL && kl_group_call_peer_get_audio (seen_by_mateo (self))
                      && kl_group_call_peer_get_video (seen_by_mateo (self)));

  kl_ui_test_press ("m");
  kl_test_wait_until (find_button (self, "Unmute") != NULL && !kl_group_call_peer_get_audio (seen_by_mateo (self)));
  g_assert_true (window_shows (self, "Your microphone is off."));
  kl_ui_test_press ("m");
  kl_test_wait_until (find_button (self, "Mute") != NULL && kl_group_call_peer_get_audio (seen_by_mateo (self)));
  hold ("keydown", "space");
  kl_test_wait_until (!kl_calls_get_microphone_on (self->calls));
  hold ("keyup", "space");
  kl_test_wait_until (kl_calls_get_microphone_on (self->calls));
  kl_ui_test_press ("v");
  kl_test_wait_until (find_button (self, "Turn camera on") != NULL && !kl_group_call_peer_get_video (seen_by_mateo (self)));
  kl_ui_test_press ("v");
  kl_test_wait_until (find_button (self, "Turn camera off") != NULL && kl_group_call_peer_get_video (seen_by_mateo (self)));
  kl_ui_test_press ("h");
  kl_test_wait_until (kl_group_call_peer_get_hand (seen_by_mateo (self)));

  kl_ui_test_press ("F11");
  kl_test_wait_until (gtk_window_is_fullscreen (self->window) && find_button (self, "Leave full screen") != NULL);
  kl_ui_test_press ("Escape");
  kl_test_wait_until (!gtk_window_is_fullscreen (self->window));

  /* Small, one writes, and what one writes is no command. */
  kl_ui_test_press ("Escape");
  kl_test_wait_until (is_shown (find (self, KL_TYPE_CALL_MINI)) && is_shown (find (self, KL_TYPE_COMPOSER)));
  g_assert_false (is_shown (find (self, KL_TYPE_CALL_VIEW)));
  gtk_widget_grab_focus (find (self, KL_TYPE_COMPOSER));
  kl_ui_test_press ("m");
  kl_ui_test_press ("space");
  kl_test_wait_until (g_str_equal (kl_group_get_draft (self->group), "m ") || g_str_equal (kl_group_get_draft (self->group), "m"));
  g_assert_true (kl_calls_get_microphone_on (self->calls));
  kl_test_wait_until (is_headed (self, KL_TYPE_CALL_MINI));
  kl_ui_test_picture (self->window, "call-small");
  assert_light_in_all_looks (find (self, KL_TYPE_CALL_MINI));
  act (self, "main.call");
  kl_test_wait_until (is_shown (find (self, KL_TYPE_CALL_VIEW)));
  g_assert_false (is_shown (find (self, KL_TYPE_COMPOSER)));
}

/* Who calls, and the three answers. */
static void
test_ring (Fixture *self, gconstpointer unused)
{
  GtkWidget *incoming;

  set_devices (self);
  call_friend_join (self->noor, NULL, 0);
  call_friend_join (self->mateo, "pinwheel", 500);
  call_friend_ring (self->mateo);
  kl_test_wait_until (is_shown (find (self, KL_TYPE_INCOMING_DIALOG)));
  incoming = find (self, KL_TYPE_INCOMING_DIALOG);
  kl_test_wait_until (shows (incoming, "Mateo"));
  g_assert_true (shows (incoming, "Video call in Ridge Hut Crew"));
  kl_test_wait_until (shows (incoming, "Noor is already in"));
  g_assert_nonnull (kl_ui_test_find (kl_ui_test_find (incoming, KL_TYPE_FACES, NULL), KL_TYPE_AVATAR, NULL));
  kl_ui_test_picture (self->window, "call-incoming");
  assert_light_in_all_looks (incoming);
  call_friend_leave (self->noor);
  kl_test_wait_until (!shows (incoming, "Noor is already in"));
  g_assert_false (gtk_widget_get_visible (kl_ui_test_find (incoming, KL_TYPE_FACES, NULL)));
  call_friend_join (self->noor, NULL, 0);
  kl_test_wait_until (shows (incoming, "Noor is already in"));
  click (self, "Decline");
  kl_test_wait_until (find (self, KL_TYPE_INCOMING_DIALOG) == NULL);
  g_assert_null (kl_calls_get_ring (self->calls));
  g_assert_cmpint (kl_calls_get_state (self->calls), ==, KL_CALLS_IDLE);

  /* It stops with the call. */
  call_friend_ring (self->mateo);
  kl_test_wait_until (is_shown (find (self, KL_TYPE_INCOMING_DIALOG)));
  call_friend_leave (self->mateo);
  call_friend_leave (self->noor);
  kl_test_wait_until (find (self, KL_TYPE_INCOMING_DIALOG) == NULL);

  call_friend_join (self->mateo, "pinwheel", 500);
  call_friend_ring (self->mateo);
  click (self, "Voice only");
  kl_test_wait_until (all_connected (self, 1));
  kl_test_wait_until (find_button (self, "Turn camera on") != NULL && find_button (self, "Mute") != NULL);
  g_assert_false (kl_calls_get_camera_on (self->calls));
}

static void
set_dnd (Fixture *self, gboolean dnd)
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

/* The desktop is told where the window is not looked at, with the same three answers; not who is not to be disturbed. */
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

static void
test_notification (Fixture *self, gconstpointer unused)
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
  set_devices (self);
  call_friend_join (self->mateo, "pinwheel", 500);
  kl_test_wait_until (gtk_window_is_active (self->window));
  call_friend_ring (self->mateo);
  kl_test_wait_until (is_shown (find (self, KL_TYPE_INCOMING_DIALOG)));
  g_assert_cmpuint (desktop->id, ==, 0);
  g_assert_true (is_sounding (ringer));

  /* Nobody looks any more. */
  gtk_window_present (other);
  kl_test_wait_until (desktop->id != 0);
  g_assert_cmpstr (desktop->title, ==, "Call from Mateo");
  g_assert_cmpstr (desktop->body, ==, "Video call in Ridge Hut Crew");
  fake_notifications_press (desktop, "Decline");
  kl_test_wait_until (desktop->id == 0 && find (self, KL_TYPE_INCOMING_DIALOG) == NULL);
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
  kl_test_wait_until (all_connected (self, 1) && desktop->id == 0);
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

/* A machine with neither may join, and says what is so. */
static void
test_no_devices (Fixture *self, gconstpointer unused)
{
  GtkWidget *view;

  call_friend_join (self->mateo, "pinwheel", 500);
  kl_test_wait_until (find_button (self, "Join the call") != NULL);
  act (self, "main.call");
  kl_test_wait_until (window_shows (self, "No microphone was found. You can join and listen."));
  kl_test_wait_until (window_shows (self, "No camera was found. You can join without."));
  kl_ui_test_picture (self->window, "call-check-without-devices");
  click (self, "Join 1 person");
  kl_test_wait_until (all_connected (self, 1));
  view = find (self, KL_TYPE_CALL_VIEW);
  kl_test_wait_until (shows (view, "There is no microphone. The others do not hear you."));
  g_assert_nonnull (find_named (view, KL_TYPE_CALL_TILE, "Ilse (you), muted, camera off"));
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
test_plugs (Fixture *self, gconstpointer unused)
{
  KlMediaDevices *devices = kl_calls_get_devices (self->calls);
  g_autoptr (GstDevice) headset = test_device_new ("A headset", "Audio/Sink", "A headset"), speaker = test_device_new ("A speaker", "Audio/Sink", "A speaker");
  g_autoptr (GstDevice) chosen = NULL, none = NULL;
  AdwComboRow *row;

  set_devices (self);
  act (self, "main.call");
  kl_test_wait_until (is_shown (find (self, KL_TYPE_CALL_DOOR)));
  row = find_speaker_row (find (self, KL_TYPE_CALL_DOOR));
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
get_box (Fixture *self)
{
  graphene_rect_t box = GRAPHENE_RECT_INIT (0, 0, 0, 0);

  g_assert_true (gtk_widget_compute_bounds (find (self, KL_TYPE_CALL_MINI), GTK_WIDGET (self->page), &box));
  return box;
}

/* Dragged, it springs into the nearest corner; a press on its button is no drag. */
static void
test_drag (Fixture *self, gconstpointer unused)
{
  graphene_rect_t box;
  int width;

  come_together (self);
  gtk_window_maximize (self->window);
  kl_test_wait_until (gtk_window_is_maximized (self->window));
  kl_ui_test_press ("Escape");
  /* Where the whole screen is the window's, places in it are places on the screen. */
  kl_test_wait_until (is_shown (find (self, KL_TYPE_CALL_MINI)) && gtk_widget_get_width (GTK_WIDGET (self->page)) > 1200);
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
  click (self, "Make the call large");
  kl_test_wait_until (is_shown (find (self, KL_TYPE_CALL_VIEW)));
}

/* Numbers for those who want to know, and the choice of devices. */
static void
test_dialogs (Fixture *self, gconstpointer unused)
{
  come_together (self);
  gtk_widget_activate_action (find (self, KL_TYPE_CALL_VIEW), "call.statistics", NULL);
  kl_test_wait_until (is_shown (find (self, KL_TYPE_CALL_STATISTICS_DIALOG)));
  kl_test_wait_until (shows (find (self, KL_TYPE_CALL_STATISTICS_DIALOG), "Direct"));
  kl_ui_test_picture (self->window, "call-statistics");
  call_friend_leave (self->noor);
  kl_test_wait_until (!shows (find (self, KL_TYPE_CALL_STATISTICS_DIALOG), "Noor"));
  g_assert_true (shows (find (self, KL_TYPE_CALL_STATISTICS_DIALOG), "Mateo"));
  adw_dialog_close (ADW_DIALOG (find (self, KL_TYPE_CALL_STATISTICS_DIALOG)));
  kl_test_wait_until (find (self, KL_TYPE_CALL_STATISTICS_DIALOG) == NULL);

  gtk_widget_activate_action (find (self, KL_TYPE_CALL_VIEW), "call.devices", NULL);
  kl_test_wait_until (window_shows (self, "Noise suppression"));
  kl_ui_test_picture (self->window, "call-devices");
}

/* A telephone's width: everything is there, and nothing sticks out. */
static void
test_narrow (Fixture *self, gconstpointer unused)
{
  GtkWidget *view;
  graphene_rect_t box;
  int least;

  come_together (self);
  view = find (self, KL_TYPE_CALL_VIEW);
  gtk_widget_measure (view, GTK_ORIENTATION_HORIZONTAL, -1, &least, NULL, NULL, NULL);
  g_assert_cmpint (least, <=, 360);
  kl_test_wait_until (gtk_widget_get_width (view) > 0 && gtk_widget_get_width (view) <= 400);
  g_assert_true (gtk_widget_compute_bounds (find_button (self, "Leave the call"), view, &box));
  g_assert_cmpfloat (box.origin.x + box.size.width, <=, (float) gtk_widget_get_width (view));
  g_assert_true (gtk_widget_compute_bounds (find_button (self, "Mute"), view, &box));
  g_assert_cmpfloat (box.origin.x, >=, 0);
  kl_ui_test_picture (self->window, "call-narrow");
  kl_ui_test_press ("Escape");
  kl_test_wait_until (is_shown (find (self, KL_TYPE_CALL_MINI)));
  kl_ui_test_picture (self->window, "call-small-narrow");
}

int
main (int argc, char **argv)
{
  /* Settings that are written, though each test has a home of its own. */
  g_setenv ("GSETTINGS_BACKEND", "memory", TRUE);
  kl_call_init_process (&argc, &argv);
  kl_ui_test_init (&argc, &argv);
#define WIDE GINT_TO_POINTER (1100)
#define ADD(name, width, func) g_test_add ("/call/" name, Fixture, width, set_up, func, tear_down)
  ADD ("way-in", WIDE, test_way_in);
  ADD ("people", GINT_TO_POINTER (1280), test_people);
  ADD ("people-narrow", GINT_TO_POINTER (400), test_people_narrow);
  ADD ("view", WIDE, test_view);
  ADD ("keys", WIDE, test_keys);
  ADD ("ring", WIDE, test_ring);
  ADD ("notification", WIDE, test_notification);
  ADD ("no-devices", WIDE, test_no_devices);
  ADD ("dialogs", WIDE, test_dialogs);
  ADD ("plugs", WIDE, test_plugs);
  ADD ("drag", WIDE, test_drag);
  ADD ("narrow", GINT_TO_POINTER (360), test_narrow);
#undef ADD
#undef WIDE
  return g_test_run ();
}
