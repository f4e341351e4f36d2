/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-window.h"

#include <glib/gi18n.h>

#include "app/ui/kl-errors.h"
#include "app/ui/kl-main-page.h"
#include "app/ui/kl-ringer.h"
#include "app/ui/kl-sign-in-page.h"

struct _KlWindow
{
  AdwApplicationWindow parent_instance;

  AdwToastOverlay *toasts;
  GtkStack *stack;
  KlSignInPage *sign_in;
  GtkWidget *main; /* KlMainPage, while there is a session */

  GSettings *settings;
  KlAccounts *accounts;
  char *server; /* of the command line */

  KlAccount *account; /* signed in, and not yet kept or at work */
  KlSession *session;
  KlCalls *calls; /* of the session */
  KlRinger *ringer;
  GCancellable *cancellable;
  gboolean closing;
};

G_DEFINE_FINAL_TYPE (KlWindow, kl_window, ADW_TYPE_APPLICATION_WINDOW)

static void restore (KlWindow *self);

static void
toast (KlWindow   *self,
       const char *text)
{
  AdwToast *item = adw_toast_new (text);

  adw_toast_set_use_markup (item, FALSE);
  adw_toast_overlay_add_toast (self->toasts, item);
}

/* ── The account at work ─────────────────────────────────────────────────── */

static void
end_call (KlWindow *self)
{
  if (self->calls != NULL)
    kl_calls_leave (self->calls);
  g_clear_object (&self->ringer);
  g_clear_object (&self->calls);
}

static void
end_session (KlWindow *self)
{
  end_call (self);
  g_clear_object (&self->session);
  if (self->main == NULL)
    return;
  gtk_stack_set_visible_child_name (self->stack, "sign-in");
  gtk_stack_remove (self->stack, self->main);
  self->main = NULL;
}

/* The session was ended on the server: we say so and ask to sign in again. */
static void
on_session_state (KlWindow *self)
{
  const char *text;
  g_autoptr (KlSession) session = NULL;

  if (self->session == NULL || kl_session_get_state (self->session) != KL_CONNECTION_STATE_REFUSED)
    return;
  session = g_object_ref (self->session);
  text = kl_session_get_state_text (session);
  kl_sign_in_page_reset (self->sign_in);
  kl_sign_in_page_prefill (self->sign_in, kl_account_get_url (kl_session_get_account (session)),
                           kl_account_get_name (kl_session_get_account (session)));
  kl_sign_in_page_show_reason (self->sign_in,
                               text != NULL ? text : _ ("You have been signed out. Sign in again to go on; drafts and unsent messages are safe."));
  end_session (self);
  kl_session_stop_async (session, NULL, NULL);
}

static void
start_session (KlWindow  *self,
               KlAccount *account)
{
  end_session (self);
  self->session = kl_session_new (account, kl_accounts_get_folder (self->accounts));
  g_signal_connect_object (self->session, "notify::state", G_CALLBACK (on_session_state), self, G_CONNECT_SWAPPED);
  self->calls = kl_calls_new (self->session, self->settings);
  self->ringer = kl_ringer_new (self->calls, GTK_WINDOW (self));
  self->main = kl_main_page_new (self->session, self->calls, self->settings);
  gtk_stack_add_named (self->stack, self->main, "main");
  gtk_stack_set_visible_child (self->stack, self->main);
  gtk_widget_grab_focus (self->main);
  kl_session_start (self->session);
  kl_sign_in_page_reset (self->sign_in);
}

static void
on_forgotten (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr (KlWindow) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!kl_accounts_forget_finish (KL_ACCOUNTS (source), result, &error))
    g_warning ("The key could not be dropped: %s", error->message);
}

static void
on_signed_out (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr (KlWindow) self = user_data;
  g_autoptr (GError) error = NULL;
  KlAccount *account = kl_session_get_account (KL_SESSION (source));

  if (!kl_session_sign_out_finish (KL_SESSION (source), result, &error))
    toast (self, _ ("Signed out here. The server could not be told; it forgets this device by itself."));
  kl_accounts_forget_async (self->accounts, account, TRUE, NULL, on_forgotten, g_object_ref (self));
}

static void
sign_out (KlWindow *self)
{
  g_autoptr (KlSession) session = NULL;

  session = g_object_ref (self->session);
  kl_sign_in_page_reset (self->sign_in);
  kl_sign_in_page_prefill (self->sign_in, kl_account_get_url (kl_session_get_account (session)),
                           kl_account_get_name (kl_session_get_account (session)));
  end_session (self);
  kl_session_sign_out_async (session, on_signed_out, g_object_ref (self));
}

