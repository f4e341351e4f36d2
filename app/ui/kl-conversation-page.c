/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-conversation-page.h"

#include <glib/gi18n.h>

#include "app/ui/kl-call-strip.h"
#include "app/ui/kl-composer.h"
#include "app/ui/kl-connection-banner.h"
#include "app/ui/kl-errors.h"
#include "app/ui/kl-group-welcome.h"
#include "app/ui/kl-tile.h"
#include "app/ui/kl-typing-line.h"
#include "app/ui/kl-words.h"
#include "app/ui/timeline/kl-conversation-view.h"

struct _KlConversationPage
{
  AdwNavigationPage parent_instance;

  GtkWidget *title_button;
  KlTile *tile;
  GtkLabel *name_label;
  GtkWidget *here_dot;
  GtkLabel *here_label;
  GtkWidget *dot_label;
  GtkLabel *members_label;
  GtkWidget *people_button;
  GtkWidget *call_button;
  KlConnectionBanner *banner;
  KlCallStrip *call_strip;
  GtkStack *stack;
  KlConversationView *view;
  KlGroupWelcome *welcome;
  KlTypingLine *typing_line;
  KlComposer *composer;

  KlSession *session;
  KlGroup *group;
  KlMessageList *messages;
  GSignalGroup *group_signals;
  GSignalGroup *message_signals;
  GSignalGroup *call_signals;
  gboolean narrow;
  gboolean people_beside;
};

enum
{
  SIGNAL_USED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KlConversationPage, kl_conversation_page, ADW_TYPE_NAVIGATION_PAGE)

/* ── Header ──────────────────────────────────────────────────────────────── */

/* "● 5 here · 14 members"; without a connection, that there is none: never life of a while ago. */
static void
update_subtitle (KlConversationPage *self)
{
  guint here = kl_group_get_here (self->group), members = kl_group_get_members (self->group);
  gboolean online = kl_session_get_state (self->session) == KL_CONNECTION_STATE_ONLINE;
  g_autofree char *here_words = NULL;
  g_autofree char *members_words = kl_words_dup_members (members);

  if (!online)
    here_words = g_strdup (_ ("Waiting for network"));
  else if (here == 1 && members == 1)
    here_words = g_strdup (_ ("You are here"));
  else if (here > 0)
    here_words = kl_words_dup_here (here);

  gtk_widget_set_visible (self->here_dot, online && here > 0);
  gtk_widget_set_visible (GTK_WIDGET (self->here_label), here_words != NULL);
  gtk_label_set_label (self->here_label, here_words != NULL ? here_words : "");
  gtk_widget_remove_css_class (GTK_WIDGET (self->here_label), online ? "waiting" : "here");
  gtk_widget_add_css_class (GTK_WIDGET (self->here_label), online ? "here" : "waiting");
  gtk_label_set_label (self->members_label, members_words);
  gtk_widget_set_visible (GTK_WIDGET (self->members_label), !self->narrow || here_words == NULL);
  gtk_widget_set_visible (self->dot_label, !self->narrow && here_words != NULL);
}

static void
update_call_button (KlConversationPage *self)
{
  KlGroupCall *call = kl_group_get_call (self->group);
  gboolean joined = call != NULL && kl_group_call_get_joined_here (call);
  const char *words = _ ("Start a call");
  g_autofree char *tooltip = NULL;

  if (joined)
    words = _ ("Show the call");
  else if (call != NULL)
    words = _ ("Join the call");
  /* Translators: what a button does, and its keys */
  tooltip = g_strdup_printf (_ ("%s (Ctrl+Shift+C)"), words);
  gtk_widget_set_tooltip_text (self->call_button, tooltip);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->call_button), GTK_ACCESSIBLE_PROPERTY_LABEL, words, -1);
  if (call != NULL && !joined)
    gtk_widget_add_css_class (self->call_button, "joinable");
  else
    gtk_widget_remove_css_class (self->call_button, "joinable");
}

