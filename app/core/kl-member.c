/* SPDX-License-Identifier: GPL-3.0-or-later
 * A person in a group: plain properties. */
#include "app/core/kl-member.h"
#include "app/core/kl-core-enums.h"

struct _KlMember
{
  GObject parent_instance;

  KlUser *user;
  KlRole role;
  KlMemberSection section;
  gboolean typing;
};

typedef enum
{
  PROP_USER = 1,
  PROP_ROLE,
  PROP_SECTION,
  PROP_TYPING,
} Prop;

static GParamSpec *props[PROP_TYPING + 1];

G_DEFINE_FINAL_TYPE (KlMember, kl_member, G_TYPE_OBJECT)

static void
kl_member_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KlMember *self = KL_MEMBER (object);

  switch ((Prop) id)
    {
    case PROP_USER:
      g_value_set_object (value, self->user);
      break;
    case PROP_ROLE:
      g_value_set_enum (value, (int) self->role);
      break;
    case PROP_SECTION:
      g_value_set_enum (value, (int) self->section);
      break;
    case PROP_TYPING:
      g_value_set_boolean (value, self->typing);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_member_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  KlMember *self = KL_MEMBER (object);

  switch ((Prop) id)
    {
    case PROP_USER:
      self->user = g_value_dup_object (value);
      return;
    case PROP_ROLE:
      if (self->role == (KlRole) g_value_get_enum (value))
        return;
      self->role = (KlRole) g_value_get_enum (value);
      break;
    case PROP_SECTION:
      if (self->section == (KlMemberSection) g_value_get_enum (value))
        return;
      self->section = (KlMemberSection) g_value_get_enum (value);
      break;
    case PROP_TYPING:
      if (self->typing == g_value_get_boolean (value))
        return;
      self->typing = g_value_get_boolean (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      return;
    }
  g_object_notify_by_pspec (object, pspec);
}

static void
kl_member_finalize (GObject *object)
{
  KlMember *self = KL_MEMBER (object);

  g_clear_object (&self->user);
  G_OBJECT_CLASS (kl_member_parent_class)->finalize (object);
}

static void
kl_member_class_init (KlMemberClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags rw = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->get_property = kl_member_get_property;
  object_class->set_property = kl_member_set_property;
  object_class->finalize = kl_member_finalize;

  props[PROP_USER] = g_param_spec_object ("user", NULL, NULL, KL_TYPE_USER,
                                          G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  props[PROP_ROLE] = g_param_spec_enum ("role", NULL, NULL, KL_TYPE_ROLE, KL_ROLE_NONE, rw);
  props[PROP_SECTION] = g_param_spec_enum ("section", NULL, NULL, KL_TYPE_MEMBER_SECTION, KL_MEMBER_SECTION_HERE, rw);
  props[PROP_TYPING] = g_param_spec_boolean ("typing", NULL, NULL, FALSE, rw);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
kl_member_init (KlMember *self)
{
  self->section = KL_MEMBER_SECTION_OFFLINE;
}

KlMember *
kl_member_new (KlUser *user)
{
  return g_object_new (KL_TYPE_MEMBER, "user", user, NULL);
}

KlUser *
kl_member_get_user (KlMember *self)
{
  g_return_val_if_fail (KL_IS_MEMBER (self), NULL);
  return self->user;
}

KlRole
kl_member_get_role (KlMember *self)
{
  g_return_val_if_fail (KL_IS_MEMBER (self), KL_ROLE_NONE);
  return self->role;
}

KlMemberSection
kl_member_get_section (KlMember *self)
{
  g_return_val_if_fail (KL_IS_MEMBER (self), KL_MEMBER_SECTION_OFFLINE);
  return self->section;
}

gboolean
kl_member_get_typing (KlMember *self)
{
  g_return_val_if_fail (KL_IS_MEMBER (self), FALSE);
  return self->typing;
}
