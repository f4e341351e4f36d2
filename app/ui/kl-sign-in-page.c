/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The server is looked for while its address is typed, so that its rules for newcomers show early; signing in waits for
 * that search where it is still under way. One deed at a time: self->deed says which waits for the server, and busy
 * that it has been asked. */
#include "app/ui/kl-sign-in-page.h"

#include <glib/gi18n.h>

#include "app/core/kl-core-enums.h"
#include "app/ui/kl-avatar.h"
#include "app/ui/kl-errors.h"
#include "app/ui/kl-notice.h"
#include "app/ui/kl-password.h"
#include "app/ui/kl-sign-in-art.h"
#include "protocol/kl-text.h"

#define FIND_DELAY_MS 600

typedef enum
{
  DEED_NONE,
  DEED_SIGN_IN,
  DEED_REGISTER,
} Deed;

struct _KlSignInPage
{
  AdwBreakpointBin parent_instance;

  AdwNavigationView *navigation;
  GtkWidget *art;

  GtkWidget *sign_in_heading;
  GtkLabel *sign_in_subtitle;
  KlNotice *keyring_notice;
  GtkEditable *server_row;
  GtkEditable *name_row;
  GtkEditable *password_row;
  KlNotice *sign_in_notice;
  GtkWidget *sign_in_button;
  AdwBin *sign_in_bin;
  GtkWidget *register_link;

  KlAvatar *new_avatar;
  GtkWidget *new_icon;
  GtkLabel *address_label;
  GtkEditable *new_server_row;
  GtkLabel *policy_label;
  GtkEditable *new_name_row;
  GtkEditable *display_name_row;
  GtkEditable *new_password_row;
  GtkEditable *invite_row;
  GtkLevelBar *strength_bar;
  GtkLabel *strength_label;
  KlNotice *register_notice;
  GtkWidget *register_button;
  AdwBin *register_bin;

  KlNotice *keep_notice;

  KlUser *preview;
  KlServer *server; /* that of the address as it stands, once it is found */
  GCancellable *finding;
  GCancellable *asking;
  guint find_source;
  Deed deed;
  gboolean busy;
};

enum
{
  SIGNAL_SIGNED_IN,
  SIGNAL_KEEP_CHOSEN,
  SIGNAL_RETRY_KEYRING,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KlSignInPage, kl_sign_in_page, ADW_TYPE_BREAKPOINT_BIN)

static void advance (KlSignInPage *self);
static void find_server (KlSignInPage *self);

GtkWidget *
kl_sign_in_page_new (void)
{
  return g_object_new (KL_TYPE_SIGN_IN_PAGE, NULL);
}

/* ── What is shown ───────────────────────────────────────────────────────── */

static void
show_busy_in (AdwBin  *bin,
              gboolean busy)
{
  GtkWidget *label = g_object_get_data (G_OBJECT (bin), "label");

  if (label == NULL)
    {
      label = adw_bin_get_child (bin);
      g_object_set_data_full (G_OBJECT (bin), "label", g_object_ref (label), g_object_unref);
    }
  if (busy == ADW_IS_SPINNER (adw_bin_get_child (bin)))
    return;
  adw_bin_set_child (bin, busy ? adw_spinner_new () : label);
}

/* The button spins in the place of its words; nothing loses the focus. */
static void
update_busy (KlSignInPage *self)
{
  gboolean busy = self->deed != DEED_NONE;

  show_busy_in (self->sign_in_bin, busy && self->deed == DEED_SIGN_IN);
  show_busy_in (self->register_bin, busy && self->deed == DEED_REGISTER);
  gtk_accessible_update_state (GTK_ACCESSIBLE (self->sign_in_button), GTK_ACCESSIBLE_STATE_BUSY, busy, -1);
  gtk_accessible_update_state (GTK_ACCESSIBLE (self->register_button), GTK_ACCESSIBLE_STATE_BUSY, busy, -1);
}

static void
set_bad (GtkEditable *row,
         gboolean     bad)
{
  if (bad)
    gtk_widget_add_css_class (GTK_WIDGET (row), "error");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (row), "error");
  gtk_accessible_update_state (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_STATE_INVALID,
                               bad ? GTK_ACCESSIBLE_INVALID_TRUE : GTK_ACCESSIBLE_INVALID_FALSE, -1);
}

