/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The address of the Unix socket at PATH. A socket's address holds 107 bytes; a longer path goes by way of its folder's
 * descriptor: *FOLDER_FD is to be closed after the address was used, or is -1. */
GSocketAddress *kl_admin_make_address (const char *path, int *folder_fd);

G_END_DECLS
