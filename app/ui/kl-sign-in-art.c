/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-sign-in-art.h"

#include <adwaita.h>
#include <math.h>

#include "app/ui/kl-template.h"

/* Rings as a cup leaves them on a table, drawn behind the talk. Centre and radius as shares of the panel's width and
 * height; the width of the line in pixels. */
static const struct
{
  float x, y, radius, line;
} rings[] = {
  { .88f, .12f, .34f, 10 }, { .88f, .12f, .27f, 2 }, { .06f, .97f, .46f, 12 }, { .06f, .97f, .37f, 2 }, { 1.0f, .74f, .2f, 6 },
};

struct _KlSignInArt
{
  GtkWidget parent_instance;

  GtkWidget *box;
};

G_DEFINE_FINAL_TYPE (KlSignInArt, kl_sign_in_art, GTK_TYPE_WIDGET)

static void
kl_sign_in_art_snapshot (GtkWidget   *widget,
                         GtkSnapshot *snapshot)
{
  float width = (float) gtk_widget_get_width (widget), height = (float) gtk_widget_get_height (widget);

  gtk_snapshot_push_clip (snapshot, &GRAPHENE_RECT_INIT (0, 0, width, height));
  for (guint i = 0; i < G_N_ELEMENTS (rings); i++)
    {
      g_autoptr (GskPathBuilder) builder = gsk_path_builder_new ();
      g_autoptr (GskPath) path = NULL;
      g_autoptr (GskStroke) stroke = gsk_stroke_new (rings[i].line);

      gsk_path_builder_add_circle (builder, &GRAPHENE_POINT_INIT (rings[i].x * width, rings[i].y * height),
                                   rings[i].radius * width);
      path = gsk_path_builder_free_to_path (g_steal_pointer (&builder));
      gtk_snapshot_append_stroke (snapshot, path, stroke, &(GdkRGBA) { 1, 1, 1, .07f });
    }
  gtk_snapshot_pop (snapshot);
  GTK_WIDGET_CLASS (kl_sign_in_art_parent_class)->snapshot (widget, snapshot);
}

static void
kl_sign_in_art_dispose (GObject *object)
{
  kl_dispose_template (GTK_WIDGET (object), KL_TYPE_SIGN_IN_ART);
  G_OBJECT_CLASS (kl_sign_in_art_parent_class)->dispose (object);
}

static void
kl_sign_in_art_class_init (KlSignInArtClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_sign_in_art_dispose;
  widget_class->snapshot = kl_sign_in_art_snapshot;

  gtk_widget_class_set_css_name (widget_class, "sign-in-art");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-sign-in-art.ui");
  gtk_widget_class_bind_template_child (widget_class, KlSignInArt, box);
}

static void
kl_sign_in_art_init (KlSignInArt *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_accessible_update_state (GTK_ACCESSIBLE (self->box), GTK_ACCESSIBLE_STATE_HIDDEN, TRUE, -1);
}
