/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/call/kl-call-element.h"

#include <stdarg.h>

#define SILENCE_DB (-60.0)

GstElement *
kl_call_element_launch (GstBin *parent, GError **error, const char *format, ...)
{
  g_autoptr (GError) local_error = NULL;
  g_autofree char *line = NULL;
  GstElement *bin;
  va_list args;

  va_start (args, format);
  line = g_strdup_vprintf (format, args);
  va_end (args);
  bin = gst_parse_bin_from_description_full (line, TRUE, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &local_error);
  if (bin == NULL || local_error != NULL)
    {
      g_set_error (error, KL_CALL_ERROR, KL_CALL_ERROR_MISSING, "%s",
                   local_error != NULL ? local_error->message : "an element is missing");
      return NULL;
    }
  gst_bin_add (parent, bin);
  return bin;
}

GstElement *
kl_call_element_make (GstBin *parent, const char *factory, GError **error)
{
  GstElement *element = gst_element_factory_make (factory, NULL);

  if (element == NULL)
    {
      g_set_error (error, KL_CALL_ERROR, KL_CALL_ERROR_MISSING, "GStreamer's element %s is not installed", factory);
      return NULL;
    }
  gst_bin_add (parent, element);
  return element;
}

GstElement *
kl_call_element_get (GstBin *bin, const char *name)
{
  g_autoptr (GstElement) element = gst_bin_get_by_name (bin, name);

  return element;
}

gboolean
kl_call_level_read (GstMessage *message, double *level)
{
  const GstStructure *structure = gst_message_get_structure (message);
  const GValue *values;
  GValueArray *array;
  double loudest = SILENCE_DB;

  if (structure == NULL || !gst_structure_has_name (structure, "level"))
    return FALSE;
  values = gst_structure_get_value (structure, "rms");
  if (values == NULL)
    return FALSE;
  array = g_value_get_boxed (values);
  G_GNUC_BEGIN_IGNORE_DEPRECATIONS
  for (guint i = 0; i < array->n_values; i++)
    loudest = MAX (loudest, g_value_get_double (g_value_array_get_nth (array, i)));
  G_GNUC_END_IGNORE_DEPRECATIONS
  *level = CLAMP (1.0 - loudest / SILENCE_DB, 0.0, 1.0);
  return TRUE;
}
