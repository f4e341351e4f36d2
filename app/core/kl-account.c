/* SPDX-License-Identifier: GPL-3.0-or-later
 * An account: plain properties. */
#include "app/core/kl-account-private.h"
#include "app/core/kl-core-enums.h"
#include "protocol/kl-text.h"

#include <string.h>

enum
{
  DIGEST_CHARS = 10,
};

struct _KlAccount
{
  GObject parent_instance;

  char *id;
  char *url;
  char *user_id;
  char *name;
  char *token;
  KlKeep keep;
};

typedef enum
{
  PROP_ID = 1,
  PROP_URL,
  PROP_USER_ID,
  PROP_NAME,
  PROP_KEEP,
  PROP_SIGNED_IN,
} Prop;

static GParamSpec *props[PROP_SIGNED_IN + 1];

G_DEFINE_FINAL_TYPE (KlAccount, kl_account, G_TYPE_OBJECT)

static void
kl_account_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KlAccount *self = KL_ACCOUNT (object);

  switch ((Prop) id)
    {
    case PROP_ID:
      g_value_set_string (value, self->id);
      break;
    case PROP_URL:
      g_value_set_string (value, self->url);
      break;
    case PROP_USER_ID:
      g_value_set_string (value, self->user_id);
      break;
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_KEEP:
      g_value_set_enum (value, (int) self->keep);
      break;
    case PROP_SIGNED_IN:
      g_value_set_boolean (value, self->token != NULL);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_account_finalize (GObject *object)
{
  KlAccount *self = KL_ACCOUNT (object);

  g_free (self->id);
  g_free (self->url);
  g_free (self->user_id);
  g_free (self->name);
  if (self->token != NULL)
    explicit_bzero (self->token, strlen (self->token));
  g_free (self->token);
  G_OBJECT_CLASS (kl_account_parent_class)->finalize (object);
}

static void
kl_account_class_init (KlAccountClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags ro = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = kl_account_get_property;
  object_class->finalize = kl_account_finalize;

  props[PROP_ID] = g_param_spec_string ("id", NULL, NULL, NULL, ro);
  props[PROP_URL] = g_param_spec_string ("url", NULL, NULL, NULL, ro);
  props[PROP_USER_ID] = g_param_spec_string ("user-id", NULL, NULL, NULL, ro);
  props[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, ro);
  props[PROP_KEEP] = g_param_spec_enum ("keep", NULL, NULL, KL_TYPE_KEEP, KL_KEEP_IN_SECRET_SERVICE, ro);
  props[PROP_SIGNED_IN] = g_param_spec_boolean ("signed-in", NULL, NULL, FALSE, ro);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
kl_account_init (KlAccount *self)
{
}

/* Readable, and of server and person: a server that gives out another one's user ids does not come by that one's
 * drafts. A name that is no good for a folder is left out. */
static char *
make_id (const char *url, const char *user_id, const char *name)
{
  g_autofree char *both = g_strconcat (url, "\n", user_id, NULL);
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, both, -1);

  digest[DIGEST_CHARS] = '\0';
  return g_strdup_printf ("%s-%s", kl_text_is_user_name (name) && name[0] != '.' ? name : "account", digest);
}

KlAccount *
kl_account_new (const char *url, const char *user_id, const char *name, const char *token)
{
  KlAccount *self = g_object_new (KL_TYPE_ACCOUNT, NULL);

  self->id = make_id (url, user_id, name);
  self->url = g_strdup (url);
  self->user_id = g_strdup (user_id);
  self->name = g_strdup (name);
  self->token = g_strdup (token);
  return self;
}

void
kl_account_set_token (KlAccount *self, const char *token)
{
  if (g_set_str (&self->token, token))
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_SIGNED_IN]);
}

void
kl_account_set_keep (KlAccount *self, KlKeep keep)
{
  if (self->keep == keep)
    return;
  self->keep = keep;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_KEEP]);
}

const char *
kl_account_get_id (KlAccount *self)
{
  g_return_val_if_fail (KL_IS_ACCOUNT (self), NULL);
  return self->id;
}

const char *
kl_account_get_url (KlAccount *self)
{
  g_return_val_if_fail (KL_IS_ACCOUNT (self), NULL);
  return self->url;
}

const char *
kl_account_get_user_id (KlAccount *self)
{
  g_return_val_if_fail (KL_IS_ACCOUNT (self), NULL);
  return self->user_id;
}

const char *
kl_account_get_name (KlAccount *self)
{
  g_return_val_if_fail (KL_IS_ACCOUNT (self), NULL);
  return self->name;
}

const char *
kl_account_get_token (KlAccount *self)
{
  g_return_val_if_fail (KL_IS_ACCOUNT (self), NULL);
  return self->token;
}

KlKeep
kl_account_get_keep (KlAccount *self)
{
  g_return_val_if_fail (KL_IS_ACCOUNT (self), KL_KEEP_NOWHERE);
  return self->keep;
}

gboolean
kl_account_get_signed_in (KlAccount *self)
{
  g_return_val_if_fail (KL_IS_ACCOUNT (self), FALSE);
  return self->token != NULL;
}