static void
on_sign_out_chosen (GObject      *source,
                    GAsyncResult *result,
                    gpointer      user_data)
{
  g_autoptr (KlWindow) self = user_data;

  if (g_strcmp0 (adw_alert_dialog_choose_finish (ADW_ALERT_DIALOG (source), result), "sign-out") == 0 && self->session != NULL)
    sign_out (self);
}

static void
on_sign_out (GtkWidget  *widget,
             const char *name,
             GVariant   *parameter)
{
  KlWindow *self = KL_WINDOW (widget);
  AdwAlertDialog *dialog;

  if (self->session == NULL)
    return;
  dialog = ADW_ALERT_DIALOG (adw_alert_dialog_new (
    _ ("Sign out?"), _ ("Conversations are taken off this computer. Drafts and unsent messages stay until you are back.")));
  adw_alert_dialog_add_responses (dialog, "cancel", _ ("_Cancel"), "sign-out", _ ("_Sign out"), NULL);
  adw_alert_dialog_set_response_appearance (dialog, "sign-out", ADW_RESPONSE_DESTRUCTIVE);
  adw_alert_dialog_set_default_response (dialog, "cancel");
  adw_alert_dialog_set_close_response (dialog, "cancel");
  adw_alert_dialog_choose (dialog, widget, NULL, on_sign_out_chosen, g_object_ref (self));
}

/* ── Keeping the key ─────────────────────────────────────────────────────── */

static void
on_kept (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr (KlWindow) self = user_data;
  g_autoptr (GError) error = NULL;
  gboolean kept = kl_accounts_keep_finish (KL_ACCOUNTS (source), result, &error);

  if (self->account == NULL || self->closing)
    return;
  if (g_error_matches (error, KL_CORE_ERROR, KL_CORE_ERROR_NO_SECRET_SERVICE))
    {
      kl_sign_in_page_ask_keep (self->sign_in);
      return;
    }
  start_session (self, self->account);
  g_clear_object (&self->account);
  if (!kept)
    {
      g_autofree char *sentence = kl_error_dup_sentence (error);

      toast (self, sentence);
    }
}

static void
keep (KlWindow *self,
      KlKeep    how)
{
  kl_accounts_keep_async (self->accounts, self->account, how, self->cancellable, on_kept, g_object_ref (self));
}

static void
on_signed_in (KlWindow  *self,
              KlAccount *account)
{
  g_set_object (&self->account, account);
  g_settings_set_string (self->settings, "server", kl_account_get_url (account));
  keep (self, KL_KEEP_IN_SECRET_SERVICE);
}

static void
on_keep_chosen (KlWindow *self,
                KlKeep    how)
{
  if (self->account != NULL)
    keep (self, how);
}

/* ── The account that is remembered ──────────────────────────────────────── */

static void
offer_sign_in (KlWindow  *self,
               KlAccount *account)
{
  g_autofree char *last = g_settings_get_string (self->settings, "server");
  const char *server = self->server;

  if (server == NULL && account != NULL)
    server = kl_account_get_url (account);
  if (server == NULL && *last != '\0')
    server = last;
  gtk_stack_set_visible_child_name (self->stack, "sign-in");
  kl_sign_in_page_prefill (self->sign_in, server, account != NULL ? kl_account_get_name (account) : NULL);
  if (account == NULL && self->server != NULL)
    kl_sign_in_page_show_register (self->sign_in);
}

/* --server means that one, not the account of another. */
static gboolean
is_wanted (KlWindow  *self,
           KlAccount *account)
{
  g_autofree char *url = NULL;

  if (account == NULL || !kl_account_get_signed_in (account))
    return FALSE;
  if (self->server == NULL)
    return TRUE;
  url = kl_server_url_for_address (self->server, NULL, NULL);
  return g_strcmp0 (url, kl_account_get_url (account)) == 0;
}

static void
on_restored (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr (KlWindow) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlAccount) account = kl_accounts_restore_finish (KL_ACCOUNTS (source), result, &error);

  if (self->closing || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (is_wanted (self, account))
    {
      start_session (self, account);
      return;
    }
  if (account == NULL && error != NULL)
    account = kl_accounts_dup_last (self->accounts);
  offer_sign_in (self, account);
  if (error != NULL)
    {
      g_autofree char *sentence = kl_error_dup_sentence (error);
      g_autofree char *offer = g_strdup_printf (_ ("%s Unlock it and try again, or sign in with your password."), sentence);

      if (g_error_matches (error, KL_CORE_ERROR, KL_CORE_ERROR_NO_SECRET_SERVICE))
        kl_sign_in_page_show_keyring_problem (self->sign_in, offer);
      else
        kl_sign_in_page_show_reason (self->sign_in, sentence);
    }
}

