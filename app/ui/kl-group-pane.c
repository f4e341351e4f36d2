/* SPDX-License-Identifier: GPL-3.0-or-later */
/* groups → KlGroupOrder → filter → selection → list view. The order is held while the pointer moves over the list; when
 * it changes, rows slide from where they were: all rows share one pitch, so the way is told by the indices alone. */
#include "app/ui/kl-group-pane.h"

#include <glib/gi18n.h>

#include "app/ui/kl-avatar.h"
#include "app/ui/kl-group-order.h"
#include "app/ui/kl-group-row.h"
#include "app/ui/kl-tile.h"
#include "app/ui/timeline/kl-clock.h"

#define OPEN_DELAY_MS 250 /* from the keyboard: whoever walks the list passes by groups without opening them */
#define MOST_MOVED 3

struct _KlGroupPane
{
  AdwNavigationPage parent_instance;

  KlAvatar *account_avatar;
  GtkSearchBar *search_bar;
  GtkEditable *search_entry;
  AdwToggleGroup *filter;
  GtkWidget *filters;
  AdwToggle *unread_toggle;
  GtkStack *stack;
  GtkWidget *scroller;
  GtkListView *list;
  KlTile *empty_tile;
  GtkLabel *empty_title;
  GtkLabel *empty_text;
  GtkWidget *empty_actions;

  KlSession *session;
  KlGroupOrder *order;
  GtkCustomFilter *custom_filter;
  GtkFilterListModel *filtered;
  GtkSingleSelection *selection;
  KlGroup *open; /* what set_selected() was called with; owned */
  char *needle;  /* folded */
  gboolean alone;

  GHashTable *rows;   /* KlGroupRow, those that show a group; lent */
  GPtrArray *shown;   /* KlGroup in the order shown last; lent, never looked into */
  gboolean selecting; /* by us, not by the person */
  guint open_source;
};

typedef enum
{
  PROP_SELECTED = 1,
} Prop;

static GParamSpec *properties[PROP_SELECTED + 1];

enum
{
  SIGNAL_OPEN,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KlGroupPane, kl_group_pane, ADW_TYPE_NAVIGATION_PAGE)

/* ── Filtering ───────────────────────────────────────────────────────────── */

static void
select_open (KlGroupPane *self);

static char *
fold (const char *text)
{
  g_autofree char *decomposed = g_utf8_normalize (text != NULL ? text : "", -1, G_NORMALIZE_ALL);
  g_autoptr (GString) bare = g_string_new (NULL);

  for (const char *p = decomposed; p != NULL && *p != '\0'; p = g_utf8_next_char (p))
    if (!g_unichar_ismark (g_utf8_get_char (p)))
      g_string_append_unichar (bare, g_utf8_get_char (p));
  return g_utf8_casefold (bare->str, -1);
}

static gboolean
is_shown (gpointer item,
          gpointer user_data)
{
  KlGroupPane *self = user_data;
  KlGroup *group = item;
  const char *filter = adw_toggle_group_get_active_name (self->filter);

  if (self->needle != NULL && *self->needle != '\0')
    {
      g_autofree char *name = fold (kl_group_get_name (group));

      return strstr (name, self->needle) != NULL;
    }
  /* What is open stays in sight, though one reads it empty. */
  if (g_strcmp0 (filter, "unread") == 0)
    return kl_group_get_unread (group) > 0 || kl_group_get_open (group);
  if (g_strcmp0 (filter, "mentions") == 0)
    return kl_group_get_mentions (group) > 0 || (kl_group_get_open (group) && kl_group_get_unread (group) > 0);
  return TRUE;
}

static void
refilter (KlGroupPane *self)
{
  if (self->custom_filter != NULL)
    gtk_filter_changed (GTK_FILTER (self->custom_filter), GTK_FILTER_CHANGE_DIFFERENT);
}

static void
show_empty (KlGroupPane *self,
            const char  *emoji,
            int          hue,
            const char  *title,
            const char  *text)
{
  kl_tile_set_look (self->empty_tile, "", "", emoji, hue);
  gtk_label_set_label (self->empty_title, title);
  gtk_label_set_label (self->empty_text, text);
  gtk_stack_set_visible_child_name (self->stack, "empty");
}

