/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One stack of children, measured and placed here: bubble (ground only), name, role, text with its meta, then below the
 * bubble reactions and the line of failure. Positions are found as if for left-to-right and mirrored at the end. What
 * only some messages have is made when first needed, and hidden after. */
#include "app/ui/timeline/kl-message-row.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <string.h>

#include "app/ui/kl-avatar.h"
#include "app/ui/kl-errors.h"
#include "app/ui/kl-hue.h"
#include "app/ui/timeline/kl-clock.h"
#include "app/ui/timeline/kl-links.h"
#include "app/ui/timeline/kl-message-meta.h"
#include "app/ui/timeline/kl-message-text.h"
#include "app/ui/timeline/kl-reactions.h"
#include "app/ui/timeline/kl-row-metrics.h"
#include "app/ui/timeline/kl-timeline.h"
#include "protocol/kl-text.h"

#define MIN_WIDTH_PX 200
#define TEXT_MAX_PX 480
#define PAD_X_PX 12
#define PAD_Y_PX 7
#define NAME_PAD_TOP_PX 6
#define NAME_GAP_PX 1
#define ROLE_GAP_PX 6
#define AVATAR_PX 36
#define AVATAR_GAP_PX 8
#define JOINED_GAP_PX 3
#define BELOW_GAP_PX 6
#define LONE_EMOJI_SCALE 2.4
#define COLLAPSE_CHARS 2000
#define FLASH_MS 1400

struct _KlMessageRow
{
  GtkWidget parent_instance;

  KlMessageRowRoleFunc role_func;
  gpointer role_data;

  KlRow *row;
  KlMessage *message;
  KlUser *sender;
  GListModel *reactions_model;

  GtkWidget *avatar;
  GtkWidget *bubble;
  GtkWidget *name;
  GtkWidget *role;
  GtkWidget *text;
  GtkWidget *meta;
  GtkWidget *more;      /* NULL until needed */
  GtkWidget *reactions; /* NULL until needed */
  GtkWidget *failure;   /* NULL until needed */
  guint flash_id;

  gboolean mine;
  gboolean collapsed; /* a part of the text is shown */
  gboolean has_name;
};