static void
restore (KlWindow *self)
{
  kl_accounts_restore_async (self->accounts, self->cancellable, on_restored, g_object_ref (self));
}

static void
on_retry_keyring (KlWindow *self)
{
  restore (self);
}

/* ── Closing ─────────────────────────────────────────────────────────────── */

static void
on_stopped (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr (KlWindow) self = user_data;

  kl_session_stop_finish (KL_SESSION (source), result, NULL);
  gtk_window_destroy (GTK_WINDOW (self));
}

static gboolean
kl_window_close_request (GtkWindow *window)
{
  KlWindow *self = KL_WINDOW (window);
  int width, height;

  if (self->closing)
    return GDK_EVENT_STOP;
  self->closing = TRUE;
  gtk_window_get_default_size (window, &width, &height);
  g_settings_set_int (self->settings, "window-width", width);
  g_settings_set_int (self->settings, "window-height", height);
  g_settings_set_boolean (self->settings, "window-maximized", gtk_window_is_maximized (window));
  g_cancellable_cancel (self->cancellable);
  if (self->session == NULL)
    return GDK_EVENT_PROPAGATE;
  gtk_widget_set_visible (GTK_WIDGET (window), FALSE);
  end_call (self);
  kl_session_stop_async (self->session, on_stopped, g_object_ref (self));
  return GDK_EVENT_STOP;
}

void
kl_window_end (KlWindow *self)
{
  g_return_if_fail (KL_IS_WINDOW (self));

  if (!kl_window_close_request (GTK_WINDOW (self)))
    gtk_window_destroy (GTK_WINDOW (self));
}

static void
on_toast (GtkWidget  *widget,
          const char *name,
          GVariant   *parameter)
{
  toast (KL_WINDOW (widget), g_variant_get_string (parameter, NULL));
}

GtkWindow *
kl_window_new (GtkApplication *application,
               GSettings      *settings,
               KlAccounts     *accounts,
               const char     *server)
{
  KlWindow *self = g_object_new (KL_TYPE_WINDOW, "application", application, NULL);

  self->settings = g_object_ref (settings);
  self->accounts = g_object_ref (accounts);
  self->server = g_strdup (server);
  gtk_window_set_default_size (GTK_WINDOW (self), g_settings_get_int (settings, "window-width"),
                               g_settings_get_int (settings, "window-height"));
  if (g_settings_get_boolean (settings, "window-maximized"))
    gtk_window_maximize (GTK_WINDOW (self));
  restore (self);
  return GTK_WINDOW (self);
}

static void
kl_window_dispose (GObject *object)
{
  KlWindow *self = KL_WINDOW (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->ringer);
  g_clear_object (&self->calls);
  g_clear_object (&self->session);
  g_clear_object (&self->account);
  g_clear_object (&self->accounts);
  g_clear_object (&self->settings);
  gtk_widget_dispose_template (GTK_WIDGET (object), KL_TYPE_WINDOW);
  G_OBJECT_CLASS (kl_window_parent_class)->dispose (object);
}

static void
kl_window_finalize (GObject *object)
{
  g_free (KL_WINDOW (object)->server);
  G_OBJECT_CLASS (kl_window_parent_class)->finalize (object);
}

static void
kl_window_class_init (KlWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_window_dispose;
  G_OBJECT_CLASS (klass)->finalize = kl_window_finalize;
  GTK_WINDOW_CLASS (klass)->close_request = kl_window_close_request;

  g_type_ensure (KL_TYPE_SIGN_IN_PAGE);
  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-window.ui");
  gtk_widget_class_bind_template_child (widget_class, KlWindow, toasts);
  gtk_widget_class_bind_template_child (widget_class, KlWindow, stack);
  gtk_widget_class_bind_template_child (widget_class, KlWindow, sign_in);
  gtk_widget_class_bind_template_callback (widget_class, on_signed_in);
  gtk_widget_class_bind_template_callback (widget_class, on_keep_chosen);
  gtk_widget_class_bind_template_callback (widget_class, on_retry_keyring);
  gtk_widget_class_install_action (widget_class, "win.sign-out", NULL, on_sign_out);
  gtk_widget_class_install_action (widget_class, "win.toast", "s", on_toast);
}

static void
kl_window_init (KlWindow *self)
{
  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}
