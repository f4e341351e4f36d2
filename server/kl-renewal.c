/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/kl-renewal.h"

/* Renewals are due thirty days before the end; half of that passed without one is worth a word. */
#define WARNING_S (14 * 24 * 60 * 60)

static char *
dup_last_day (KlSioTls *tls)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (kl_sio_tls_get_expiry (tls));

  return time == NULL ? g_strdup ("a day out of reach") : g_date_time_format (time, "%Y-%m-%d");
}

void
kl_renewal_warn (KlSioTls *tls, const char *certificate)
{
  gint64 left_s = kl_sio_tls_get_expiry (tls) - g_get_real_time () / G_USEC_PER_SEC;
  g_autofree char *day = dup_last_day (tls);

  if (left_s <= 0)
    g_warning ("The certificate %s has ended on %s: clients refuse it. Renew it, then reload", certificate, day);
  else if (left_s < WARNING_S)
    g_warning ("The certificate %s ends on %s. Renew it, then reload", certificate, day);
}

void
kl_renewal_reload (KlSioTls *tls, const char *certificate)
{
  g_autoptr (GError) error = NULL;
  gboolean reloaded = kl_sio_tls_reload (tls, &error);
  g_autofree char *day = dup_last_day (tls);

  if (!reloaded)
    {
      g_warning ("The old certificate, which ends on %s, stays in use: %s. Put that right, then reload again", day,
                 error->message);
      return;
    }

  g_message ("New connections get the certificate that ends on %s", day);
  kl_renewal_warn (tls, certificate);
}
