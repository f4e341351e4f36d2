/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-faces.h"

#include "app/ui/kl-avatar.h"

enum
{
  MOST_FACES = 5,
  DEFAULT_SIZE = 26,
};

struct _KlFaces
{
  GtkWidget parent_instance;

  int size;
  GListModel *people;
  GSignalGroup *people_signals;
};

typedef enum
{
  PROP_SIZE = 1,
  PROP_PEOPLE,
} Prop;

static GParamSpec *properties[PROP_PEOPLE + 1];

G_DEFINE_FINAL_TYPE (KlFaces, kl_faces, GTK_TYPE_WIDGET)

static void
remove_all (KlFaces *self)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
}

static void
add_face (KlFaces *self,
          KlUser  *user,
          gboolean first)
{
  GtkWidget *face = kl_avatar_new (self->size);

  kl_avatar_set_shows_presence (KL_AVATAR (face), FALSE);
  kl_avatar_set_user (KL_AVATAR (face), user);
  if (!first)
    gtk_widget_add_css_class (face, "overlapping");
  gtk_widget_set_parent (face, GTK_WIDGET (self));
}

static void
add_more (KlFaces *self,
          guint    n)
{
  g_autofree char *words = g_strdup_printf ("+%u", n);
  GtkWidget *more = gtk_label_new (words);

  gtk_widget_add_css_class (more, "secondary");
  gtk_widget_set_parent (more, GTK_WIDGET (self));
}

static void
update (KlFaces *self)
{
  guint n = self->people != NULL ? g_list_model_get_n_items (self->people) : 0;
  guint n_shown = MIN (n, MOST_FACES);

  remove_all (self);
  for (guint i = 0; i < n_shown; i++)
    {
      g_autoptr (KlUser) user = g_list_model_get_item (self->people, i);

      add_face (self, user, i == 0);
    }
  if (n > n_shown)
    add_more (self, n - n_shown);
}

void
kl_faces_set_people (KlFaces    *self,
                     GListModel *people)
{
  g_return_if_fail (KL_IS_FACES (self));

  if (!g_set_object (&self->people, people))
    return;
  g_signal_group_set_target (self->people_signals, people);
  update (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PEOPLE]);
}

static void
kl_faces_get_property (GObject    *object,
                       guint       id,
                       GValue     *value,
                       GParamSpec *pspec)
{
  switch ((Prop) id)
    {
    case PROP_SIZE:
      g_value_set_int (value, KL_FACES (object)->size);
      break;
    case PROP_PEOPLE:
      g_value_set_object (value, KL_FACES (object)->people);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_faces_set_property (GObject      *object,
                       guint         id,
                       const GValue *value,
                       GParamSpec   *pspec)
{
  switch ((Prop) id)
    {
    case PROP_SIZE:
      KL_FACES (object)->size = g_value_get_int (value);
      break;
    case PROP_PEOPLE:
      kl_faces_set_people (KL_FACES (object), g_value_get_object (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_faces_dispose (GObject *object)
{
  KlFaces *self = KL_FACES (object);

  g_clear_object (&self->people_signals);
  g_clear_object (&self->people);
  remove_all (self);
  G_OBJECT_CLASS (kl_faces_parent_class)->dispose (object);
}

static void
kl_faces_class_init (KlFacesClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = kl_faces_get_property;
  object_class->set_property = kl_faces_set_property;
  object_class->dispose = kl_faces_dispose;
  properties[PROP_SIZE] = g_param_spec_int ("size", NULL, NULL, 8, 256, DEFAULT_SIZE,
                                            G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  properties[PROP_PEOPLE] = g_param_spec_object ("people", NULL, NULL, G_TYPE_LIST_MODEL,
                                                 G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);

  gtk_widget_class_set_css_name (widget_class, "faces");
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BOX_LAYOUT);
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void
kl_faces_init (KlFaces *self)
{
  self->people_signals = g_signal_group_new (G_TYPE_LIST_MODEL);
  g_signal_group_connect_object (self->people_signals, "items-changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
}
