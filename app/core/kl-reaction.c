/* SPDX-License-Identifier: GPL-3.0-or-later
 * One emoji under a message. */
#include "app/core/kl-message.h"

struct _KlReaction
{
  GObject parent_instance;

  char *emoji;
  guint count;
  gboolean mine;
};

G_DEFINE_FINAL_TYPE (KlReaction, kl_reaction, G_TYPE_OBJECT)

static void
kl_reaction_finalize (GObject *object)
{
  g_free (KL_REACTION (object)->emoji);
  G_OBJECT_CLASS (kl_reaction_parent_class)->finalize (object);
}

static void
kl_reaction_class_init (KlReactionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_reaction_finalize;
}

static void
kl_reaction_init (KlReaction *self)
{
}

KlReaction *
kl_reaction_new (const char *emoji, guint count, gboolean mine)
{
  KlReaction *self = g_object_new (KL_TYPE_REACTION, NULL);

  self->emoji = g_strdup (emoji);
  self->count = count;
  self->mine = mine;
  return self;
}

const char *
kl_reaction_get_emoji (KlReaction *self)
{
  g_return_val_if_fail (KL_IS_REACTION (self), NULL);
  return self->emoji;
}

guint
kl_reaction_get_count (KlReaction *self)
{
  g_return_val_if_fail (KL_IS_REACTION (self), 0);
  return self->count;
}

gboolean
kl_reaction_get_mine (KlReaction *self)
{
  g_return_val_if_fail (KL_IS_REACTION (self), FALSE);
  return self->mine;
}
