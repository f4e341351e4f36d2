/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which group is open is told by the conversation page; whether one looks at it, and so is "here", by the split view:
 * in a narrow window the list covers it. */
#include "app/ui/kl-main-page.h"

#include <glib/gi18n.h>

#include "app/ui/kl-call-host.h"
#include "app/ui/kl-conversation-page.h"
#include "app/ui/kl-errors.h"
#include "app/ui/kl-find-groups-page.h"
#include "app/ui/kl-group-pane.h"
#include "app/ui/kl-invite-dialog.h"
#include "app/ui/kl-join-dialog.h"
#include "app/ui/kl-new-group-dialog.h"
#include "app/ui/kl-people-pane.h"
#include "app/ui/kl-profile-dialog.h"
#include "app/ui/kl-welcome-page.h"

struct _KlMainPage
{
  AdwBreakpointBin parent_instance;

  KlCallHost *call_host;
  AdwNavigationView *navigation;
  AdwOverlaySplitView *people_split;
  KlPeoplePane *people;
  AdwNavigationSplitView *split;
  KlGroupPane *group_pane;

  KlSession *session;
  GSettings *settings;
  AdwNavigationPage *conversation; /* one of these two is the split view's content */
  AdwNavigationPage *welcome;
  KlGroup *group;
  KlMemberList *members;
  GSignalGroup *group_signals;
  GSimpleActionGroup *actions;
  GtkWidget *root; /* who has the actions; lent */
  gboolean placing_people;
};

G_DEFINE_FINAL_TYPE (KlMainPage, kl_main_page, ADW_TYPE_BREAKPOINT_BIN)

static void
toast (KlMainPage *self,
       const char *text)
{
  gtk_widget_activate_action (GTK_WIDGET (self), "win.toast", "s", text);
}

static void
toast_error (KlMainPage *self,
             GError     *error)
{
  g_autofree char *sentence = kl_error_dup_sentence (error);

  toast (self, sentence);
}

/* ── What is open ────────────────────────────────────────────────────────── */

static void
set_enabled (KlMainPage *self,
             const char *action,
             gboolean    enabled)
{
  g_simple_action_set_enabled (G_SIMPLE_ACTION (g_action_map_lookup_action (G_ACTION_MAP (self->actions), action)), enabled);
}

static void
set_state (KlMainPage *self,
           const char *action,
           GVariant   *state)
{
  g_simple_action_set_state (G_SIMPLE_ACTION (g_action_map_lookup_action (G_ACTION_MAP (self->actions), action)), state);
}

static void
update_group_actions (KlMainPage *self)
{
  KlGroup *group = self->group;
  KlRole role = group != NULL ? kl_group_get_role (group) : KL_ROLE_NONE;
  gboolean may_invite = role >= KL_ROLE_ADMIN || (role == KL_ROLE_MEMBER && kl_group_get_visibility (group) == KL_VISIBILITY_PUBLIC);

  set_enabled (self, "invite-people", may_invite);
  set_enabled (self, "copy-invite", may_invite);
  set_enabled (self, "call", group != NULL);
  set_enabled (self, "pin", group != NULL);
  set_enabled (self, "mute", group != NULL);
  set_enabled (self, "leave", group != NULL);
  set_enabled (self, "toggle-people", group != NULL);
  set_enabled (self, "show-people", group != NULL && adw_navigation_split_view_get_collapsed (self->split));
  if (group == NULL)
    return;
  set_state (self, "pin", g_variant_new_boolean (kl_group_get_pinned (group)));
  set_state (self, "mute", g_variant_new_boolean (kl_group_get_notify (group) == KL_NOTIFY_NONE));
}

static gboolean
is_looked_at (KlMainPage *self)
{
  return self->group != NULL
         && (!adw_navigation_split_view_get_collapsed (self->split) || adw_navigation_split_view_get_show_content (self->split));
}

