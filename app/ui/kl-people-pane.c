/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-people-pane.h"

#include <glib/gi18n.h>

#include "app/ui/kl-call-card.h"
#include "app/ui/kl-member-row.h"
#include "app/ui/kl-template.h"
#include "app/ui/kl-words.h"

/* So near the end, in pages, more is asked for. */
#define LOAD_AHEAD 1.5

struct _KlPeoplePane
{
  GtkWidget parent_instance;

  AdwWindowTitle *title;
  KlCallCard *call_card;
  GtkScrolledWindow *scroller;
  GtkListView *list;

  KlSession *session;
  KlMemberList *members;
  GSignalGroup *member_signals;
  GSignalGroup *group_signals;
  GSignalGroup *call_signals; /* of the people in the call */
  GHashTable *headers; /* GtkListHeader, those bound; lent */
  GHashTable *items;   /* GtkListItem, likewise */
};

G_DEFINE_FINAL_TYPE (KlPeoplePane, kl_people_pane, GTK_TYPE_WIDGET)

static void
update_header (KlPeoplePane  *self,
               GtkListHeader *header)
{
  KlMember *member = gtk_list_header_get_item (header);
  GtkLabel *label = GTK_LABEL (gtk_list_header_get_child (header));
  g_autofree char *words = NULL;
  gboolean here = FALSE;

  if (member == NULL || self->members == NULL)
    return;
  if (kl_session_get_state (self->session) != KL_CONNECTION_STATE_ONLINE)
    words = kl_words_dup_members (kl_group_get_members (kl_member_list_get_group (self->members)));
  else
    switch (kl_member_get_section (member))
      {
      case KL_MEMBER_SECTION_HERE:
        /* Translators: heads a list of people, with their number */
        words = g_strdup_printf (_ ("Here now  %u"), kl_member_list_get_n_here (self->members));
        here = TRUE;
        break;
      case KL_MEMBER_SECTION_ONLINE:
        words = g_strdup_printf (_ ("Online  %u"), kl_member_list_get_n_online (self->members));
        break;
      case KL_MEMBER_SECTION_OFFLINE:
        words = g_strdup_printf (_ ("Offline  %u"), kl_member_list_get_n_offline (self->members));
        break;
      }
  gtk_label_set_label (label, words);
  gtk_widget_remove_css_class (GTK_WIDGET (label), here ? "dim" : "here");
  gtk_widget_add_css_class (GTK_WIDGET (label), here ? "here" : "dim");
}

static void
update_counts (KlPeoplePane *self)
{
  GHashTableIter iter;
  gpointer header;

  g_hash_table_iter_init (&iter, self->headers);
  while (g_hash_table_iter_next (&iter, &header, NULL))
    update_header (self, header);
}

static void
update_title (KlPeoplePane *self)
{
  g_autofree char *words = NULL;

  if (self->members != NULL)
    words = kl_words_dup_members (kl_group_get_members (kl_member_list_get_group (self->members)));
  adw_window_title_set_subtitle (self->title, words != NULL ? words : "");
}

static KlGroup *
get_group (KlPeoplePane *self)
{
  return self->members != NULL ? kl_member_list_get_group (self->members) : NULL;
}

/* ── The call ────────────────────────────────────────────────────────────── */

static void
update_in_call (KlPeoplePane *self,
                GtkListItem  *item)
{
  KlMember *member = gtk_list_item_get_item (item);
  KlGroupCall *call = get_group (self) != NULL ? kl_group_get_call (get_group (self)) : NULL;

  kl_member_row_set_in_call (KL_MEMBER_ROW (gtk_list_item_get_child (item)),
                             call != NULL && kl_group_call_has_user (call, kl_member_get_user (member)));
}

static void
on_call_people (KlPeoplePane *self)
{
  GHashTableIter iter;
  gpointer item;

  g_hash_table_iter_init (&iter, self->items);
  while (g_hash_table_iter_next (&iter, &item, NULL))
    update_in_call (self, item);
}