enum
{
  SIGNAL_RETRY,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void kl_message_row_timeline_row_init (KlTimelineRowInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (KlMessageRow, kl_message_row, GTK_TYPE_WIDGET,
                               G_IMPLEMENT_INTERFACE (KL_TYPE_TIMELINE_ROW, kl_message_row_timeline_row_init))

/* ── Geometry ── */

typedef struct
{
  int column_x;
  int column_width;
  GtkAllocation bubble;
  GtkAllocation name;
  GtkAllocation role;
  GtkAllocation text;
  GtkAllocation more;
  GtkAllocation reactions;
  GtkAllocation failure;
  GtkAllocation avatar;
  int height;
} Geometry;

static gboolean
is_shown (GtkWidget *widget)
{
  return widget != NULL && gtk_widget_get_visible (widget);
}

static void
measure_name (KlMessageRow *self, Geometry *g, int max)
{
  if (!self->has_name)
    return;
  if (is_shown (self->role))
    kl_message_text_fit (KL_MESSAGE_TEXT (self->role), max / 2, &g->role.width, &g->role.height);
  kl_message_text_fit (KL_MESSAGE_TEXT (self->name), max - (g->role.width > 0 ? g->role.width + ROLE_GAP_PX : 0),
                       &g->name.width, &g->name.height);
}

static void
measure_below (KlMessageRow *self, Geometry *g, int width)
{
  if (is_shown (self->reactions))
    {
      gtk_widget_measure (self->reactions, GTK_ORIENTATION_HORIZONTAL, -1, NULL, &g->reactions.width, NULL, NULL);
      g->reactions.width = MIN (g->reactions.width, width);
      gtk_widget_measure (self->reactions, GTK_ORIENTATION_VERTICAL, g->reactions.width, NULL, &g->reactions.height,
                          NULL, NULL);
    }
  if (is_shown (self->failure))
    {
      gtk_widget_measure (self->failure, GTK_ORIENTATION_HORIZONTAL, -1, NULL, &g->failure.width, NULL, NULL);
      g->failure.width = MIN (g->failure.width, width);
      gtk_widget_measure (self->failure, GTK_ORIENTATION_VERTICAL, g->failure.width, NULL, &g->failure.height, NULL,
                          NULL);
    }
}

/* From the top of the row to the foot of the bubble. */
static void
stack_bubble (KlMessageRow *self, Geometry *g, int inner)
{
  int y = kl_row_get_joined_above (self->row) ? JOINED_GAP_PX : KL_ROW_GAP_PX;

  g->bubble.y = y;
  g->bubble.width = inner + 2 * PAD_X_PX;
  if (self->has_name)
    {
      g->name.y = y + NAME_PAD_TOP_PX;
      g->role.y = g->name.y + (g->name.height - g->role.height + 1) / 2;
      y = g->name.y + g->name.height + NAME_GAP_PX;
    }
  else
    {
      y += PAD_Y_PX;
    }
  g->text.y = y;
  g->text.width = inner;
  y += g->text.height;
  if (g->more.height > 0)
    {
      g->more.y = y;
      y += g->more.height;
    }
  g->bubble.height = y + PAD_Y_PX - g->bubble.y;
}

static void
stack_below (Geometry *g)
{
  int y = g->bubble.y + g->bubble.height;

  if (g->reactions.height > 0)
    {
      g->reactions.y = y + BELOW_GAP_PX;
      y = g->reactions.y + g->reactions.height;
    }
  if (g->failure.height > 0)
    {
      g->failure.y = y + 2;
      y = g->failure.y + g->failure.height;
    }
  g->height = y;
}

static void
place_x (KlMessageRow *self, Geometry *g)
{
  int start = g->column_x + (self->mine ? 0 : AVATAR_PX + AVATAR_GAP_PX);
  int end = g->column_x + g->column_width;

  g->bubble.x = self->mine ? end - g->bubble.width : start;
  g->name.x = g->text.x = g->bubble.x + PAD_X_PX;
  g->role.x = g->name.x + g->name.width + ROLE_GAP_PX;
  g->more.x = g->text.x - PAD_X_PX / 2;
  g->reactions.x = self->mine ? end - g->reactions.width : start;
  g->failure.x = self->mine ? end - g->failure.width : start;
  g->avatar = (GtkAllocation) { g->column_x, g->bubble.y + g->bubble.height - AVATAR_PX, AVATAR_PX, AVATAR_PX };
}

static void
find_geometry (KlMessageRow *self, int width, Geometry *g)
{
  int max;
  int inner;

  *g = (Geometry) { 0 };
  kl_row_find_column (width, &g->column_x, &g->column_width);
  max = MIN (TEXT_MAX_PX, g->column_width - AVATAR_PX - AVATAR_GAP_PX - 2 * PAD_X_PX);
  measure_name (self, g, max);
  kl_message_text_fit (KL_MESSAGE_TEXT (self->text), max, &g->text.width, &g->text.height);
  inner = MAX (g->text.width, g->name.width + (g->role.width > 0 ? g->role.width + ROLE_GAP_PX : 0));
  if (is_shown (self->more))
    {
      gtk_widget_measure (self->more, GTK_ORIENTATION_HORIZONTAL, -1, NULL, &g->more.width, NULL, NULL);
      gtk_widget_measure (self->more, GTK_ORIENTATION_VERTICAL, -1, NULL, &g->more.height, NULL, NULL);
      g->more.width = MIN (g->more.width, max);
      inner = MAX (inner, g->more.width);
    }
  measure_below (self, g, g->column_width - AVATAR_PX - AVATAR_GAP_PX);
  stack_bubble (self, g, inner);
  stack_below (g);
  place_x (self, g);
}

static GtkSizeRequestMode
kl_message_row_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
kl_message_row_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                        int *minimum_baseline, int *natural_baseline)
{
  KlMessageRow *self = KL_MESSAGE_ROW (widget);
  Geometry g;

  if (orientation == GTK_ORIENTATION_HORIZONTAL || self->row == NULL)
    {
      *minimum = *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? MIN_WIDTH_PX : 0;
      return;
    }
  find_geometry (self, MAX (for_size, MIN_WIDTH_PX), &g);
  *minimum = *natural = g.height;
}

static void
place (KlMessageRow *self, GtkWidget *child, GtkAllocation at, int width)
{
  if (!is_shown (child))
    return;
  if (gtk_widget_get_direction (GTK_WIDGET (self)) == GTK_TEXT_DIR_RTL)
    at.x = width - at.x - at.width;
  gtk_widget_size_allocate (child, &at, -1);
}

static void
kl_message_row_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  KlMessageRow *self = KL_MESSAGE_ROW (widget);
  Geometry g;

