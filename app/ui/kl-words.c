/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-words.h"

#include <glib/gi18n.h>

#include "app/ui/timeline/kl-clock.h"

#define DAYS_BY_NAME 6

char *
kl_words_dup_typing (GListModel *typing)
{
  guint n = typing != NULL ? g_list_model_get_n_items (typing) : 0;
  g_autoptr (KlUser) first = n > 0 ? g_list_model_get_item (typing, 0) : NULL;
  g_autoptr (KlUser) second = n > 1 ? g_list_model_get_item (typing, 1) : NULL;

  if (n == 0)
    return NULL;
  /* Whose name is still to come is counted, not named. */
  if (n == 1 && *kl_user_get_display_name (first) != '\0')
    /* Translators: a person's name */
    return g_strdup_printf (_ ("%s is typing…"), kl_user_get_display_name (first));
  if (n == 2 && *kl_user_get_display_name (first) != '\0' && *kl_user_get_display_name (second) != '\0')
    return g_strdup_printf (_ ("%s and %s are typing…"), kl_user_get_display_name (first), kl_user_get_display_name (second));
  return g_strdup_printf (ngettext ("%u person is typing…", "%u people are typing…", n), n);
}

char *
kl_words_dup_members (guint members)
{
  return g_strdup_printf (ngettext ("%u member", "%u members", members), members);
}

char *
kl_words_dup_here (guint here)
{
  /* Translators: so many people have the group open right now */
  return g_strdup_printf (ngettext ("%u here", "%u here", here), here);
}

char *
kl_words_dup_preview (KlGroup *group,
                      char   **author)
{
  KlMessage *message = kl_group_get_last_message (group);
  KlUser *sender;
  const char *preview, *topic = kl_group_get_topic (group);

  *author = NULL;
  if (message == NULL)
    return g_strdup (topic != NULL && *topic != '\0' ? topic : _ ("No messages yet"));
  sender = kl_message_get_sender (message);
  if (!kl_message_get_mine (message) && sender != NULL && *kl_user_get_display_name (sender) != '\0'
      && kl_group_get_kind (group) != KL_GROUP_KIND_DIRECT)
    /* Translators: who has written what follows */
    *author = g_strdup_printf (_ ("%s:"), kl_user_get_display_name (sender));
  if (kl_message_get_deleted (message))
    return g_strdup (_ ("Message deleted"));
  preview = kl_group_get_preview (group);
  if ((preview == NULL || *preview == '\0') && kl_message_get_kind (message) == KL_MESSAGE_KIND_MEDIA)
    return g_strdup (_ ("Attachment"));
  return g_strdup (preview != NULL ? preview : "");
}

/* How many midnights lie between then and now. */
static int
count_days_since (GDateTime *then,
                  GDateTime *now)
{
  g_autoptr (GDateTime) then_day = g_date_time_new_utc (g_date_time_get_year (then), g_date_time_get_month (then),
                                                        g_date_time_get_day_of_month (then), 0, 0, 0);
  g_autoptr (GDateTime) now_day = g_date_time_new_utc (g_date_time_get_year (now), g_date_time_get_month (now),
                                                       g_date_time_get_day_of_month (now), 0, 0, 0);

  return (int) (g_date_time_difference (now_day, then_day) / G_TIME_SPAN_DAY);
}

static GDateTime *
new_local (gint64 at_ms)
{
  g_autoptr (GDateTime) utc = at_ms > 0 ? g_date_time_new_from_unix_utc_usec (at_ms * 1000) : NULL;

  return utc != NULL ? g_date_time_to_local (utc) : NULL;
}

char *
kl_words_dup_list_time (gint64 at_ms)
{
  g_autoptr (GDateTime) then = new_local (at_ms);
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  int days;

  if (then == NULL)
    return g_strdup ("");
  days = count_days_since (then, now);
  if (days <= 0)
    return kl_clock_format_time (kl_clock_get_default (), at_ms);
  if (days <= DAYS_BY_NAME)
    /* Translators: a day of this week, as strftime writes it: "Tue" */
    return g_date_time_format (then, _ ("%a"));
  if (g_date_time_get_year (then) == g_date_time_get_year (now))
    /* Translators: a day of this year, as strftime writes it: "3 Nov" */
    return g_date_time_format (then, _ ("%-d %b"));
  return g_date_time_format (then, "%x");
}

char *
kl_words_dup_last_seen (gint64 at_ms)
{
  g_autoptr (GDateTime) then = new_local (at_ms);
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  int days;

  if (then == NULL)
    return NULL;
  days = count_days_since (then, now);
  if (days <= 0)
    {
      g_autofree char *time = kl_clock_format_time (kl_clock_get_default (), at_ms);

      /* Translators: when a person was last there, with the time of day */
      return g_strdup_printf (_ ("Today, %s"), time);
    }
  if (days == 1)
    return g_strdup (_ ("Yesterday"));
  if (days <= DAYS_BY_NAME)
    return g_date_time_format (then, "%A");
  if (days < 14)
    return g_strdup (_ ("Last week"));
  if (g_date_time_get_year (then) == g_date_time_get_year (now))
    return g_date_time_format (then, _ ("%-d %b"));
  return g_date_time_format (then, "%x");
}

const char *
kl_words_get_role (KlRole role)
{
  switch (role)
    {
    case KL_ROLE_OWNER:
      return _ ("Owner");
    case KL_ROLE_ADMIN:
      return _ ("Admin");
    case KL_ROLE_NONE:
    case KL_ROLE_MEMBER:
    default:
      return NULL;
    }
}