/* A warning that the password would go unencrypted, or nothing. */
static void
show_ground_state (KlSignInPage *self)
{
  gboolean insecure = FALSE;
  g_autofree char *url = kl_server_url_for_address (gtk_editable_get_text (self->server_row), &insecure, NULL);
  const char *warning = _ ("This address is not encrypted: others on the network could read your password. "
                           "Use it only in a network that you trust.");

  if (url != NULL && insecure)
    {
      kl_notice_show (self->sign_in_notice, KL_NOTICE_WARNING, warning);
      kl_notice_show (self->register_notice, KL_NOTICE_WARNING, warning);
      return;
    }
  kl_notice_hide (self->sign_in_notice);
  kl_notice_hide (self->register_notice);
}

static void
clear_errors (KlSignInPage *self)
{
  GtkEditable *rows[] = { self->server_row,   self->name_row,         self->password_row,     self->new_server_row,
                          self->new_name_row, self->display_name_row, self->new_password_row, self->invite_row };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    set_bad (rows[i], FALSE);
  show_ground_state (self);
}

static gboolean
is_registering (KlSignInPage *self)
{
  AdwNavigationPage *page = adw_navigation_view_get_visible_page (self->navigation);

  return page != NULL && g_strcmp0 (adw_navigation_page_get_tag (page), "register") == 0;
}

/* The deed is over: says why, marks the row and takes the focus there. */
static void
fail (KlSignInPage *self,
      GtkEditable  *row,
      const char   *sentence)
{
  KlNotice *notice = is_registering (self) ? self->register_notice : self->sign_in_notice;

  self->deed = DEED_NONE;
  self->busy = FALSE;
  update_busy (self);
  clear_errors (self);
  if (row != NULL)
    {
      set_bad (row, TRUE);
      gtk_widget_grab_focus (GTK_WIDGET (row));
    }
  kl_notice_show (notice, KL_NOTICE_ERROR, sentence);
}

static void
update_policy (KlSignInPage *self)
{
  const char *text = "";
  g_autofree char *subtitle = NULL;

  if (self->server != NULL)
    {
      switch (kl_server_get_registration (self->server))
        {
        case KL_REGISTRATION_OPEN:
          text = _ ("Open to all");
          break;
        case KL_REGISTRATION_INVITE:
          text = _ ("By invitation");
          break;
        case KL_REGISTRATION_CLOSED:
          text = _ ("Closed to newcomers");
          break;
        }
      /* Translators: the name of a server */
      subtitle = g_strdup_printf (_ ("Sign in to %s"), kl_server_get_name (self->server));
    }
  gtk_label_set_label (self->policy_label, text);
  gtk_label_set_label (self->sign_in_subtitle, subtitle != NULL ? subtitle : _ ("Sign in to your Klatch server"));
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->invite_row),
                                 self->server != NULL
                                     && kl_server_get_registration (self->server) == KL_REGISTRATION_INVITE
                                   ? _ ("Invite code")
                                   : _ ("Invite code (if you have one)"));
}

/* "aroha@klatch.example will be your address", as far as it is known. */
static void
update_address (KlSignInPage *self)
{
  const char *name = gtk_editable_get_text (self->new_name_row);
  const char *display_name = gtk_editable_get_text (self->display_name_row);
  g_autofree char *text = NULL;

  if (*name != '\0' && self->server != NULL)
    /* Translators: an address, as in "aroha@klatch.example" */
    text = g_strdup_printf (_ ("You will be %s@%s"), name, kl_server_get_domain (self->server));
  gtk_label_set_label (self->address_label, text != NULL ? text : _ ("Pick a name that others will know you by"));
  g_object_set (self->preview, "display-name", *display_name != '\0' ? display_name : name, NULL);
  gtk_widget_set_visible (GTK_WIDGET (self->new_avatar), *name != '\0' || *display_name != '\0');
  gtk_widget_set_visible (self->new_icon, *name == '\0' && *display_name == '\0');
}

