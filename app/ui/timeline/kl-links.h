/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A web, mail or chat address that stands in a text, as bytes from start to end. */
typedef struct
{
  int start;
  int end;
} KlLink;

/* The links of @text, in order; NULL where there are none. Only http, https, mailto and xmpp are links: whatever else
 * looks like one stays text. (element-type KlLink) */
GArray *kl_links_find (const char *text);

/* Whether this may be opened; the last gate before the system is asked to. */
gboolean kl_link_is_allowed (const char *uri);

/* Nothing but emoji, up to three of them: how many, else 0. */
guint kl_text_count_lone_emoji (const char *text);

G_END_DECLS