static void
update_stack (KlGroupPane *self)
{
  KlGroupList *groups = kl_session_get_groups (self->session);
  const char *filter = adw_toggle_group_get_active_name (self->filter);
  gboolean any = g_list_model_get_n_items (G_LIST_MODEL (groups)) > 0;

  gtk_widget_set_visible (self->filters, any && !gtk_search_bar_get_search_mode (self->search_bar));
  gtk_widget_set_visible (self->empty_actions, self->alone && !any);
  if (g_list_model_get_n_items (G_LIST_MODEL (self->filtered)) > 0)
    gtk_stack_set_visible_child_name (self->stack, "list");
  else if (!any && !kl_group_list_get_loaded (groups))
    gtk_stack_set_visible_child_name (self->stack, "loading");
  else if (!any)
    show_empty (self, "💬", 6, _ ("No groups yet"), _ ("Groups you join appear here."));
  else if (gtk_search_bar_get_search_mode (self->search_bar))
    show_empty (self, "🔍", 5, _ ("No group has this name"), _ ("Others may have: look in Find groups."));
  else if (g_strcmp0 (filter, "mentions") == 0)
    show_empty (self, "🍃", 3, _ ("Nobody has called you"), _ ("When somebody writes your name, it shows here."));
  else
    show_empty (self, "☕", 4, _ ("Nothing unread."), _ ("Enjoy it."));
}

static void
on_filter_changed (KlGroupPane *self)
{
  if (self->session == NULL)
    return;
  refilter (self);
  select_open (self);
  update_stack (self);
}

static void
update_unread_toggle (KlGroupPane *self)
{
  guint unread = kl_group_list_get_n_unread (kl_session_get_groups (self->session));
  g_autofree char *label = NULL;

  if (unread > 0)
    /* Translators: a filter of the list, with how many groups have something unread */
    label = g_strdup_printf (_ ("Unread  %u"), unread);
  adw_toggle_set_label (self->unread_toggle, label != NULL ? label : _ ("Unread"));
}

/* ── Jumping by name ─────────────────────────────────────────────────────── */

static void
on_search_changed (KlGroupPane *self)
{
  g_autofree char *needle = fold (gtk_editable_get_text (self->search_entry));

  g_set_str (&self->needle, needle);
  refilter (self);
  if (self->session == NULL)
    return;
  if (*needle == '\0')
    select_open (self);
  update_stack (self);
}

static void
on_search_mode_changed (KlGroupPane *self)
{
  if (!gtk_search_bar_get_search_mode (self->search_bar))
    gtk_editable_set_text (self->search_entry, "");
  on_search_changed (self);
}

static void
open_group (KlGroupPane *self,
            KlGroup     *group)
{
  g_clear_handle_id (&self->open_source, g_source_remove);
  if (group != NULL)
    g_signal_emit (self, signals[SIGNAL_OPEN], 0, group);
}

static void
on_search_activated (KlGroupPane *self)
{
  g_autoptr (KlGroup) group = NULL;

  if (self->needle == NULL || *self->needle == '\0')
    return;
  /* The chosen one, else the first. */
  g_set_object (&group, gtk_single_selection_get_selected_item (self->selection));
  if (group == NULL)
    group = g_list_model_get_item (G_LIST_MODEL (self->filtered), 0);
  if (group == NULL)
    return;
  gtk_search_bar_set_search_mode (self->search_bar, FALSE);
  open_group (self, group);
}

static void
move_search (KlGroupPane *self,
             int          step)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->filtered));
  guint selected = gtk_single_selection_get_selected (self->selection);

  if (n == 0)
    return;
  self->selecting = TRUE;
  if (selected == GTK_INVALID_LIST_POSITION)
    selected = 0;
  else
    selected = (selected + n + (guint) step) % n;
  gtk_single_selection_set_selected (self->selection, selected);
  self->selecting = FALSE;
}

static void
on_search_next (KlGroupPane *self)
{
  move_search (self, 1);
}

static void
on_search_previous (KlGroupPane *self)
{
  move_search (self, -1);
}

void
kl_group_pane_start_search (KlGroupPane *self)
{
  g_return_if_fail (KL_IS_GROUP_PANE (self));

  gtk_search_bar_set_search_mode (self->search_bar, TRUE);
  gtk_widget_grab_focus (GTK_WIDGET (self->search_entry));
}

