/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The browser client, built into the program: read "index.html" and
 * "assets/NAME" (names carry a content hash) under KL_WEB_PREFIX from this
 * resource. It refers to nothing outside of /assets/, /api/ and /socket.io/,
 * and runs under script-src, style-src, connect-src and font-src 'self',
 * img-src 'self' data: blob:. */
#pragma once

#include <gio/gio.h>

#define KL_WEB_PREFIX "/chat/klatch/web/"

/* Lends the resource; any thread. */
GResource *kl_web_get_resource (void);
