/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/admin/kl-ctl-print.h"

#include <stdlib.h>

#define GAP "  "

struct _KlCtlTable
{
  guint n_columns;
  GPtrArray *rows; /* char *[n_columns], owned with its cells */
};

static void
free_row (gpointer row)
{
  g_strfreev (row);
}

KlCtlTable *
kl_ctl_table_new (const char *const *titles)
{
  KlCtlTable *self = g_new (KlCtlTable, 1);

  self->n_columns = g_strv_length ((char **)titles);
  self->rows = g_ptr_array_new_with_free_func (free_row);
  g_ptr_array_add (self->rows, g_strdupv ((char **)titles));

  return self;
}

void
kl_ctl_table_add (KlCtlTable *self, char **cells)
{
  char **row = g_new0 (char *, self->n_columns + 1);

  for (guint i = 0; i < self->n_columns; i++)
    row[i] = cells[i] ? cells[i] : g_strdup ("");
  g_ptr_array_add (self->rows, row);
}

/* Terminal columns. */
static gsize
measure (const char *text)
{
  gsize width = 0;

  for (const char *p = text; *p; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      width += g_unichar_iszerowidth (c) ? 0 : g_unichar_iswide (c) ? 2 : 1;
    }

  return width;
}

void
kl_ctl_table_print (KlCtlTable *self)
{
  g_autofree gsize *widths = g_new0 (gsize, self->n_columns);

  for (guint r = 0; r < self->rows->len; r++)
    for (guint c = 0; c < self->n_columns; c++)
      widths[c] = MAX (widths[c], measure (((char **)g_ptr_array_index (self->rows, r))[c]));

  for (guint r = 0; r < self->rows->len; r++)
    {
      char **row = g_ptr_array_index (self->rows, r);
      GString *line = g_string_new (NULL);

      for (guint c = 0; c < self->n_columns; c++)
        {
          g_string_append (line, row[c]);
          if (c + 1 < self->n_columns)
            g_string_append_printf (line, "%*s" GAP, (int)(widths[c] - measure (row[c])), "");
        }
      g_strchomp (line->str);
      g_print ("%s\n", line->str);
      g_string_free (line, TRUE);
    }

  g_ptr_array_unref (self->rows);
  g_free (self);
}

char *
kl_ctl_format_time (gint64 time_ms)
{
  g_autoptr (GDateTime) time = time_ms > 0 ? g_date_time_new_from_unix_local (time_ms / 1000) : NULL;

  return time ? g_date_time_format (time, "%F %R") : g_strdup ("never");
}

char *
kl_ctl_format_duration (gint64 duration_ms)
{
  gint64 s = duration_ms / 1000, min = s / 60, h = min / 60, d = h / 24;

  if (d > 0)
    return g_strdup_printf ("%d d %d h", (int)d, (int)(h % 24));
  if (h > 0)
    return g_strdup_printf ("%d h %d min", (int)h, (int)(min % 60));
  if (min > 0)
    return g_strdup_printf ("%d min", (int)min);

  return g_strdup_printf ("%d s", (int)s);
}

gboolean
kl_ctl_parse_duration (const char *text, gint64 *duration_ms)
{
  static const struct
  {
    char letter;
    gint64 ms;
  } units[] = { { 's', 1000 }, { 'm', 60000 }, { 'h', 3600000 }, { 'd', 86400000 }, { 'w', 7 * 86400000LL } };
  char *end;
  guint64 number;

  *duration_ms = 0;
  if (g_str_equal (text, "never"))
    return TRUE;
  if (!g_ascii_isdigit (*text))
    return FALSE;

  number = g_ascii_strtoull (text, &end, 10);
  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    if (*end == units[i].letter && end[1] == '\0' && number > 0 && number <= (guint64)(G_MAXINT64 / units[i].ms))
      {
        *duration_ms = (gint64)number * units[i].ms;
        return TRUE;
      }

  return FALSE;
}
