/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hiredis on GLib's main loop.
 *
 * The adapter that comes with hiredis has no timers, writes for every command, and goes on with a context that its own
 * read has freed. This one
 *   - reads before it writes, so that the reason of an error is seen before the error of writing to a dead socket;
 *   - stops when the context was freed by what it called (hiredis calls the clean-up hook, which ends the source);
 *   - gathers what a turn of the loop has asked for and writes it at the next turn's beginning, without waiting for the
 *     descriptor to be polled; only what the socket does not take is waited for;
 *   - carries hiredis' time-outs. */
#pragma once

#include <glib.h>
#include <hiredis/async.h>

G_BEGIN_DECLS

/* Serves AC, from now until it is freed, on CONTEXT (NULL: the default one), on whose thread everything of AC has to
 * happen. */
void
kl_redis_source_attach (redisAsyncContext *ac, GMainContext *context);

G_END_DECLS
