/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/timeline/kl-row-private.h"

enum
{
  SIGNAL_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KlRow, kl_row, G_TYPE_OBJECT)

KlRowKind
kl_row_get_kind (KlRow *self)
{
  g_return_val_if_fail (KL_IS_ROW (self), KL_ROW_KIND_DAY);

  return self->kind;
}

KlMessage *
kl_row_get_message (KlRow *self)
{
  g_return_val_if_fail (KL_IS_ROW (self), NULL);

  if (self->run != NULL)
    return self->run->pdata[0];
  return self->message;
}

GPtrArray *
kl_row_get_run (KlRow *self)
{
  g_return_val_if_fail (KL_IS_ROW (self), NULL);

  return self->run;
}

gint64
kl_row_get_time (KlRow *self)
{
  KlMessage *message;

  g_return_val_if_fail (KL_IS_ROW (self), 0);

  message = kl_row_get_message (self);
  return message != NULL ? kl_message_get_created_at (message) : self->time;
}

guint
kl_row_get_count (KlRow *self)
{
  g_return_val_if_fail (KL_IS_ROW (self), 0);

  return self->count;
}

gboolean
kl_row_get_joined_above (KlRow *self)
{
  g_return_val_if_fail (KL_IS_ROW (self), FALSE);

  return self->joined_above;
}

gboolean
kl_row_get_joined_below (KlRow *self)
{
  g_return_val_if_fail (KL_IS_ROW (self), FALSE);

  return self->joined_below;
}

gboolean
kl_row_get_expanded (KlRow *self)
{
  g_return_val_if_fail (KL_IS_ROW (self), FALSE);

  return self->expanded;
}

void
kl_row_set_expanded (KlRow *self, gboolean expanded)
{
  g_return_if_fail (KL_IS_ROW (self));

  if (self->expanded == expanded)
    return;
  self->expanded = expanded;
  kl_row_emit_changed (self);
}

void
kl_row_emit_changed (KlRow *self)
{
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

guint
kl_row_get_n_messages (KlRow *self)
{
  if (self->run != NULL)
    return self->run->len;
  return self->message != NULL ? 1 : 0;
}

static void
kl_row_finalize (GObject *object)
{
  KlRow *self = KL_ROW (object);

  g_clear_object (&self->message);
  g_clear_pointer (&self->run, g_ptr_array_unref);
  G_OBJECT_CLASS (kl_row_parent_class)->finalize (object);
}

static void
kl_row_class_init (KlRowClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_row_finalize;
  signals[SIGNAL_CHANGED]
      = g_signal_new ("changed", KL_TYPE_ROW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
kl_row_init (KlRow *self)
{
}
