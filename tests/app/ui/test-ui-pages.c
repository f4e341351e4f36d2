/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pages and dialogs as a person meets them, on a session that has no server. Leaks are not looked for here: libadwaita's
 * rows and buttons keep some bytes each; that our widgets go is asserted. */
#include "app/ui/kl-find-groups-page.h"
#include "app/ui/kl-group-pane.h"
#include "app/ui/kl-group-welcome.h"
#include "app/ui/kl-join-dialog.h"
#include "app/ui/kl-main-page.h"
#include "app/ui/kl-new-group-dialog.h"
#include "app/ui/kl-notice.h"
#include "app/ui/kl-preferences-dialog.h"
#include "app/ui/kl-profile-dialog.h"
#include "app/ui/kl-shortcuts-dialog.h"
#include "app/ui/kl-sign-in-page.h"
#include "tests/app/ui/ui-kit.h"

/* ── Sign in ─────────────────────────────────────────────────────────────── */

typedef struct
{
  KlSignInPage *page;
  GtkWindow *window;
} SignIn;

static void
sign_in_set_up (SignIn       *self,
                gconstpointer unused)
{
  self->page = KL_SIGN_IN_PAGE (kl_sign_in_page_new ());
  self->window = kl_ui_test_show (GTK_WIDGET (self->page), 900, 640);
}

static void
sign_in_tear_down (SignIn       *self,
                   gconstpointer unused)
{
  kl_ui_test_close (self->window, GTK_WIDGET (self->page));
}

/* The entry row with this title, in the page that is shown. */
static GtkWidget *
find_row (GtkWidget  *root,
          const char *title)
{
  if (ADW_IS_ENTRY_ROW (root) && g_str_has_prefix (adw_preferences_row_get_title (ADW_PREFERENCES_ROW (root)), title)
      && gtk_widget_get_mapped (root))
    return root;
  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL; child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find_row (child, title);

      if (found != NULL)
        return found;
    }
  return NULL;
}

static gboolean
is_bad (SignIn     *self,
        const char *title)
{
  return gtk_widget_has_css_class (find_row (GTK_WIDGET (self->page), title), "error");
}

/* Signs in as a person does: the password, then Enter. */
static void
submit (SignIn     *self,
        const char *password)
{
  GtkWidget *row = find_row (GTK_WIDGET (self->page), "Password");

  gtk_editable_set_text (GTK_EDITABLE (row), password);
  g_signal_emit_by_name (row, "entry-activated");
}

/* What is missing is asked for where it is missing, before anybody is asked anything. */
static void
test_sign_in_missing (SignIn       *self,
                      gconstpointer unused)
{
  submit (self, "some password");
  g_assert_true (is_bad (self, "Server"));
  kl_sign_in_page_prefill (self->page, "127.0.0.1:1", NULL);
  g_assert_false (is_bad (self, "Server"));
  submit (self, "some password");
  g_assert_true (is_bad (self, "Username"));
  kl_sign_in_page_prefill (self->page, NULL, "ilse");
  submit (self, "");
  g_assert_true (is_bad (self, "Password"));
}

static void
test_sign_in_unreachable (SignIn       *self,
                          gconstpointer unused)
{
  kl_sign_in_page_prefill (self->page, "http://127.0.0.1:1", "ilse");
  submit (self, "some password");
  kl_test_wait_until (is_bad (self, "Server"));
  g_assert_true (kl_ui_test_shows (GTK_WIDGET (self->page), "Nobody answers at this address. Check its spelling and your network."));
  /* The next key takes the complaint away. */
  kl_sign_in_page_prefill (self->page, "http://127.0.0.1:2", NULL);
  g_assert_false (is_bad (self, "Server"));
}

static void
test_sign_in_bad_address (SignIn       *self,
                          gconstpointer unused)
{
  kl_sign_in_page_prefill (self->page, "not an address", "ilse");
  submit (self, "some password");
  kl_test_wait_until (is_bad (self, "Server"));
}

/* Before a password is typed, and without asking anybody. */
static void
test_sign_in_warns (SignIn       *self,
                    gconstpointer unused)
{
  const char *warning = "This address is not encrypted: others on the network could read your password. "
                        "Use it only in a network that you trust.";

  kl_sign_in_page_prefill (self->page, "http://127.0.0.1:1", NULL);
  g_assert_false (kl_ui_test_shows (GTK_WIDGET (self->page), warning));
  kl_sign_in_page_prefill (self->page, "http://chat.invalid", NULL);
  g_assert_true (kl_ui_test_shows (GTK_WIDGET (self->page), warning));
  kl_sign_in_page_prefill (self->page, "chat.invalid", NULL);
  g_assert_false (kl_ui_test_shows (GTK_WIDGET (self->page), warning));
}

