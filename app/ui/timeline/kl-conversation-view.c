/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Joins the rows of a KlMessageList to a KlTimeline: opens at the unread line or the end, asks the list for pages,
 * reports what was seen, announces what arrives, and lays the day pill, the jump button and the spinner over it all.
 * The menu is in kl-conversation-menu.c. */
#include "app/ui/timeline/kl-conversation-view.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "app/ui/timeline/kl-announcer.h"
#include "app/ui/timeline/kl-clock.h"
#include "app/ui/timeline/kl-conversation-menu.h"
#include "app/ui/timeline/kl-conversation-rows.h"
#include "app/ui/timeline/kl-jump-button.h"
#include "app/ui/timeline/kl-line-row.h"
#include "app/ui/timeline/kl-message-row.h"
#include "app/ui/timeline/kl-message-text.h"
#include "app/ui/timeline/kl-row-text.h"
#include "app/ui/timeline/kl-timeline.h"

#define PILL_MS 1200
#define SPINNER_MS 300
#define UNREAD_MAX 1000

/* The jump button comes when the end is this many pages away, or something new is below. */
#define JUMP_PAGES 0.5

struct _KlConversationView
{
  GtkWidget parent_instance;

  GtkWidget *overlay;
  GtkWidget *scroller;
  KlTimeline *timeline;
  GtkWidget *pill;
  GtkWidget *pill_label;
  GtkWidget *jump;
  GtkWidget *spinner;

  KlMessageList *messages;
  KlMemberList *members;
  KlConversationRows *rows;
  GCancellable *cancellable;

  gboolean opened; /* the list has had its first page */
  gboolean moved;  /* the reader has scrolled since */
  gint64 seen_seq;
  guint n_below;     /* arrived since the reader left the end */
  gint64 wanted_seq; /* to show once it is loaded; 0: the newest */
  gboolean waits_for_wanted;

  guint pill_id;
  guint spinner_id;
  KlAnnouncer *announcer;
};

typedef enum
{
  PROP_AT_END = 1,
} Prop;

enum
{
  SIGNAL_SEEN,
  SIGNAL_RETRY,
  SIGNAL_DISCARD,
  SIGNAL_ACTIVATE_MESSAGE,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KlConversationView, kl_conversation_view, GTK_TYPE_WIDGET)

/* ── Rows for the timeline ── */

static guint
get_kind (GObject *item, gpointer user_data)
{
  return kl_row_get_kind (KL_ROW (item));
}

static const char *
find_role (KlUser *user, gpointer user_data)
{
  KlConversationView *self = user_data;
  KlMember *member = self->members != NULL ? kl_member_list_get (self->members, kl_user_get_id (user)) : NULL;

  switch (member != NULL ? kl_member_get_role (member) : KL_ROLE_NONE)
    {
    case KL_ROLE_OWNER:
      return _ ("Owner");
    case KL_ROLE_ADMIN:
      return _ ("Admin");
    case KL_ROLE_MEMBER:
    case KL_ROLE_NONE:
    default:
      return NULL;
    }
}

static void
on_retry (KlMessageRow *row, KlConversationView *self)
{
  g_signal_emit (self, signals[SIGNAL_RETRY], 0, kl_message_row_get_message (row));
}

static GtkWidget *
create_row (guint kind, gpointer user_data)
{
  KlConversationView *self = user_data;
  GtkWidget *row;

  if (kind != KL_ROW_KIND_MESSAGE)
    return kl_line_row_new (kind);
  row = kl_message_row_new (find_role, self);
  g_signal_connect (row, "retry", G_CALLBACK (on_retry), self);
  return row;
}

static gboolean
is_own (GObject *item, gpointer user_data)
{
  KlMessage *message = kl_row_get_message (KL_ROW (item));

  return kl_row_get_kind (KL_ROW (item)) == KL_ROW_KIND_MESSAGE && kl_message_get_mine (message);
}

static char *
dup_text (GObject *item, int start, int end, gboolean many, gpointer user_data)
{
  return kl_row_dup_text (KL_ROW (item), start, end, many);
}

static void
get_word (GObject *item, int byte, int *start, int *end, gpointer user_data)
{
  kl_row_get_word (KL_ROW (item), byte, start, end);
}

static const KlTimelineFuncs row_funcs = {
  .get_kind = get_kind,
  .create = create_row,
  .dup_text = dup_text,
  .get_word = get_word,
  .is_own = is_own,
};

