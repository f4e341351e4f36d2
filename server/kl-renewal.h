/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "server/socketio/kl-sio-tls.h"

/* What the administrator reads about the certificate in use; @certificate is its file. */

/* A warning where it has ended, or will soon. */
void
kl_renewal_warn (KlSioTls *tls, const char *certificate);

/* Reads certificate and key again, and says what came of it. */
void
kl_renewal_reload (KlSioTls *tls, const char *certificate);