static void
test_register (SignIn       *self,
               gconstpointer unused)
{
  GtkWidget *page = GTK_WIDGET (self->page), *old = find_row (page, "Password");

  kl_sign_in_page_prefill (self->page, "http://127.0.0.1:1", "aroha");
  kl_sign_in_page_show_register (self->page);
  kl_test_wait_until (find_row (page, "Invite code") != NULL && !gtk_widget_get_mapped (old));
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (find_row (page, "Username"))), ==, "aroha");
  gtk_editable_set_text (GTK_EDITABLE (find_row (page, "Password")), "short");
  g_assert_true (kl_ui_test_shows (page, "Too short"));
  g_signal_emit_by_name (find_row (page, "Password"), "entry-activated");
  g_assert_true (gtk_widget_has_css_class (find_row (page, "Password"), "error"));
  gtk_editable_set_text (GTK_EDITABLE (find_row (page, "Password")), "a kettle, a cake and a chair");
  g_assert_true (kl_ui_test_shows (page, "Strong"));
  /* A name that no server takes is told from here, where the server's own word would be for programmers. */
  gtk_editable_set_text (GTK_EDITABLE (find_row (page, "Username")), "aroha!");
  g_signal_emit_by_name (find_row (page, "Password"), "entry-activated");
  g_assert_true (gtk_widget_has_css_class (find_row (page, "Username"), "error"));
  gtk_editable_set_text (GTK_EDITABLE (find_row (page, "Username")), " Aroha ");
  g_signal_emit_by_name (find_row (page, "Password"), "entry-activated");
  g_assert_false (gtk_widget_has_css_class (find_row (page, "Username"), "error"));
  kl_sign_in_page_reset (self->page);
  kl_test_wait_until (find_row (page, "Invite code") == NULL);
}

static void
on_keep_chosen (KlKeep *chosen,
                KlKeep  keep)
{
  *chosen = keep;
}

static void
test_keep (SignIn       *self,
           gconstpointer unused)
{
  KlKeep chosen = KL_KEEP_IN_SECRET_SERVICE;
  GtkWidget *row;

  g_signal_connect_swapped (self->page, "keep-chosen", G_CALLBACK (on_keep_chosen), &chosen);
  kl_sign_in_page_ask_keep (self->page);
  kl_test_wait_until (kl_ui_test_shows (GTK_WIDGET (self->page), "Stay signed in?"));
  row = kl_ui_test_find (GTK_WIDGET (self->page), ADW_TYPE_ACTION_ROW, NULL);
  adw_action_row_activate (ADW_ACTION_ROW (row));
  g_assert_cmpint (chosen, ==, KL_KEEP_NOWHERE);
}

/* ── An account at work ──────────────────────────────────────────────────── */

typedef struct
{
  char *folder;
  KlAccount *account;
  KlSession *session;
  KlCalls *calls;
  GSettings *settings;
  KlMainPage *page;
  GtkWindow *window;
} Main;

static KlGroup *
add_group (Main       *self,
           const char *id,
           const char *name,
           gint64      time_ms,
           guint       unread,
           gboolean    pinned)
{
  g_autoptr (KlGroup) group = kl_group_new (id);

  g_object_set (group, "name", name, "last-time", time_ms, "unread", unread, "pinned", pinned, "role", KL_ROLE_OWNER, "members",
                1u, NULL);
  kl_group_list_add (kl_session_get_groups (self->session), group);
  return group; /* the list keeps it */
}

static void
main_set_up (Main         *self,
             gconstpointer width)
{
  self->folder = kl_test_dir_new ();
  self->settings = g_settings_new ("chat.klatch.Klatch");
  g_settings_reset (self->settings, "last-group");
  self->account = kl_account_new ("http://127.0.0.1:1", "u1", "ilse", "token");
  self->session = kl_session_new (self->account, self->folder);
  self->calls = kl_calls_new (self->session, self->settings);
  self->page = KL_MAIN_PAGE (kl_main_page_new (self->session, self->calls, self->settings));
  self->window = kl_ui_test_show (GTK_WIDGET (self->page), GPOINTER_TO_INT (width), 700);
}

