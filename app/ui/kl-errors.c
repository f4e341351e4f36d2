/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-errors.h"

#include <glib/gi18n.h>

#include "app/core/kl-core-types.h"

static char *
dup_wait_sentence (const GError *error)
{
  guint seconds = (guint) ((kl_error_get_retry_after_ms (error) + 999) / 1000);

  if (seconds == 0)
    return g_strdup (_ ("That was a bit fast for the server. Try again in a moment."));
  return g_strdup_printf (g_dngettext (NULL, "That was a bit fast for the server. Try again in %u second.",
                                       "That was a bit fast for the server. Try again in %u seconds.", seconds),
                          seconds);
}

static char *
dup_conflict_sentence (const GError *error)
{
  const char *field = kl_error_get_field (error);

  if (g_strcmp0 (field, "name") == 0 || g_strcmp0 (field, "slug") == 0)
    return g_strdup (_ ("Somebody has this already. Choose another one."));
  if (g_strcmp0 (field, "mesh") == 0)
    return g_strdup (_ ("This call is full."));
  return g_strdup (_ ("This does not fit with how things are now. Look again and try once more."));
}

static char *
dup_bad_request_sentence (const GError *error)
{
  if (g_strcmp0 (kl_error_get_field (error), "body") == 0)
    return g_strdup (_ ("Something in this message cannot be sent."));
  return g_strdup (_ ("The server does not take this as it is. Check what you wrote."));
}

static char *
dup_core_sentence (const GError *error)
{
  switch ((KlCoreError) error->code)
    {
    case KL_CORE_ERROR_BAD_ADDRESS:
      return g_strdup (_ ("This is no address of a server. One looks like klatch.example."));
    case KL_CORE_ERROR_UNREACHABLE:
      return g_strdup (_ ("Nobody answers at this address. Check its spelling and your network."));
    case KL_CORE_ERROR_UNTRUSTED:
      return g_strdup (_ ("This server cannot prove who it is: its certificate is not good. Tell its admin."));
    case KL_CORE_ERROR_NOT_KLATCH:
      return g_strdup (_ ("There is a server at this address, but it is not a Klatch server."));
    case KL_CORE_ERROR_OFFLINE:
      return g_strdup (_ ("There is no connection right now. Try again when it is back."));
    case KL_CORE_ERROR_TIMED_OUT:
      return g_strdup (_ ("The server took too long to answer. Try again in a moment."));
    case KL_CORE_ERROR_RATE_LIMITED:
      return dup_wait_sentence (error);
    case KL_CORE_ERROR_UNAVAILABLE:
      return g_strdup (_ ("The server is busy or being looked after. Try again in a moment."));
    case KL_CORE_ERROR_INTERNAL:
      return g_strdup (_ ("Something went wrong on the server. Try again in a moment."));
    case KL_CORE_ERROR_NOT_FOUND:
      return g_strdup (_ ("This is not there, or not any more."));
    case KL_CORE_ERROR_STORAGE:
      return g_strdup (_ ("Klatch could not write to this computer’s disk. Is it full?"));
    case KL_CORE_ERROR_NO_SECRET_SERVICE:
      return g_strdup (_ ("The keyring of this computer does not answer, or stays locked."));
    case KL_CORE_ERROR_LEFT:
      return g_strdup (_ ("You were no longer in this group."));
    case KL_CORE_ERROR_TOO_LARGE:
      return g_strdup (_ ("This is too long to send."));
    case KL_CORE_ERROR_BAD_REQUEST:
      return dup_bad_request_sentence (error);
    case KL_CORE_ERROR_UNAUTHORIZED:
      return g_strdup (_ ("The server does not know you any more. Sign in again."));
    case KL_CORE_ERROR_FORBIDDEN:
      return g_strdup (_ ("You are not allowed to do this."));
    case KL_CORE_ERROR_CONFLICT:
      return dup_conflict_sentence (error);
    default:
      return g_strdup (error->message);
    }
}

char *
kl_error_dup_sentence (const GError *error)
{
  g_return_val_if_fail (error != NULL, NULL);

  return error->domain == KL_CORE_ERROR ? dup_core_sentence (error) : g_strdup (error->message);
}