static void
update_strength (KlSignInPage *self)
{
  KlPasswordStrength strength = kl_password_get_strength (gtk_editable_get_text (self->new_password_row),
                                                          gtk_editable_get_text (self->new_name_row));

  gtk_level_bar_set_value (self->strength_bar, strength <= KL_PASSWORD_TOO_SHORT ? 0 : strength - KL_PASSWORD_TOO_SHORT);
  gtk_label_set_label (self->strength_label, kl_password_strength_get_label (strength));
  if (strength >= KL_PASSWORD_GOOD)
    gtk_widget_add_css_class (GTK_WIDGET (self->strength_label), "here");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->strength_label), "here");
}

/* ── Finding the server ──────────────────────────────────────────────────── */

static void
on_server_found (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  KlSignInPage *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlServer) server = kl_server_find_finish (result, &error);

  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_clear_object (&self->finding);
      g_set_object (&self->server, server);
      update_policy (self);
      update_address (self);
      if (error == NULL)
        advance (self);
      else if (self->deed != DEED_NONE)
        {
          g_autofree char *sentence = kl_error_dup_sentence (error);

          fail (self, is_registering (self) ? self->new_server_row : self->server_row, sentence);
        }
    }
  g_object_unref (self);
}

static void
find_server (KlSignInPage *self)
{
  g_clear_handle_id (&self->find_source, g_source_remove);
  g_cancellable_cancel (self->finding);
  g_clear_object (&self->finding);
  self->finding = g_cancellable_new ();
  kl_server_find_async (gtk_editable_get_text (self->server_row), self->finding, on_server_found, g_object_ref (self));
}

static gboolean
on_find_timeout (gpointer user_data)
{
  KlSignInPage *self = user_data;

  self->find_source = 0;
  find_server (self);
  return G_SOURCE_REMOVE;
}

static void
on_server_changed (KlSignInPage *self)
{
  g_clear_object (&self->server);
  g_cancellable_cancel (self->finding);
  g_clear_object (&self->finding);
  g_clear_handle_id (&self->find_source, g_source_remove);
  if (self->deed != DEED_NONE)
    {
      g_cancellable_cancel (self->asking);
      self->deed = DEED_NONE;
      self->busy = FALSE;
      update_busy (self);
    }
  clear_errors (self);
  update_policy (self);
  update_address (self);
  if (*gtk_editable_get_text (self->server_row) != '\0')
    self->find_source = g_timeout_add (FIND_DELAY_MS, on_find_timeout, self);
}

static void
on_server_activated (KlSignInPage *self)
{
  if (is_registering (self))
    gtk_widget_grab_focus (GTK_WIDGET (self->new_name_row));
  else
    gtk_widget_grab_focus (GTK_WIDGET (self->name_row));
}

/* ── Signing in and registering ──────────────────────────────────────────── */

static void
fail_with_error (KlSignInPage *self,
                 GError       *error)
{
  gboolean registering = is_registering (self);
  const char *field = kl_error_get_field (error);
  GtkEditable *row = NULL;
  g_autofree char *sentence = NULL;

  if (g_strcmp0 (field, "name") == 0)
    row = registering ? self->new_name_row : self->name_row;
  else if (g_strcmp0 (field, "password") == 0)
    row = registering ? self->new_password_row : self->password_row;
  else if (g_strcmp0 (field, "display_name") == 0)
    row = self->display_name_row;
  else if (g_strcmp0 (field, "invite") == 0)
    row = self->invite_row;

  if (g_error_matches (error, KL_CORE_ERROR, KL_CORE_ERROR_UNAUTHORIZED))
    {
      row = self->password_row;
      sentence = g_strdup (_ ("This name and password do not go together. If you have forgotten the password, the admin "
                              "of your server can set a new one."));
    }
  else if (registering && g_error_matches (error, KL_CORE_ERROR, KL_CORE_ERROR_CONFLICT))
    {
      row = self->new_name_row;
      sentence = g_strdup_printf (_ ("“%s” is taken here. Try another name."), gtk_editable_get_text (self->new_name_row));
    }
  else if (registering && g_error_matches (error, KL_CORE_ERROR, KL_CORE_ERROR_FORBIDDEN))
    {
      row = self->invite_row;
      if (*gtk_editable_get_text (self->invite_row) != '\0')
        sentence = g_strdup (_ ("This invite code is not good here, or not any more. Ask for a new one."));
      else if (kl_server_get_registration (self->server) == KL_REGISTRATION_CLOSED)
        sentence = g_strdup (_ ("This server takes no new accounts. Its admin can make one for you."));
      else
        sentence = g_strdup (_ ("This server asks for an invite code. Somebody who is there can give you one."));
    }
  else
    sentence = kl_error_dup_sentence (error);
  fail (self, row, sentence);
}

