/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Text on one Pango layout, made to be measured often: wrapped or on one line, as wide as its longest line, with a
 * small widget (the time) at the end of the last line where that fits, below it where not. Each paragraph has the
 * direction of its first strong letter. Web addresses become links. It draws a selection that somebody else owns. */
#define KL_TYPE_MESSAGE_TEXT (kl_message_text_get_type ())
G_DECLARE_FINAL_TYPE (KlMessageText, kl_message_text, KL, MESSAGE_TEXT, GtkWidget)

typedef enum
{
  KL_TEXT_PLAIN = 0,
  KL_TEXT_ONE_LINE = 1 << 0, /* ellipsized */
  KL_TEXT_CENTERED = 1 << 1,
  KL_TEXT_LINKS = 1 << 2,   /* find links */
  KL_TEXT_LOOSE = 1 << 3,   /* the line height of message bodies */
  KL_TEXT_FIGURES = 1 << 4, /* tabular figures */
} KlTextFlags;

GtkWidget *kl_message_text_new (const char *css_name, KlTextFlags flags);

/* @scale is relative to the style's font. */
void kl_message_text_set_text (KlMessageText *self, const char *text, double scale);

/* The same, with the parts between kl_text_bold() marks bold. */
void kl_message_text_set_marked (KlMessageText *self, const char *marked);

/* @text between the marks that set_marked() takes out, isolated from the direction of what is around it. */
char *kl_text_bold (const char *text);

const char *kl_message_text_get_text (KlMessageText *self);

/* The widget at the end of the last line; NULL: none. The text parents it. */
void kl_message_text_set_meta (KlMessageText *self, GtkWidget *meta);

/* The size in at most @max_width pixels. Cached. */
void kl_message_text_fit (KlMessageText *self, int max_width, int *width, int *height);

/* The byte under a point (in the widget's coordinates), clamped to the text; TRUE in @inside if the point is on a line
 * of it. */
int kl_message_text_get_byte_at (KlMessageText *self, double x, double y, gboolean *inside);
void kl_message_text_set_selection (KlMessageText *self, int start, int end);

/* The links' targets, in order; NULL where there are none. */
guint kl_message_text_get_n_links (KlMessageText *self);
char *kl_message_text_dup_link (KlMessageText *self, guint index);
char *kl_message_text_dup_link_at (KlMessageText *self, double x, double y);

/* Opens an allowed address with what the desktop has for it. */
void kl_message_text_open (GtkWidget *widget, const char *uri);

G_END_DECLS
