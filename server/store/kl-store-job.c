/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/store/kl-store-job.h"

gboolean
kl_store_job_give (KlStoreJob *self, gpointer result, GDestroyNotify result_free)
{
  self->result = result;
  self->result_free = result_free;

  return TRUE;
}

gboolean
kl_store_job_refuse (KlStoreJob *self, KlStoreError code, const char *message)
{
  g_set_error_literal (&self->error, KL_STORE_ERROR, (int) code, message);

  return FALSE;
}

void
kl_store_job_drop_outcome (KlStoreJob *self)
{
  if (self->result && self->result_free)
    self->result_free (self->result);
  self->result = NULL;
  self->result_free = NULL;
  self->result_number = 0;
  g_clear_error (&self->error);
}

void
kl_store_job_report (KlStoreJob *self)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->task);

  if (self->error)
    g_task_return_error (task, g_steal_pointer (&self->error));
  else if (self->returns == KL_STORE_RETURNS_POINTER)
    g_task_return_pointer (task, g_steal_pointer (&self->result), self->result_free);
  else if (self->returns == KL_STORE_RETURNS_INT)
    g_task_return_int (task, self->result_number);
  else
    g_task_return_boolean (task, TRUE);
}

void
kl_store_job_clear (KlStoreJob *self)
{
  kl_store_job_drop_outcome (self);
  for (gsize i = 0; i < G_N_ELEMENTS (self->text); i++)
    g_free (self->text[i]);
  g_strfreev (self->texts);
  if (self->object && self->object_free)
    self->object_free (self->object);
  g_clear_object (&self->task);
}
