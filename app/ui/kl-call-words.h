/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/calling/kl-calls.h"

G_BEGIN_DECLS

/* What is said about a call, in the person's language. All are newly allocated. */

/* "12:04", "1:02:33": since then; at_ms 0: "0:00". */
char *kl_call_words_dup_elapsed (gint64 at_ms);

/* "12:04 · 4 people" */
char *kl_call_words_dup_people (const char *elapsed,
                                guint       n_people);

/* What stands in the way of being heard and seen, whose line is bad, else how one is heard. icon: its name, lent. */
char *kl_call_words_dup_hint (KlCalls     *calls,
                              const char **icon);

/* Why a microphone or camera is not open; NULL: it is, or is meant to be off. */
const char *kl_call_words_get_trouble (KlCalls     *calls,
                                       KlMediaKind  kind);

/* "Mateo and Yuki are already in", of a model of KlUser without except; NULL: nobody is. */
char *kl_call_words_dup_already_in (GListModel *people,
                                    KlUser     *except);

G_END_DECLS
