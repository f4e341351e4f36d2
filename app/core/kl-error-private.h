/* SPDX-License-Identifier: GPL-3.0-or-later
 * Making errors of the core's domain that carry what the server adds. */
#pragma once

#include "app/core/kl-core-types.h"

G_BEGIN_DECLS

/* field may be NULL; retry_after_ms 0: nothing said. Transfer full. */
GError *kl_core_error_new_full (KlCoreError code, const char *message, const char *field, gint64 retry_after_ms);

G_END_DECLS