/* ── Choosing ────────────────────────────────────────────────────────────── */

static gboolean
on_open_timeout (gpointer user_data)
{
  KlGroupPane *self = user_data;

  self->open_source = 0;
  open_group (self, gtk_single_selection_get_selected_item (self->selection));
  return G_SOURCE_REMOVE;
}

static void
on_selected_changed (KlGroupPane *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SELECTED]);
  if (self->selecting || gtk_search_bar_get_search_mode (self->search_bar))
    return;
  g_clear_handle_id (&self->open_source, g_source_remove);
  if (gtk_single_selection_get_selected_item (self->selection) != NULL)
    self->open_source = g_timeout_add (OPEN_DELAY_MS, on_open_timeout, self);
}

static void
on_row_clicked (KlGroupRow  *row,
                KlGroupPane *self)
{
  gtk_search_bar_set_search_mode (self->search_bar, FALSE);
  open_group (self, kl_group_row_get_group (row));
}

static void
on_list_activated (KlGroupPane *self,
                   guint        position)
{
  g_autoptr (KlGroup) group = g_list_model_get_item (G_LIST_MODEL (self->selection), position);

  open_group (self, group);
}

static guint
find_position (KlGroupPane *self,
               KlGroup     *group)
{
  GListModel *model = G_LIST_MODEL (self->filtered);

  for (guint i = 0; group != NULL && i < g_list_model_get_n_items (model); i++)
    {
      g_autoptr (KlGroup) item = g_list_model_get_item (model, i);

      if (item == group)
        return i;
    }
  return GTK_INVALID_LIST_POSITION;
}

/* A filter takes the mark from what it hides; the group is still open when it shows again. */
static void
select_open (KlGroupPane *self)
{
  self->selecting = TRUE;
  gtk_single_selection_set_selected (self->selection, find_position (self, self->open));
  self->selecting = FALSE;
}

void
kl_group_pane_set_selected (KlGroupPane *self,
                            KlGroup     *group)
{
  guint position;

  g_return_if_fail (KL_IS_GROUP_PANE (self));

  g_clear_handle_id (&self->open_source, g_source_remove);
  g_set_object (&self->open, group);
  refilter (self);
  select_open (self);
  position = gtk_single_selection_get_selected (self->selection);
  if (position != GTK_INVALID_LIST_POSITION)
    gtk_list_view_scroll_to (self->list, position, GTK_LIST_SCROLL_NONE, NULL);
}

void
kl_group_pane_set_alone (KlGroupPane *self,
                         gboolean     alone)
{
  g_return_if_fail (KL_IS_GROUP_PANE (self));

  self->alone = alone;
  if (self->session != NULL)
    update_stack (self);
}

KlGroup *
kl_group_pane_get_neighbour (KlGroupPane *self,
                             int          step,
                             gboolean     unread_only)
{
  GListModel *model = G_LIST_MODEL (self->filtered);
  int n = (int) g_list_model_get_n_items (model);
  guint selected = gtk_single_selection_get_selected (self->selection);
  int position = selected != GTK_INVALID_LIST_POSITION ? (int) selected : step > 0 ? -1 : n;

  for (position += step; position >= 0 && position < n; position += step)
    {
      g_autoptr (KlGroup) group = g_list_model_get_item (model, (guint) position);

      if (!unread_only || kl_group_get_unread (group) > 0)
        return group; /* the model keeps it */
    }
  return NULL;
}

KlGroup *
kl_group_pane_get_pinned (KlGroupPane *self,
                          guint        n)
{
  GListModel *model = kl_group_order_get_model (self->order);
  g_autoptr (KlGroup) group = n > 0 ? g_list_model_get_item (model, n - 1) : NULL;

  return group != NULL && kl_group_get_pinned (group) ? group : NULL;
}

/* ── Reordering ──────────────────────────────────────────────────────────── */

static void
on_motion (KlGroupPane *self)
{
  if (self->order != NULL)
    kl_group_order_set_held (self->order, TRUE);
}

static void
on_leave (KlGroupPane *self)
{
  if (self->order != NULL)
    kl_group_order_set_held (self->order, FALSE);
}

