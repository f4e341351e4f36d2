/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-call-card.h"

#include "app/ui/kl-call-offer.h"
#include "app/ui/kl-faces.h"
#include "app/ui/kl-template.h"

struct _KlCallCard
{
  GtkWidget parent_instance;

  KlCallOffer *offer;
  GtkRevealer *revealer;
};

G_DEFINE_FINAL_TYPE (KlCallCard, kl_call_card, GTK_TYPE_WIDGET)

static void
on_who (KlCallCard *self)
{
  g_autofree char *who = NULL;

  g_object_get (self->offer, "who", &who, NULL);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, who, -1);
}

void
kl_call_card_set_group (KlCallCard *self,
                        KlGroup    *group)
{
  g_return_if_fail (KL_IS_CALL_CARD (self));

  kl_call_offer_set_group (self->offer, group);
}

static void
kl_call_card_dispose (GObject *object)
{
  kl_dispose_template (GTK_WIDGET (object), KL_TYPE_CALL_CARD);
  G_OBJECT_CLASS (kl_call_card_parent_class)->dispose (object);
}

static void
kl_call_card_class_init (KlCallCardClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_call_card_dispose;

  g_type_ensure (KL_TYPE_CALL_OFFER);
  g_type_ensure (KL_TYPE_FACES);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-call-card.ui");
  gtk_widget_class_bind_template_child (widget_class, KlCallCard, offer);
  gtk_widget_class_bind_template_child (widget_class, KlCallCard, revealer);
  gtk_widget_class_bind_template_callback (widget_class, on_who);
}

static void
kl_call_card_init (KlCallCard *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  kl_call_offer_reveal (self->offer, self->revealer);
}