/* ── What lies over it ── */

static gboolean
on_pill_time (gpointer user_data)
{
  KlConversationView *self = user_data;

  self->pill_id = 0;
  gtk_widget_remove_css_class (self->pill, "shown");
  return G_SOURCE_REMOVE;
}

/* The day of the topmost row, while scrolling; not where that day's own line is in view up there. */
static void
update_pill (KlConversationView *self)
{
  guint top = kl_timeline_get_top_position (self->timeline);
  g_autoptr (KlRow) row = NULL;
  g_autofree char *day = NULL;

  if (top == GTK_INVALID_LIST_POSITION || self->rows == NULL)
    return;
  row = g_list_model_get_item (G_LIST_MODEL (self->rows), top);
  day = kl_clock_format_day (kl_clock_get_default (), kl_row_get_time (row));
  gtk_label_set_text (GTK_LABEL (self->pill_label), day);
  if (kl_row_get_kind (row) == KL_ROW_KIND_DAY)
    gtk_widget_remove_css_class (self->pill, "shown");
  else
    gtk_widget_add_css_class (self->pill, "shown");
}

static void
update_jump (KlConversationView *self)
{
  double page = gtk_widget_get_height (GTK_WIDGET (self->timeline));
  gboolean at_end = kl_timeline_get_at_end (self->timeline);
  gboolean more_after = self->messages != NULL && kl_message_list_get_more_after (self->messages);
  gboolean far = kl_timeline_get_distance_to_end (self->timeline) > JUMP_PAGES * page;

  if (at_end && !more_after)
    self->n_below = 0;
  kl_jump_button_set (KL_JUMP_BUTTON (self->jump),
                      self->rows != NULL && (more_after || (!at_end && (far || self->n_below > 0))), self->n_below);
}

static gboolean
on_spinner_time (gpointer user_data)
{
  KlConversationView *self = user_data;

  self->spinner_id = 0;
  gtk_widget_set_visible (self->spinner, TRUE);
  return G_SOURCE_REMOVE;
}

/* Only when history takes long enough to be waited for. */
static void
update_spinner (KlConversationView *self)
{
  gboolean loading
      = self->messages != NULL
        && (kl_message_list_get_loading_older (self->messages) || kl_message_list_get_loading (self->messages));

  if (!loading)
    {
      g_clear_handle_id (&self->spinner_id, g_source_remove);
      gtk_widget_set_visible (self->spinner, FALSE);
    }
  else if (self->spinner_id == 0 && !gtk_widget_get_visible (self->spinner))
    {
      self->spinner_id = g_timeout_add (SPINNER_MS, on_spinner_time, self);
    }
}

/* The button goes; where it was pressed by key, the focus goes on to the messages. */
static void
on_jump_clicked (KlConversationView *self)
{
  if (gtk_widget_get_focus_child (self->jump) != NULL)
    gtk_widget_grab_focus (GTK_WIDGET (self->timeline));
  kl_conversation_view_show_newest (self);
}

static void
on_scrolled (KlConversationView *self)
{
  self->moved = TRUE;
  g_clear_handle_id (&self->pill_id, g_source_remove);
  self->pill_id = g_timeout_add (PILL_MS, on_pill_time, self);
  update_pill (self);
}

/* ── What was seen ── */

static gboolean
is_looked_at (KlConversationView *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));

  return gtk_widget_get_mapped (GTK_WIDGET (self)) && GTK_IS_WINDOW (root) && gtk_window_is_active (GTK_WINDOW (root));
}

static gint64
row_last_seq (KlRow *row)
{
  GPtrArray *run = kl_row_get_run (row);
  KlMessage *message = run != NULL ? run->pdata[run->len - 1] : kl_row_get_message (row);

  return message != NULL ? kl_message_get_seq (message) : 0;
}

/* The last message in view, or where that is one on its way the one before it. */
static void
update_seen (KlConversationView *self)
{
  guint position = kl_timeline_get_bottom_position (self->timeline);
  gint64 seq = 0;

  if (self->rows == NULL || position == GTK_INVALID_LIST_POSITION || !is_looked_at (self))
    return;
  for (guint i = position + 1; i > 0 && seq == 0; i--)
    {
      g_autoptr (KlRow) row = g_list_model_get_item (G_LIST_MODEL (self->rows), i - 1);

      seq = row != NULL ? row_last_seq (row) : 0;
    }
  if (seq <= self->seen_seq)
    return;
  self->seen_seq = seq;
  g_signal_emit (self, signals[SIGNAL_SEEN], 0, seq);
}

