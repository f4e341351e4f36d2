/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-avatar.h"

#include <adwaita.h>

#include "app/ui/kl-centred-text.h"
#include "app/ui/kl-hue.h"

#define DEFAULT_SIZE 34
#define INITIALS_SHARE 0.4
#define DOT_LARGE 14
#define DOT_SMALL 11
#define LARGE_FROM 40

struct _KlAvatar
{
  GtkWidget parent_instance;

  int size;
  KlUser *user;
  gboolean shows_presence;
  PangoLayout *layout;
  GtkWidget *dot;
};

typedef enum
{
  PROP_SIZE = 1,
  PROP_USER,
  PROP_SHOWS_PRESENCE,
} Prop;

static GParamSpec *properties[PROP_SHOWS_PRESENCE + 1];

G_DEFINE_FINAL_TYPE (KlAvatar, kl_avatar, GTK_TYPE_WIDGET)

GtkWidget *
kl_avatar_new (int size)
{
  return g_object_new (KL_TYPE_AVATAR, "size", size, NULL);
}

/* Letters here are part of a picture: they follow its size, not the text size. */
static void
ensure_layout (KlAvatar *self)
{
  g_autoptr (PangoAttrList) attrs = NULL;

  if (self->layout != NULL)
    return;
  attrs = pango_attr_list_new ();
  pango_attr_list_insert (attrs, pango_attr_size_new_absolute ((int) (self->size * INITIALS_SHARE * PANGO_SCALE)));
  pango_attr_list_insert (attrs, pango_attr_weight_new (PANGO_WEIGHT_BOLD));
  self->layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), self->user != NULL ? kl_user_get_initials (self->user) : "");
  pango_layout_set_attributes (self->layout, attrs);
}

static void
update_picture (KlAvatar *self)
{
  if (self->user != NULL)
    kl_hue_apply (GTK_WIDGET (self), (int) kl_user_get_hue (self->user));
  g_clear_object (&self->layout);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
update_presence (KlAvatar *self)
{
  const char *style_class = NULL;
  KlUserStatus status = self->user != NULL && self->shows_presence ? kl_user_get_status (self->user) : KL_USER_STATUS_UNKNOWN;

  switch (status)
    {
    case KL_USER_STATUS_ONLINE:
      style_class = "online";
      break;
    case KL_USER_STATUS_AWAY:
      style_class = "away";
      break;
    case KL_USER_STATUS_DND:
      style_class = "dnd";
      break;
    case KL_USER_STATUS_OFFLINE:
    case KL_USER_STATUS_UNKNOWN:
      break;
    }
  gtk_widget_set_css_classes (self->dot, (const char *[]) { style_class, NULL });
  gtk_widget_set_visible (self->dot, style_class != NULL);
}

void
kl_avatar_set_user (KlAvatar *self,
                    KlUser   *user)
{
  g_return_if_fail (KL_IS_AVATAR (self));

  if (self->user == user)
    return;
  if (self->user != NULL)
    g_signal_handlers_disconnect_by_data (self->user, self);
  g_set_object (&self->user, user);
  if (user != NULL)
    {
      g_signal_connect_object (user, "notify::initials", G_CALLBACK (update_picture), self, G_CONNECT_SWAPPED);
      g_signal_connect_object (user, "notify::status", G_CALLBACK (update_presence), self, G_CONNECT_SWAPPED);
    }
  update_picture (self);
  update_presence (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_USER]);
}

void
kl_avatar_set_shows_presence (KlAvatar *self,
                              gboolean  shows_presence)
{
  g_return_if_fail (KL_IS_AVATAR (self));

  shows_presence = !!shows_presence;
  if (self->shows_presence == shows_presence)
    return;
  self->shows_presence = shows_presence;
  update_presence (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SHOWS_PRESENCE]);
}

static void
kl_avatar_measure (GtkWidget      *widget,
                 GtkOrientation  orientation,
                 int             for_size,
                 int            *minimum,
                 int            *natural,
                 int            *minimum_baseline,
                 int            *natural_baseline)
{
  *minimum = *natural = KL_AVATAR (widget)->size;
}