static void
update_here (KlMainPage *self)
{
  KlGroup *here = is_looked_at (self) ? self->group : NULL;

  if (kl_session_get_open_group (self->session) != here)
    kl_session_set_open_group (self->session, here);
  kl_group_pane_set_selected (self->group_pane, here);
}

static void
update_beside (KlMainPage *self)
{
  kl_conversation_page_set_people_beside (KL_CONVERSATION_PAGE (self->conversation),
                                          !adw_overlay_split_view_get_collapsed (self->people_split)
                                            && adw_overlay_split_view_get_show_sidebar (self->people_split));
}

/* Where there is room people stand beside the conversation, if the person likes; elsewhere they come when called. */
static void
place_people (KlMainPage *self)
{
  gboolean collapsed = adw_overlay_split_view_get_collapsed (self->people_split);
  gboolean shown = !collapsed && self->group != NULL && g_settings_get_boolean (self->settings, "show-people");

  self->placing_people = TRUE;
  adw_overlay_split_view_set_show_sidebar (self->people_split, shown);
  self->placing_people = FALSE;
  update_beside (self);
}

static void
on_people_collapsed (KlMainPage *self)
{
  if (self->settings != NULL)
    place_people (self);
}

static void
on_people_shown (KlMainPage *self)
{
  gboolean shown = adw_overlay_split_view_get_show_sidebar (self->people_split);

  if (self->settings == NULL)
    return;
  set_state (self, "toggle-people", g_variant_new_boolean (shown));
  update_beside (self);
  if (!self->placing_people && !adw_overlay_split_view_get_collapsed (self->people_split))
    g_settings_set_boolean (self->settings, "show-people", shown);
  if (!shown && self->group != NULL && gtk_widget_get_focus_child (GTK_WIDGET (self->people)) != NULL)
    kl_conversation_page_focus_composer (KL_CONVERSATION_PAGE (self->conversation));
}

static void
on_split_changed (KlMainPage *self)
{
  gboolean narrow = adw_navigation_split_view_get_collapsed (self->split);

  if (self->session == NULL)
    return;
  kl_conversation_page_set_narrow (KL_CONVERSATION_PAGE (self->conversation), narrow);
  kl_group_pane_set_alone (self->group_pane, narrow);
  update_group_actions (self);
  update_here (self);
}

void
kl_main_page_open_group (KlMainPage *self,
                         KlGroup    *group)
{
  g_return_if_fail (KL_IS_MAIN_PAGE (self));

  adw_navigation_view_pop_to_tag (self->navigation, "home");
  if (self->group != group)
    {
      g_autoptr (KlMemberList) members = group != NULL ? kl_session_dup_members (self->session, group) : NULL;

      g_set_object (&self->group, group);
      g_set_object (&self->members, members);
      g_signal_group_set_target (self->group_signals, group);
      /* Being there comes first, so that what is shown is asked for as one who is. */
      if (group != NULL && !adw_navigation_split_view_get_collapsed (self->split))
        kl_session_set_open_group (self->session, group);
      kl_conversation_page_set_group (KL_CONVERSATION_PAGE (self->conversation), group, members);
      kl_people_pane_set_members (self->people, members);
      adw_navigation_split_view_set_content (self->split, group != NULL ? self->conversation : self->welcome);
      place_people (self);
      update_group_actions (self);
      if (group != NULL)
        g_settings_set_string (self->settings, "last-group", kl_group_get_id (group));
    }
  adw_navigation_split_view_set_show_content (self->split, group != NULL);
  update_here (self);
  if (group != NULL)
    kl_conversation_page_focus_composer (KL_CONVERSATION_PAGE (self->conversation));
}

KlGroup *
kl_main_page_get_group (KlMainPage *self)
{
  g_return_val_if_fail (KL_IS_MAIN_PAGE (self), NULL);

  return self->group;
}

static void
on_open (KlMainPage *self,
         KlGroup    *group)
{
  kl_main_page_open_group (self, group);
}