static void
on_view_changed (KlConversationView *self)
{
  if (gtk_widget_has_css_class (self->pill, "shown"))
    update_pill (self);
  update_jump (self);
  update_seen (self);
}

static void
on_at_end_changed (KlConversationView *self)
{
  on_view_changed (self);
  g_object_notify (G_OBJECT (self), "at-end");
}

static void
on_window_active (KlConversationView *self)
{
  kl_timeline_set_follow_arrivals (self->timeline, is_looked_at (self));
  update_seen (self);
}

/* ── The list ── */

static void
update_more (KlConversationView *self)
{
  kl_timeline_set_more (self->timeline, kl_message_list_get_more_before (self->messages),
                        kl_message_list_get_more_after (self->messages));
  update_jump (self);
}

typedef gboolean (*PageFinish) (KlMessageList *list, GAsyncResult *result, GError **error);

/* Where a page could not be had the timeline does not ask again before the reader moves; the connection banner tells
 * why. */
static void
on_page (KlConversationView *self, KlMessageList *list, GAsyncResult *result, PageFinish finish)
{
  g_autoptr (GError) error = NULL;
  gboolean came = finish (list, result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) || list != self->messages)
    return;
  if (came)
    update_more (self);
  update_spinner (self);
}

static void
on_older (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KlConversationView) self = user_data;

  on_page (self, KL_MESSAGE_LIST (source), result, kl_message_list_load_older_finish);
}

static void
on_newer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KlConversationView) self = user_data;

  on_page (self, KL_MESSAGE_LIST (source), result, kl_message_list_load_newer_finish);
}

static void
on_more_before (KlConversationView *self)
{
  kl_message_list_load_older_async (self->messages, self->cancellable, on_older, g_object_ref (self));
}

static void
on_more_after (KlConversationView *self)
{
  kl_message_list_load_newer_async (self->messages, self->cancellable, on_newer, g_object_ref (self));
}

/* What the line says: the group's own count, which is exact, else what is loaded. */
static guint
count_unread (KlConversationView *self, gint64 first_seq)
{
  GListModel *model = G_LIST_MODEL (self->messages);
  KlGroup *group = kl_message_list_get_group (self->messages);
  guint count = 0;

  if (group != NULL && kl_group_get_read_seq (group) < first_seq && kl_group_get_unread (group) > 0)
    return kl_group_get_unread (group);
  for (guint i = g_list_model_get_n_items (model); i > 0 && count < UNREAD_MAX; i--)
    {
      g_autoptr (KlMessage) message = g_list_model_get_item (model, i - 1);
      gint64 seq = kl_message_get_seq (message);

      if (seq != 0 && seq < first_seq)
        break;
      if (seq != 0 && !kl_message_get_mine (message) && kl_message_get_kind (message) != KL_MESSAGE_KIND_SYSTEM
          && !kl_message_get_deleted (message))
        count++;
    }
  return count;
}

static void
update_unread_line (KlConversationView *self)
{
  gint64 seq = kl_message_list_get_first_unread_seq (self->messages);

  kl_conversation_rows_set_unread (self->rows, seq, seq != 0 ? count_unread (self, seq) : 0);
}

/* Where reading begins; as long as it has not begun, also when the line finds its place only now. */
static void
begin_at_unread_line (KlConversationView *self)
{
  guint position;

  update_unread_line (self);
  if (!self->moved && kl_conversation_rows_find_unread (self->rows, &position))
    kl_timeline_jump_to (self->timeline, position, KL_TIMELINE_ALIGN_TOP, FALSE);
}

/* The first page is there. */
static void
open_list (KlConversationView *self)
{
  if (self->opened || g_list_model_get_n_items (G_LIST_MODEL (self->rows)) == 0)
    return;
  self->opened = TRUE;
  begin_at_unread_line (self);
}

static void
show_wanted (KlConversationView *self)
{
  guint position;

  if (!self->waits_for_wanted || kl_message_list_get_loading (self->messages))
    return;
  if (self->wanted_seq == 0)
    {
      if (kl_message_list_get_more_after (self->messages))
        return;
      kl_timeline_jump_to_end (self->timeline, TRUE);
    }
  else
    {
      GtkWidget *row;

      if (!kl_conversation_rows_find_seq (self->rows, self->wanted_seq, &position))
        return;
      kl_timeline_jump_to (self->timeline, position, KL_TIMELINE_ALIGN_CENTER, TRUE);
      row = kl_timeline_get_row (self->timeline, position);
      if (KL_IS_MESSAGE_ROW (row))
        kl_message_row_flash (KL_MESSAGE_ROW (row));
    }
  self->waits_for_wanted = FALSE;
}

