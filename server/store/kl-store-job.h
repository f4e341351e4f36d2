/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What travels to a thread of a store and back: the arguments of one call and what came of it. Internal to the store.
 *
 * It is made on the main loop, filled in by a deed on another thread, and reported on the main loop. */
#pragma once

#include "server/chat/kl-store.h"

G_BEGIN_DECLS

typedef enum
{
  KL_STORE_RETURNS_POINTER,
  KL_STORE_RETURNS_BOOLEAN,
  KL_STORE_RETURNS_INT,
} KlStoreReturns;

typedef struct
{
  GTask *task; /* touched on the main loop only; NULL: nobody waits */
  KlStoreReturns returns;

  /* Arguments, owned; which ones and what for, each deed says. */
  char *text[3];
  gint64 number[3];
  char **texts;
  gpointer object;
  GDestroyNotify object_free;

  /* Outcome. */
  gpointer result;
  GDestroyNotify result_free;
  gint64 result_number;
  GError *error;
} KlStoreJob;

/* For a deed: gives the job its result. */
gboolean
kl_store_job_give (KlStoreJob *self, gpointer result, GDestroyNotify result_free);
/* For a deed: refuses, with an error of the caller's making. */
gboolean
kl_store_job_refuse (KlStoreJob *self, KlStoreError code, const char *message);

/* Before it is run again. */
void
kl_store_job_drop_outcome (KlStoreJob *self);
/* Main loop: returns the task, which is gone then. */
void
kl_store_job_report (KlStoreJob *self);
/* Main loop, where there is a task still. */
void
kl_store_job_clear (KlStoreJob *self);

G_END_DECLS
