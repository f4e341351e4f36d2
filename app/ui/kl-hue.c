/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-hue.h"

#include <glib/gi18n.h>

static const struct
{
  const char *style_class;
  const char *label;
} hues[KL_N_HUES] = {
  { "hue-berry", N_ ("Berry") }, { "hue-rust", N_ ("Rust") }, { "hue-ochre", N_ ("Ochre") }, { "hue-moss", N_ ("Moss") },
  { "hue-sea", N_ ("Sea") },     { "hue-sky", N_ ("Sky") },   { "hue-iris", N_ ("Iris") },   { "hue-plum", N_ ("Plum") },
};

const char *
kl_hue_get_style_class (int hue)
{
  return hues[hue >= 0 && hue < KL_N_HUES ? hue : KL_HUE_IRIS].style_class;
}

const char *
kl_hue_get_label (int hue)
{
  return _ (hues[hue >= 0 && hue < KL_N_HUES ? hue : KL_HUE_IRIS].label);
}

void
kl_hue_apply (GtkWidget *widget,
              int        hue)
{
  const char *wanted = kl_hue_get_style_class (hue);

  if (gtk_widget_has_css_class (widget, wanted))
    return;
  for (int i = 0; i < KL_N_HUES; i++)
    gtk_widget_remove_css_class (widget, hues[i].style_class);
  gtk_widget_add_css_class (widget, wanted);
}

/* Appends the first grapheme of word, in capitals where it is a letter. */
static void
append_initial (GString    *initials,
                const char *word,
                gsize       length)
{
  g_autofree PangoLogAttr *attrs = NULL;
  g_autofree char *grapheme = NULL;
  g_autofree char *upper = NULL;
  glong n_chars = g_utf8_strlen (word, (gssize) length);
  glong end = 1;

  if (n_chars == 0)
    return;
  attrs = g_new0 (PangoLogAttr, n_chars + 1);
  pango_get_log_attrs (word, (int) length, -1, pango_language_get_default (), attrs, (int) n_chars + 1);
  while (end < n_chars && !attrs[end].is_cursor_position)
    end++;
  grapheme = g_utf8_substring (word, 0, end);
  upper = g_utf8_strup (grapheme, -1);
  g_string_append (initials, upper);
}

char *
kl_dup_initials (const char *name)
{
  g_autoptr (GString) initials = g_string_new (NULL);
  g_auto (GStrv) words = NULL;
  const char *first = NULL, *last = NULL;

  if (name == NULL)
    return g_string_free_and_steal (g_steal_pointer (&initials));
  words = g_strsplit_set (name, " \t\u00a0", -1);
  for (char **word = words; *word != NULL; word++)
    {
      if (**word == '\0')
        continue;
      if (first == NULL)
        first = *word;
      else if (g_unichar_isalpha (g_utf8_get_char (*word)))
        last = *word;
    }
  if (first != NULL)
    append_initial (initials, first, strlen (first));
  if (last != NULL)
    append_initial (initials, last, strlen (last));
  return g_string_free_and_steal (g_steal_pointer (&initials));
}
