/* SPDX-License-Identifier: GPL-3.0-or-later */
/* klatchctl's side of the admin socket: one question at a time, blocking. */
#pragma once

#include <gio/gio.h>

#include "protocol/kl-json.h"

G_BEGIN_DECLS

#define KL_CTL_ERROR (kl_ctl_error_quark ())

/* REFUSED: the server says no. UNREACHABLE: there is no server, or it may not be asked. USAGE: wrong words on the command
 * line. */
typedef enum
{
  KL_CTL_ERROR_REFUSED,
  KL_CTL_ERROR_UNREACHABLE,
  KL_CTL_ERROR_USAGE,
} KlCtlError;

GQuark kl_ctl_error_quark (void);

typedef struct _KlCtlClient KlCtlClient;

KlCtlClient *kl_ctl_client_connect (const char *socket_path, GError **error);
void kl_ctl_client_free (KlCtlClient *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlCtlClient, kl_ctl_client_free)

/* Sends what stands in WRITER, one object, and waits for the answer: an object with "ok" true. */
KlJson *kl_ctl_client_ask (KlCtlClient *self, const KlJsonWriter *writer, GError **error);
/* Where the command is the whole question. */
KlJson *kl_ctl_client_ask_plainly (KlCtlClient *self, const char *command, GError **error);

G_END_DECLS