/* At the start: the group that was open last, unless the person was quicker. */
static void
open_last_group (KlMainPage *self)
{
  KlGroupList *groups = kl_session_get_groups (self->session);
  g_autofree char *id = g_settings_get_string (self->settings, "last-group");
  KlGroup *group;

  if (self->group != NULL || !kl_group_list_get_loaded (groups) || adw_navigation_split_view_get_collapsed (self->split))
    return;
  group = *id != '\0' ? kl_group_list_get (groups, id) : NULL;
  if (group != NULL)
    kl_main_page_open_group (self, group);
}

static void
on_group_removed (KlMainPage *self,
                  KlGroup    *group,
                  const char *reason)
{
  g_autofree char *text = NULL;

  if (self->group == group)
    kl_main_page_open_group (self, NULL);
  if (g_strcmp0 (reason, "removed") == 0)
    text = g_strdup_printf (_ ("You have been taken out of %s"), kl_group_get_name (group));
  else if (g_strcmp0 (reason, "banned") == 0)
    text = g_strdup_printf (_ ("You have been shut out of %s"), kl_group_get_name (group));
  else if (g_strcmp0 (reason, "deleted") == 0)
    text = g_strdup_printf (_ ("%s has been deleted"), kl_group_get_name (group));
  else
    text = g_strdup_printf (_ ("You have left %s"), kl_group_get_name (group));
  toast (self, text);
}

/* ── Commands: going about ───────────────────────────────────────────────── */

static void
on_jump (GSimpleAction *action,
         GVariant      *parameter,
         gpointer       user_data)
{
  KlMainPage *self = user_data;

  adw_navigation_view_pop_to_tag (self->navigation, "home");
  adw_navigation_split_view_set_show_content (self->split, FALSE);
  kl_group_pane_start_search (self->group_pane);
}

static void
step (KlMainPage *self,
      int         by,
      gboolean    unread_only)
{
  KlGroup *group = kl_group_pane_get_neighbour (self->group_pane, by, unread_only);

  if (group != NULL)
    kl_main_page_open_group (self, group);
}

static void
on_previous_group (GSimpleAction *action,
                   GVariant      *parameter,
                   gpointer       user_data)
{
  step (user_data, -1, FALSE);
}

static void
on_next_group (GSimpleAction *action,
               GVariant      *parameter,
               gpointer       user_data)
{
  step (user_data, 1, FALSE);
}

static void
on_previous_unread (GSimpleAction *action,
                    GVariant      *parameter,
                    gpointer       user_data)
{
  step (user_data, -1, TRUE);
}

static void
on_next_unread (GSimpleAction *action,
                GVariant      *parameter,
                gpointer       user_data)
{
  step (user_data, 1, TRUE);
}

static void
on_pinned_group (GSimpleAction *action,
                 GVariant      *parameter,
                 gpointer       user_data)
{
  KlMainPage *self = user_data;
  KlGroup *group = kl_group_pane_get_pinned (self->group_pane, (guint) g_variant_get_int32 (parameter));

  if (group != NULL)
    kl_main_page_open_group (self, group);
}

static void
on_toggle_people (GSimpleAction *action,
                  GVariant      *parameter,
                  gpointer       user_data)
{
  KlMainPage *self = user_data;
  gboolean shown = adw_overlay_split_view_get_show_sidebar (self->people_split);

  adw_overlay_split_view_set_show_sidebar (self->people_split, !shown);
}

static void
on_show_people (GSimpleAction *action,
                GVariant      *parameter,
                gpointer       user_data)
{
  adw_overlay_split_view_set_show_sidebar (KL_MAIN_PAGE (user_data)->people_split, TRUE);
}

