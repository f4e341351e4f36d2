/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/timeline/kl-jump-button.h"

#include <glib/gi18n.h>

#include "app/ui/kl-badge.h"

#define FADE_MS 150

struct _KlJumpButton
{
  GtkWidget parent_instance;

  GtkWidget *revealer;
  GtkWidget *button;
  GtkWidget *badge;
};

enum
{
  SIGNAL_CLICKED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KlJumpButton, kl_jump_button, GTK_TYPE_WIDGET)

void
kl_jump_button_set (KlJumpButton *self, gboolean shown, guint count)
{
  g_autofree char *label = NULL;

  g_return_if_fail (KL_IS_JUMP_BUTTON (self));

  if (gtk_revealer_get_reveal_child (GTK_REVEALER (self->revealer)) != shown)
    {
      gtk_revealer_set_reveal_child (GTK_REVEALER (self->revealer), shown);
      gtk_widget_set_can_target (GTK_WIDGET (self), shown);
      gtk_widget_set_sensitive (self->button, shown);
    }
  if (kl_badge_get_count (KL_BADGE (self->badge)) == count)
    return;
  kl_badge_set_count (KL_BADGE (self->badge), count, TRUE);
  if (count > 0)
    label = g_strdup_printf (ngettext ("Newest messages, %u new", "Newest messages, %u new", count), count);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->button), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  label != NULL ? label : _ ("Newest messages"), -1);
}

static void
on_clicked (KlJumpButton *self)
{
  g_signal_emit (self, signals[SIGNAL_CLICKED], 0);
}

static void
kl_jump_button_dispose (GObject *object)
{
  g_clear_pointer (&KL_JUMP_BUTTON (object)->revealer, gtk_widget_unparent);
  G_OBJECT_CLASS (kl_jump_button_parent_class)->dispose (object);
}

static void
kl_jump_button_class_init (KlJumpButtonClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kl_jump_button_dispose;
  signals[SIGNAL_CLICKED]
      = g_signal_new ("clicked", KL_TYPE_JUMP_BUTTON, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (GTK_WIDGET_CLASS (klass), "jump");
}

static void
kl_jump_button_init (KlJumpButton *self)
{
  GtkWidget *overlay = gtk_overlay_new ();

  self->button = gtk_button_new_from_icon_name ("kl-down-symbolic");
  gtk_widget_add_css_class (self->button, "circular");
  /* Whoever was writing goes on. */
  gtk_widget_set_focus_on_click (self->button, FALSE);
  gtk_widget_set_tooltip_text (self->button, _ ("Newest messages"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->button), GTK_ACCESSIBLE_PROPERTY_LABEL, _ ("Newest messages"),
                                  -1);
  gtk_widget_set_sensitive (self->button, FALSE);
  g_signal_connect_swapped (self->button, "clicked", G_CALLBACK (on_clicked), self);

  self->badge = kl_badge_new ();
  gtk_widget_add_css_class (self->badge, "mention");
  gtk_widget_set_halign (self->badge, GTK_ALIGN_CENTER);
  gtk_widget_set_valign (self->badge, GTK_ALIGN_START);
  gtk_widget_set_can_target (self->badge, FALSE);

  gtk_overlay_set_child (GTK_OVERLAY (overlay), self->button);
  gtk_overlay_add_overlay (GTK_OVERLAY (overlay), self->badge);
  self->revealer = gtk_revealer_new ();
  gtk_revealer_set_transition_type (GTK_REVEALER (self->revealer), GTK_REVEALER_TRANSITION_TYPE_CROSSFADE);
  gtk_revealer_set_transition_duration (GTK_REVEALER (self->revealer), FADE_MS);
  gtk_revealer_set_child (GTK_REVEALER (self->revealer), overlay);
  gtk_widget_set_parent (self->revealer, GTK_WIDGET (self));
  gtk_widget_set_halign (GTK_WIDGET (self), GTK_ALIGN_END);
  gtk_widget_set_valign (GTK_WIDGET (self), GTK_ALIGN_END);
  gtk_widget_set_can_target (GTK_WIDGET (self), FALSE);
}

GtkWidget *
kl_jump_button_new (void)
{
  return g_object_new (KL_TYPE_JUMP_BUTTON, NULL);
}
