/* SPDX-License-Identifier: GPL-3.0-or-later
 * A Klatch server that has answered: who it is, and signing in there. Immutable. Main thread.
 *
 * Properties (read only):
 *   url           string: scheme, host and port, without a slash at the end
 *   host          string: what to show of the url, host and any unusual port
 *   name          string: as its admin named it
 *   domain        string: what stands after the @ of its addresses
 *   registration  KlRegistration
 *   insecure      boolean: plain http to another computer. Warn before a password is typed */
#pragma once

#include "app/core/kl-account.h"

G_BEGIN_DECLS

#define KL_TYPE_SERVER (kl_server_get_type ())
G_DECLARE_FINAL_TYPE (KlServer, kl_server, KL, SERVER, GObject)

/* Finds the server for what a person typed: a bare host (https; http on port 8765 for a loopback name), host:port, an
 * http or https address, or the domain of a server that lives elsewhere (/.well-known/klatch). Errors:
 * KL_CORE_ERROR_BAD_ADDRESS, _UNREACHABLE, _UNTRUSTED, _NOT_KLATCH, _TIMED_OUT. Ends within 20 s. */
void kl_server_find_async (const char *typed, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
KlServer *kl_server_find_finish (GAsyncResult *result, GError **error);

const char *kl_server_get_url (KlServer *self);
const char *kl_server_get_host (KlServer *self);
const char *kl_server_get_name (KlServer *self);
const char *kl_server_get_domain (KlServer *self);
KlRegistration kl_server_get_registration (KlServer *self);
gboolean kl_server_get_insecure (KlServer *self);

/* The url that a typed address means before any server was asked, and whether it is plain http to another computer
 * (then *insecure is TRUE, and the warning can stand before anything is sent). NULL with KL_CORE_ERROR_BAD_ADDRESS. */
char *kl_server_url_for_address (const char *typed, gboolean *insecure, GError **error);

/* Signs in. The name may also be the full address of the server's own domain. Errors: KL_CORE_ERROR_UNAUTHORIZED
 * (wrong name or password), _RATE_LIMITED, _UNAVAILABLE, _UNREACHABLE. */
void kl_server_sign_in_async (KlServer *self,
                              const char *name,
                              const char *password,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
KlAccount *kl_server_sign_in_finish (KlServer *self, GAsyncResult *result, GError **error);

/* Registers; display_name and invite may be NULL or empty. Errors: KL_CORE_ERROR_CONFLICT (the name is taken),
 * _FORBIDDEN (registration closed, or the invite is not good), _BAD_REQUEST with a field, and those of signing in. */
void kl_server_register_async (KlServer *self,
                               const char *name,
                               const char *password,
                               const char *display_name,
                               const char *invite,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data);
KlAccount *kl_server_register_finish (KlServer *self, GAsyncResult *result, GError **error);

/* Loads, on a thread of its own, what GIO loads at the first connection: asking what the system's proxy is takes 30 ms
 * the first time. To be called when the program starts. */
void kl_server_warm_up (void);

G_END_DECLS