/* F6: groups, messages, composer, people, those of them that can be seen. */
static void
move_to_pane (KlMainPage *self,
              int         by)
{
  KlConversationPage *conversation = KL_CONVERSATION_PAGE (self->conversation);
  GtkWidget *panes[] = { GTK_WIDGET (self->group_pane), kl_conversation_page_get_messages_pane (conversation),
                         kl_conversation_page_get_composer (conversation), GTK_WIDGET (self->people), GTK_WIDGET (self->welcome) };
  int n = G_N_ELEMENTS (panes), current = -1;
  GtkWidget *focus = gtk_root_get_focus (gtk_widget_get_root (GTK_WIDGET (self)));

  for (int i = 0; focus != NULL && i < n; i++)
    if (focus == panes[i] || gtk_widget_is_ancestor (focus, panes[i]))
      current = i;
  for (int i = 1; i <= n; i++)
    {
      GtkWidget *pane = panes[((current + by * i) % n + n) % n];

      if (gtk_widget_get_mapped (pane) && gtk_widget_get_child_visible (pane)
          && (gtk_widget_grab_focus (pane) || gtk_widget_child_focus (pane, GTK_DIR_TAB_FORWARD)))
        break;
    }
}

static void
on_next_pane (GSimpleAction *action,
              GVariant      *parameter,
              gpointer       user_data)
{
  move_to_pane (user_data, 1);
}

static void
on_previous_pane (GSimpleAction *action,
                  GVariant      *parameter,
                  gpointer       user_data)
{
  move_to_pane (user_data, -1);
}

/* ── Commands: groups ────────────────────────────────────────────────────── */

static void
on_new_group (GSimpleAction *action,
              GVariant      *parameter,
              gpointer       user_data)
{
  KlMainPage *self = user_data;
  AdwDialog *dialog = kl_new_group_dialog_new (self->session);

  g_signal_connect_object (dialog, "created", G_CALLBACK (kl_main_page_open_group), self, G_CONNECT_SWAPPED);
  adw_dialog_present (dialog, GTK_WIDGET (self));
}

static void
on_find_groups (GSimpleAction *action,
                GVariant      *parameter,
                gpointer       user_data)
{
  KlMainPage *self = user_data;
  AdwNavigationPage *page;

  if (adw_navigation_view_get_visible_page (self->navigation) != adw_navigation_view_find_page (self->navigation, "home"))
    return;
  page = kl_find_groups_page_new (self->session);
  g_signal_connect_object (page, "open", G_CALLBACK (kl_main_page_open_group), self, G_CONNECT_SWAPPED);
  adw_navigation_view_push (self->navigation, page);
}

static void
on_join (GSimpleAction *action,
         GVariant      *parameter,
         gpointer       user_data)
{
  KlMainPage *self = user_data;
  AdwDialog *dialog = kl_join_dialog_new (self->session);

  g_signal_connect_object (dialog, "joined", G_CALLBACK (kl_main_page_open_group), self, G_CONNECT_SWAPPED);
  adw_dialog_present (dialog, GTK_WIDGET (self));
}

static void
on_invite_people (GSimpleAction *action,
                  GVariant      *parameter,
                  gpointer       user_data)
{
  KlMainPage *self = user_data;

  adw_dialog_present (kl_invite_dialog_new (self->session, self->group), GTK_WIDGET (self));
}

static void
on_invite_made (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr (KlMainPage) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *link = kl_session_make_invite_finish (KL_SESSION (source), result, &error);

  if (self->session == NULL)
    return;
  if (link == NULL)
    {
      toast_error (self, error);
      return;
    }
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), link);
  toast (self, _ ("Link copied. It works for 7 days."));
}

static void
on_copy_invite (GSimpleAction *action,
                GVariant      *parameter,
                gpointer       user_data)
{
  KlMainPage *self = user_data;

  kl_session_make_invite_async (self->session, self->group, NULL, on_invite_made, g_object_ref (self));
}

static void
on_pin (GSimpleAction *action,
        GVariant      *state,
        gpointer       user_data)
{
  KlMainPage *self = user_data;

  kl_session_set_pinned (self->session, self->group, g_variant_get_boolean (state));
}