  if (self->row == NULL)
    return;
  find_geometry (self, width, &g);
  place (self, self->avatar, g.avatar, width);
  place (self, self->bubble, g.bubble, width);
  place (self, self->name, g.name, width);
  place (self, self->role, g.role, width);
  place (self, self->text, g.text, width);
  place (self, self->more, g.more, width);
  place (self, self->reactions, g.reactions, width);
  place (self, self->failure, g.failure, width);
}

/* ── What is shown ── */

static void
set_class (KlMessageRow *self, const char *css_class, gboolean on)
{
  if (on)
    gtk_widget_add_css_class (GTK_WIDGET (self), css_class);
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self), css_class);
}

/* Where the first part of a long text ends: after a whole character as people see it, and not inside a link, which would lead elsewhere. */
static gsize
find_cut (const char *body)
{
  gsize cut = kl_text_cut (body, strlen (body), COLLAPSE_CHARS);
  g_autoptr (GArray) links = kl_links_find (body);

  for (guint i = 0; links != NULL && i < links->len; i++)
    {
      KlLink link = g_array_index (links, KlLink, i);

      if ((gsize) link.start < cut && (gsize) link.end > cut)
        return (gsize) (link.start > 0 ? link.start : link.end);
    }
  return cut;
}

static gboolean
is_long (const char *body)
{
  return strlen (body) > COLLAPSE_CHARS && g_utf8_strlen (body, -1) > COLLAPSE_CHARS;
}

static void
on_more_clicked (GtkButton *button, KlMessageRow *self)
{
  if (self->row != NULL)
    kl_row_set_expanded (self->row, !kl_row_get_expanded (self->row));
}

static void
show_more_button (KlMessageRow *self, gboolean shown)
{
  if (self->more == NULL && shown)
    {
      self->more = gtk_button_new ();
      gtk_widget_add_css_class (self->more, "flat");
      gtk_widget_add_css_class (self->more, "more");
      g_signal_connect (self->more, "clicked", G_CALLBACK (on_more_clicked), self);
      gtk_widget_insert_after (self->more, GTK_WIDGET (self), self->text);
    }
  if (self->more == NULL)
    return;
  gtk_widget_set_visible (self->more, shown);
  if (shown)
    gtk_button_set_label (GTK_BUTTON (self->more), self->collapsed ? _ ("Show more") : _ ("Show less"));
}

static void
show_text (KlMessageRow *self)
{
  KlMessageText *text = KL_MESSAGE_TEXT (self->text);
  const char *body = kl_message_get_body (self->message);
  gboolean deleted = kl_message_get_deleted (self->message);
  gboolean is_too_long = !deleted && is_long (body);

  self->collapsed = is_too_long && !kl_row_get_expanded (self->row);
  if (deleted)
    kl_message_text_set_text (text, _ ("Message deleted"), 1);
  else if (self->collapsed)
    {
      g_autoptr (GString) part = g_string_new_len (body, (gssize) find_cut (body));

      g_string_append_unichar (part, 0x2026);
      kl_message_text_set_text (text, part->str, 1);
    }
  else
    kl_message_text_set_text (text, body, kl_text_count_lone_emoji (body) > 0 ? LONE_EMOJI_SCALE : 1);
  show_more_button (self, is_too_long);
  set_class (self, "deleted", deleted);
  set_class (self, "mention", kl_message_get_mentions_me (self->message) && !deleted && !self->mine);
}

static void
on_retry_clicked (GtkButton *button, KlMessageRow *self)
{
  g_signal_emit (self, signals[SIGNAL_RETRY], 0);
}

static void
show_failure (KlMessageRow *self)
{
  gboolean failed = self->mine && kl_message_get_state (self->message) == KL_MESSAGE_STATE_FAILED;
  const GError *error;
  g_autofree char *why = NULL;

  if (self->failure == NULL && failed)
    {
      self->failure = gtk_button_new_with_label (_ ("Not sent. Try again"));
      gtk_widget_add_css_class (self->failure, "flat");
      gtk_widget_add_css_class (self->failure, "failure");
      g_signal_connect (self->failure, "clicked", G_CALLBACK (on_retry_clicked), self);
      gtk_widget_set_parent (self->failure, GTK_WIDGET (self));
    }
  if (self->failure == NULL)
    return;
  error = failed ? kl_message_get_error (self->message) : NULL;
  why = error != NULL ? kl_error_dup_sentence (error) : NULL;
  gtk_widget_set_visible (self->failure, failed);
  gtk_widget_set_tooltip_text (self->failure, why);
}

