/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every small widget: made, shown, changed and gone without a trace; what it says to people and to screen readers. */
#include "app/ui/kl-avatar.h"
#include "app/ui/kl-badge.h"
#include "app/ui/kl-faces.h"
#include "app/ui/kl-group-card.h"
#include "app/ui/kl-group-row.h"
#include "app/ui/kl-hue-picker.h"
#include "app/ui/kl-member-row.h"
#include "app/ui/kl-notice.h"
#include "app/ui/kl-tile.h"
#include "app/ui/kl-typing-line.h"
#include "tests/app/ui/ui-kit.h"

static KlUser *
new_user (const char *name)
{
  KlUser *user = kl_user_new (name);

  g_object_set (user, "name", name, "display-name", name, NULL);
  return user;
}

static KlGroup *
new_group (const char *name)
{
  KlGroup *group = kl_group_new (name);

  g_object_set (group, "name", name, "members", 14u, NULL);
  return group;
}

static int
get_natural_width (GtkWidget *widget)
{
  int width;

  gtk_widget_measure (widget, GTK_ORIENTATION_HORIZONTAL, -1, NULL, &width, NULL, NULL);
  return width;
}

static void
test_badge (void)
{
  GtkWidget *badge = kl_badge_new ();
  GtkWindow *window = kl_ui_test_show (badge, 200, 200);
  int one;

  g_assert_false (gtk_widget_get_visible (badge));
  kl_badge_set_count (KL_BADGE (badge), 2, TRUE);
  g_assert_true (gtk_widget_get_visible (badge));
  one = get_natural_width (badge);
  g_assert_cmpint (one, >=, 20);
  kl_badge_set_count (KL_BADGE (badge), 3, TRUE); /* rolls */
  kl_test_spin (50);
  kl_badge_set_count (KL_BADGE (badge), 1000, TRUE);
  g_assert_cmpint (get_natural_width (badge), >, one);
  kl_badge_set_count (KL_BADGE (badge), 0, TRUE);
  g_assert_false (gtk_widget_get_visible (badge));
  kl_ui_test_close (window, badge);
}

static void
test_tile_and_avatar (void)
{
  g_autoptr (KlUser) user = new_user ("Ilse");
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *tile = kl_tile_new (48), *avatar = kl_avatar_new (28), *dot;
  GtkWindow *window;

  gtk_box_append (GTK_BOX (box), tile);
  gtk_box_append (GTK_BOX (box), avatar);
  kl_tile_set_look (KL_TILE (tile), "id", "Ridge Hut Crew", "🏔️", 4);
  kl_avatar_set_user (KL_AVATAR (avatar), user);
  window = kl_ui_test_show (box, 300, 100);
  g_assert_cmpint (gtk_widget_get_width (tile), ==, 48);
  g_assert_cmpint (gtk_widget_get_height (avatar), ==, 28);
  g_assert_true (gtk_widget_has_css_class (tile, "hue-sea"));

  kl_tile_set_look (KL_TILE (tile), "id", "Ridge Hut Crew", NULL, 0);
  g_assert_true (gtk_widget_has_css_class (tile, "hue-berry"));
  g_assert_false (gtk_widget_has_css_class (tile, "hue-sea"));
  kl_tile_set_here (KL_TILE (tile), 5, TRUE);
  kl_tile_set_look (KL_TILE (tile), "id", "Ridge Hut Crew", "", -1);

  dot = kl_ui_test_find (avatar, GTK_TYPE_WIDGET, "dot");
  g_assert_false (gtk_widget_get_visible (dot));
  g_object_set (user, "status", KL_USER_STATUS_AWAY, NULL);
  g_assert_true (gtk_widget_get_visible (dot) && gtk_widget_has_css_class (dot, "away"));
  g_object_set (user, "status", KL_USER_STATUS_ONLINE, NULL);
  g_assert_true (gtk_widget_has_css_class (dot, "online") && !gtk_widget_has_css_class (dot, "away"));
  g_object_set (user, "status", KL_USER_STATUS_UNKNOWN, NULL);
  g_assert_false (gtk_widget_get_visible (dot));
  kl_ui_test_close (window, box);
}

