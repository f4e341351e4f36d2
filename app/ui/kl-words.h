/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/core/kl-core.h"

G_BEGIN_DECLS

/* Phrases that several widgets say, in the person's language. All are newly allocated. */

/* "Priya is typing…", of a model of KlUser; NULL if nobody types. */
char *kl_words_dup_typing (GListModel *typing);

char *kl_words_dup_members (guint members); /* "14 members" */
char *kl_words_dup_here (guint here);       /* "5 here" */

/* What the list shows of the newest message: "Tunde: …" without the name, which *author gets ("Tunde:"), NULL for one's
 * own, in direct conversations, and while the name is not known. Where there is no message: the topic, or that there is none. */
char *kl_words_dup_preview (KlGroup *group,
                            char   **author);

/* When something was, as short as a list needs it: "10:42", "Tue", "3 Nov", or the date. Empty for 0. */
char *kl_words_dup_list_time (gint64 at_ms);

/* When a person was last there: "Last seen today", "Yesterday", "Monday", a date. NULL where it is not known. */
char *kl_words_dup_last_seen (gint64 at_ms);

/* "Owner", "Admin"; NULL for others. */
const char *kl_words_get_role (KlRole role);

G_END_DECLS
