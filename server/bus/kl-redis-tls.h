/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <hiredis/hiredis.h>
#include <openssl/types.h>

#include "server/bus/kl-redis-link.h"

G_BEGIN_DECLS

/* Begins the handshake on C, which then owns the SSL object; it goes on as C is read and written. NULL: it could not.
 */
SSL *
kl_redis_tls_start (KlRedisTls *self, redisContext *c, const char **why);

/* Why a connection over it failed, or NULL where TLS is not the reason. Static. */
const char *
kl_redis_tls_explain (SSL *ssl);

G_END_DECLS
