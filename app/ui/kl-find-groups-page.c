/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-find-groups-page.h"

#include <glib/gi18n.h>

#include "app/ui/kl-errors.h"
#include "app/ui/kl-group-card.h"
#include "app/ui/kl-notice.h"

struct _KlFindGroupsPage
{
  AdwNavigationPage parent_instance;

  AdwWindowTitle *window_title;
  GtkEditable *search_entry;
  KlNotice *notice;
  GtkStack *stack;
  GtkFlowBox *cards;
  AdwStatusPage *empty_page;

  KlSession *session;
  KlDirectory *directory;
  KlGroupCard *joining; /* while one is on its way in; lent, and the page's as long as it is shown */
};

enum
{
  SIGNAL_OPEN,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KlFindGroupsPage, kl_find_groups_page, ADW_TYPE_NAVIGATION_PAGE)

static void
update (KlFindGroupsPage *self)
{
  gboolean any = g_list_model_get_n_items (G_LIST_MODEL (self->directory)) > 0;
  const char *error = kl_directory_get_error (self->directory);
  const char *query = kl_directory_get_query (self->directory);

  if (error != NULL)
    {
      kl_notice_set_button (self->notice, _ ("Try again"));
      kl_notice_show (self->notice, KL_NOTICE_WARNING, error);
    }
  else
    kl_notice_hide (self->notice);

  if (any)
    gtk_stack_set_visible_child_name (self->stack, "groups");
  else if (kl_directory_get_loading (self->directory))
    gtk_stack_set_visible_child_name (self->stack, "loading");
  else if (error != NULL)
    gtk_stack_set_visible_child_name (self->stack, "groups");
  else
    {
      gboolean asked = query != NULL && *query != '\0';

      adw_status_page_set_title (self->empty_page, asked ? _ ("No group fits that") : _ ("No open groups yet"));
      adw_status_page_set_description (self->empty_page, asked ? _ ("Try another word, or start the group yourself.")
                                                               : _ ("Start one: others will find it here."));
      gtk_stack_set_visible_child_name (self->stack, "empty");
    }
}

static void
on_search_changed (KlFindGroupsPage *self)
{
  kl_directory_set_query (self->directory, gtk_editable_get_text (self->search_entry));
}

/* Escape empties the field, and leads back where it is empty. */
static void
on_search_stopped (KlFindGroupsPage *self)
{
  if (*gtk_editable_get_text (self->search_entry) != '\0')
    gtk_editable_set_text (self->search_entry, "");
  else
    gtk_widget_activate_action (GTK_WIDGET (self), "navigation.pop", NULL);
}

static void
on_edge_reached (KlFindGroupsPage *self,
                 GtkPositionType   edge)
{
  if (edge == GTK_POS_BOTTOM && kl_directory_get_more (self->directory))
    kl_directory_load_more (self->directory);
}

static void
on_try_again (KlFindGroupsPage *self)
{
  kl_directory_refresh (self->directory);
}

/* ── Joining ─────────────────────────────────────────────────────────────── */

static void
on_joined (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (KlFindGroupsPage) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlGroup) group = kl_session_join_finish (KL_SESSION (source), result, &error);

  if (self->joining != NULL)
    {
      kl_group_card_set_busy (self->joining, FALSE);
      g_clear_weak_pointer (&self->joining);
    }
  if (group != NULL)
    g_signal_emit (self, signals[SIGNAL_OPEN], 0, group);
  else
    {
      g_autofree char *sentence = g_error_matches (error, KL_CORE_ERROR, KL_CORE_ERROR_FORBIDDEN)
                                    ? g_strdup (_ ("This group does not let you in."))
                                    : kl_error_dup_sentence (error);

      kl_notice_set_button (self->notice, NULL);
      kl_notice_show (self->notice, KL_NOTICE_ERROR, sentence);
    }
}

