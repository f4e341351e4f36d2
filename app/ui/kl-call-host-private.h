/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/ui/kl-call-host.h"

#include "app/ui/kl-call-corner.h"

G_BEGIN_DECLS

struct _KlCallHost
{
  AdwBin parent_instance;

  KlCalls *calls;
  KlCall *call; /* that view and mini show; lent by calls */
  GtkWidget *view;
  GtkWidget *mini;
  KlCallCorner *corner; /* where mini is */
  gboolean small;
  GSimpleActionGroup *actions;
  GtkWidget *focus_before;  /* weak */
  AdwDialog *door;          /* weak */
  AdwDialog *incoming;      /* weak */
  KlRing *ring;             /* that incoming shows */
  gboolean held;            /* Space mutes */
  GtkEventController *keys; /* of the window, while we are in one */
};

/* NULL while it stands in none. */
GtkWindow *kl_call_host_get_window (KlCallHost *self);

/* Nothing where there is no call. */
void kl_call_host_set_small (KlCallHost *self,
                             gboolean    small);
void kl_call_host_toggle_fullscreen (KlCallHost *self);

void kl_call_host_toast (KlCallHost *self,
                         const char *text);
void kl_call_host_toast_error (KlCallHost   *self,
                               const GError *error);

/* ── Commands ── (kl-call-host-commands.c) */

/* The actions "call.…". */
void kl_call_host_add_commands (KlCallHost *self);

/* ── Keys ── (kl-call-host-keys.c) */

/* Of the window: what is a command does not hang on where the focus is. */
void kl_call_host_add_keys (KlCallHost *self,
                            GtkWindow  *window);
void kl_call_host_remove_keys (KlCallHost *self,
                               GtkWindow  *window);

G_END_DECLS