static void
on_call (KlPeoplePane *self)
{
  KlGroupCall *call = get_group (self) != NULL ? kl_group_get_call (get_group (self)) : NULL;

  g_signal_group_set_target (self->call_signals, call != NULL ? kl_group_call_get_people (call) : NULL);
  on_call_people (self);
}

/* Asks for more people when the end comes into sight. */
static void
on_scrolled (KlPeoplePane *self)
{
  GtkAdjustment *adjustment = gtk_scrolled_window_get_vadjustment (self->scroller);
  double page = gtk_adjustment_get_page_size (adjustment);
  double left = gtk_adjustment_get_upper (adjustment) - gtk_adjustment_get_value (adjustment) - page;

  if (self->members != NULL && gtk_widget_get_mapped (GTK_WIDGET (self)) && left < LOAD_AHEAD * page)
    kl_member_list_load_more (self->members);
}

/* ── Rows and headers ────────────────────────────────────────────────────── */

static void
on_row_spoken (KlMemberRow *row,
               GParamSpec  *pspec,
               GtkListItem *item)
{
  gtk_list_item_set_accessible_label (item, kl_member_row_get_spoken (row));
}

static void
on_setup (KlPeoplePane *self,
          GtkListItem  *item)
{
  GtkWidget *row = kl_member_row_new ();

  gtk_list_item_set_child (item, row);
  gtk_list_item_set_activatable (item, FALSE);
  g_signal_connect_object (row, "notify::spoken", G_CALLBACK (on_row_spoken), item, 0);
}

static void
on_bind (KlPeoplePane *self,
         GtkListItem  *item)
{
  KlMember *member = gtk_list_item_get_item (item);

  kl_member_row_set_member (KL_MEMBER_ROW (gtk_list_item_get_child (item)), member,
                            kl_member_get_user (member) == kl_session_get_me (self->session));
  g_hash_table_add (self->items, item);
  update_in_call (self, item);
}

static void
on_unbind (KlPeoplePane *self,
           GtkListItem  *item)
{
  g_hash_table_remove (self->items, item);
  kl_member_row_set_member (KL_MEMBER_ROW (gtk_list_item_get_child (item)), NULL, FALSE);
}

static void
on_header_setup (KlPeoplePane  *self,
                 GtkListHeader *header)
{
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_list_header_set_child (header, label);
}

static void
on_header_bind (KlPeoplePane  *self,
                GtkListHeader *header)
{
  g_hash_table_add (self->headers, header);
  update_header (self, header);
}

static void
on_header_unbind (KlPeoplePane  *self,
                  GtkListHeader *header)
{
  g_hash_table_remove (self->headers, header);
}

static int
compare_sections (gconstpointer a,
                  gconstpointer b,
                  gpointer      user_data)
{
  int one = kl_member_get_section (KL_MEMBER ((gpointer) a)), other = kl_member_get_section (KL_MEMBER ((gpointer) b));

  return (one > other) - (one < other);
}

/* ── For the main page ───────────────────────────────────────────────────── */

void
kl_people_pane_set_members (KlPeoplePane *self,
                            KlMemberList *members)
{
  g_return_if_fail (KL_IS_PEOPLE_PANE (self));

  if (!g_set_object (&self->members, members))
    return;
  g_signal_group_set_target (self->member_signals, members);
  g_signal_group_set_target (self->group_signals, get_group (self));
  if (members == NULL)
    gtk_list_view_set_model (self->list, NULL);
  else
    {
      GtkSortListModel *sections = gtk_sort_list_model_new (g_object_ref (G_LIST_MODEL (members)), NULL);
      g_autoptr (GtkSorter) sorter = GTK_SORTER (gtk_custom_sorter_new (compare_sections, NULL, NULL));
      g_autoptr (GtkNoSelection) selection = NULL;

      gtk_sort_list_model_set_section_sorter (sections, sorter);
      selection = gtk_no_selection_new (G_LIST_MODEL (sections));
      gtk_list_view_set_model (self->list, GTK_SELECTION_MODEL (selection));
    }
  kl_call_card_set_group (self->call_card, get_group (self));
  on_call (self);
  update_title (self);
  on_scrolled (self);
}