void
kl_group_pane_release (KlGroupPane *self)
{
  g_return_if_fail (KL_IS_GROUP_PANE (self));

  on_leave (self);
}

static double
get_pitch (KlGroupPane *self)
{
  GHashTableIter iter;
  gpointer row;

  g_hash_table_iter_init (&iter, self->rows);
  if (!g_hash_table_iter_next (&iter, &row, NULL))
    return 0;
  return gtk_widget_get_height (gtk_widget_get_parent (row)) + 2;
}

/* The rows that the list shows now slide from where their groups stood before. */
static void
slide_rows (KlGroupPane *self,
            GHashTable  *old_places)
{
  GListModel *model = G_LIST_MODEL (self->filtered);
  g_autoptr (GHashTable) places = g_hash_table_new (NULL, NULL);
  double pitch = get_pitch (self), page = gtk_widget_get_height (self->scroller);
  GHashTableIter iter;
  gpointer row;

  for (guint i = 0; i < g_list_model_get_n_items (model); i++)
    {
      g_autoptr (KlGroup) group = g_list_model_get_item (model, i);

      g_hash_table_insert (places, group, GUINT_TO_POINTER (i + 1));
    }
  g_hash_table_iter_init (&iter, self->rows);
  while (g_hash_table_iter_next (&iter, &row, NULL))
    {
      KlGroup *group = kl_group_row_get_group (row);
      int old = GPOINTER_TO_INT (g_hash_table_lookup (old_places, group));
      int now = GPOINTER_TO_INT (g_hash_table_lookup (places, group));

      if (old != 0 && now != 0 && old != now)
        kl_group_row_slide_from (row, CLAMP ((old - now) * pitch, -page, page));
    }
}

static void
on_shown_changed (KlGroupPane *self)
{
  GListModel *model = G_LIST_MODEL (self->filtered);
  guint n = g_list_model_get_n_items (model), n_new = 0;
  g_autoptr (GHashTable) old_places = g_hash_table_new (NULL, NULL);
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));

  for (guint i = 0; i < self->shown->len; i++)
    g_hash_table_insert (old_places, self->shown->pdata[i], GUINT_TO_POINTER (i + 1));
  g_ptr_array_set_size (self->shown, 0);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (KlGroup) group = g_list_model_get_item (model, i);

      n_new += !g_hash_table_contains (old_places, group);
      g_ptr_array_add (self->shown, group);
    }
  if (n_new <= MOST_MOVED && g_hash_table_size (old_places) + n_new - n <= MOST_MOVED
      && GTK_IS_WINDOW (root) && gtk_window_is_active (GTK_WINDOW (root)) && gtk_widget_get_mapped (GTK_WIDGET (self->list))
      && adw_get_enable_animations (GTK_WIDGET (self)))
    slide_rows (self, old_places);
  update_stack (self);
}

/* ── Rows ────────────────────────────────────────────────────────────────── */

static void
on_row_spoken (KlGroupRow  *row,
               GParamSpec  *pspec,
               GtkListItem *item)
{
  gtk_list_item_set_accessible_label (item, kl_group_row_get_spoken (row));
}

static void
on_setup (KlGroupPane *self,
          GtkListItem *item)
{
  GtkWidget *row = kl_group_row_new ();

  gtk_list_item_set_child (item, row);
  g_signal_connect (row, "clicked", G_CALLBACK (on_row_clicked), self);
  g_signal_connect_object (row, "notify::spoken", G_CALLBACK (on_row_spoken), item, 0);
}

/* What assistive technology finds to do with a row: list items by themselves can only be scrolled to. */
static void
add_open_action (KlGroupPane *self,
                 KlGroupRow  *row)
{
  GtkWidget *item = gtk_widget_get_parent (GTK_WIDGET (row));
  g_autoptr (GSimpleActionGroup) group = NULL;
  g_autoptr (GSimpleAction) open = NULL;

  if (item == NULL || g_object_get_data (G_OBJECT (item), "klatch-open") != NULL)
    return;
  g_object_set_data (G_OBJECT (item), "klatch-open", item);
  group = g_simple_action_group_new ();
  open = g_simple_action_new ("open", NULL);
  g_signal_connect_object (open, "activate", G_CALLBACK (kl_group_row_click), row, G_CONNECT_SWAPPED);
  g_action_map_add_action (G_ACTION_MAP (group), G_ACTION (open));
  /* By this name it is the first of what AT-SPI lists. */
  gtk_widget_insert_action_group (item, "item", G_ACTION_GROUP (group));
}