static void
test_group_row (void)
{
  KlGroup *group = new_group ("Book & <b>Club</b>");
  g_autoptr (KlUser) dario = new_user ("Dario");
  g_autoptr (KlMessage) message = kl_message_new ("g");
  GtkWidget *row = kl_group_row_new (), *preview;
  GtkWindow *window;

  g_object_set (message, "sender", dario, "body", "“The Salt Line” & more", NULL);
  g_object_set (group, "unread", 12u, "mentions", 1u, "here", 2u, "last-message", message, "last-time",
                g_get_real_time () / 1000, NULL);
  kl_group_row_set_group (KL_GROUP_ROW (row), group);
  window = kl_ui_test_show (row, 312, 80);

  g_assert_true (kl_ui_test_shows (row, "Book & <b>Club</b>"));
  g_assert_true (kl_ui_test_shows (row, "“The Salt Line” & more"));
  g_assert_true (kl_ui_test_shows (row, "Dario:"));
  g_assert_true (g_str_has_prefix (kl_group_row_get_spoken (KL_GROUP_ROW (row)),
                                   "Book & <b>Club</b>, 12 unread, 1 mention, 2 here, Dario: “The Salt Line” & more, "));

  /* Typing stands before a draft, that before the newest message. */
  preview = kl_ui_test_find (row, GTK_TYPE_LABEL, "preview");
  kl_group_set_draft (group, "the beans\nsurvived");
  g_assert_true (kl_ui_test_shows (row, "Draft:"));
  g_assert_cmpstr (gtk_label_get_text (GTK_LABEL (preview)), ==, "the beans survived");
  g_object_set (group, "open", TRUE, NULL);
  g_assert_false (kl_ui_test_shows (row, "Draft:"));
  g_list_store_append (G_LIST_STORE (kl_group_get_typing (group)), dario);
  g_assert_cmpstr (gtk_label_get_text (GTK_LABEL (preview)), ==, "Dario is typing…");
  g_list_store_remove_all (G_LIST_STORE (kl_group_get_typing (group)));

  /* One's own message tells how far it has come. */
  kl_group_set_draft (group, "");
  g_object_set (message, "mine", TRUE, "state", KL_MESSAGE_STATE_PENDING, NULL);
  g_assert_false (kl_ui_test_shows (row, "Dario:"));
  g_assert_true (gtk_widget_get_visible (kl_ui_test_find (row, GTK_TYPE_IMAGE, "ticks")));
  g_object_set (message, "state", KL_MESSAGE_STATE_READ, NULL);
  g_assert_true (gtk_widget_has_css_class (kl_ui_test_find (row, GTK_TYPE_IMAGE, "ticks"), "read"));

  kl_group_row_slide_from (KL_GROUP_ROW (row), 66);
  kl_test_spin (30);
  kl_group_row_set_group (KL_GROUP_ROW (row), NULL);
  g_object_set (group, "name", "gone on", NULL);
  kl_ui_test_close (window, row);
  kl_test_finalize (group);
}

/* A call stands before who is here, for as long as it is on; who comes and goes is counted. */
static void
test_group_row_call (void)
{
  g_autoptr (KlGroup) group = new_group ("Book Club");
  g_autoptr (KlUser) dario = new_user ("Dario");
  g_autoptr (KlGroupCall) call = kl_group_call_new ("c1", dario, 1);
  g_autoptr (GPtrArray) peers = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (KlUser) lena = new_user ("Lena");
  GtkWidget *row = kl_group_row_new (), *pill;
  GtkWindow *window;

  g_ptr_array_add (peers, kl_group_call_peer_new ("p1", dario));
  kl_group_call_set_peers (call, peers);
  g_object_set (group, "here", 2u, NULL);
  kl_group_row_set_group (KL_GROUP_ROW (row), group);
  window = kl_ui_test_show (row, 312, 80);
  pill = kl_ui_test_find (row, KL_TYPE_BADGE, "live");
  g_assert_false (gtk_widget_has_css_class (pill, "in-call"));
  g_assert_cmpuint (kl_badge_get_count (KL_BADGE (pill)), ==, 2);

  g_object_set (group, "call", call, NULL);
  g_assert_true (gtk_widget_has_css_class (pill, "in-call"));
  g_assert_cmpuint (kl_badge_get_count (KL_BADGE (pill)), ==, 1);
  g_assert_nonnull (kl_ui_test_find (pill, GTK_TYPE_IMAGE, NULL));
  g_assert_nonnull (strstr (kl_group_row_get_spoken (KL_GROUP_ROW (row)), "1 in a call, 2 here"));
  g_ptr_array_add (peers, kl_group_call_peer_new ("p2", dario));
  g_ptr_array_add (peers, kl_group_call_peer_new ("p3", lena));
  kl_group_call_set_peers (call, peers);
  g_assert_cmpuint (kl_badge_get_count (KL_BADGE (pill)), ==, 2);

  g_object_set (group, "call", NULL, NULL);
  g_assert_false (gtk_widget_has_css_class (pill, "in-call"));
  g_assert_null (kl_ui_test_find (pill, GTK_TYPE_IMAGE, NULL));
  g_assert_cmpuint (kl_badge_get_count (KL_BADGE (pill)), ==, 2);
  g_assert_null (strstr (kl_group_row_get_spoken (KL_GROUP_ROW (row)), "in a call"));
  kl_ui_test_close (window, row);
}