static void
on_stopped (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  kl_session_stop_finish (KL_SESSION (source), result, NULL);
  *(gboolean *) user_data = TRUE;
}

static void
main_tear_down (Main         *self,
                gconstpointer unused)
{
  gboolean stopped = FALSE;

  kl_ui_test_close (self->window, GTK_WIDGET (self->page));
  kl_test_finalize (self->calls);
  kl_session_stop_async (self->session, on_stopped, &stopped);
  kl_test_wait_until (stopped);
  kl_test_finalize (self->session);
  g_object_unref (self->account);
  g_object_unref (self->settings);
  kl_test_dir_remove (self->folder);
  g_free (self->folder);
}

static void
act (Main       *self,
     const char *action)
{
  g_assert_true (gtk_widget_activate_action (GTK_WIDGET (self->page), action, NULL));
}

static void
test_main_steps (Main         *self,
                 gconstpointer unused)
{
  KlGroup *old = add_group (self, "a", "Old", 10, 0, FALSE);
  KlGroup *fresh = add_group (self, "b", "Fresh", 30, 0, FALSE);
  KlGroup *unread = add_group (self, "c", "Unread", 5, 3, FALSE);
  KlGroup *pinned = add_group (self, "d", "Pinned", 1, 0, TRUE);

  g_assert_null (kl_main_page_get_group (self->page));
  act (self, "main.next-group");
  g_assert_true (kl_main_page_get_group (self->page) == pinned);
  g_assert_true (kl_session_get_open_group (self->session) == pinned);
  act (self, "main.next-group");
  g_assert_true (kl_main_page_get_group (self->page) == fresh);
  act (self, "main.next-unread");
  g_assert_true (kl_main_page_get_group (self->page) == unread);
  act (self, "main.next-group");
  g_assert_true (kl_main_page_get_group (self->page) == unread);
  act (self, "main.previous-group");
  g_assert_true (kl_main_page_get_group (self->page) == old);
  gtk_widget_activate_action (GTK_WIDGET (self->page), "main.pinned-group", "i", 1);
  g_assert_true (kl_main_page_get_group (self->page) == pinned);
  gtk_widget_activate_action (GTK_WIDGET (self->page), "main.pinned-group", "i", 2);
  g_assert_true (kl_main_page_get_group (self->page) == pinned);
  kl_main_page_open_group (self->page, NULL);
  g_assert_null (kl_session_get_open_group (self->session));
}

static gboolean
is_selected (GtkWidget *pane,
             KlGroup   *group)
{
  g_autoptr (KlGroup) selected = NULL;

  g_object_get (pane, "selected", &selected, NULL);
  return selected == group;
}

/* What a filter or a search has hidden is still the open group when it shows again. */
static void
test_main_filters (Main         *self,
                   gconstpointer unused)
{
  KlGroup *open = add_group (self, "a", "Ridge Hut Crew", 30, 0, FALSE), *next = add_group (self, "b", "Book Club", 10, 0, FALSE);
  GtkWidget *pane = kl_ui_test_find (GTK_WIDGET (self->page), KL_TYPE_GROUP_PANE, NULL);
  AdwToggleGroup *filter = ADW_TOGGLE_GROUP (kl_ui_test_find (pane, ADW_TYPE_TOGGLE_GROUP, NULL));
  GtkWidget *search = kl_ui_test_find (pane, GTK_TYPE_SEARCH_ENTRY, NULL);
  const char *hiding[] = { "mentions", "unread" };

  kl_main_page_open_group (self->page, open);
  for (guint i = 0; i < G_N_ELEMENTS (hiding); i++)
    {
      adw_toggle_group_set_active_name (filter, hiding[i]);
      adw_toggle_group_set_active_name (filter, "all");
      g_assert_true (is_selected (pane, open));
    }
  act (self, "main.jump");
  gtk_editable_set_text (GTK_EDITABLE (search), "book");
  kl_test_wait_until (is_selected (pane, NULL));
  g_signal_emit_by_name (search, "stop-search");
  kl_test_wait_until (is_selected (pane, open));
  act (self, "main.next-group");
  g_assert_true (kl_main_page_get_group (self->page) == next);
}

