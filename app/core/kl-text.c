/* SPDX-License-Identifier: GPL-3.0-or-later
 * One line of a text that may have many. */
#include "app/core/kl-message.h"
#include "protocol/kl-text.h"

#include <string.h>

char *
kl_text_dup_preview (const char *text, guint n_graphemes)
{
  g_autoptr (GString) out = g_string_new (NULL);
  const char *end = text + strlen (text);
  gboolean space = FALSE;
  guint n = 0;

  for (const char *p = text; p < end;)
    {
      const char *next = kl_text_next_cluster (p, end);

      if (g_unichar_isspace (g_utf8_get_char (p)))
        {
          space = out->len > 0;
          p = next;
          continue;
        }
      if (n + (space ? 1 : 0) >= n_graphemes)
        {
          g_string_append (out, "…");
          break;
        }
      if (space)
        {
          g_string_append_c (out, ' ');
          n++;
        }
      space = FALSE;
      g_string_append_len (out, p, next - p);
      n++;
      p = next;
    }
  return g_string_free_and_steal (g_steal_pointer (&out));
}
