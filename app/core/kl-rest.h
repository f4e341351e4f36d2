/* SPDX-License-Identifier: GPL-3.0-or-later
 * Calls to a server's REST interface. Main thread. */
#pragma once

#include "app/core/kl-core-types.h"
#include "protocol/kl-json.h"
#include <libsoup/soup.h>

G_BEGIN_DECLS

/* A session with our time-outs; every user of the core makes its own. */
SoupSession *kl_rest_session_new (void);

/* path: below url, with a slash at its head. token and json may be NULL. An answer of 2xx is its JSON, NULL for 204.
 * Errors: the server's own as KL_CORE_ERROR; _UNREACHABLE, _UNTRUSTED, _TIMED_OUT; _NOT_KLATCH where the answer is
 * not what a Klatch server gives. */
void kl_rest_call_async (SoupSession *session,
                         const char *url,
                         const char *token,
                         const char *method,
                         const char *path,
                         const char *json,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data);
/* TRUE: it went well; *answer (transfer full) may still be NULL. */
gboolean kl_rest_call_finish (GAsyncResult *result, KlJson **answer, GError **error);

G_END_DECLS
