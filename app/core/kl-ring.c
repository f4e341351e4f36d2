/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/core/kl-ring.h"

struct _KlRing
{
  GObject parent_instance;

  char *call;
  KlGroup *group;
  KlUser *by;
};

typedef enum
{
  PROP_CALL = 1,
  PROP_GROUP,
  PROP_BY,
} Prop;

static GParamSpec *props[PROP_BY + 1];

G_DEFINE_FINAL_TYPE (KlRing, kl_ring, G_TYPE_OBJECT)

static void
kl_ring_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KlRing *self = KL_RING (object);

  switch ((Prop) id)
    {
    case PROP_CALL:
      g_value_set_string (value, self->call);
      break;
    case PROP_GROUP:
      g_value_set_object (value, self->group);
      break;
    case PROP_BY:
      g_value_set_object (value, self->by);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_ring_finalize (GObject *object)
{
  KlRing *self = KL_RING (object);

  g_free (self->call);
  g_clear_object (&self->group);
  g_clear_object (&self->by);
  G_OBJECT_CLASS (kl_ring_parent_class)->finalize (object);
}

static void
kl_ring_class_init (KlRingClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags ro = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = kl_ring_get_property;
  object_class->finalize = kl_ring_finalize;
  props[PROP_CALL] = g_param_spec_string ("call", NULL, NULL, NULL, ro);
  props[PROP_GROUP] = g_param_spec_object ("group", NULL, NULL, KL_TYPE_GROUP, ro);
  props[PROP_BY] = g_param_spec_object ("by", NULL, NULL, KL_TYPE_USER, ro);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
kl_ring_init (KlRing *self)
{
}

KlRing *
kl_ring_new (const char *call, KlGroup *group, KlUser *by)
{
  g_return_val_if_fail (call != NULL && KL_IS_GROUP (group) && KL_IS_USER (by), NULL);

  KlRing *self = g_object_new (KL_TYPE_RING, NULL);
  self->call = g_strdup (call);
  self->group = g_object_ref (group);
  self->by = g_object_ref (by);
  return self;
}

const char *
kl_ring_get_call (KlRing *self)
{
  g_return_val_if_fail (KL_IS_RING (self), NULL);
  return self->call;
}

KlGroup *
kl_ring_get_group (KlRing *self)
{
  g_return_val_if_fail (KL_IS_RING (self), NULL);
  return self->group;
}

KlUser *
kl_ring_get_by (KlRing *self)
{
  g_return_val_if_fail (KL_IS_RING (self), NULL);
  return self->by;
}
