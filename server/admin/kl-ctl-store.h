/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The commands of klatchctl that work on the store itself, without the server. */
#pragma once

#include "server/admin/kl-ctl-commands.h"

G_BEGIN_DECLS

/* ARGUMENTS: as the command's name says. Errors: KL_CTL_ERROR. */
gboolean
kl_ctl_backup (const KlCtlOptions *options, const char *const *arguments, GError **error); /* FILE */
gboolean
kl_ctl_restore (const KlCtlOptions *options, const char *const *arguments, GError **error); /* FILE */
gboolean
kl_ctl_store_copy (const KlCtlOptions *options, const char *const *arguments, GError **error); /* FROM TO */

G_END_DECLS
