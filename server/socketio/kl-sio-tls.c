/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificates: read, judged, exchanged. Both files are read whole and tried together before anything changes, so that
 * a renewal that is half done leaves the old pair in use. */
#include "server/socketio/kl-sio-tls-private.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>
#include <time.h>

#define FILE_MAX_BYTES (1024 * 1024)
#define PEM_BEGIN "-----BEGIN CERTIFICATE"
#define PEM_END "-----END CERTIFICATE-----"

struct _KlSioTls
{
  guint ref_count;
  char *certificate;
  char *key;
  KlSioTlsPump *pump;
  GMutex lock;
  SSL_CTX *context; /* under LOCK */
  gint64 expiry;
  guint n_handshakes; /* atomic */
  guint n_failures;   /* atomic */
};

/* ── Files ── */

static char *
read_file (const char *path, const char *what, GError **error)
{
  g_autoptr (GError) reason = NULL;
  g_autofree char *text = NULL;
  gsize length = 0;

  /* Nothing that could keep us waiting, as a pipe would. */
  if (g_file_test (path, G_FILE_TEST_EXISTS) && !g_file_test (path, G_FILE_TEST_IS_REGULAR))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE, "the %s %s is no file", what, path);
      return NULL;
    }
  if (!g_file_get_contents (path, &text, &length, &reason))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "the %s %s cannot be read: %s%s", what, path,
                   g_strerror (errno),
                   g_error_matches (reason, G_FILE_ERROR, G_FILE_ERROR_ACCES) ? "; let the server's user read it" : "");
      return NULL;
    }
  if (length > FILE_MAX_BYTES || strlen (text) != length)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the %s %s is not in PEM form", what, path);
      return NULL;
    }

  return g_steal_pointer (&text);
}

/* Without this OpenSSL asks on the terminal. */
static int
on_password_wanted (char *buffer, int size, int writing, void *asked)
{
  *(gboolean *) asked = TRUE;
  return -1;
}

static void
set_broken (GError **error, const char *what, const char *path, const char *fault)
{
  char detail[160] = "";
  unsigned long code = ERR_peek_last_error ();

  if (code != 0)
    ERR_error_string_n (code, detail, sizeof detail);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the %s %s %s%s%s%s", what, path, fault, code ? " (" : "",
               code && strrchr (detail, ':') ? strrchr (detail, ':') + 1 : detail, code ? ")" : "");
  ERR_clear_error ();
}

/* A file that is being written has a certificate that begins and does not end. */
static gboolean
is_cut_off (const char *text, guint n_read)
{
  const char *end = text, *at;
  guint n = 0;

  for (at = text; (at = strstr (at, PEM_BEGIN)); at += strlen (PEM_BEGIN))
    n++;
  for (at = text; (at = strstr (at, PEM_END)); at += strlen (PEM_END))
    end = at + strlen (PEM_END);
  end += strspn (end, " \t\r\n");

  return n != n_read || *end == '-';
}

static gboolean
use_certificates (SSL_CTX *context, const char *path, const char *text, gint64 *expiry, GError **error)
{
  BIO *bio = BIO_new_mem_buf (text, -1);
  guint n = 0;
  gboolean good = TRUE;
  X509 *one;

  for (; good && (one = PEM_read_bio_X509 (bio, NULL, NULL, NULL)); n++)
    {
      struct tm tm = { 0 };

      if (n > 0)
        {
          good = SSL_CTX_add0_chain_cert (context, one) == 1;
          if (!good)
            X509_free (one);
          continue;
        }
      good = SSL_CTX_use_certificate (context, one) == 1 && ASN1_TIME_to_tm (X509_get0_notAfter (one), &tm) == 1;
      *expiry = timegm (&tm);
      X509_free (one);
    }
  BIO_free (bio);
  if (!good)
    {
      set_broken (error, "certificate", path, "cannot be used");
      return FALSE;
    }

  ERR_clear_error ();
  if (n == 0 || is_cut_off (text, n))
    {
      set_broken (error, "certificate", path,
                  strstr (text, PEM_BEGIN) ? "is cut off or damaged" : "holds no certificate in PEM form");
      return FALSE;
    }

  return TRUE;
}

static gboolean
use_key (SSL_CTX *context, const char *path, const char *text, const char *certificate, GError **error)
{
  BIO *bio = BIO_new_mem_buf (text, -1);
  gboolean asked = FALSE;
  EVP_PKEY *key = PEM_read_bio_PrivateKey (bio, NULL, on_password_wanted, &asked);
  gboolean good;

  BIO_free (bio);
  if (!key)
    {
      ERR_clear_error ();
      set_broken (error, "key", path,
                  asked                               ? "is locked with a password; the server needs one without"
                  : strstr (text, "PRIVATE KEY-----") ? "is cut off or damaged"
                                                      : "holds no private key in PEM form");
      return FALSE;
    }

  good = SSL_CTX_use_PrivateKey (context, key) == 1 && SSL_CTX_check_private_key (context) == 1;
  EVP_PKEY_free (key);
  if (!good)
    {
      ERR_clear_error ();
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "the key %s is not that of the certificate %s; both must come from the same renewal", path,
                   certificate);
    }

  return good;
}

