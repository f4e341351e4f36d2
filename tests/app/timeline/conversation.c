/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/app/timeline/conversation.h"

#include <adwaita.h>
#include <stdarg.h>

#include "app/core/kl-message-list-private.h"

#define ME "me"

KlUser *
conversation_user (Conversation *self, const char *name)
{
  KlUser *user = g_hash_table_lookup (self->users, name);
  g_autofree char *lower = NULL;

  if (user != NULL)
    return user;
  lower = g_utf8_strdown (name, -1);
  user = kl_user_new (lower);
  g_object_set (user, "name", lower, "display-name", name, NULL);
  g_hash_table_insert (self->users, g_strdup (name), user);
  return user;
}

void
conversation_init (Conversation *self)
{
  *self = (Conversation) { .group = kl_group_new ("g1"), .next_seq = 1 };
  self->users = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  self->messages = kl_message_list_new (self->group);
  self->members = kl_member_list_new (self->group);
  conversation_at (self, 0, 9, 0);
}

void
conversation_clear (Conversation *self)
{
  g_clear_object (&self->messages);
  g_clear_object (&self->members);
  g_clear_object (&self->group);
  g_clear_pointer (&self->users, g_hash_table_unref);
}

void
conversation_set_role (Conversation *self, const char *name, KlRole role)
{
  g_autoptr (KlMember) member = kl_member_new (conversation_user (self, name));

  g_object_set (member, "role", role, NULL);
  kl_member_list_add (self->members, member);
}

void
conversation_at (Conversation *self, int days_ago, int hour, int minute)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autoptr (GDateTime) day = g_date_time_add_days (now, -days_ago);
  g_autoptr (GDateTime) at = g_date_time_new_local (g_date_time_get_year (day), g_date_time_get_month (day),
                                                    g_date_time_get_day_of_month (day), hour, minute, 0);

  self->now_ms = g_date_time_to_unix (at) * 1000;
}

KlMessage *
conversation_make (Conversation *self, const char *who, const char *body, gint64 seq, gint64 time_ms)
{
  KlMessage *message = kl_message_new ("g1");
  g_autofree char *id = g_strdup_printf ("m%" G_GINT64_FORMAT, seq);
  gboolean mine = g_str_equal (who, ME);

  g_object_set (message, "id", id, "seq", seq, "rev", seq, "sender", conversation_user (self, who), "body", body,
                "created-at", time_ms, "mine", mine, "state", KL_MESSAGE_STATE_SENT, NULL);
  return message;
}

static KlMessage *
add (Conversation *self, KlMessage *message)
{
  g_autoptr (GPtrArray) page = g_ptr_array_new_with_free_func (g_object_unref);

  g_ptr_array_add (page, message);
  kl_message_list_add_page (self->messages, page, FALSE, FALSE);
  return message;
}

KlMessage *
conversation_say (Conversation *self, const char *who, const char *body)
{
  return add (self, conversation_make (self, who, body, self->next_seq++, self->now_ms));
}

KlMessage *
conversation_system (Conversation *self, KlSystemEvent event, const char *who, const char *by, const char *value)
{
  KlMessage *message = conversation_make (self, by != NULL ? by : who, "", self->next_seq++, self->now_ms);

  g_object_set (message, "kind", KL_MESSAGE_KIND_SYSTEM, "system-event", event, "system-user",
                who != NULL ? conversation_user (self, who) : NULL, "system-by",
                by != NULL ? conversation_user (self, by) : NULL, "system-value", value, NULL);
  return add (self, message);
}

void
conversation_react (KlMessage *message, const char *first_emoji, ...)
{
  g_autoptr (GListStore) store = g_list_store_new (KL_TYPE_REACTION);
  const char *emoji = first_emoji;
  va_list args;

  va_start (args, first_emoji);
  while (emoji != NULL)
    {
      int count = va_arg (args, int);
      gboolean mine = va_arg (args, int);
      g_autoptr (KlReaction) reaction = kl_reaction_new (emoji, (guint) count, mine);

      g_list_store_append (store, reaction);
      emoji = va_arg (args, const char *);
    }
  va_end (args);
  g_object_set (message, "reactions", store, NULL);
}

void
conversation_unread_from_here (Conversation *self, guint count)
{
  g_object_set (self->group, "unread", count, "read-seq", self->next_seq - 1, NULL);
  kl_message_list_renew_unread_line (self->messages);
}

static void
load_css (const char *name, int priority)
{
  g_autoptr (GtkCssProvider) provider = gtk_css_provider_new ();
  g_autofree char *path = g_strconcat ("/chat/klatch/Klatch/", name, NULL);

  gtk_css_provider_load_from_resource (provider, path);
  gtk_style_context_add_provider_for_display (gdk_display_get_default (), GTK_STYLE_PROVIDER (provider),
                                              (guint) priority);
}

void
conversation_load_style (gboolean dark)
{
  adw_style_manager_set_color_scheme (adw_style_manager_get_default (),
                                      dark ? ADW_COLOR_SCHEME_FORCE_DARK : ADW_COLOR_SCHEME_FORCE_LIGHT);
  gtk_icon_theme_add_resource_path (gtk_icon_theme_get_for_display (gdk_display_get_default ()),
                                    "/chat/klatch/Klatch/icons");
  load_css ("style.css", GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
  if (dark)
    load_css ("style-dark.css", GTK_STYLE_PROVIDER_PRIORITY_APPLICATION + 1);
}