void
kl_people_pane_set_session (KlPeoplePane *self,
                            KlSession    *session)
{
  g_return_if_fail (KL_IS_PEOPLE_PANE (self));
  g_return_if_fail (self->session == NULL);

  self->session = g_object_ref (session);
  g_signal_connect_object (session, "notify::state", G_CALLBACK (update_counts), self, G_CONNECT_SWAPPED);
}

static void
kl_people_pane_dispose (GObject *object)
{
  KlPeoplePane *self = KL_PEOPLE_PANE (object);

  g_clear_object (&self->member_signals);
  g_clear_object (&self->group_signals);
  g_clear_object (&self->call_signals);
  kl_dispose_template (GTK_WIDGET (object), KL_TYPE_PEOPLE_PANE);
  g_clear_object (&self->members);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (kl_people_pane_parent_class)->dispose (object);
}

static void
kl_people_pane_finalize (GObject *object)
{
  g_hash_table_unref (KL_PEOPLE_PANE (object)->headers);
  g_hash_table_unref (KL_PEOPLE_PANE (object)->items);
  G_OBJECT_CLASS (kl_people_pane_parent_class)->finalize (object);
}

static void
kl_people_pane_class_init (KlPeoplePaneClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_people_pane_dispose;
  G_OBJECT_CLASS (klass)->finalize = kl_people_pane_finalize;

  g_type_ensure (KL_TYPE_CALL_CARD);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-people-pane.ui");
  gtk_widget_class_bind_template_child (widget_class, KlPeoplePane, title);
  gtk_widget_class_bind_template_child (widget_class, KlPeoplePane, call_card);
  gtk_widget_class_bind_template_child (widget_class, KlPeoplePane, scroller);
  gtk_widget_class_bind_template_child (widget_class, KlPeoplePane, list);
}

static void
kl_people_pane_init (KlPeoplePane *self)
{
  g_autoptr (GtkListItemFactory) factory = gtk_signal_list_item_factory_new ();
  g_autoptr (GtkListItemFactory) header_factory = gtk_signal_list_item_factory_new ();
  GtkAdjustment *adjustment;

  self->headers = g_hash_table_new (NULL, NULL);
  self->items = g_hash_table_new (NULL, NULL);
  gtk_widget_init_template (GTK_WIDGET (self));

  g_signal_connect_object (factory, "setup", G_CALLBACK (on_setup), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (factory, "bind", G_CALLBACK (on_bind), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (factory, "unbind", G_CALLBACK (on_unbind), self, G_CONNECT_SWAPPED);
  gtk_list_view_set_factory (self->list, factory);
  g_signal_connect_object (header_factory, "setup", G_CALLBACK (on_header_setup), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (header_factory, "bind", G_CALLBACK (on_header_bind), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (header_factory, "unbind", G_CALLBACK (on_header_unbind), self, G_CONNECT_SWAPPED);
  gtk_list_view_set_header_factory (self->list, header_factory);

  self->member_signals = g_signal_group_new (KL_TYPE_MEMBER_LIST);
  g_signal_group_connect_object (self->member_signals, "notify", G_CALLBACK (update_counts), self, G_CONNECT_SWAPPED);
  self->group_signals = g_signal_group_new (KL_TYPE_GROUP);
  g_signal_group_connect_object (self->group_signals, "notify::members", G_CALLBACK (update_title), self,
                                 G_CONNECT_SWAPPED);
  g_signal_group_connect_object (self->group_signals, "notify::call", G_CALLBACK (on_call), self, G_CONNECT_SWAPPED);
  self->call_signals = g_signal_group_new (G_TYPE_LIST_MODEL);
  g_signal_group_connect_object (self->call_signals, "items-changed", G_CALLBACK (on_call_people), self,
                                 G_CONNECT_SWAPPED);

  adjustment = gtk_scrolled_window_get_vadjustment (self->scroller);
  g_signal_connect_object (adjustment, "value-changed", G_CALLBACK (on_scrolled), self, G_CONNECT_SWAPPED);
}
