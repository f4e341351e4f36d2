/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "app/core/kl-core.h"

G_BEGIN_DECLS

/* KlComposer: where one writes. Enter sends and Shift+Enter breaks the line; an Enter that ends an input method's
 * conversion does neither. What stands in it is the group's draft.
 *
 * Signals:
 *   send (char *body)   the person wants this sent; the field is empty by now. Where it is not taken after all,
 *                       kl_composer_put_back() it
 *   typing (gboolean)   the text changed: TRUE while there is any
 *   used ()             a key went into the field */
#define KL_TYPE_COMPOSER (kl_composer_get_type ())
G_DECLARE_FINAL_TYPE (KlComposer, kl_composer, KL, COMPOSER, GtkWidget)

GtkWidget *kl_composer_new (void);

/* Shows this group's draft from now on. NULL: nothing. */
void kl_composer_set_group (KlComposer *self,
                            KlGroup    *group);

/* A body that was not taken: before whatever was typed meanwhile, if the group is still the one. */
void kl_composer_put_back (KlComposer *self,
                           KlGroup    *group,
                           const char *body);

/* Writes the field down as the group's draft again, after the core dropped it with a sent message. */
void kl_composer_keep_draft (KlComposer *self);

/* Replaces what is in the field. */
void kl_composer_set_text (KlComposer *self,
                           const char *text);
char *kl_composer_dup_text (KlComposer *self);

/* Sends what is in the field, as Enter does. */
void kl_composer_send (KlComposer *self);

G_END_DECLS
