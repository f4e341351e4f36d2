/* SPDX-License-Identifier: GPL-3.0-or-later
 * The core's error domain: a code, a sentence, and what the server adds to both. */
#include "app/core/kl-core-types.h"
#include "app/core/kl-error-private.h"

typedef struct
{
  char *field;
  gint64 retry_after_ms;
} KlCoreErrorPrivate;

static void
kl_core_error_private_init (KlCoreErrorPrivate *priv)
{
  priv->field = NULL;
  priv->retry_after_ms = 0;
}

static void
kl_core_error_private_copy (const KlCoreErrorPrivate *from, KlCoreErrorPrivate *to)
{
  to->field = g_strdup (from->field);
  to->retry_after_ms = from->retry_after_ms;
}

static void
kl_core_error_private_clear (KlCoreErrorPrivate *priv)
{
  g_free (priv->field);
}

G_DEFINE_EXTENDED_ERROR (KlCoreError, kl_core_error)

const char *
kl_error_get_field (const GError *error)
{
  if (error == NULL || error->domain != KL_CORE_ERROR)
    return NULL;
  return kl_core_error_get_private (error)->field;
}

gint64
kl_error_get_retry_after_ms (const GError *error)
{
  if (error == NULL || error->domain != KL_CORE_ERROR)
    return 0;
  return kl_core_error_get_private (error)->retry_after_ms;
}

GError *
kl_core_error_new_full (KlCoreError code, const char *message, const char *field, gint64 retry_after_ms)
{
  GError *error = g_error_new_literal (KL_CORE_ERROR, (int) code, message);
  KlCoreErrorPrivate *priv = kl_core_error_get_private (error);

  priv->field = g_strdup (field);
  priv->retry_after_ms = retry_after_ms;
  return error;
}