/* Muted: no unread count of this group adds to the filter's. */
static void
on_mute (GSimpleAction *action,
         GVariant      *state,
         gpointer       user_data)
{
  KlMainPage *self = user_data;

  kl_session_set_notify (self->session, self->group, g_variant_get_boolean (state) ? KL_NOTIFY_NONE : KL_NOTIFY_ALL);
}

static void
on_left (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr (KlMainPage) self = user_data;
  g_autoptr (GError) error = NULL;

  if (kl_session_leave_group_finish (KL_SESSION (source), result, &error) || self->session == NULL)
    return;
  if (g_error_matches (error, KL_CORE_ERROR, KL_CORE_ERROR_CONFLICT))
    toast (self, _ ("You are the last owner: somebody else has to become one before you can leave."));
  else
    toast_error (self, error);
}

static void
on_leave_chosen (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr (KlMainPage) self = user_data;
  KlGroup *group = g_object_get_data (source, "group");

  if (g_strcmp0 (adw_alert_dialog_choose_finish (ADW_ALERT_DIALOG (source), result), "leave") == 0 && self->session != NULL)
    kl_session_leave_group_async (self->session, group, NULL, on_left, g_object_ref (self));
}

static void
on_leave (GSimpleAction *action,
          GVariant      *parameter,
          gpointer       user_data)
{
  KlMainPage *self = user_data;
  AdwAlertDialog *dialog = ADW_ALERT_DIALOG (adw_alert_dialog_new (NULL, NULL));

  adw_alert_dialog_format_heading (dialog, _ ("Leave %s?"), kl_group_get_name (self->group));
  adw_alert_dialog_set_body (dialog, kl_group_get_visibility (self->group) == KL_VISIBILITY_PUBLIC
                                       ? _ ("What you have written stays. You can join again at any time.")
                                       : _ ("What you have written stays. To come back you need a new invite."));
  adw_alert_dialog_add_responses (dialog, "cancel", _ ("_Stay"), "leave", _ ("_Leave"), NULL);
  adw_alert_dialog_set_response_appearance (dialog, "leave", ADW_RESPONSE_DESTRUCTIVE);
  adw_alert_dialog_set_default_response (dialog, "cancel");
  adw_alert_dialog_set_close_response (dialog, "cancel");
  g_object_set_data_full (G_OBJECT (dialog), "group", g_object_ref (self->group), g_object_unref);
  adw_alert_dialog_choose (dialog, GTK_WIDGET (self), NULL, on_leave_chosen, g_object_ref (self));
}

static void
on_call (GSimpleAction *action,
         GVariant      *parameter,
         gpointer       user_data)
{
  KlMainPage *self = user_data;

  kl_call_host_open (self->call_host, self->group);
}

/* ── Commands: oneself ───────────────────────────────────────────────────── */

static void
on_profile (GSimpleAction *action,
            GVariant      *parameter,
            gpointer       user_data)
{
  KlMainPage *self = user_data;

  adw_dialog_present (kl_profile_dialog_new (self->session), GTK_WIDGET (self));
}

static void
update_dnd (KlMainPage *self)
{
  KlUser *me = kl_session_get_me (self->session);

  set_state (self, "do-not-disturb", g_variant_new_boolean (me != NULL && kl_user_get_status (me) == KL_USER_STATUS_DND));
}

static void
on_status_set (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr (KlMainPage) self = user_data;
  g_autoptr (GError) error = NULL;

  if (kl_session_set_status_finish (KL_SESSION (source), result, &error) || self->session == NULL)
    return;
  update_dnd (self);
  toast_error (self, error);
}

static void
on_do_not_disturb (GSimpleAction *action,
                   GVariant      *state,
                   gpointer       user_data)
{
  KlMainPage *self = user_data;
  KlUser *me = kl_session_get_me (self->session);

  kl_session_set_status_async (self->session, g_variant_get_boolean (state), kl_user_get_status_text (me), NULL,
                               on_status_set, g_object_ref (self));
}