static void
on_join (KlFindGroupsPage *self,
         KlGroup          *group,
         KlGroupCard      *card)
{
  if (kl_group_get_role (group) != KL_ROLE_NONE)
    {
      g_signal_emit (self, signals[SIGNAL_OPEN], 0, group);
      return;
    }
  if (self->joining != NULL)
    return;
  g_set_weak_pointer (&self->joining, card);
  kl_group_card_set_busy (card, TRUE);
  kl_session_join_group_async (self->session, group, NULL, on_joined, g_object_ref (self));
}

static GtkWidget *
create_card (gpointer item,
             gpointer user_data)
{
  KlFindGroupsPage *self = user_data;
  GtkWidget *card = kl_group_card_new (KL_GROUP (item));
  GtkWidget *child = gtk_flow_box_child_new ();

  g_signal_connect_object (card, "join", G_CALLBACK (on_join), self, G_CONNECT_SWAPPED);
  /* The card's button is what one comes to, not the card. */
  gtk_widget_set_focusable (child, FALSE);
  gtk_widget_set_size_request (card, 240, -1);
  gtk_flow_box_child_set_child (GTK_FLOW_BOX_CHILD (child), card);
  gtk_accessible_update_property (GTK_ACCESSIBLE (child), GTK_ACCESSIBLE_PROPERTY_LABEL, kl_group_get_name (KL_GROUP (item)), -1);
  return child;
}

AdwNavigationPage *
kl_find_groups_page_new (KlSession *session)
{
  KlFindGroupsPage *self = g_object_new (KL_TYPE_FIND_GROUPS_PAGE, NULL);

  self->session = g_object_ref (session);
  self->directory = kl_directory_new (session);
  adw_window_title_set_subtitle (self->window_title, kl_session_get_server_name (session));
  gtk_flow_box_bind_model (self->cards, G_LIST_MODEL (self->directory), create_card, self, NULL);
  g_signal_connect_object (self->directory, "notify", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->directory, "items-changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  kl_directory_refresh (self->directory);
  update (self);
  return ADW_NAVIGATION_PAGE (self);
}

static void
kl_find_groups_page_shown (AdwNavigationPage *page)
{
  gtk_widget_grab_focus (GTK_WIDGET (KL_FIND_GROUPS_PAGE (page)->search_entry));
}

static void
kl_find_groups_page_dispose (GObject *object)
{
  KlFindGroupsPage *self = KL_FIND_GROUPS_PAGE (object);

  g_clear_weak_pointer (&self->joining);
  if (self->directory != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->directory, self);
      gtk_flow_box_bind_model (self->cards, NULL, NULL, NULL, NULL);
    }
  g_clear_object (&self->directory);
  g_clear_object (&self->session);
  gtk_widget_dispose_template (GTK_WIDGET (object), KL_TYPE_FIND_GROUPS_PAGE);
  G_OBJECT_CLASS (kl_find_groups_page_parent_class)->dispose (object);
}

static void
kl_find_groups_page_class_init (KlFindGroupsPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_find_groups_page_dispose;
  ADW_NAVIGATION_PAGE_CLASS (klass)->shown = kl_find_groups_page_shown;
  signals[SIGNAL_OPEN] = g_signal_new ("open", KL_TYPE_FIND_GROUPS_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                       G_TYPE_NONE, 1, KL_TYPE_GROUP);
  g_type_ensure (KL_TYPE_NOTICE);
  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-find-groups-page.ui");
  gtk_widget_class_bind_template_child (widget_class, KlFindGroupsPage, window_title);
  gtk_widget_class_bind_template_child (widget_class, KlFindGroupsPage, search_entry);
  gtk_widget_class_bind_template_child (widget_class, KlFindGroupsPage, notice);
  gtk_widget_class_bind_template_child (widget_class, KlFindGroupsPage, stack);
  gtk_widget_class_bind_template_child (widget_class, KlFindGroupsPage, cards);
  gtk_widget_class_bind_template_child (widget_class, KlFindGroupsPage, empty_page);
  gtk_widget_class_bind_template_callback (widget_class, on_search_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_search_stopped);
  gtk_widget_class_bind_template_callback (widget_class, on_edge_reached);
  gtk_widget_class_bind_template_callback (widget_class, on_try_again);
}

static void
kl_find_groups_page_init (KlFindGroupsPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