static void
on_reactions_changed (GListModel *model, guint position, guint removed, guint added, KlMessageRow *self)
{
  kl_reactions_show (KL_REACTIONS (self->reactions), model, TRUE);
  gtk_widget_set_visible (self->reactions, g_list_model_get_n_items (model) > 0);
}

static void
drop_reactions (KlMessageRow *self)
{
  if (self->reactions_model != NULL)
    g_signal_handlers_disconnect_by_data (self->reactions_model, self);
  g_clear_object (&self->reactions_model);
}

static void
show_reactions (KlMessageRow *self, gboolean animate)
{
  GListModel *model = kl_message_get_deleted (self->message) ? NULL : kl_message_get_reactions (self->message);

  drop_reactions (self);
  if (model == NULL)
    {
      if (self->reactions != NULL)
        gtk_widget_set_visible (self->reactions, FALSE);
      return;
    }
  if (self->reactions == NULL)
    {
      self->reactions = kl_reactions_new ();
      gtk_widget_set_parent (self->reactions, GTK_WIDGET (self));
    }
  self->reactions_model = g_object_ref (model);
  g_signal_connect (model, "items-changed", G_CALLBACK (on_reactions_changed), self);
  kl_reactions_show (KL_REACTIONS (self->reactions), model, animate);
  gtk_widget_set_visible (self->reactions, g_list_model_get_n_items (model) > 0);
}

void
kl_message_row_update_role (KlMessageRow *self)
{
  const char *role;

  g_return_if_fail (KL_IS_MESSAGE_ROW (self));

  if (self->row == NULL)
    return;
  role = self->has_name && self->role_func != NULL && self->sender != NULL
             ? self->role_func (self->sender, self->role_data)
             : NULL;
  gtk_widget_set_visible (self->role, role != NULL);
  if (role != NULL)
    kl_message_text_set_text (KL_MESSAGE_TEXT (self->role), role, 1);
}

static void
show_name (KlMessageRow *self)
{
  self->has_name = !self->mine && !kl_row_get_joined_above (self->row) && self->sender != NULL;
  gtk_widget_set_visible (self->name, self->has_name);
  if (self->has_name)
    {
      const char *name = kl_user_get_display_name (self->sender);
      g_autofree char *told_apart
        = kl_user_get_twin (self->sender) ? g_strdup_printf ("%s (%s)", name, kl_user_get_address (self->sender)) : NULL;

      kl_message_text_set_text (KL_MESSAGE_TEXT (self->name), told_apart != NULL ? told_apart : name, 1);
      kl_hue_apply (self->name, (int) kl_user_get_hue (self->sender));
    }
  kl_message_row_update_role (self);
}

static void
show_place (KlMessageRow *self)
{
  gboolean avatar = !self->mine && !kl_row_get_joined_below (self->row) && self->sender != NULL;

  set_class (self, "joined-above", kl_row_get_joined_above (self->row));
  set_class (self, "joined-below", kl_row_get_joined_below (self->row));
  if (avatar)
    kl_avatar_set_user (KL_AVATAR (self->avatar), self->sender);
  gtk_widget_set_visible (self->avatar, avatar);
  show_name (self);
}

static const char *
state_words (KlMessage *message)
{
  if (!kl_message_get_mine (message) || kl_message_get_deleted (message))
    return NULL;
  switch (kl_message_get_state (message))
    {
    case KL_MESSAGE_STATE_PENDING:
      return _ ("sending");
    case KL_MESSAGE_STATE_FAILED:
      return _ ("not sent");
    case KL_MESSAGE_STATE_READ:
      return _ ("read");
    case KL_MESSAGE_STATE_SENT:
    default:
      return NULL;
    }
}

char *
kl_message_dup_label (KlMessage *message)
{
  g_autofree char *time = NULL;
  KlUser *sender;
  const char *name;
  const char *state;
  const char *body;
  GString *label = g_string_new (NULL);

  g_return_val_if_fail (KL_IS_MESSAGE (message), NULL);

  sender = kl_message_get_sender (message);
  time = kl_clock_format_time (kl_clock_get_default (), kl_message_get_created_at (message));
  name = kl_message_get_mine (message) ? _ ("You") : sender != NULL ? kl_user_get_display_name (sender) : "";
  body = kl_message_get_deleted (message) ? _ ("Message deleted") : kl_message_get_body (message);
  state = state_words (message);
  g_string_append_printf (label, "%s, %s, %s", name, time, body);
  if (kl_message_get_edited_at (message) != 0 && !kl_message_get_deleted (message))
    g_string_append_printf (label, ", %s", _ ("edited"));
  if (state != NULL)
    g_string_append_printf (label, ", %s", state);
  return g_string_free (label, FALSE);
}

