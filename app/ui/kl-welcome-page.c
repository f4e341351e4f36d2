/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-welcome-page.h"

#include <glib/gi18n.h>

#include "app/ui/kl-connection-banner.h"

struct _KlWelcomePage
{
  AdwNavigationPage parent_instance;

  KlConnectionBanner *banner;
  GtkLabel *heading;
  GtkLabel *text;
  AdwActionRow *find_row;

  KlSession *session;
};

G_DEFINE_FINAL_TYPE (KlWelcomePage, kl_welcome_page, ADW_TYPE_NAVIGATION_PAGE)

static void
update (KlWelcomePage *self)
{
  KlUser *me = kl_session_get_me (self->session);
  GListModel *groups = G_LIST_MODEL (kl_session_get_groups (self->session));
  const char *server = kl_session_get_server_name (self->session);
  const char *name = me != NULL ? kl_user_get_display_name (me) : NULL;
  g_autofree char *heading = NULL;
  g_autofree char *text = NULL;
  g_autofree char *find = NULL;

  if (name != NULL && *name != '\0')
    /* Translators: a person's name */
    heading = g_strdup_printf (_ ("Pull up a chair, %s"), name);
  gtk_label_set_label (self->heading, heading != NULL ? heading : _ ("Pull up a chair"));
  if (g_list_model_get_n_items (groups) > 0)
    text = g_strdup (_ ("Choose a group from the list, or look for company."));
  else
    /* Translators: a server's name */
    text = g_strdup_printf (_ ("You are on %s. Where would you like to sit?"), server);
  gtk_label_set_label (self->text, text);
  find = g_strdup_printf (_ ("Open groups on %s"), server);
  adw_action_row_set_subtitle (self->find_row, find);
}

AdwNavigationPage *
kl_welcome_page_new (KlSession *session)
{
  KlWelcomePage *self = g_object_new (KL_TYPE_WELCOME_PAGE, NULL);

  self->session = g_object_ref (session);
  kl_connection_banner_set_session (self->banner, session);
  g_signal_connect_object (session, "notify::server-name", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (kl_session_get_groups (session), "items-changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  if (kl_session_get_me (session) != NULL)
    g_signal_connect_object (kl_session_get_me (session), "notify::display-name", G_CALLBACK (update), self,
                             G_CONNECT_SWAPPED);
  update (self);
  return ADW_NAVIGATION_PAGE (self);
}

static gboolean
kl_welcome_page_grab_focus (GtkWidget *widget)
{
  return gtk_widget_grab_focus (GTK_WIDGET (KL_WELCOME_PAGE (widget)->find_row));
}

static void
kl_welcome_page_dispose (GObject *object)
{
  g_clear_object (&KL_WELCOME_PAGE (object)->session);
  gtk_widget_dispose_template (GTK_WIDGET (object), KL_TYPE_WELCOME_PAGE);
  G_OBJECT_CLASS (kl_welcome_page_parent_class)->dispose (object);
}

static void
kl_welcome_page_class_init (KlWelcomePageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_welcome_page_dispose;
  widget_class->grab_focus = kl_welcome_page_grab_focus;

  g_type_ensure (KL_TYPE_CONNECTION_BANNER);
  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-welcome-page.ui");
  gtk_widget_class_bind_template_child (widget_class, KlWelcomePage, banner);
  gtk_widget_class_bind_template_child (widget_class, KlWelcomePage, heading);
  gtk_widget_class_bind_template_child (widget_class, KlWelcomePage, text);
  gtk_widget_class_bind_template_child (widget_class, KlWelcomePage, find_row);
}

static void
kl_welcome_page_init (KlWelcomePage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