static void
update_header (KlConversationPage *self)
{
  KlGroup *group = self->group;
  g_autofree char *spoken = NULL;

  if (group == NULL)
    return;
  kl_tile_set_look (self->tile, kl_group_get_id (group), kl_group_get_name (group), kl_group_get_emoji (group),
                    (int) kl_group_get_hue (group));
  gtk_label_set_label (self->name_label, kl_group_get_name (group));
  adw_navigation_page_set_title (ADW_NAVIGATION_PAGE (self), kl_group_get_name (group));
  update_subtitle (self);
  update_call_button (self);
  /* Translators: a group's name, who is there, and how many members it has */
  spoken = g_strdup_printf (_ ("%s, %s, %s"), kl_group_get_name (group), gtk_label_get_label (self->here_label),
                            gtk_label_get_label (self->members_label));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->title_button), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
}

static void
on_call (KlConversationPage *self)
{
  g_signal_group_set_target (self->call_signals, kl_group_get_call (self->group));
}

void
kl_conversation_page_set_narrow (KlConversationPage *self,
                                 gboolean            narrow)
{
  g_return_if_fail (KL_IS_CONVERSATION_PAGE (self));

  self->narrow = narrow;
  gtk_widget_set_visible (self->people_button, !narrow);
  if (narrow)
    gtk_widget_add_css_class (GTK_WIDGET (self), "narrow");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self), "narrow");
  update_header (self);
}

void
kl_conversation_page_set_people_beside (KlConversationPage *self,
                                        gboolean            beside)
{
  g_return_if_fail (KL_IS_CONVERSATION_PAGE (self));

  self->people_beside = beside;
  kl_call_strip_set_group (self->call_strip, beside ? NULL : self->group);
}

/* ── Messages ────────────────────────────────────────────────────────────── */

/* TRUE where the group has been looked at whole, and nobody has said anything. */
static gboolean
is_silent (KlMessageList *messages)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (messages));

  if (kl_message_list_get_loading (messages) || kl_message_list_get_more_before (messages)
      || kl_message_list_get_more_after (messages) || n == 0)
    return FALSE;
  for (guint i = n; i > 0; i--)
    {
      g_autoptr (KlMessage) message = g_list_model_get_item (G_LIST_MODEL (messages), i - 1);

      if (kl_message_get_kind (message) != KL_MESSAGE_KIND_SYSTEM)
        return FALSE;
    }
  return TRUE;
}

static void
update_stack (KlConversationPage *self)
{
  gboolean silent = self->messages != NULL && is_silent (self->messages);

  gtk_stack_set_visible_child_name (self->stack, silent ? "welcome" : "messages");
}

static void
on_seen (KlConversationPage *self,
         gint64              seq)
{
  kl_session_mark_read (self->session, self->group, seq);
}

static void
on_retry (KlConversationPage *self,
          KlMessage          *message)
{
  kl_session_retry_message (self->session, message);
}

static void
on_discard (KlConversationPage *self,
            KlMessage          *message)
{
  kl_session_discard_message (self->session, message);
}

/* ── Writing ─────────────────────────────────────────────────────────────── */

typedef struct
{
  KlConversationPage *page;
  KlGroup *group;
  char *body;
} Sending;

static void
sending_free (Sending *sending)
{
  g_object_unref (sending->page);
  g_object_unref (sending->group);
  g_free (sending->body);
  g_free (sending);
}

static void
on_sent (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  Sending *sending = user_data;
  KlConversationPage *self = sending->page;
  g_autoptr (GError) error = NULL;

  if (!kl_session_send_finish (KL_SESSION (source), result, &error))
    {
      g_autofree char *sentence = kl_error_dup_sentence (error);

      if (self->composer != NULL)
        kl_composer_put_back (self->composer, sending->group, sending->body);
      gtk_widget_activate_action (GTK_WIDGET (self), "win.toast", "s", sentence);
    }
  else if (self->group == sending->group && self->composer != NULL)
    kl_composer_keep_draft (self->composer);
  sending_free (sending);
}