static void
finish (KlSignInPage *self,
        KlAccount    *account,
        GError       *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (account == NULL)
    {
      fail_with_error (self, error);
      return;
    }
  self->deed = DEED_NONE;
  self->busy = FALSE;
  update_busy (self);
  g_signal_emit (self, signals[SIGNAL_SIGNED_IN], 0, account);
}

static void
on_signed_in (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr (KlSignInPage) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlAccount) account = kl_server_sign_in_finish (KL_SERVER (source), result, &error);

  finish (self, account, error);
}

static void
on_registered (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr (KlSignInPage) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlAccount) account = kl_server_register_finish (KL_SERVER (source), result, &error);

  finish (self, account, error);
}

/* Goes on with the deed as soon as the server is known. */
static void
advance (KlSignInPage *self)
{
  if (self->deed == DEED_NONE || self->busy)
    return;
  if (self->server == NULL)
    {
      if (self->finding == NULL)
        find_server (self);
      return;
    }
  self->busy = TRUE;
  g_clear_object (&self->asking);
  self->asking = g_cancellable_new ();
  if (self->deed == DEED_SIGN_IN)
    kl_server_sign_in_async (self->server, gtk_editable_get_text (self->name_row),
                             gtk_editable_get_text (self->password_row),
                             self->asking, on_signed_in, g_object_ref (self));
  else
    kl_server_register_async (self->server, gtk_editable_get_text (self->new_name_row),
                              gtk_editable_get_text (self->new_password_row),
                              gtk_editable_get_text (self->display_name_row),
                              gtk_editable_get_text (self->invite_row), self->asking, on_registered,
                              g_object_ref (self));
}

static void
start (KlSignInPage *self,
       Deed          deed)
{
  self->deed = deed;
  clear_errors (self);
  update_busy (self);
  advance (self);
}

static void
on_sign_in_activated (KlSignInPage *self)
{
  if (self->deed != DEED_NONE)
    return;
  if (*gtk_editable_get_text (self->server_row) == '\0')
    fail (self, self->server_row, _ ("Which server? Its address looks like a website’s: klatch.example."));
  else if (*gtk_editable_get_text (self->name_row) == '\0')
    fail (self, self->name_row, _ ("Type your username first."));
  else if (*gtk_editable_get_text (self->password_row) == '\0')
    fail (self, self->password_row, _ ("Type your password first."));
  else
    start (self, DEED_SIGN_IN);
}

static void
on_register_activated (KlSignInPage *self)
{
  KlPasswordStrength strength = kl_password_get_strength (gtk_editable_get_text (self->new_password_row), NULL);
  g_autofree char *name = g_strstrip (g_utf8_strdown (gtk_editable_get_text (self->new_name_row), -1));

  if (self->deed != DEED_NONE)
    return;
  if (*gtk_editable_get_text (self->new_server_row) == '\0')
    fail (self, self->new_server_row, _ ("Which server? Its address looks like a website’s: klatch.example."));
  else if (*name == '\0')
    fail (self, self->new_name_row, _ ("Pick a username first."));
  else if (!kl_text_is_user_name (name) && strchr (name, '@') == NULL)
    fail (self, self->new_name_row, _ ("A username has 2 to 32 letters from a to z, digits, dots, dashes or underscores."));
  else if (strength <= KL_PASSWORD_TOO_SHORT)
    fail (self, self->new_password_row, _ ("A password takes at least 8 characters. A short sentence is a good one."));
  else
    start (self, DEED_REGISTER);
}

static void
on_entry_changed (KlSignInPage *self)
{
  if (self->deed == DEED_NONE)
    clear_errors (self);
  update_address (self);
}

static void
on_new_name_changed (KlSignInPage *self)
{
  on_entry_changed (self);
  update_strength (self);
}

static void
on_new_password_changed (KlSignInPage *self)
{
  on_entry_changed (self);
  update_strength (self);
}