/* Escape in the search of the directory empties it, and then leads back. */
static void
test_main_find_groups (Main         *self,
                       gconstpointer unused)
{
  AdwNavigationView *navigation
    = ADW_NAVIGATION_VIEW (kl_ui_test_find (GTK_WIDGET (self->page), ADW_TYPE_NAVIGATION_VIEW, NULL));
  GtkWidget *page, *search;

  act (self, "main.find-groups");
  page = GTK_WIDGET (adw_navigation_view_get_visible_page (navigation));
  g_assert_true (KL_IS_FIND_GROUPS_PAGE (page));
  search = kl_ui_test_find (page, GTK_TYPE_SEARCH_ENTRY, NULL);
  gtk_editable_set_text (GTK_EDITABLE (search), "stoves");
  g_signal_emit_by_name (search, "stop-search");
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (search)), ==, "");
  g_assert_true (adw_navigation_view_get_visible_page (navigation) == ADW_NAVIGATION_PAGE (page));
  g_signal_emit_by_name (search, "stop-search");
  g_assert_true (adw_navigation_view_get_visible_page (navigation) == adw_navigation_view_find_page (navigation, "home"));
}

/* In a narrow window one is not here while the list covers the conversation. */
static void
test_main_narrow (Main         *self,
                  gconstpointer unused)
{
  GtkWidget *pane = kl_ui_test_find (GTK_WIDGET (self->page), KL_TYPE_GROUP_PANE, NULL);
  AdwNavigationSplitView *split
    = ADW_NAVIGATION_SPLIT_VIEW (kl_ui_test_find (GTK_WIDGET (self->page), ADW_TYPE_NAVIGATION_SPLIT_VIEW, NULL));
  KlGroup *group;

  kl_test_wait_until (adw_navigation_split_view_get_collapsed (split));
  /* The first steps, which stand beside the list where there is room. */
  g_assert_true (kl_ui_test_shows (pane, "Start a group"));
  group = add_group (self, "a", "Ridge Hut Crew", 10, 0, FALSE);
  g_assert_false (kl_ui_test_shows (pane, "Start a group"));
  kl_main_page_open_group (self->page, group);
  g_assert_true (adw_navigation_split_view_get_show_content (split));
  g_assert_true (kl_session_get_open_group (self->session) == group);
  adw_navigation_split_view_set_show_content (split, FALSE);
  g_assert_null (kl_session_get_open_group (self->session));
  adw_navigation_split_view_set_show_content (split, TRUE);
  g_assert_true (kl_session_get_open_group (self->session) == group);
}

static void
test_main_people (Main         *self,
                  gconstpointer unused)
{
  KlGroup *group = add_group (self, "a", "Ridge Hut Crew", 10, 0, FALSE);
  AdwOverlaySplitView *split
    = ADW_OVERLAY_SPLIT_VIEW (kl_ui_test_find (GTK_WIDGET (self->page), ADW_TYPE_OVERLAY_SPLIT_VIEW, NULL));

  g_settings_set_boolean (self->settings, "show-people", TRUE);
  g_assert_false (adw_overlay_split_view_get_show_sidebar (split));
  kl_main_page_open_group (self->page, group);
  g_assert_true (adw_overlay_split_view_get_show_sidebar (split));
  act (self, "main.toggle-people");
  g_assert_false (adw_overlay_split_view_get_show_sidebar (split));
  g_assert_false (g_settings_get_boolean (self->settings, "show-people"));
  act (self, "main.toggle-people");
  g_assert_true (g_settings_get_boolean (self->settings, "show-people"));
}

/* Commands that need a group are off without one, and follow what one may do. */
static void
test_main_commands (Main         *self,
                    gconstpointer unused)
{
  KlGroup *group = add_group (self, "a", "Ridge Hut Crew", 10, 0, FALSE);

  g_assert_false (gtk_widget_activate_action (GTK_WIDGET (self->page), "main.nothing", NULL));
  kl_main_page_open_group (self->page, group);
  act (self, "main.next-pane");
  act (self, "main.previous-pane");
  act (self, "main.jump");
  act (self, "main.find-groups");
  kl_main_page_open_group (self->page, group);
  g_signal_emit_by_name (self->session, "group-removed", group, "removed");
  g_assert_null (kl_main_page_get_group (self->page));
}