/* After the rows have followed: arrivals at the end. */
static void
on_messages_changed (GListModel *model, guint position, guint removed, guint added, KlConversationView *self)
{
  gboolean was_opened = self->opened;

  open_list (self);
  if (!was_opened || removed > 0 || added == 0 || position + added != g_list_model_get_n_items (model)
      || kl_message_list_get_loading_newer (self->messages) || kl_message_list_get_loading (self->messages))
    return;
  for (guint i = position; i < position + added; i++)
    {
      g_autoptr (KlMessage) message = g_list_model_get_item (model, i);

      if (kl_message_get_mine (message) && kl_message_get_state (message) == KL_MESSAGE_STATE_PENDING)
        kl_conversation_view_show_newest (self);
      else if (!kl_message_get_mine (message) && kl_message_get_kind (message) != KL_MESSAGE_KIND_SYSTEM
               && !kl_timeline_get_at_end (self->timeline))
        self->n_below++;
      kl_announcer_tell (self->announcer, message);
    }
  update_jump (self);
}

static void
on_list_notify (KlMessageList *list, GParamSpec *pspec, KlConversationView *self)
{
  if (g_str_equal (pspec->name, "more-before") || g_str_equal (pspec->name, "more-after"))
    update_more (self);
  else if (g_str_equal (pspec->name, "first-unread-seq") && self->opened)
    begin_at_unread_line (self);
  else if (g_str_equal (pspec->name, "loading"))
    open_list (self);
  update_spinner (self);
}

static void
update_roles (KlConversationView *self)
{
  for (GtkWidget *row = gtk_widget_get_first_child (GTK_WIDGET (self->timeline)); row != NULL;
       row = gtk_widget_get_next_sibling (row))
    if (KL_IS_MESSAGE_ROW (row))
      {
        kl_message_row_update_role (KL_MESSAGE_ROW (row));
        gtk_widget_queue_resize (row);
      }
}

static void
drop_list (KlConversationView *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_handle_id (&self->pill_id, g_source_remove);
  g_clear_handle_id (&self->spinner_id, g_source_remove);
  if (self->announcer != NULL)
    kl_announcer_reset (self->announcer);
  if (self->messages != NULL)
    g_signal_handlers_disconnect_by_data (self->messages, self);
  if (self->members != NULL)
    g_signal_handlers_disconnect_by_data (self->members, self);
  if (self->timeline != NULL)
    kl_timeline_set_model (self->timeline, NULL);
  g_clear_object (&self->rows);
  g_clear_object (&self->messages);
  g_clear_object (&self->members);
  self->opened = FALSE;
  self->moved = FALSE;
  self->waits_for_wanted = FALSE;
  self->seen_seq = 0;
  self->n_below = 0;
}

void
kl_conversation_view_set_messages (KlConversationView *self, KlMessageList *messages, KlMemberList *members)
{
  g_return_if_fail (KL_IS_CONVERSATION_VIEW (self));

  if (self->messages == messages && self->members == members)
    return;
  /* The line stays until one leaves. */
  if (self->messages != NULL && self->messages != messages)
    kl_message_list_forget_unread_line (self->messages);
  drop_list (self);
  gtk_widget_remove_css_class (self->pill, "shown");
  self->cancellable = g_cancellable_new ();
  g_set_object (&self->members, members);
  if (members != NULL)
    g_signal_connect_swapped (members, "items-changed", G_CALLBACK (update_roles), self);
  if (messages != NULL)
    {
      self->messages = g_object_ref (messages);
      self->rows = kl_conversation_rows_new (G_LIST_MODEL (messages));
      kl_timeline_set_model (self->timeline, G_LIST_MODEL (self->rows));
      g_signal_connect (messages, "items-changed", G_CALLBACK (on_messages_changed), self);
      g_signal_connect (messages, "notify", G_CALLBACK (on_list_notify), self);
      open_list (self);
      update_more (self);
    }
  update_spinner (self);
  update_jump (self);
}

KlMessageList *
kl_conversation_view_get_messages (KlConversationView *self)
{
  g_return_val_if_fail (KL_IS_CONVERSATION_VIEW (self), NULL);

  return self->messages;
}