static void
on_send (KlConversationPage *self,
         const char         *body)
{
  Sending *sending = g_new0 (Sending, 1);

  sending->page = g_object_ref (self);
  sending->group = g_object_ref (self->group);
  sending->body = g_strdup (body);
  kl_session_send_async (self->session, self->group, body, NULL, on_sent, sending);
  kl_session_set_typing (self->session, self->group, FALSE);
  kl_conversation_view_show_newest (self->view);
}

static void
on_typing (KlConversationPage *self,
           gboolean            typing)
{
  if (self->group != NULL)
    kl_session_set_typing (self->session, self->group, typing);
}

static void
on_used (KlConversationPage *self)
{
  g_signal_emit (self, signals[SIGNAL_USED], 0);
}

static void
on_starter (KlConversationPage *self,
            const char         *text)
{
  kl_composer_set_text (self->composer, text);
  gtk_widget_grab_focus (GTK_WIDGET (self->composer));
}

/* ── For the main page ───────────────────────────────────────────────────── */

void
kl_conversation_page_set_group (KlConversationPage *self,
                                KlGroup            *group,
                                KlMemberList       *members)
{
  g_return_if_fail (KL_IS_CONVERSATION_PAGE (self));

  if (self->group == group)
    return;
  g_set_object (&self->group, group);
  g_clear_object (&self->messages);
  if (group != NULL)
    self->messages = kl_session_dup_messages (self->session, group);
  g_signal_group_set_target (self->group_signals, group);
  g_signal_group_set_target (self->message_signals, self->messages);
  kl_conversation_view_set_messages (self->view, self->messages, members);
  kl_group_welcome_set_group (self->welcome, group);
  kl_call_strip_set_group (self->call_strip, self->people_beside ? NULL : group);
  g_signal_group_set_target (self->call_signals, group != NULL ? kl_group_get_call (group) : NULL);
  kl_typing_line_set_group (self->typing_line, group);
  kl_composer_set_group (self->composer, group);
  update_header (self);
  update_stack (self);
}

KlGroup *
kl_conversation_page_get_group (KlConversationPage *self)
{
  g_return_val_if_fail (KL_IS_CONVERSATION_PAGE (self), NULL);

  return self->group;
}

void
kl_conversation_page_focus_composer (KlConversationPage *self)
{
  g_return_if_fail (KL_IS_CONVERSATION_PAGE (self));

  gtk_widget_grab_focus (GTK_WIDGET (self->composer));
}

GtkWidget *
kl_conversation_page_get_messages_pane (KlConversationPage *self)
{
  g_return_val_if_fail (KL_IS_CONVERSATION_PAGE (self), NULL);

  return gtk_stack_get_visible_child (self->stack);
}

GtkWidget *
kl_conversation_page_get_composer (KlConversationPage *self)
{
  g_return_val_if_fail (KL_IS_CONVERSATION_PAGE (self), NULL);

  return GTK_WIDGET (self->composer);
}

void
kl_conversation_page_set_session (KlConversationPage *self,
                                  KlSession          *session)
{
  g_return_if_fail (KL_IS_CONVERSATION_PAGE (self));
  g_return_if_fail (self->session == NULL);

  self->session = g_object_ref (session);
  g_signal_connect_object (session, "notify::state", G_CALLBACK (update_header), self, G_CONNECT_SWAPPED);
  kl_connection_banner_set_session (self->banner, session);
}