static const GActionEntry entries[] = {
  { .name = "jump", .activate = on_jump },
  { .name = "previous-group", .activate = on_previous_group },
  { .name = "next-group", .activate = on_next_group },
  { .name = "previous-unread", .activate = on_previous_unread },
  { .name = "next-unread", .activate = on_next_unread },
  { .name = "pinned-group", .activate = on_pinned_group, .parameter_type = "i" },
  { .name = "toggle-people", .activate = on_toggle_people, .state = "false" },
  { .name = "show-people", .activate = on_show_people },
  { .name = "next-pane", .activate = on_next_pane },
  { .name = "previous-pane", .activate = on_previous_pane },
  { .name = "new-group", .activate = on_new_group },
  { .name = "find-groups", .activate = on_find_groups },
  { .name = "join", .activate = on_join },
  { .name = "invite-people", .activate = on_invite_people },
  { .name = "copy-invite", .activate = on_copy_invite },
  { .name = "call", .activate = on_call },
  { .name = "pin", .state = "false", .change_state = on_pin },
  { .name = "mute", .state = "false", .change_state = on_mute },
  { .name = "leave", .activate = on_leave },
  { .name = "profile", .activate = on_profile },
  { .name = "do-not-disturb", .state = "false", .change_state = on_do_not_disturb },
};

/* ── Object ──────────────────────────────────────────────────────────────── */

static void
on_used (KlMainPage *self)
{
  kl_group_pane_release (self->group_pane);
}

static void
on_screensaver (KlMainPage     *self,
                GParamSpec     *pspec,
                GtkApplication *application)
{
  gboolean active = FALSE;

  g_object_get (application, "screensaver-active", &active, NULL);
  kl_session_set_away (self->session, active);
}

/* The window carries the commands, so that keys reach them wherever the focus is. */
static void
kl_main_page_root (GtkWidget *widget)
{
  KlMainPage *self = KL_MAIN_PAGE (widget);

  GTK_WIDGET_CLASS (kl_main_page_parent_class)->root (widget);
  self->root = GTK_WIDGET (gtk_widget_get_root (widget));
  gtk_widget_insert_action_group (self->root, "main", G_ACTION_GROUP (self->actions));
}

static void
kl_main_page_unroot (GtkWidget *widget)
{
  KlMainPage *self = KL_MAIN_PAGE (widget);

  gtk_widget_insert_action_group (self->root, "main", NULL);
  self->root = NULL;
  GTK_WIDGET_CLASS (kl_main_page_parent_class)->unroot (widget);
}

/* To where one goes on: the field, else the groups, else what there is to do. */
static gboolean
kl_main_page_grab_focus (GtkWidget *widget)
{
  KlMainPage *self = KL_MAIN_PAGE (widget);

  if (self->group != NULL && is_looked_at (self))
    {
      kl_conversation_page_focus_composer (KL_CONVERSATION_PAGE (self->conversation));
      return TRUE;
    }
  return gtk_widget_grab_focus (GTK_WIDGET (self->group_pane)) || gtk_widget_grab_focus (GTK_WIDGET (self->welcome));
}