/* With text twice as large everything still fits into the smallest window. */
static void
test_large_text (Main         *self,
                 gconstpointer unused)
{
  GtkSettings *settings = gtk_settings_get_default ();
  KlGroup *group = add_group (self, "a", "Ridge Hut Crew", 10, 1000, TRUE);
  GtkWidget *sign_in = g_object_ref_sink (kl_sign_in_page_new ());
  int dpi, width;

  g_object_get (settings, "gtk-xft-dpi", &dpi, NULL);
  g_object_set (settings, "gtk-xft-dpi", 2 * 96 * 1024, NULL);
  kl_test_spin (200);
  gtk_widget_measure (GTK_WIDGET (self->page), GTK_ORIENTATION_HORIZONTAL, -1, &width, NULL, NULL, NULL);
  g_assert_cmpint (width, <=, 360);
  kl_main_page_open_group (self->page, group);
  kl_test_spin (200);
  for (GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (self->page)); child != NULL; child = gtk_widget_get_next_sibling (child))
    {
      gtk_widget_measure (child, GTK_ORIENTATION_HORIZONTAL, -1, &width, NULL, NULL, NULL);
      g_assert_cmpint (width, <=, 360);
    }
  for (GtkWidget *child = gtk_widget_get_first_child (sign_in); child != NULL; child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *form = gtk_widget_get_last_child (child);

      gtk_widget_measure (form, GTK_ORIENTATION_HORIZONTAL, -1, &width, NULL, NULL, NULL);
      g_assert_cmpint (width, <=, 360);
    }
  g_object_set (settings, "gtk-xft-dpi", dpi, NULL);
  g_object_unref (sign_in);
}

static void
test_main_dialogs (Main         *self,
                   gconstpointer unused)
{
  AdwDialog *dialogs[] = { kl_new_group_dialog_new (self->session), kl_join_dialog_new (self->session),
                           kl_profile_dialog_new (self->session) };

  for (guint i = 0; i < G_N_ELEMENTS (dialogs); i++)
    {
      AdwDialog *dialog = dialogs[i];

      g_object_add_weak_pointer (G_OBJECT (dialog), (gpointer *) &dialog);
      adw_dialog_present (dialog, GTK_WIDGET (self->page));
      kl_test_wait_until (gtk_widget_get_mapped (GTK_WIDGET (dialog)));
      adw_dialog_force_close (dialog);
      kl_test_wait_until (dialog == NULL);
    }
}

/* Without a connection a group cannot be made: the dialog says so, and nothing is lost. */
static void
test_new_group_offline (Main         *self,
                        gconstpointer unused)
{
  AdwDialog *dialog = kl_new_group_dialog_new (self->session);
  GtkWidget *name, *notice;

  adw_dialog_present (dialog, GTK_WIDGET (self->page));
  name = find_row (GTK_WIDGET (dialog), "Name");
  notice = kl_ui_test_find (GTK_WIDGET (dialog), KL_TYPE_NOTICE, NULL);
  kl_test_wait_until ((name = find_row (GTK_WIDGET (dialog), "Name")) != NULL);
  gtk_editable_set_text (GTK_EDITABLE (name), "Pizza Oven Builders");
  g_signal_emit_by_name (name, "entry-activated");
  kl_test_wait_until (kl_notice_get_text (KL_NOTICE (notice)) != NULL);
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (name)), ==, "Pizza Oven Builders");
  adw_dialog_force_close (dialog);
}

static void
test_welcome (void)
{
  KlGroup *group = kl_group_new ("g");
  GtkWidget *welcome = g_object_new (KL_TYPE_GROUP_WELCOME, NULL);
  GtkWindow *window;

  g_object_set (group, "name", "Ceramics Night", "members", 1u, NULL);
  kl_group_welcome_set_group (KL_GROUP_WELCOME (welcome), group);
  window = kl_ui_test_show (welcome, 360, 480);
  g_assert_true (kl_ui_test_shows (welcome, "Ceramics Night is ready"));
  g_object_set (group, "members", 2u, "topic", "Kilns", NULL);
  g_assert_true (kl_ui_test_shows (welcome, "Be the first in Ceramics Night") && kl_ui_test_shows (welcome, "Kilns"));
  kl_group_welcome_set_group (KL_GROUP_WELCOME (welcome), NULL);
  kl_ui_test_close (window, welcome);
  kl_test_finalize (group);
}

