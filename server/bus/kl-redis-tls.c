/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS towards Redis: hiredis speaks it over an SSL object of ours, since its own asks only for some certificate that an
 * authority has signed, and not for one of this host. */
#include "server/bus/kl-redis-tls.h"

#include <gio/gio.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

struct _KlRedisTls
{
  SSL_CTX *context;
  char *host;
};

static gboolean
fail (const char *what, const char *path, GError **error)
{
  const char *reason = ERR_reason_error_string (ERR_peek_last_error ());

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s%s%s cannot be used: %s", what, path ? " " : "",
               path ? path : "", reason ? reason : "unknown reason");
  ERR_clear_error ();

  return FALSE;
}

static gboolean
load_files (SSL_CTX *context, const KlRedisUri *uri, GError **error)
{
  if (uri->ca ? !SSL_CTX_load_verify_locations (context, uri->ca, NULL) : !SSL_CTX_set_default_verify_paths (context))
    return fail (uri->ca ? "the authorities' file" : "the system's authorities", uri->ca, error);
  if (!uri->cert)
    return TRUE;
  if (SSL_CTX_use_certificate_chain_file (context, uri->cert) != 1)
    return fail ("the certificate", uri->cert, error);
  if (SSL_CTX_use_PrivateKey_file (context, uri->key, SSL_FILETYPE_PEM) != 1
      || SSL_CTX_check_private_key (context) != 1)
    return fail ("the key", uri->key, error);

  return TRUE;
}

KlRedisTls *
kl_redis_tls_new (const KlRedisUri *uri, GError **error)
{
  g_autoptr (KlRedisTls) self = g_new0 (KlRedisTls, 1);

  ERR_clear_error ();
  self->context = SSL_CTX_new (TLS_client_method ());
  self->host = g_strdup (uri->host);
  if (!self->context)
    {
      fail ("TLS", NULL, error);
      return NULL;
    }
  SSL_CTX_set_min_proto_version (self->context, TLS1_2_VERSION);
  SSL_CTX_set_verify (self->context, SSL_VERIFY_PEER, NULL);
  if (!load_files (self->context, uri, error))
    return NULL;

  return g_steal_pointer (&self);
}

void
kl_redis_tls_free (KlRedisTls *self)
{
  SSL_CTX_free (self->context);
  g_free (self->host);
  g_free (self);
}

static gboolean
name_peer (KlRedisTls *self, SSL *ssl)
{
  if (g_hostname_is_ip_address (self->host))
    return X509_VERIFY_PARAM_set1_ip_asc (SSL_get0_param (ssl), self->host) == 1;

  return SSL_set1_host (ssl, self->host) == 1 && SSL_set_tlsext_host_name (ssl, self->host) == 1;
}

const char *
kl_redis_tls_explain (SSL *ssl)
{
  long verdict = SSL_get_verify_result (ssl);
  const char *reason;

  if (verdict != X509_V_OK)
    return X509_verify_cert_error_string (verdict);
  reason = SSL_is_init_finished (ssl) ? NULL : ERR_reason_error_string (ERR_peek_last_error ());

  return reason;
}

SSL *
kl_redis_tls_start (KlRedisTls *self, redisContext *c, const char **why)
{
  SSL *ssl = SSL_new (self->context);

  ERR_clear_error ();
  if (ssl && name_peer (self, ssl) && redisInitiateSSL (c, ssl) == REDIS_OK)
    return ssl;

  *why = ssl ? kl_redis_tls_explain (ssl) : NULL;
  SSL_free (ssl);

  return NULL;
}