static void
on_around (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KlConversationView) self = user_data;
  g_autoptr (GError) error = NULL;
  gboolean came = kl_message_list_load_around_finish (KL_MESSAGE_LIST (source), result, &error);

  if (KL_MESSAGE_LIST (source) != self->messages)
    return;
  if (came)
    show_wanted (self);
  self->waits_for_wanted = FALSE;
  update_more (self);
}

static void
want (KlConversationView *self, gint64 seq)
{
  if (self->messages == NULL)
    return;
  self->moved = TRUE;
  self->wanted_seq = seq;
  self->waits_for_wanted = TRUE;
  show_wanted (self);
  if (self->waits_for_wanted)
    kl_message_list_load_around_async (self->messages, seq, self->cancellable, on_around, g_object_ref (self));
}

void
kl_conversation_view_show_newest (KlConversationView *self)
{
  g_return_if_fail (KL_IS_CONVERSATION_VIEW (self));

  want (self, 0);
}

void
kl_conversation_view_show_seq (KlConversationView *self, gint64 seq)
{
  g_return_if_fail (KL_IS_CONVERSATION_VIEW (self));
  g_return_if_fail (seq > 0);

  want (self, seq);
}

gboolean
kl_conversation_view_get_at_end (KlConversationView *self)
{
  g_return_val_if_fail (KL_IS_CONVERSATION_VIEW (self), TRUE);

  return kl_timeline_get_at_end (self->timeline)
         && (self->messages == NULL || !kl_message_list_get_more_after (self->messages));
}

gboolean
kl_conversation_view_copy (KlConversationView *self)
{
  g_return_val_if_fail (KL_IS_CONVERSATION_VIEW (self), FALSE);

  return kl_timeline_copy (self->timeline);
}

void
kl_conversation_view_discard (KlConversationView *self, KlMessage *message)
{
  g_signal_emit (self, signals[SIGNAL_DISCARD], 0, message);
}

void
kl_conversation_view_retry (KlConversationView *self, KlMessage *message)
{
  g_signal_emit (self, signals[SIGNAL_RETRY], 0, message);
}

static void
on_activate_row (KlTimeline *timeline, guint position, KlConversationView *self)
{
  g_autoptr (KlRow) row = g_list_model_get_item (G_LIST_MODEL (self->rows), position);
  GtkWidget *widget = kl_timeline_get_row (timeline, position);
  g_autofree char *link = KL_IS_MESSAGE_ROW (widget) ? kl_message_row_dup_only_link (KL_MESSAGE_ROW (widget)) : NULL;

  if (row == NULL || kl_row_get_kind (row) != KL_ROW_KIND_MESSAGE)
    return;
  if (link != NULL)
    kl_message_text_open (widget, link);
  else
    g_signal_emit (self, signals[SIGNAL_ACTIVATE_MESSAGE], 0, kl_row_get_message (row));
}

/* ── Object ── */

static void
on_root_changed (KlConversationView *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));

  if (GTK_IS_WINDOW (root))
    g_signal_connect_object (root, "notify::is-active", G_CALLBACK (on_window_active), self, G_CONNECT_SWAPPED);
  on_window_active (self);
}

static void
kl_conversation_view_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (kl_conversation_view_parent_class)->map (widget);
  on_window_active (KL_CONVERSATION_VIEW (widget));
}

static gboolean
kl_conversation_view_grab_focus (GtkWidget *widget)
{
  return gtk_widget_grab_focus (GTK_WIDGET (KL_CONVERSATION_VIEW (widget)->timeline));
}

