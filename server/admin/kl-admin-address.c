/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/admin/kl-admin-address.h"

#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <string.h>
#include <sys/un.h>

GSocketAddress *
kl_admin_make_address (const char *path, int *folder_fd)
{
  g_autofree char *folder = NULL, *name = NULL, *short_path = NULL;

  *folder_fd = -1;
  if (strlen (path) < sizeof ((struct sockaddr_un *)NULL)->sun_path)
    return g_unix_socket_address_new (path);

  folder = g_path_get_dirname (path);
  name = g_path_get_basename (path);
  *folder_fd = open (folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  short_path = g_strdup_printf ("/proc/self/fd/%d/%s", *folder_fd, name);

  return g_unix_socket_address_new (short_path);
}