/* ── Contexts ── */

static int
on_protocols_offered (SSL *ssl, const unsigned char **chosen, unsigned char *chosen_length,
                      const unsigned char *offered, unsigned int offered_length, void *user_data)
{
  static const unsigned char own[] = "\x08http/1.1";
  unsigned char *found = NULL;

  if (SSL_select_next_proto (&found, chosen_length, own, sizeof own - 1, offered, offered_length)
      != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;

  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *
load (const char *certificate, const char *key, gint64 *expiry, GError **error)
{
  g_autofree char *certificate_text = read_file (certificate, "certificate", error);
  g_autofree char *key_text = certificate_text ? read_file (key, "key", error) : NULL;
  SSL_CTX *context;

  if (!key_text)
    return NULL;

  ERR_clear_error ();
  context = SSL_CTX_new (TLS_server_method ());
  SSL_CTX_set_min_proto_version (context, TLS1_2_VERSION);
  SSL_CTX_set_options (context, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  /* An idle connection keeps no buffers; what is written again lies elsewhere by then. */
  SSL_CTX_set_mode (context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead (context, 1);
  /* Sessions go on by tickets alone, which are good until the next reload. */
  SSL_CTX_set_session_cache_mode (context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets (context, 1);
  SSL_CTX_set_alpn_select_cb (context, on_protocols_offered, NULL);
  if (use_certificates (context, certificate, certificate_text, expiry, error)
      && use_key (context, key, key_text, certificate, error))
    {
      explicit_bzero (key_text, strlen (key_text));
      return context;
    }

  SSL_CTX_free (context);
  return NULL;
}

SSL_CTX *
kl_sio_tls_take_context (KlSioTls *self)
{
  SSL_CTX *context;

  g_mutex_lock (&self->lock);
  context = self->context;
  SSL_CTX_up_ref (context);
  g_mutex_unlock (&self->lock);

  return context;
}

gboolean
kl_sio_tls_reload (KlSioTls *self, GError **error)
{
  gint64 expiry = 0;
  SSL_CTX *context = load (self->certificate, self->key, &expiry, error), *old;

  if (!context)
    return FALSE;

  g_mutex_lock (&self->lock);
  old = self->context;
  self->context = context;
  g_mutex_unlock (&self->lock);
  self->expiry = expiry;
  SSL_CTX_free (old);

  return TRUE;
}

gboolean
kl_sio_tls_check (const char *certificate, const char *key, GError **error)
{
  gint64 expiry = 0;
  SSL_CTX *context = load (certificate, key, &expiry, error);

  SSL_CTX_free (context);
  return context != NULL;
}

/* ── The object ── */

KlSioTls *
kl_sio_tls_new (const char *certificate, const char *key, GError **error)
{
  gint64 expiry = 0;
  SSL_CTX *context = load (certificate, key, &expiry, error);
  KlSioTls *self;

  if (!context)
    return NULL;

  self = g_new0 (KlSioTls, 1);
  self->ref_count = 1;
  self->certificate = g_strdup (certificate);
  self->key = g_strdup (key);
  self->context = context;
  self->expiry = expiry;
  g_mutex_init (&self->lock);
  self->pump = kl_sio_tls_pump_new (self);

  return self;
}

KlSioTls *
kl_sio_tls_ref (KlSioTls *self)
{
  self->ref_count++;
  return self;
}

void
kl_sio_tls_unref (KlSioTls *self)
{
  if (--self->ref_count > 0)
    return;

  kl_sio_tls_pump_free (self->pump);
  SSL_CTX_free (self->context);
  g_mutex_clear (&self->lock);
  g_free (self->certificate);
  g_free (self->key);
  g_free (self);
}

int
kl_sio_tls_accept (KlSioTls *self, int fd, KlSioTlsConn **conn)
{
  return kl_sio_tls_pump_accept (self->pump, fd, conn);
}

gint64
kl_sio_tls_get_expiry (KlSioTls *self)
{
  return self->expiry;
}

void
kl_sio_tls_note_handshake (KlSioTls *self, gboolean completed)
{
  g_atomic_int_inc (completed ? &self->n_handshakes : &self->n_failures);
}

guint64
kl_sio_tls_get_n_handshakes (KlSioTls *self)
{
  return (guint) g_atomic_int_get (&self->n_handshakes);
}

guint64
kl_sio_tls_get_n_failures (KlSioTls *self)
{
  return (guint) g_atomic_int_get (&self->n_failures);
}
