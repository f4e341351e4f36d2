/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-call-strip.h"

#include <glib/gi18n.h>

#include "app/ui/kl-call-offer.h"
#include "app/ui/kl-faces.h"
#include "app/ui/kl-template.h"

struct _KlCallStrip
{
  GtkWidget parent_instance;

  KlCallOffer *offer;
  GtkRevealer *revealer;
};

G_DEFINE_FINAL_TYPE (KlCallStrip, kl_call_strip, GTK_TYPE_WIDGET)

static char *
dup_title (KlCallStrip *self,
           const char  *elapsed)
{
  /* Translators: how long a call has been on: "Call · 12:04" */
  return elapsed != NULL ? g_strdup_printf (_ ("Call · %s"), elapsed) : NULL;
}

static void
on_who (KlCallStrip *self)
{
  g_autofree char *who = NULL, *spoken = NULL;

  g_object_get (self->offer, "who", &who, NULL);
  spoken = g_strdup_printf (_ ("A call is on: %s"), who);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
}

void
kl_call_strip_set_group (KlCallStrip *self,
                         KlGroup     *group)
{
  g_return_if_fail (KL_IS_CALL_STRIP (self));

  kl_call_offer_set_group (self->offer, group);
}

static void
kl_call_strip_dispose (GObject *object)
{
  kl_dispose_template (GTK_WIDGET (object), KL_TYPE_CALL_STRIP);
  G_OBJECT_CLASS (kl_call_strip_parent_class)->dispose (object);
}

static void
kl_call_strip_class_init (KlCallStripClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_call_strip_dispose;

  g_type_ensure (KL_TYPE_CALL_OFFER);
  g_type_ensure (KL_TYPE_FACES);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-call-strip.ui");
  gtk_widget_class_bind_template_child (widget_class, KlCallStrip, offer);
  gtk_widget_class_bind_template_child (widget_class, KlCallStrip, revealer);
  gtk_widget_class_bind_template_callback (widget_class, dup_title);
  gtk_widget_class_bind_template_callback (widget_class, on_who);
}

static void
kl_call_strip_init (KlCallStrip *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  kl_call_offer_reveal (self->offer, self->revealer);
}