static void
kl_conversation_view_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  switch ((Prop) prop_id)
    {
    case PROP_AT_END:
      g_value_set_boolean (value, kl_conversation_view_get_at_end (KL_CONVERSATION_VIEW (object)));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
kl_conversation_view_dispose (GObject *object)
{
  KlConversationView *self = KL_CONVERSATION_VIEW (object);

  drop_list (self);
  g_clear_pointer (&self->announcer, kl_announcer_free);
  self->timeline = NULL;
  g_clear_pointer (&self->overlay, gtk_widget_unparent);
  G_OBJECT_CLASS (kl_conversation_view_parent_class)->dispose (object);
}

static void
kl_conversation_view_class_init (KlConversationViewClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = kl_conversation_view_get_property;
  object_class->dispose = kl_conversation_view_dispose;
  widget_class->map = kl_conversation_view_map;
  widget_class->grab_focus = kl_conversation_view_grab_focus;
  g_object_class_install_property (
      object_class, PROP_AT_END,
      g_param_spec_boolean ("at-end", NULL, NULL, TRUE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
  signals[SIGNAL_SEEN] = g_signal_new ("seen", KL_TYPE_CONVERSATION_VIEW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                       G_TYPE_NONE, 1, G_TYPE_INT64);
  signals[SIGNAL_RETRY] = g_signal_new ("retry", KL_TYPE_CONVERSATION_VIEW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                        G_TYPE_NONE, 1, KL_TYPE_MESSAGE);
  signals[SIGNAL_DISCARD] = g_signal_new ("discard", KL_TYPE_CONVERSATION_VIEW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 1, KL_TYPE_MESSAGE);
  signals[SIGNAL_ACTIVATE_MESSAGE] = g_signal_new ("activate-message", KL_TYPE_CONVERSATION_VIEW, G_SIGNAL_RUN_LAST, 0,
                                                   NULL, NULL, NULL, G_TYPE_NONE, 1, KL_TYPE_MESSAGE);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "conversation");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GENERIC);
}

static void
add_overlays (KlConversationView *self)
{
  self->pill = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);
  self->pill_label = gtk_label_new (NULL);
  gtk_box_append (GTK_BOX (self->pill), self->pill_label);
  gtk_widget_add_css_class (self->pill, "day-pill");
  gtk_widget_set_halign (self->pill, GTK_ALIGN_CENTER);
  gtk_widget_set_valign (self->pill, GTK_ALIGN_START);
  gtk_widget_set_can_target (self->pill, FALSE);
  gtk_accessible_update_state (GTK_ACCESSIBLE (self->pill), GTK_ACCESSIBLE_STATE_HIDDEN, TRUE, -1);
  gtk_overlay_add_overlay (GTK_OVERLAY (self->overlay), self->pill);

  self->spinner = adw_spinner_new ();
  gtk_widget_add_css_class (self->spinner, "history");
  gtk_widget_set_size_request (self->spinner, 24, 24);
  gtk_widget_set_halign (self->spinner, GTK_ALIGN_CENTER);
  gtk_widget_set_valign (self->spinner, GTK_ALIGN_START);
  gtk_widget_set_visible (self->spinner, FALSE);
  gtk_overlay_add_overlay (GTK_OVERLAY (self->overlay), self->spinner);

  self->jump = kl_jump_button_new ();
  g_signal_connect_swapped (self->jump, "clicked", G_CALLBACK (on_jump_clicked), self);
  gtk_overlay_add_overlay (GTK_OVERLAY (self->overlay), self->jump);
}

static void
kl_conversation_view_init (KlConversationView *self)
{
  self->timeline = KL_TIMELINE (kl_timeline_new (&row_funcs, self));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->timeline), GTK_ACCESSIBLE_PROPERTY_LABEL, _ ("Messages"), -1);
  self->announcer = kl_announcer_new (GTK_WIDGET (self->timeline));
  g_signal_connect_swapped (self->timeline, "scrolled", G_CALLBACK (on_scrolled), self);
  g_signal_connect_swapped (self->timeline, "more-before", G_CALLBACK (on_more_before), self);
  g_signal_connect_swapped (self->timeline, "more-after", G_CALLBACK (on_more_after), self);
  g_signal_connect_swapped (self->timeline, "notify::at-end", G_CALLBACK (on_at_end_changed), self);
  g_signal_connect_swapped (self->timeline, "view-changed", G_CALLBACK (on_view_changed), self);
  g_signal_connect (self->timeline, "activate-row", G_CALLBACK (on_activate_row), self);

  self->scroller = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (self->scroller), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (self->scroller), GTK_WIDGET (self->timeline));
  self->overlay = gtk_overlay_new ();
  gtk_overlay_set_child (GTK_OVERLAY (self->overlay), self->scroller);
  gtk_widget_set_parent (self->overlay, GTK_WIDGET (self));
  gtk_widget_set_vexpand (GTK_WIDGET (self), TRUE);
  add_overlays (self);
  kl_conversation_menu_attach (self, self->timeline);
  g_signal_connect (self, "notify::root", G_CALLBACK (on_root_changed), NULL);
}

GtkWidget *
kl_conversation_view_new (void)
{
  return g_object_new (KL_TYPE_CONVERSATION_VIEW, NULL);
}
