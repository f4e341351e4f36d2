/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-connection-banner.h"

#include <glib/gi18n.h>

#include "app/ui/kl-template.h"

#define PATIENCE_MS 1500

struct _KlConnectionBanner
{
  GtkWidget parent_instance;

  GtkRevealer *revealer;
  GtkLabel *label;
  GtkWidget *button;

  KlSession *session;
  guint patience_source;
  gboolean patient; /* it may still come at once */
};

G_DEFINE_FINAL_TYPE (KlConnectionBanner, kl_connection_banner, GTK_TYPE_WIDGET)

static void
update (KlConnectionBanner *self)
{
  KlConnectionState state = kl_session_get_state (self->session);
  const char *sentence = kl_session_get_state_text (self->session);
  gboolean held = kl_session_get_held (self->session);
  g_autofree char *text = NULL;
  guint retry_in = kl_session_get_retry_in (self->session);

  switch (state)
    {
    case KL_CONNECTION_STATE_OFFLINE:
      text = g_strdup (_ ("No connection. Messages go out when it is back."));
      break;
    case KL_CONNECTION_STATE_CONNECTING:
      text = g_strdup (_ ("Connecting. Messages go out when it is done."));
      break;
    case KL_CONNECTION_STATE_WAITING:
      if (sentence != NULL)
        text = g_strdup (sentence);
      else if (retry_in > 0)
        text = g_strdup_printf (ngettext ("The server does not answer. Next try in %u second.",
                                          "The server does not answer. Next try in %u seconds.", retry_in),
                                retry_in);
      else
        text = g_strdup (_ ("The server does not answer. Messages go out when it is back."));
      break;
    case KL_CONNECTION_STATE_ONLINE:
      if (held)
        text = g_strdup (_ ("The server can store nothing right now. Messages go out as soon as it can."));
      break;
    case KL_CONNECTION_STATE_STOPPED:
    case KL_CONNECTION_STATE_REFUSED:
      break;
    }
  if (text == NULL || (self->patient && !held))
    {
      gtk_revealer_set_reveal_child (self->revealer, FALSE);
      return;
    }
  gtk_label_set_label (self->label, text);
  gtk_widget_set_visible (self->button, state == KL_CONNECTION_STATE_OFFLINE || state == KL_CONNECTION_STATE_WAITING);
  gtk_revealer_set_reveal_child (self->revealer, TRUE);
}

static gboolean
on_patience_over (gpointer user_data)
{
  KlConnectionBanner *self = user_data;

  self->patience_source = 0;
  self->patient = FALSE;
  update (self);
  return G_SOURCE_REMOVE;
}

static void
on_state_changed (KlConnectionBanner *self)
{
  if (kl_session_get_state (self->session) == KL_CONNECTION_STATE_ONLINE)
    {
      g_clear_handle_id (&self->patience_source, g_source_remove);
      self->patient = TRUE;
    }
  else if (self->patient && self->patience_source == 0)
    self->patience_source = g_timeout_add (PATIENCE_MS, on_patience_over, self);
  update (self);
}

static void
on_retry_clicked (KlConnectionBanner *self)
{
  kl_session_retry_now (self->session);
}

void
kl_connection_banner_set_session (KlConnectionBanner *self,
                                  KlSession          *session)
{
  g_return_if_fail (KL_IS_CONNECTION_BANNER (self));
  g_return_if_fail (self->session == NULL);

  self->session = g_object_ref (session);
  g_signal_connect_object (session, "notify::state", G_CALLBACK (on_state_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::retry-in", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::held", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  on_state_changed (self);
}

static void
kl_connection_banner_dispose (GObject *object)
{
  KlConnectionBanner *self = KL_CONNECTION_BANNER (object);

  g_clear_handle_id (&self->patience_source, g_source_remove);
  g_clear_object (&self->session);
  kl_dispose_template (GTK_WIDGET (object), KL_TYPE_CONNECTION_BANNER);
  G_OBJECT_CLASS (kl_connection_banner_parent_class)->dispose (object);
}

static void
kl_connection_banner_class_init (KlConnectionBannerClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_connection_banner_dispose;
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-connection-banner.ui");
  gtk_widget_class_bind_template_child (widget_class, KlConnectionBanner, revealer);
  gtk_widget_class_bind_template_child (widget_class, KlConnectionBanner, label);
  gtk_widget_class_bind_template_child (widget_class, KlConnectionBanner, button);
  gtk_widget_class_bind_template_callback (widget_class, on_retry_clicked);
}

static void
kl_connection_banner_init (KlConnectionBanner *self)
{
  self->patient = TRUE;
  gtk_widget_init_template (GTK_WIDGET (self));
}