/* A message may be there before its sender's name is: then nobody is named, and the name comes when it is known. */
static void
test_group_row_unknown (void)
{
  g_autoptr (KlGroup) group = new_group ("Book Club");
  g_autoptr (KlUser) unknown = kl_user_new ("u-unknown");
  g_autoptr (KlMessage) message = kl_message_new ("g");
  GtkWidget *row = kl_group_row_new (), *author;
  GtkWindow *window;

  g_object_set (message, "sender", unknown, "body", "hello", NULL);
  g_object_set (group, "last-message", message, NULL);
  kl_group_row_set_group (KL_GROUP_ROW (row), group);
  window = kl_ui_test_show (row, 312, 80);
  author = kl_ui_test_find (row, GTK_TYPE_LABEL, "author");
  g_assert_false (gtk_widget_get_visible (author));
  g_assert_null (strstr (kl_group_row_get_spoken (KL_GROUP_ROW (row)), ":"));
  g_list_store_append (G_LIST_STORE (kl_group_get_typing (group)), unknown);
  g_assert_true (kl_ui_test_shows (row, "1 person is typing…"));
  g_list_store_remove_all (G_LIST_STORE (kl_group_get_typing (group)));
  g_object_set (unknown, "name", "dario", NULL);
  g_assert_true (kl_ui_test_shows (row, "dario:"));
  g_object_set (unknown, "display-name", "Dario", NULL);
  g_assert_true (kl_ui_test_shows (row, "Dario:"));
  g_assert_nonnull (strstr (kl_group_row_get_spoken (KL_GROUP_ROW (row)), "Dario: hello"));
  kl_ui_test_close (window, row);
}

/* 64 high whatever stands in it, and never wider than the pane. */
static void
test_group_row_size (void)
{
  g_autoptr (KlGroup) group = new_group ("A very long name indeed that nobody should ever have given to a group of people");
  g_autoptr (KlUser) sender = new_user ("Bartholomew Featherstonehaugh-Cholmondeley");
  g_autoptr (KlMessage) message = kl_message_new ("g");
  GtkWidget *row = kl_group_row_new ();
  int least, height;

  g_object_ref_sink (row);
  g_object_set (message, "sender", sender, "body", "word word word word word word word word word word word word word", NULL);
  g_object_set (group, "unread", 1000u, "mentions", 1000u, "pinned", TRUE, "notify", KL_NOTIFY_NONE, "last-message", message,
                "last-time", G_GINT64_CONSTANT (1), NULL);
  kl_group_row_set_group (KL_GROUP_ROW (row), group);
  gtk_widget_measure (row, GTK_ORIENTATION_HORIZONTAL, -1, &least, NULL, NULL, NULL);
  g_assert_cmpint (least, <=, 280);
  gtk_widget_measure (row, GTK_ORIENTATION_VERTICAL, 280, NULL, &height, NULL, NULL);
  g_assert_cmpint (height, ==, 48);
  kl_test_finalize (row);
}