static void
on_register_link_clicked (KlSignInPage *self)
{
  clear_errors (self);
  adw_navigation_view_push_by_tag (self->navigation, "register");
  gtk_widget_grab_focus (
    GTK_WIDGET (*gtk_editable_get_text (self->new_server_row) == '\0' ? self->new_server_row : self->new_name_row));
}

/* ── Without a keyring ───────────────────────────────────────────────────── */

static void
on_keep_nowhere_activated (KlSignInPage *self)
{
  g_signal_emit (self, signals[SIGNAL_KEEP_CHOSEN], 0, KL_KEEP_NOWHERE);
}

static void
on_keep_file_activated (KlSignInPage *self)
{
  g_signal_emit (self, signals[SIGNAL_KEEP_CHOSEN], 0, KL_KEEP_IN_FILE);
}

static void
on_keyring_notice_activated (KlSignInPage *self)
{
  kl_notice_hide (self->keyring_notice);
  g_signal_emit (self, signals[SIGNAL_RETRY_KEYRING], 0);
}

/* ── For the window ──────────────────────────────────────────────────────── */

void
kl_sign_in_page_prefill (KlSignInPage *self,
                         const char   *server,
                         const char   *name)
{
  GtkEditable *rows[] = { self->server_row, self->name_row, self->password_row };

  g_return_if_fail (KL_IS_SIGN_IN_PAGE (self));

  if (server != NULL)
    gtk_editable_set_text (self->server_row, server);
  if (name != NULL)
    gtk_editable_set_text (self->name_row, name);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    if (*gtk_editable_get_text (rows[i]) == '\0')
      {
        gtk_widget_grab_focus (GTK_WIDGET (rows[i]));
        break;
      }
}

void
kl_sign_in_page_show_register (KlSignInPage *self)
{
  g_return_if_fail (KL_IS_SIGN_IN_PAGE (self));

  on_register_link_clicked (self);
}

void
kl_sign_in_page_show_reason (KlSignInPage *self,
                             const char   *reason)
{
  g_return_if_fail (KL_IS_SIGN_IN_PAGE (self));

  kl_notice_set_button (self->keyring_notice, NULL);
  kl_notice_show (self->keyring_notice, KL_NOTICE_WARNING, reason);
}

void
kl_sign_in_page_show_keyring_problem (KlSignInPage *self,
                                      const char   *reason)
{
  g_return_if_fail (KL_IS_SIGN_IN_PAGE (self));

  kl_notice_show (self->keyring_notice, KL_NOTICE_WARNING, reason);
  kl_notice_set_button (self->keyring_notice, _ ("Try again"));
}

void
kl_sign_in_page_ask_keep (KlSignInPage *self)
{
  g_return_if_fail (KL_IS_SIGN_IN_PAGE (self));

  adw_navigation_view_push_by_tag (self->navigation, "keep");
}

void
kl_sign_in_page_reset (KlSignInPage *self)
{
  g_return_if_fail (KL_IS_SIGN_IN_PAGE (self));

  g_cancellable_cancel (self->asking);
  self->deed = DEED_NONE;
  self->busy = FALSE;
  gtk_editable_set_text (self->password_row, "");
  gtk_editable_set_text (self->new_password_row, "");
  gtk_editable_set_text (self->invite_row, "");
  kl_notice_hide (self->keyring_notice);
  update_busy (self);
  clear_errors (self);
  adw_navigation_view_replace_with_tags (self->navigation, (const char *[]) { "sign-in" }, 1);
}

static void
kl_sign_in_page_dispose (GObject *object)
{
  KlSignInPage *self = KL_SIGN_IN_PAGE (object);

  g_clear_handle_id (&self->find_source, g_source_remove);
  g_cancellable_cancel (self->finding);
  g_clear_object (&self->finding);
  g_cancellable_cancel (self->asking);
  g_clear_object (&self->asking);
  g_clear_object (&self->server);
  g_clear_object (&self->preview);
  gtk_widget_dispose_template (GTK_WIDGET (object), KL_TYPE_SIGN_IN_PAGE);
  G_OBJECT_CLASS (kl_sign_in_page_parent_class)->dispose (object);
}

