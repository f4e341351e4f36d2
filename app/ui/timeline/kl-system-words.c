/* SPDX-License-Identifier: GPL-3.0-or-later */
/* System messages in words. Neighbours of one kind become one phrase: "Aroha and 3 others joined". */
#include <glib/gi18n.h>

#include "app/ui/timeline/kl-line-row.h"
#include "app/ui/timeline/kl-message-text.h"

static char *
bold_name (KlUser *user)
{
  return kl_text_bold (user != NULL ? kl_user_get_display_name (user) : _ ("Somebody"));
}

static KlUser *
whom (KlMessage *message)
{
  KlUser *user = kl_message_get_system_user (message);

  if (user == NULL)
    user = kl_message_get_system_by (message);
  return user != NULL ? user : kl_message_get_sender (message);
}

static KlUser *
by_whom (KlMessage *message)
{
  KlUser *user = kl_message_get_system_by (message);

  return user != NULL ? user : kl_message_get_sender (message);
}

/* Translated formats with one name, two names, or one and a number. */
static char *
people_words (GPtrArray *people, const char *one, const char *two, const char *others)
{
  g_autofree char *first = bold_name (people->pdata[0]);

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  if (people->len == 1)
    return g_strdup_printf (one, first);
  if (people->len == 2)
    {
      g_autofree char *second = bold_name (people->pdata[1]);

      return g_strdup_printf (two, first, second);
    }
  return g_strdup_printf (others, first, people->len - 1);
#pragma GCC diagnostic pop
}

static char *
merged_words (KlSystemEvent event, GPtrArray *people)
{
  if (event == KL_SYSTEM_EVENT_JOINED)
    return people_words (people, _ ("%s joined"), _ ("%s and %s joined"),
                         /* Translators: the number is 2 or more */
                         ngettext ("%s and %u other joined", "%s and %u others joined", people->len - 1));
  return people_words (people, _ ("%s left"), _ ("%s and %s left"),
                       ngettext ("%s and %u other left", "%s and %u others left", people->len - 1));
}

static char *
single_words (KlMessage *message)
{
  g_autofree char *by = bold_name (by_whom (message));
  g_autofree char *user = bold_name (whom (message));
  const char *value = kl_message_get_system_value (message);

  switch (kl_message_get_system_event (message))
    {
    case KL_SYSTEM_EVENT_CREATED:
      return g_strdup_printf (_ ("%s created the group"), by);
    case KL_SYSTEM_EVENT_REMOVED:
      return g_strdup_printf (_ ("%s removed %s"), by, user);
    case KL_SYSTEM_EVENT_RENAMED:
      return g_strdup_printf (_ ("%s renamed the group to “%s”"), by, value != NULL ? value : "");
    case KL_SYSTEM_EVENT_TOPIC:
      if (value == NULL || value[0] == '\0')
        return g_strdup_printf (_ ("%s removed the topic"), by);
      return g_strdup_printf (_ ("%s changed the topic to “%s”"), by, value);
    case KL_SYSTEM_EVENT_CALL:
      return g_strdup_printf (_ ("%s was in a call"), by);
    case KL_SYSTEM_EVENT_JOINED:
      return g_strdup_printf (_ ("%s joined"), user);
    case KL_SYSTEM_EVENT_LEFT:
      return g_strdup_printf (_ ("%s left"), user);
    case KL_SYSTEM_EVENT_NONE:
    case KL_SYSTEM_EVENT_UNKNOWN:
    default:
      return g_strdup_printf (_ ("%s did something that this version of Klatch cannot show"), by);
    }
}

static gboolean
merges (KlSystemEvent event)
{
  return event == KL_SYSTEM_EVENT_JOINED || event == KL_SYSTEM_EVENT_LEFT;
}

char *
kl_dup_system_words (GPtrArray *run)
{
  GString *words = g_string_new (NULL);

  g_return_val_if_fail (run != NULL && run->len > 0, NULL);

  for (guint i = 0; i < run->len;)
    {
      KlMessage *message = run->pdata[i];
      KlSystemEvent event = kl_message_get_system_event (message);
      g_autofree char *phrase = NULL;

      if (merges (event))
        {
          g_autoptr (GPtrArray) people = g_ptr_array_new ();

          for (; i < run->len && kl_message_get_system_event (run->pdata[i]) == event; i++)
            if (!g_ptr_array_find (people, whom (run->pdata[i]), NULL))
              g_ptr_array_add (people, whom (run->pdata[i]));
          phrase = merged_words (event, people);
        }
      else
        {
          phrase = single_words (message);
          i++;
        }
      if (words->len > 0)
        g_string_append (words, " · ");
      g_string_append (words, phrase);
    }
  return g_string_free (words, FALSE);
}