static void
test_member_row (void)
{
  g_autoptr (KlUser) user = new_user ("Noor");
  KlMember *member = kl_member_new (user);
  GtkWidget *row = kl_member_row_new ();
  GtkWindow *window;

  g_object_set (member, "role", KL_ROLE_OWNER, "section", KL_MEMBER_SECTION_HERE, NULL);
  g_object_set (user, "status", KL_USER_STATUS_ONLINE, "status-text", "At the desk <until> six", NULL);
  kl_member_row_set_member (KL_MEMBER_ROW (row), member, TRUE);
  window = kl_ui_test_show (row, 264, 60);
  g_assert_true (kl_ui_test_shows (row, "Noor") && kl_ui_test_shows (row, "you") && kl_ui_test_shows (row, "Owner") && kl_ui_test_shows (row, "At the desk <until> six"));
  g_assert_cmpstr (kl_member_row_get_spoken (KL_MEMBER_ROW (row)), ==, "Noor, you, Owner, here now, At the desk <until> six");
  g_object_set (member, "typing", TRUE, NULL);
  g_assert_true (kl_ui_test_shows (row, "typing…"));

  /* The call comes after typing, and before what the person says. */
  kl_member_row_set_in_call (KL_MEMBER_ROW (row), TRUE);
  g_assert_true (kl_ui_test_shows (row, "typing…"));
  g_object_set (member, "typing", FALSE, NULL);
  g_assert_true (kl_ui_test_shows (row, "In the call"));
  g_assert_cmpstr (kl_member_row_get_spoken (KL_MEMBER_ROW (row)), ==, "Noor, you, Owner, here now, In the call");
  kl_member_row_set_in_call (KL_MEMBER_ROW (row), FALSE);
  g_assert_true (kl_ui_test_shows (row, "At the desk <until> six"));
  kl_member_row_set_in_call (KL_MEMBER_ROW (row), TRUE);
  kl_member_row_set_member (KL_MEMBER_ROW (row), member, TRUE); /* somebody else, perhaps */
  g_assert_true (kl_ui_test_shows (row, "At the desk <until> six"));

  g_object_set (member, "section", KL_MEMBER_SECTION_OFFLINE, NULL);
  g_object_set (user, "status", KL_USER_STATUS_OFFLINE, "status-text", NULL, NULL);
  g_assert_true (gtk_widget_has_css_class (row, "offline"));
  kl_member_row_set_member (KL_MEMBER_ROW (row), NULL, FALSE);
  kl_ui_test_close (window, row);
  kl_test_finalize (member);
}

static guint
count_faces (GtkWidget *faces)
{
  guint n = 0;

  for (GtkWidget *child = gtk_widget_get_first_child (faces); child != NULL; child = gtk_widget_get_next_sibling (child))
    n += KL_IS_AVATAR (child);
  return n;
}

static void
test_faces (void)
{
  g_autoptr (GListStore) people = g_list_store_new (KL_TYPE_USER);
  GtkWidget *faces = g_object_new (KL_TYPE_FACES, "size", 30, "people", people, NULL);
  GtkWindow *window = kl_ui_test_show (faces, 264, 60);

  for (guint n = 1; n <= 6; n++)
    {
      g_autoptr (KlUser) user = new_user ("Noor");

      g_list_store_append (people, user);
      g_assert_cmpuint (count_faces (faces), ==, MIN (n, 5));
      g_assert_cmpint (get_natural_width (faces), <=, (int) n * 30);
    }
  g_assert_true (kl_ui_test_shows (faces, "+1"));
  g_list_store_remove (people, 5);
  g_assert_false (kl_ui_test_shows (faces, "+1"));
  kl_faces_set_people (KL_FACES (faces), NULL);
  g_assert_cmpuint (count_faces (faces), ==, 0);
  kl_ui_test_close (window, faces);
}

static void
test_typing_line (void)
{
  g_autoptr (KlGroup) group = new_group ("g");
  g_autoptr (KlUser) user = new_user ("Saoirse");
  GtkWidget *line = g_object_new (KL_TYPE_TYPING_LINE, NULL);
  GtkWindow *window;
  int height;

  kl_typing_line_set_group (KL_TYPING_LINE (line), group);
  gtk_widget_set_valign (line, GTK_ALIGN_END);
  window = kl_ui_test_show (line, 300, 100);
  height = gtk_widget_get_height (line);
  g_list_store_append (G_LIST_STORE (kl_group_get_typing (group)), user);
  kl_test_wait_until (kl_ui_test_shows (line, "Saoirse is typing…"));
  kl_test_spin (60);
  g_assert_cmpint (gtk_widget_get_height (line), ==, height);
  g_list_store_remove_all (G_LIST_STORE (kl_group_get_typing (group)));
  kl_test_spin (60);
  g_assert_cmpint (gtk_widget_get_height (line), ==, height);
  kl_ui_test_close (window, line);
}