static void
kl_avatar_size_allocate (GtkWidget *widget,
                       int        width,
                       int        height,
                       int        baseline)
{
  KlAvatar *self = KL_AVATAR (widget);
  int dot = self->size >= LARGE_FROM ? DOT_LARGE : DOT_SMALL;
  int least;

  if (!gtk_widget_should_layout (self->dot))
    return;
  gtk_widget_measure (self->dot, GTK_ORIENTATION_HORIZONTAL, -1, &least, NULL, NULL, NULL);
  gtk_widget_size_allocate (self->dot,
                            &(GtkAllocation) {
                              gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL ? 0 : width - dot,
                              height - dot,
                              dot,
                              dot,
                            },
                            -1);
}

static void
kl_avatar_snapshot (GtkWidget   *widget,
                  GtkSnapshot *snapshot)
{
  KlAvatar *self = KL_AVATAR (widget);

  ensure_layout (self);
  kl_snapshot_centred_text (widget, snapshot, self->layout, 0, 1);
  gtk_widget_snapshot_child (widget, self->dot, snapshot);
}

static void
kl_avatar_css_changed (GtkWidget         *widget,
                     GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (kl_avatar_parent_class)->css_changed (widget, change);
  g_clear_object (&KL_AVATAR (widget)->layout);
}

static void
kl_avatar_get_property (GObject    *object,
                      guint       id,
                      GValue     *value,
                      GParamSpec *pspec)
{
  switch ((Prop) id)
    {
    case PROP_SIZE:
      g_value_set_int (value, KL_AVATAR (object)->size);
      break;
    case PROP_USER:
      g_value_set_object (value, KL_AVATAR (object)->user);
      break;
    case PROP_SHOWS_PRESENCE:
      g_value_set_boolean (value, KL_AVATAR (object)->shows_presence);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_avatar_set_property (GObject      *object,
                      guint         id,
                      const GValue *value,
                      GParamSpec   *pspec)
{
  switch ((Prop) id)
    {
    case PROP_SIZE:
      KL_AVATAR (object)->size = g_value_get_int (value);
      g_clear_object (&KL_AVATAR (object)->layout);
      gtk_widget_queue_resize (GTK_WIDGET (object));
      break;
    case PROP_USER:
      kl_avatar_set_user (KL_AVATAR (object), g_value_get_object (value));
      break;
    case PROP_SHOWS_PRESENCE:
      kl_avatar_set_shows_presence (KL_AVATAR (object), g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_avatar_dispose (GObject *object)
{
  KlAvatar *self = KL_AVATAR (object);

  kl_avatar_set_user (self, NULL);
  g_clear_object (&self->layout);
  g_clear_pointer (&self->dot, gtk_widget_unparent);
  G_OBJECT_CLASS (kl_avatar_parent_class)->dispose (object);
}

static void
kl_avatar_class_init (KlAvatarClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = kl_avatar_get_property;
  object_class->set_property = kl_avatar_set_property;
  object_class->dispose = kl_avatar_dispose;
  widget_class->measure = kl_avatar_measure;
  widget_class->size_allocate = kl_avatar_size_allocate;
  widget_class->snapshot = kl_avatar_snapshot;
  widget_class->css_changed = kl_avatar_css_changed;

  properties[PROP_SIZE] = g_param_spec_int ("size", NULL, NULL, 8, 256, DEFAULT_SIZE,
                                            G_PARAM_READWRITE | G_PARAM_CONSTRUCT | G_PARAM_STATIC_STRINGS);
  properties[PROP_USER] = g_param_spec_object ("user", NULL, NULL, KL_TYPE_USER,
                                               G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_SHOWS_PRESENCE]
    = g_param_spec_boolean ("shows-presence", NULL, NULL, TRUE,
                            G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);

  gtk_widget_class_set_css_name (widget_class, "face");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void
kl_avatar_init (KlAvatar *self)
{
  self->shows_presence = TRUE;
  self->dot = g_object_new (ADW_TYPE_BIN, "css-name", "dot", "visible", FALSE, NULL);
  gtk_widget_set_parent (self->dot, GTK_WIDGET (self));
  gtk_widget_set_halign (GTK_WIDGET (self), GTK_ALIGN_CENTER);
  gtk_widget_set_valign (GTK_WIDGET (self), GTK_ALIGN_CENTER);
}