static void
kl_conversation_page_dispose (GObject *object)
{
  KlConversationPage *self = KL_CONVERSATION_PAGE (object);

  g_clear_object (&self->group_signals);
  g_clear_object (&self->message_signals);
  g_clear_object (&self->call_signals);
  gtk_widget_dispose_template (GTK_WIDGET (object), KL_TYPE_CONVERSATION_PAGE);
  g_clear_object (&self->messages);
  g_clear_object (&self->group);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (kl_conversation_page_parent_class)->dispose (object);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-conversation-page.ui");
  gtk_widget_class_bind_template_child (widget_class, KlConversationPage, title_button);
  gtk_widget_class_bind_template_child (widget_class, KlConversationPage, tile);
  gtk_widget_class_bind_template_child (widget_class, KlConversationPage, name_label);
  gtk_widget_class_bind_template_child (widget_class, KlConversationPage, here_dot);
  gtk_widget_class_bind_template_child (widget_class, KlConversationPage, here_label);
  gtk_widget_class_bind_template_child (widget_class, KlConversationPage, dot_label);
  gtk_widget_class_bind_template_child (widget_class, KlConversationPage, members_label);
  gtk_widget_class_bind_template_child (widget_class, KlConversationPage, people_button);
  gtk_widget_class_bind_template_child (widget_class, KlConversationPage, call_button);
  gtk_widget_class_bind_template_child (widget_class, KlConversationPage, banner);
  gtk_widget_class_bind_template_child (widget_class, KlConversationPage, call_strip);
  gtk_widget_class_bind_template_child (widget_class, KlConversationPage, stack);
  gtk_widget_class_bind_template_child (widget_class, KlConversationPage, view);
  gtk_widget_class_bind_template_child (widget_class, KlConversationPage, welcome);
  gtk_widget_class_bind_template_child (widget_class, KlConversationPage, typing_line);
  gtk_widget_class_bind_template_child (widget_class, KlConversationPage, composer);
  gtk_widget_class_bind_template_callback (widget_class, on_seen);
  gtk_widget_class_bind_template_callback (widget_class, on_retry);
  gtk_widget_class_bind_template_callback (widget_class, on_discard);
  gtk_widget_class_bind_template_callback (widget_class, on_send);
  gtk_widget_class_bind_template_callback (widget_class, on_typing);
  gtk_widget_class_bind_template_callback (widget_class, on_used);
  gtk_widget_class_bind_template_callback (widget_class, on_starter);
}

static void
kl_conversation_page_class_init (KlConversationPageClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kl_conversation_page_dispose;
  signals[SIGNAL_USED]
    = g_signal_new ("used", KL_TYPE_CONVERSATION_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);

  g_type_ensure (KL_TYPE_TILE);
  g_type_ensure (KL_TYPE_CALL_STRIP);
  g_type_ensure (KL_TYPE_CONNECTION_BANNER);
  g_type_ensure (KL_TYPE_CONVERSATION_VIEW);
  g_type_ensure (KL_TYPE_GROUP_WELCOME);
  g_type_ensure (KL_TYPE_TYPING_LINE);
  g_type_ensure (KL_TYPE_COMPOSER);
  bind_template (GTK_WIDGET_CLASS (klass));
}

static void
kl_conversation_page_init (KlConversationPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->group_signals = g_signal_group_new (KL_TYPE_GROUP);
  g_signal_group_connect_object (self->group_signals, "notify", G_CALLBACK (update_header), self, G_CONNECT_SWAPPED);
  g_signal_group_connect_object (self->group_signals, "notify::call", G_CALLBACK (on_call), self, G_CONNECT_SWAPPED);
  self->call_signals = g_signal_group_new (KL_TYPE_GROUP_CALL);
  g_signal_group_connect_object (self->call_signals, "notify", G_CALLBACK (update_call_button), self, G_CONNECT_SWAPPED);
  self->message_signals = g_signal_group_new (KL_TYPE_MESSAGE_LIST);
  g_signal_group_connect_object (self->message_signals, "notify", G_CALLBACK (update_stack), self, G_CONNECT_SWAPPED);
  g_signal_group_connect_object (self->message_signals, "items-changed", G_CALLBACK (update_stack), self,
                                 G_CONNECT_SWAPPED);
}