static void
count (guint *counter)
{
  (*counter)++;
}

static void
test_card (void)
{
  KlGroup *group = new_group ("Table Games");
  GtkWidget *card = kl_group_card_new (group);
  GtkWindow *window = kl_ui_test_show (card, 260, 200);
  GtkWidget *button = kl_ui_test_find (card, GTK_TYPE_BUTTON, NULL);
  guint n = 0;

  g_signal_connect_swapped (card, "join", G_CALLBACK (count), &n);
  g_assert_true (kl_ui_test_shows (card, "Quiet now") && kl_ui_test_shows (card, "Join") && kl_ui_test_shows (card, "14 members"));
  g_object_set (group, "here", 3u, NULL);
  g_assert_true (kl_ui_test_shows (card, "3 here"));
  g_signal_emit_by_name (button, "clicked");
  kl_group_card_set_busy (KL_GROUP_CARD (card), TRUE);
  g_signal_emit_by_name (button, "clicked");
  g_assert_cmpuint (n, ==, 1);
  kl_group_card_set_busy (KL_GROUP_CARD (card), FALSE);
  g_object_set (group, "role", KL_ROLE_MEMBER, NULL);
  g_assert_true (kl_ui_test_shows (card, "Open"));
  kl_ui_test_close (window, card);
  kl_test_finalize (group);
}

static void
test_hue_picker (void)
{
  GtkWidget *picker = g_object_new (KL_TYPE_HUE_PICKER, NULL);
  GtkWindow *window = kl_ui_test_show (picker, 360, 100);
  guint n = 0;

  g_signal_connect_swapped (picker, "notify::hue", G_CALLBACK (count), &n);
  g_assert_cmpint (kl_hue_picker_get_hue (KL_HUE_PICKER (picker)), ==, -1);
  kl_hue_picker_set_hue (KL_HUE_PICKER (picker), 3);
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (kl_ui_test_find (picker, GTK_TYPE_TOGGLE_BUTTON, "hue-plum")), TRUE);
  g_assert_cmpint (kl_hue_picker_get_hue (KL_HUE_PICKER (picker)), ==, 7);
  kl_hue_picker_set_hue (KL_HUE_PICKER (picker), -1);
  g_assert_cmpuint (n, ==, 3);
  kl_ui_test_close (window, picker);
}

static void
test_notice (void)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  KlNotice *notice = g_object_new (KL_TYPE_NOTICE, NULL);
  GtkWindow *window;
  guint n = 0;

  gtk_box_append (GTK_BOX (box), GTK_WIDGET (notice));
  window = kl_ui_test_show (box, 300, 100);
  g_assert_null (kl_notice_get_text (notice));
  kl_notice_show (notice, KL_NOTICE_ERROR, "Nobody answers <here> & now");
  g_assert_cmpstr (kl_notice_get_text (notice), ==, "Nobody answers <here> & now");
  kl_notice_set_button (notice, "Try again");
  g_signal_connect_swapped (notice, "activated", G_CALLBACK (count), &n);
  g_signal_emit_by_name (kl_ui_test_find (box, GTK_TYPE_BUTTON, NULL), "clicked");
  g_assert_cmpuint (n, ==, 1);
  kl_notice_show (notice, KL_NOTICE_ERROR, NULL);
  g_assert_null (kl_notice_get_text (notice));
  kl_ui_test_close (window, box);
}

int
main (int   argc,
      char *argv[])
{
  kl_ui_test_init (&argc, &argv);
  g_test_add_func ("/ui/badge", test_badge);
  g_test_add_func ("/ui/tile-and-avatar", test_tile_and_avatar);
  g_test_add_func ("/ui/group-row/words", test_group_row);
  g_test_add_func ("/ui/group-row/size", test_group_row_size);
  g_test_add_func ("/ui/group-row/unknown-call", test_group_row_call);
  g_test_add_func ("/ui/group-row/unknown-sender", test_group_row_unknown);
  g_test_add_func ("/ui/member-row", test_member_row);
  g_test_add_func ("/ui/faces", test_faces);
  g_test_add_func ("/ui/typing-line", test_typing_line);
  g_test_add_func ("/ui/group-card", test_card);
  g_test_add_func ("/ui/hue-picker", test_hue_picker);
  g_test_add_func ("/ui/notice", test_notice);
  return g_test_run ();
}