static void
on_bind (KlGroupPane *self,
         GtkListItem *item)
{
  KlGroupRow *row = KL_GROUP_ROW (gtk_list_item_get_child (item));

  add_open_action (self, row);
  kl_group_row_set_group (row, gtk_list_item_get_item (item));
  g_hash_table_add (self->rows, row);
}

static void
on_unbind (KlGroupPane *self,
           GtkListItem *item)
{
  KlGroupRow *row = KL_GROUP_ROW (gtk_list_item_get_child (item));

  g_hash_table_remove (self->rows, row);
  kl_group_row_set_group (row, NULL);
}

/* Today's times become days when the day ends. */
static void
on_clock_changed (KlGroupPane *self)
{
  GHashTableIter iter;
  gpointer row;

  g_hash_table_iter_init (&iter, self->rows);
  while (g_hash_table_iter_next (&iter, &row, NULL))
    kl_group_row_update_time (row);
}

/* ── Object ──────────────────────────────────────────────────────────────── */

void
kl_group_pane_set_session (KlGroupPane *self,
                           KlSession   *session)
{
  KlGroupList *groups;

  g_return_if_fail (KL_IS_GROUP_PANE (self));
  g_return_if_fail (self->session == NULL);

  self->session = g_object_ref (session);
  groups = kl_session_get_groups (session);
  kl_avatar_set_user (self->account_avatar, kl_session_get_me (session));
  self->order = kl_group_order_new (G_LIST_MODEL (groups));
  self->custom_filter = gtk_custom_filter_new (is_shown, self, NULL);
  self->filtered = gtk_filter_list_model_new (g_object_ref (kl_group_order_get_model (self->order)),
                                              g_object_ref (GTK_FILTER (self->custom_filter)));
  self->selection = gtk_single_selection_new (g_object_ref (G_LIST_MODEL (self->filtered)));
  gtk_single_selection_set_autoselect (self->selection, FALSE);
  gtk_single_selection_set_can_unselect (self->selection, TRUE);
  gtk_single_selection_set_selected (self->selection, GTK_INVALID_LIST_POSITION);
  gtk_list_view_set_model (self->list, GTK_SELECTION_MODEL (self->selection));

  /* After the list's own, so that its rows are those of the new order. */
  g_signal_connect_object (self->filtered, "items-changed", G_CALLBACK (on_shown_changed), self,
                           G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  g_signal_connect_object (self->selection, "notify::selected", G_CALLBACK (on_selected_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (groups, "notify::loaded", G_CALLBACK (update_stack), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (groups, "notify::n-unread", G_CALLBACK (update_unread_toggle), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (groups, "notify::n-unread", G_CALLBACK (refilter), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (groups, "notify::mentions", G_CALLBACK (refilter), self, G_CONNECT_SWAPPED);
  on_shown_changed (self);
  update_unread_toggle (self);
}

static gboolean
kl_group_pane_grab_focus (GtkWidget *widget)
{
  KlGroupPane *self = KL_GROUP_PANE (widget);

  return g_strcmp0 (gtk_stack_get_visible_child_name (self->stack), "list") == 0 && gtk_widget_grab_focus (GTK_WIDGET (self->list));
}

static void
kl_group_pane_get_property (GObject    *object,
                            guint       id,
                            GValue     *value,
                            GParamSpec *pspec)
{
  KlGroupPane *self = KL_GROUP_PANE (object);

  switch ((Prop) id)
    {
    case PROP_SELECTED:
      g_value_set_object (value, self->selection != NULL ? gtk_single_selection_get_selected_item (self->selection) : NULL);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_group_pane_dispose (GObject *object)
{
  KlGroupPane *self = KL_GROUP_PANE (object);

  g_clear_handle_id (&self->open_source, g_source_remove);
  if (self->selection != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->selection, self);
      g_signal_handlers_disconnect_by_data (self->filtered, self);
      gtk_list_view_set_model (self->list, NULL);
      gtk_custom_filter_set_filter_func (self->custom_filter, NULL, NULL, NULL);
    }
  g_clear_object (&self->selection);
  g_clear_object (&self->open);
  g_clear_object (&self->filtered);
  g_clear_object (&self->custom_filter);
  g_clear_object (&self->order);
  g_clear_object (&self->session);
  gtk_widget_dispose_template (GTK_WIDGET (object), KL_TYPE_GROUP_PANE);
  G_OBJECT_CLASS (kl_group_pane_parent_class)->dispose (object);
}

static void
kl_group_pane_finalize (GObject *object)
{
  KlGroupPane *self = KL_GROUP_PANE (object);

  g_free (self->needle);
  g_hash_table_unref (self->rows);
  g_ptr_array_unref (self->shown);
  G_OBJECT_CLASS (kl_group_pane_parent_class)->finalize (object);
}

static void
kl_group_pane_class_init (KlGroupPaneClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = kl_group_pane_get_property;
  object_class->dispose = kl_group_pane_dispose;
  object_class->finalize = kl_group_pane_finalize;
  widget_class->grab_focus = kl_group_pane_grab_focus;

  properties[PROP_SELECTED]
    = g_param_spec_object ("selected", NULL, NULL, KL_TYPE_GROUP, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
  signals[SIGNAL_OPEN] = g_signal_new ("open", KL_TYPE_GROUP_PANE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                                       KL_TYPE_GROUP);

  g_type_ensure (KL_TYPE_AVATAR);
  g_type_ensure (KL_TYPE_TILE);
  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-group-pane.ui");
  gtk_widget_class_bind_template_child (widget_class, KlGroupPane, account_avatar);
  gtk_widget_class_bind_template_child (widget_class, KlGroupPane, search_bar);
  gtk_widget_class_bind_template_child (widget_class, KlGroupPane, search_entry);
  gtk_widget_class_bind_template_child (widget_class, KlGroupPane, filter);
  gtk_widget_class_bind_template_child (widget_class, KlGroupPane, filters);
  gtk_widget_class_bind_template_child (widget_class, KlGroupPane, unread_toggle);
  gtk_widget_class_bind_template_child (widget_class, KlGroupPane, stack);
  gtk_widget_class_bind_template_child (widget_class, KlGroupPane, scroller);
  gtk_widget_class_bind_template_child (widget_class, KlGroupPane, list);
  gtk_widget_class_bind_template_child (widget_class, KlGroupPane, empty_tile);
  gtk_widget_class_bind_template_child (widget_class, KlGroupPane, empty_title);
  gtk_widget_class_bind_template_child (widget_class, KlGroupPane, empty_text);
  gtk_widget_class_bind_template_child (widget_class, KlGroupPane, empty_actions);
  gtk_widget_class_bind_template_callback (widget_class, on_search_mode_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_search_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_search_activated);
  gtk_widget_class_bind_template_callback (widget_class, on_search_next);
  gtk_widget_class_bind_template_callback (widget_class, on_search_previous);
  gtk_widget_class_bind_template_callback (widget_class, on_filter_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_list_activated);
}

static void
kl_group_pane_init (KlGroupPane *self)
{
  g_autoptr (GtkListItemFactory) factory = gtk_signal_list_item_factory_new ();
  GtkEventController *motion = gtk_event_controller_motion_new ();

  self->rows = g_hash_table_new (NULL, NULL);
  self->shown = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));

  g_signal_connect_object (factory, "setup", G_CALLBACK (on_setup), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (factory, "bind", G_CALLBACK (on_bind), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (factory, "unbind", G_CALLBACK (on_unbind), self, G_CONNECT_SWAPPED);
  gtk_list_view_set_factory (self->list, factory);
  g_signal_connect_swapped (motion, "motion", G_CALLBACK (on_motion), self);
  g_signal_connect_swapped (motion, "leave", G_CALLBACK (on_leave), self);
  gtk_widget_add_controller (self->scroller, motion);
  g_signal_connect_object (kl_clock_get_default (), "changed", G_CALLBACK (on_clock_changed), self, G_CONNECT_SWAPPED);
}
