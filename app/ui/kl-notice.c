/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-notice.h"

#include "app/ui/kl-template.h"

struct _KlNotice
{
  GtkWidget parent_instance;

  GtkWidget *box;
  GtkWidget *icon;
  GtkWidget *label;
  GtkWidget *button;
};

enum
{
  SIGNAL_ACTIVATED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KlNotice, kl_notice, GTK_TYPE_WIDGET)

void
kl_notice_show (KlNotice    *self,
                KlNoticeKind kind,
                const char  *text)
{
  g_return_if_fail (KL_IS_NOTICE (self));

  if (text == NULL)
    {
      kl_notice_hide (self);
      return;
    }
  gtk_widget_remove_css_class (self->box, kind == KL_NOTICE_ERROR ? "warning" : "error");
  gtk_widget_add_css_class (self->box, kind == KL_NOTICE_ERROR ? "error" : "warning");
  gtk_image_set_from_icon_name (GTK_IMAGE (self->icon), kind == KL_NOTICE_ERROR ? "kl-failed-symbolic" : "kl-warning-symbolic");
  gtk_label_set_label (GTK_LABEL (self->label), text);
  gtk_widget_set_visible (GTK_WIDGET (self), TRUE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
  if (gtk_widget_get_mapped (GTK_WIDGET (self)))
    gtk_accessible_announce (GTK_ACCESSIBLE (self), text, GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_MEDIUM);
}

void
kl_notice_hide (KlNotice *self)
{
  g_return_if_fail (KL_IS_NOTICE (self));

  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
  gtk_label_set_label (GTK_LABEL (self->label), "");
}

const char *
kl_notice_get_text (KlNotice *self)
{
  g_return_val_if_fail (KL_IS_NOTICE (self), NULL);

  return gtk_widget_get_visible (GTK_WIDGET (self)) ? gtk_label_get_label (GTK_LABEL (self->label)) : NULL;
}

void
kl_notice_set_button (KlNotice   *self,
                      const char *label)
{
  g_return_if_fail (KL_IS_NOTICE (self));

  gtk_widget_set_visible (self->button, label != NULL);
  if (label != NULL)
    gtk_button_set_label (GTK_BUTTON (self->button), label);
}

static void
on_button_clicked (KlNotice *self)
{
  g_signal_emit (self, signals[SIGNAL_ACTIVATED], 0);
}

static void
kl_notice_dispose (GObject *object)
{
  kl_dispose_template (GTK_WIDGET (object), KL_TYPE_NOTICE);
  G_OBJECT_CLASS (kl_notice_parent_class)->dispose (object);
}

static void
kl_notice_class_init (KlNoticeClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_notice_dispose;

  /* The button was clicked. */
  signals[SIGNAL_ACTIVATED]
    = g_signal_new ("activated", KL_TYPE_NOTICE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);

  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-notice.ui");
  gtk_widget_class_bind_template_child (widget_class, KlNotice, box);
  gtk_widget_class_bind_template_child (widget_class, KlNotice, icon);
  gtk_widget_class_bind_template_child (widget_class, KlNotice, label);
  gtk_widget_class_bind_template_child (widget_class, KlNotice, button);
  gtk_widget_class_bind_template_callback (widget_class, on_button_clicked);
}

static void
kl_notice_init (KlNotice *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
