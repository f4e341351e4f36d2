/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/app/ui/ui-call-kit.h"

#include "tests/app/ui/ui-kit.h"

void
ui_call_init (int *argc, char ***argv)
{
  /* Settings that are written, though each test has a home of its own. */
  g_setenv ("GSETTINGS_BACKEND", "memory", TRUE);
  kl_call_init_process (argc, argv);
  kl_ui_test_init (argc, argv);
}

/* ── What is there ── */

GtkWidget *
ui_call_find (UiCallFixture *self, GType type)
{
  return kl_ui_test_find (GTK_WIDGET (self->window), type, NULL);
}

gboolean
ui_call_is_shown (GtkWidget *widget)
{
  return widget != NULL && gtk_widget_get_mapped (widget);
}

GtkWidget *
ui_call_find_named (GtkWidget *root, GType type, const char *name)
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
      GtkWidget *found = ui_call_find_named (child, type, name);

      if (found != NULL)
        return found;
    }
  return NULL;
}

GtkWidget *
ui_call_find_button (UiCallFixture *self, const char *name)
{
  return ui_call_find_named (GTK_WIDGET (self->window), GTK_TYPE_BUTTON, name);
}

gboolean
ui_call_shows (GtkWidget *root, const char *text)
{
  if (!gtk_widget_get_visible (root) || !gtk_widget_get_child_visible (root))
    return FALSE;
  if (GTK_IS_LABEL (root) && g_str_equal (gtk_label_get_text (GTK_LABEL (root)), text))
    return TRUE;
  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL; child = gtk_widget_get_next_sibling (child))
    if (ui_call_shows (child, text))
      return TRUE;
  return FALSE;
}

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

void
ui_call_assert_light_in_all_looks (GtkWidget *root)
{
  assert_light (root);
  kl_ui_test_set_contrast (TRUE);
  kl_test_spin (50);
  assert_light (root);
  kl_ui_test_set_contrast (FALSE);
}

void
ui_call_click (UiCallFixture *self, const char *name)
{
  kl_test_wait_until (ui_call_find_button (self, name) != NULL);
  g_signal_emit_by_name (ui_call_find_button (self, name), "clicked");
}

void
ui_call_act (UiCallFixture *self, const char *action)
{
  g_assert_true (gtk_widget_activate_action (GTK_WIDGET (self->page), action, NULL));
}

/* ── Coming and going ── */

void
ui_call_set_devices (UiCallFixture *self)
{
  g_autoptr (KlMediaSource) camera = kl_media_source_new_test_video ("smpte");
  g_autoptr (KlMediaSource) microphone = kl_media_source_new_test_audio (440);

  g_object_set (self->calls, "camera", camera, "microphone", microphone, NULL);
}

void
ui_call_set_up (UiCallFixture *self, gconstpointer width)
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

void
ui_call_tear_down (UiCallFixture *self, gconstpointer unused)
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

gboolean
ui_call_all_connected (UiCallFixture *self, guint n)
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