static void
bind_children (GtkWidgetClass *widget_class)
{
  gtk_widget_class_bind_template_child (widget_class, KlSignInPage, navigation);
  gtk_widget_class_bind_template_child (widget_class, KlSignInPage, art);
  gtk_widget_class_bind_template_child (widget_class, KlSignInPage, sign_in_heading);
  gtk_widget_class_bind_template_child (widget_class, KlSignInPage, sign_in_subtitle);
  gtk_widget_class_bind_template_child (widget_class, KlSignInPage, keyring_notice);
  gtk_widget_class_bind_template_child (widget_class, KlSignInPage, server_row);
  gtk_widget_class_bind_template_child (widget_class, KlSignInPage, name_row);
  gtk_widget_class_bind_template_child (widget_class, KlSignInPage, password_row);
  gtk_widget_class_bind_template_child (widget_class, KlSignInPage, sign_in_notice);
  gtk_widget_class_bind_template_child (widget_class, KlSignInPage, sign_in_button);
  gtk_widget_class_bind_template_child (widget_class, KlSignInPage, sign_in_bin);
  gtk_widget_class_bind_template_child (widget_class, KlSignInPage, register_link);
  gtk_widget_class_bind_template_child (widget_class, KlSignInPage, new_avatar);
  gtk_widget_class_bind_template_child (widget_class, KlSignInPage, new_icon);
  gtk_widget_class_bind_template_child (widget_class, KlSignInPage, address_label);
  gtk_widget_class_bind_template_child (widget_class, KlSignInPage, new_server_row);
  gtk_widget_class_bind_template_child (widget_class, KlSignInPage, policy_label);
  gtk_widget_class_bind_template_child (widget_class, KlSignInPage, new_name_row);
  gtk_widget_class_bind_template_child (widget_class, KlSignInPage, display_name_row);
  gtk_widget_class_bind_template_child (widget_class, KlSignInPage, new_password_row);
  gtk_widget_class_bind_template_child (widget_class, KlSignInPage, invite_row);
  gtk_widget_class_bind_template_child (widget_class, KlSignInPage, strength_bar);
  gtk_widget_class_bind_template_child (widget_class, KlSignInPage, strength_label);
  gtk_widget_class_bind_template_child (widget_class, KlSignInPage, register_notice);
  gtk_widget_class_bind_template_child (widget_class, KlSignInPage, register_button);
  gtk_widget_class_bind_template_child (widget_class, KlSignInPage, register_bin);
  gtk_widget_class_bind_template_child (widget_class, KlSignInPage, keep_notice);
  gtk_widget_class_bind_template_callback (widget_class, on_server_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_server_activated);
  gtk_widget_class_bind_template_callback (widget_class, on_entry_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_sign_in_activated);
  gtk_widget_class_bind_template_callback (widget_class, on_register_link_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_new_name_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_new_password_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_register_activated);
  gtk_widget_class_bind_template_callback (widget_class, on_keep_nowhere_activated);
  gtk_widget_class_bind_template_callback (widget_class, on_keep_file_activated);
  gtk_widget_class_bind_template_callback (widget_class, on_keyring_notice_activated);
}

static void
kl_sign_in_page_class_init (KlSignInPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_sign_in_page_dispose;

  signals[SIGNAL_SIGNED_IN] = g_signal_new ("signed-in", KL_TYPE_SIGN_IN_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                            G_TYPE_NONE, 1, KL_TYPE_ACCOUNT);
  signals[SIGNAL_KEEP_CHOSEN] = g_signal_new ("keep-chosen", KL_TYPE_SIGN_IN_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                              G_TYPE_NONE, 1, KL_TYPE_KEEP);
  signals[SIGNAL_RETRY_KEYRING] = g_signal_new ("retry-keyring", KL_TYPE_SIGN_IN_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                                NULL, G_TYPE_NONE, 0);

  g_type_ensure (KL_TYPE_AVATAR);
  g_type_ensure (KL_TYPE_NOTICE);
  g_type_ensure (KL_TYPE_SIGN_IN_ART);
  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-sign-in-page.ui");
  bind_children (widget_class);
}

static void
kl_sign_in_page_init (KlSignInPage *self)
{
  self->preview = kl_user_new ("");
  gtk_widget_init_template (GTK_WIDGET (self));
  kl_avatar_set_user (self->new_avatar, self->preview);
  kl_notice_set_button (self->keyring_notice, NULL);
  update_strength (self);
  update_address (self);
}
