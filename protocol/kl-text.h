/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The contract's rules for text: what may stand in a body, a name, a slug; lengths in characters; grapheme clusters;
 * folding for search. Text is kept to the byte: nothing here changes what it judges. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  KL_TEXT_BODY,         /* \n and \t allowed; may be empty or invisible here: see kl_text_is_visible(); bytes are counted elsewhere */
  KL_TEXT_TOPIC,        /* up to 1,000 characters, \n allowed */
  KL_TEXT_GROUP_NAME,   /* 1–100 characters, no bidirectional controls, visible */
  KL_TEXT_DISPLAY_NAME, /* the same, 1–64 */
  KL_TEXT_STATUS,       /* up to 140 characters */
  KL_TEXT_DEVICE,       /* up to 64 characters */
  KL_TEXT_QUERY,        /* up to 200 characters */
  KL_TEXT_EMOJI,        /* one visible grapheme cluster of up to 64 bytes */
} KlTextRule;

/* Judges LENGTH bytes (U+0000 among them is a control character). NULL: they keep the rule. Else what is wrong, as a
 * short English clause that may follow the name of a field; static. */
const char *kl_text_check (const char *text, gsize length_bytes, KlTextRule rule);

/* Whether some character is of none of the categories Z and C. TEXT is valid UTF-8. */
gboolean kl_text_is_visible (const char *text, gsize length_bytes);

/* [a-z0-9._-]{2,32}, and not all, here, system or klatch. */
gboolean kl_text_is_user_name (const char *name);
/* [a-z0-9][a-z0-9-]{1,47} */
gboolean kl_text_is_slug (const char *slug);
/* A host name for addresses: labels of letters, digits and hyphens in lower case, 1–253 characters. */
gboolean kl_text_is_domain (const char *domain);

/* Where the grapheme cluster that begins at TEXT ends (UAX #29, extended). TEXT is valid UTF-8 and ends at END. */
const char *kl_text_next_cluster (const char *text, const char *end);

/* The bytes of TEXT that make at most MAX_CHARS characters without cutting through a grapheme cluster. */
gsize kl_text_cut (const char *text, gsize length_bytes, gsize max_chars);

/* For finding: compatibility forms, case and accents folded. Two texts that a person takes for the same word fold to
 * the same bytes. The result is the caller's. TEXT is valid UTF-8; -1: up to its NUL. */
char *kl_text_fold (const char *text, gssize length_bytes);

/* A slug made from a name, for suggestions: "Böll & Søn" → "boll-son". NULL where nothing is left. */
char *kl_text_make_slug (const char *name);

G_END_DECLS
