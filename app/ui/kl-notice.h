/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

typedef enum
{
  KL_NOTICE_ERROR,
  KL_NOTICE_WARNING,
} KlNoticeKind;

/* KlNotice: a sentence in the place that it concerns: what went wrong, or what to mind. Hidden while it has nothing to
 * say; spoken by a screen reader when it appears. It may hold one button. */
#define KL_TYPE_NOTICE (kl_notice_get_type ())
G_DECLARE_FINAL_TYPE (KlNotice, kl_notice, KL, NOTICE, GtkWidget)

/* text NULL: hides it. */
void kl_notice_show (KlNotice    *self,
                     KlNoticeKind kind,
                     const char  *text);
void kl_notice_hide (KlNotice *self);
const char *kl_notice_get_text (KlNotice *self);

/* label NULL: no button. Its click emits "activated". */
void kl_notice_set_button (KlNotice   *self,
                           const char *label);

G_END_DECLS
