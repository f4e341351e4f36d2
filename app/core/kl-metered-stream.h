/* SPDX-License-Identifier: GPL-3.0-or-later
 * A stream around another one that bounds what a peer can make us hold: it first gives out bytes that were read
 * ahead, lets at most a fixed number of bytes through in one go (so that whoever reads "until it would block" gets to
 * work on them), and fails with G_IO_ERROR_MESSAGE_TOO_LARGE when more than a limit came since the last reset.
 * SoupWebsocketConnection by itself caps a frame, not a message of many frames. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define KL_TYPE_METERED_STREAM (kl_metered_stream_get_type ())
G_DECLARE_FINAL_TYPE (KlMeteredStream, kl_metered_stream, KL, METERED_STREAM, GIOStream)

/* base: its input and output must be pollable. ahead: taken from its input already; may be empty. */
KlMeteredStream *kl_metered_stream_new (GIOStream *base, GBytes *ahead, gsize limit_bytes);

/* A whole message was taken out. */
void kl_metered_stream_reset (KlMeteredStream *self);

G_END_DECLS
