/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The forms that single values of the settings take. Each returns FALSE where `text` is none, and then sets `why` to
 * the second half of a sentence: "must be …". */

gboolean
kl_settings_parse_number (const char *text, gint64 min, gint64 max, gint64 *value, char **why);

/* One of `words`, whose place is the value. */
gboolean
kl_settings_parse_word (const char *text, const char *const *words, gint64 *value, char **why);

/* ADDR:PORT, [IPV6]:PORT or localhost:PORT. */
gboolean
kl_settings_parse_listen (const char *text, GSocketAddress **address, char **why);

/* http(s)://HOST[:PORT], with or without a slash at the end, which `origin` has not. */
gboolean
kl_settings_parse_origin (const char *text, char **origin, char **host, char **why);

gboolean
kl_settings_parse_domain (const char *text, char **why);

/* Addresses and networks (10.0.0.0/8) with commas or blanks between them; NULL where one is neither. */
char **
kl_settings_parse_networks (const char *text, char **why);

/* A name that people read: 1–100 characters, no control characters. */
gboolean
kl_settings_parse_title (const char *text, char **why);

/* Addresses of STUN or TURN servers (`schemes` are what each may begin with), with commas or blanks between them. */
gboolean
kl_settings_parse_ice (const char *text, const char *const *schemes, char **why);

G_END_DECLS