static void
set_session (KlMainPage *self,
             KlSession  *session)
{
  GApplication *application = g_application_get_default ();
  KlUser *me = kl_session_get_me (session);

  self->session = g_object_ref (session);
  kl_group_pane_set_session (self->group_pane, session);
  kl_people_pane_set_session (self->people, session);
  kl_conversation_page_set_session (KL_CONVERSATION_PAGE (self->conversation), session);
  self->welcome = g_object_ref_sink (kl_welcome_page_new (session));
  adw_navigation_split_view_set_content (self->split, self->welcome);

  g_signal_connect_object (self->conversation, "used", G_CALLBACK (on_used), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "group-removed", G_CALLBACK (on_group_removed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (kl_session_get_groups (session), "notify::loaded", G_CALLBACK (open_last_group), self,
                           G_CONNECT_SWAPPED);
  if (me != NULL)
    g_signal_connect_object (me, "notify::status", G_CALLBACK (update_dnd), self, G_CONNECT_SWAPPED);
  if (GTK_IS_APPLICATION (application))
    g_signal_connect_object (application, "notify::screensaver-active", G_CALLBACK (on_screensaver), self,
                             G_CONNECT_SWAPPED);
  update_dnd (self);
  update_group_actions (self);
  on_split_changed (self);
  open_last_group (self);
}

GtkWidget *
kl_main_page_new (KlSession *session,
                  KlCalls   *calls,
                  GSettings *settings)
{
  KlMainPage *self = g_object_new (KL_TYPE_MAIN_PAGE, NULL);

  self->settings = g_object_ref (settings);
  set_session (self, session);
  kl_call_host_set_calls (self->call_host, calls);
  return GTK_WIDGET (self);
}

static void
kl_main_page_dispose (GObject *object)
{
  KlMainPage *self = KL_MAIN_PAGE (object);

  if (self->session != NULL && kl_session_get_open_group (self->session) != NULL)
    kl_session_set_open_group (self->session, NULL);
  g_clear_object (&self->group_signals);
  g_clear_object (&self->settings);
  g_clear_object (&self->session);
  /* The bin must let go of its child itself: disposing the template would take it away unseen. */
  adw_breakpoint_bin_set_child (ADW_BREAKPOINT_BIN (self), NULL);
  gtk_widget_dispose_template (GTK_WIDGET (object), KL_TYPE_MAIN_PAGE);
  g_clear_object (&self->conversation);
  g_clear_object (&self->welcome);
  g_clear_object (&self->members);
  g_clear_object (&self->group);
  g_clear_object (&self->actions);
  G_OBJECT_CLASS (kl_main_page_parent_class)->dispose (object);
}

static void
kl_main_page_class_init (KlMainPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_main_page_dispose;
  widget_class->grab_focus = kl_main_page_grab_focus;
  widget_class->root = kl_main_page_root;
  widget_class->unroot = kl_main_page_unroot;

  g_type_ensure (KL_TYPE_CALL_HOST);
  g_type_ensure (KL_TYPE_GROUP_PANE);
  g_type_ensure (KL_TYPE_PEOPLE_PANE);
  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-main-page.ui");
  gtk_widget_class_bind_template_child (widget_class, KlMainPage, call_host);
  gtk_widget_class_bind_template_child (widget_class, KlMainPage, navigation);
  gtk_widget_class_bind_template_child (widget_class, KlMainPage, people_split);
  gtk_widget_class_bind_template_child (widget_class, KlMainPage, people);
  gtk_widget_class_bind_template_child (widget_class, KlMainPage, split);
  gtk_widget_class_bind_template_child (widget_class, KlMainPage, group_pane);
  gtk_widget_class_bind_template_callback (widget_class, on_people_collapsed);
  gtk_widget_class_bind_template_callback (widget_class, on_people_shown);
  gtk_widget_class_bind_template_callback (widget_class, on_split_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_open);
}

static void
kl_main_page_init (KlMainPage *self)
{
  self->actions = g_simple_action_group_new ();
  g_action_map_add_action_entries (G_ACTION_MAP (self->actions), entries, G_N_ELEMENTS (entries), self);
  self->group_signals = g_signal_group_new (KL_TYPE_GROUP);
  g_signal_group_connect_object (self->group_signals, "notify", G_CALLBACK (update_group_actions), self, G_CONNECT_SWAPPED);
  self->conversation = g_object_ref_sink (g_object_new (KL_TYPE_CONVERSATION_PAGE, NULL));
  gtk_widget_init_template (GTK_WIDGET (self));
}