static void
test_dialogs (void)
{
  g_autoptr (GSettings) settings = g_settings_new ("chat.klatch.Klatch");
  AdwDialog *dialog = kl_preferences_dialog_new (settings);
  GtkWidget *bin = adw_bin_new (), *button, *row;
  GtkWindow *window = kl_ui_test_show (bin, 700, 600);
  AdwDialog *shortcuts = kl_shortcuts_dialog_new ();
  g_autofree char *accent = NULL;

  adw_dialog_present (dialog, bin);
  button = kl_ui_test_find (GTK_WIDGET (dialog), GTK_TYPE_TOGGLE_BUTTON, "hue-sea");
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (button), TRUE);
  accent = g_settings_get_string (settings, "accent");
  g_assert_cmpstr (accent, ==, "sea");
  row = kl_ui_test_find (GTK_WIDGET (dialog), ADW_TYPE_SWITCH_ROW, NULL);
  adw_switch_row_set_active (ADW_SWITCH_ROW (row), TRUE);
  g_free (accent);
  accent = g_settings_get_string (settings, "accent");
  g_assert_cmpstr (accent, ==, "system");
  g_assert_false (gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (button)));
  adw_switch_row_set_active (ADW_SWITCH_ROW (row), FALSE);
  g_free (accent);
  accent = g_settings_get_string (settings, "accent");
  g_assert_cmpstr (accent, ==, "sea");
  gtk_widget_activate_action (kl_ui_test_find (GTK_WIDGET (dialog), GTK_TYPE_TOGGLE_BUTTON, "style-choice"), "preferences.style",
                              "s", "dark");
  g_free (accent);
  accent = g_settings_get_string (settings, "style");
  g_assert_cmpstr (accent, ==, "dark");
  adw_dialog_force_close (dialog);
  adw_dialog_present (shortcuts, bin);
  g_assert_true (kl_ui_test_shows (GTK_WIDGET (shortcuts), "Jump to a group"));
  adw_dialog_force_close (shortcuts);
  kl_ui_test_close (window, bin);
}

int
main (int   argc,
      char *argv[])
{
  kl_ui_test_init (&argc, &argv);
  g_test_add ("/ui/sign-in/missing", SignIn, NULL, sign_in_set_up, test_sign_in_missing, sign_in_tear_down);
  g_test_add ("/ui/sign-in/unreachable", SignIn, NULL, sign_in_set_up, test_sign_in_unreachable, sign_in_tear_down);
  g_test_add ("/ui/sign-in/bad-address", SignIn, NULL, sign_in_set_up, test_sign_in_bad_address, sign_in_tear_down);
  g_test_add ("/ui/sign-in/warns", SignIn, NULL, sign_in_set_up, test_sign_in_warns, sign_in_tear_down);
  g_test_add ("/ui/sign-in/register", SignIn, NULL, sign_in_set_up, test_register, sign_in_tear_down);
  g_test_add ("/ui/sign-in/keep", SignIn, NULL, sign_in_set_up, test_keep, sign_in_tear_down);
  g_test_add ("/ui/main/steps", Main, GINT_TO_POINTER (1200), main_set_up, test_main_steps, main_tear_down);
  g_test_add ("/ui/main/filters", Main, GINT_TO_POINTER (1200), main_set_up, test_main_filters, main_tear_down);
  g_test_add ("/ui/main/find-groups", Main, GINT_TO_POINTER (900), main_set_up, test_main_find_groups, main_tear_down);
  g_test_add ("/ui/main/narrow", Main, GINT_TO_POINTER (360), main_set_up, test_main_narrow, main_tear_down);
  g_test_add ("/ui/main/people", Main, GINT_TO_POINTER (1200), main_set_up, test_main_people, main_tear_down);
  g_test_add ("/ui/main/commands", Main, GINT_TO_POINTER (900), main_set_up, test_main_commands, main_tear_down);
  g_test_add ("/ui/main/large-text", Main, GINT_TO_POINTER (400), main_set_up, test_large_text, main_tear_down);
  g_test_add ("/ui/main/dialogs", Main, GINT_TO_POINTER (900), main_set_up, test_main_dialogs, main_tear_down);
  g_test_add ("/ui/main/new-group-offline", Main, GINT_TO_POINTER (900), main_set_up, test_new_group_offline, main_tear_down);
  g_test_add_func ("/ui/group-welcome", test_welcome);
  g_test_add_func ("/ui/dialogs", test_dialogs);
  return g_test_run ();
}