static void
update_label (KlMessageRow *self)
{
  g_autofree char *label = kl_message_dup_label (self->message);

  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
}

static void
on_message_notify (KlMessage *message, GParamSpec *pspec, KlMessageRow *self)
{
  const char *name = pspec->name;

  if (g_str_equal (name, "body") || g_str_equal (name, "deleted") || g_str_equal (name, "mentions-me"))
    show_text (self);
  if (g_str_equal (name, "reactions") || g_str_equal (name, "deleted"))
    show_reactions (self, TRUE);
  if (g_str_equal (name, "state") || g_str_equal (name, "error"))
    show_failure (self);
  kl_message_meta_show (KL_MESSAGE_META (self->meta), message, TRUE);
  update_label (self);
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

static void
on_row_changed (KlRow *row, KlMessageRow *self)
{
  show_place (self);
  show_text (self);
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

static void
on_sender_notify (KlUser *sender, GParamSpec *pspec, KlMessageRow *self)
{
  show_name (self);
  update_label (self);
}

static void
on_clock_changed (KlMessageRow *self)
{
  if (self->message == NULL)
    return;
  kl_message_meta_show (KL_MESSAGE_META (self->meta), self->message, FALSE);
  update_label (self);
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

static void
end_flash (KlMessageRow *self)
{
  g_clear_handle_id (&self->flash_id, g_source_remove);
  gtk_widget_remove_css_class (GTK_WIDGET (self), "flash");
}

static gboolean
on_flash_end (gpointer user_data)
{
  KL_MESSAGE_ROW (user_data)->flash_id = 0;
  end_flash (user_data);
  return G_SOURCE_REMOVE;
}

void
kl_message_row_flash (KlMessageRow *self)
{
  g_return_if_fail (KL_IS_MESSAGE_ROW (self));

  end_flash (self);
  gtk_widget_add_css_class (GTK_WIDGET (self), "flash");
  self->flash_id = g_timeout_add (FLASH_MS, on_flash_end, self);
}

static void
kl_message_row_bind (KlTimelineRow *row, GObject *item)
{
  KlMessageRow *self = KL_MESSAGE_ROW (row);

  self->row = g_object_ref (KL_ROW (item));
  self->message = g_object_ref (kl_row_get_message (self->row));
  g_set_object (&self->sender, kl_message_get_sender (self->message));
  self->mine = kl_message_get_mine (self->message);
  set_class (self, "own", self->mine);
  show_place (self);
  show_text (self);
  kl_message_meta_show (KL_MESSAGE_META (self->meta), self->message, FALSE);
  show_reactions (self, FALSE);
  show_failure (self);
  update_label (self);
  g_signal_connect (self->row, "changed", G_CALLBACK (on_row_changed), self);
  g_signal_connect (self->message, "notify", G_CALLBACK (on_message_notify), self);
  if (self->sender != NULL)
    {
      g_signal_connect (self->sender, "notify::display-name", G_CALLBACK (on_sender_notify), self);
      g_signal_connect (self->sender, "notify::twin", G_CALLBACK (on_sender_notify), self);
    }
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

static void
kl_message_row_unbind (KlTimelineRow *row)
{
  KlMessageRow *self = KL_MESSAGE_ROW (row);

  if (self->row == NULL)
    return;
  end_flash (self);
  drop_reactions (self);
  g_signal_handlers_disconnect_by_data (self->row, self);
  g_signal_handlers_disconnect_by_data (self->message, self);
  if (self->sender != NULL)
    g_signal_handlers_disconnect_by_data (self->sender, self);
  kl_avatar_set_user (KL_AVATAR (self->avatar), NULL);
  g_clear_object (&self->row);
  g_clear_object (&self->message);
  g_clear_object (&self->sender);
}

static int
kl_message_row_get_byte_at (KlTimelineRow *row, double x, double y, gboolean *inside)
{
  KlMessageRow *self = KL_MESSAGE_ROW (row);
  graphene_point_t point;

  *inside = FALSE;
  if (!gtk_widget_compute_point (GTK_WIDGET (self), self->text, &GRAPHENE_POINT_INIT ((float) x, (float) y), &point))
    return -1;
  return kl_message_text_get_byte_at (KL_MESSAGE_TEXT (self->text), (double) point.x, (double) point.y, inside);
}

static void
kl_message_row_set_selection (KlTimelineRow *row, int start, int end)
{
  kl_message_text_set_selection (KL_MESSAGE_TEXT (KL_MESSAGE_ROW (row)->text), start, end);
}

static void
kl_message_row_timeline_row_init (KlTimelineRowInterface *iface)
{
  iface->bind = kl_message_row_bind;
  iface->unbind = kl_message_row_unbind;
  iface->get_byte_at = kl_message_row_get_byte_at;
  iface->set_selection = kl_message_row_set_selection;
}

KlMessage *
kl_message_row_get_message (KlMessageRow *self)
{
  g_return_val_if_fail (KL_IS_MESSAGE_ROW (self), NULL);

  return self->message;
}

char *
kl_message_row_dup_link_at (KlMessageRow *self, double x, double y)
{
  graphene_point_t point;

  g_return_val_if_fail (KL_IS_MESSAGE_ROW (self), NULL);

  if (!gtk_widget_compute_point (GTK_WIDGET (self), self->text, &GRAPHENE_POINT_INIT ((float) x, (float) y), &point))
    return NULL;
  return kl_message_text_dup_link_at (KL_MESSAGE_TEXT (self->text), (double) point.x, (double) point.y);
}

char *
kl_message_row_dup_only_link (KlMessageRow *self)
{
  g_return_val_if_fail (KL_IS_MESSAGE_ROW (self), NULL);

  if (kl_message_text_get_n_links (KL_MESSAGE_TEXT (self->text)) != 1)
    return NULL;
  return kl_message_text_dup_link (KL_MESSAGE_TEXT (self->text), 0);
}

static void
kl_message_row_dispose (GObject *object)
{
  KlMessageRow *self = KL_MESSAGE_ROW (object);
  GtkWidget *child;

  kl_message_row_unbind (KL_TIMELINE_ROW (self));
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  self->more = self->reactions = self->failure = NULL;
  G_OBJECT_CLASS (kl_message_row_parent_class)->dispose (object);
}

static void
kl_message_row_class_init (KlMessageRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_message_row_dispose;
  widget_class->get_request_mode = kl_message_row_get_request_mode;
  widget_class->measure = kl_message_row_measure;
  widget_class->size_allocate = kl_message_row_size_allocate;
  signals[SIGNAL_RETRY]
      = g_signal_new ("retry", KL_TYPE_MESSAGE_ROW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  gtk_widget_class_set_css_name (widget_class, "message");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_LIST_ITEM);
}

static void
kl_message_row_init (KlMessageRow *self)
{
  self->bubble
      = g_object_new (ADW_TYPE_BIN, "css-name", "bubble", "accessible-role", GTK_ACCESSIBLE_ROLE_PRESENTATION, NULL);
  self->avatar = kl_avatar_new (AVATAR_PX);
  self->name = kl_message_text_new ("name", KL_TEXT_ONE_LINE);
  self->role = kl_message_text_new ("role", KL_TEXT_ONE_LINE);
  self->text = kl_message_text_new ("body", KL_TEXT_LINKS | KL_TEXT_LOOSE);
  self->meta = kl_message_meta_new ();
  kl_avatar_set_shows_presence (KL_AVATAR (self->avatar), FALSE);
  kl_message_text_set_meta (KL_MESSAGE_TEXT (self->text), self->meta);
  gtk_widget_set_parent (self->bubble, GTK_WIDGET (self));
  gtk_widget_set_parent (self->avatar, GTK_WIDGET (self));
  gtk_widget_set_parent (self->name, GTK_WIDGET (self));
  gtk_widget_set_parent (self->role, GTK_WIDGET (self));
  gtk_widget_set_parent (self->text, GTK_WIDGET (self));
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  g_signal_connect_object (kl_clock_get_default (), "changed", G_CALLBACK (on_clock_changed), self, G_CONNECT_SWAPPED);
}

GtkWidget *
kl_message_row_new (KlMessageRowRoleFunc role, gpointer user_data)
{
  KlMessageRow *self = g_object_new (KL_TYPE_MESSAGE_ROW, NULL);

  self->role_func = role;
  self->role_data = user_data;
  return GTK_WIDGET (self);
}
