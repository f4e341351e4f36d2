/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What each command of klatchctl does, at length. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* COMMAND: its words, parted by one space, without arguments. NULL: there is no such command. */
const char *
kl_ctl_get_help (const char *command);

G_END_DECLS
