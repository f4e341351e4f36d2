/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/call/kl-call-types.h"

G_DEFINE_QUARK (kl-call-error-quark, kl_call_error)
