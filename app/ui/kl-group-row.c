/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-group-row.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "app/ui/kl-badge.h"
#include "app/ui/kl-template.h"
#include "app/ui/kl-tile.h"
#include "app/ui/kl-words.h"

struct _KlGroupRow
{
  GtkWidget parent_instance;

  GtkWidget *box;
  KlTile *tile;
  GtkLabel *name;
  GtkWidget *muted;
  GtkWidget *pinned;
  GtkLabel *time;
  GtkImage *ticks;
  GtkLabel *author;
  GtkLabel *preview;
  KlBadge *mentions;
  KlBadge *unread;

  KlGroup *group;
  GSignalGroup *group_signals;
  GSignalGroup *message_signals;
  GSignalGroup *sender_signals;
  GSignalGroup *call_signals;
  GSignalGroup *typing_signals;
  char *spoken;
  AdwAnimation *slide;
  double offset;
};

typedef enum
{
  PROP_GROUP = 1,
  PROP_SPOKEN,
} Prop;

static GParamSpec *properties[PROP_SPOKEN + 1];

enum
{
  SIGNAL_CLICKED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KlGroupRow, kl_group_row, GTK_TYPE_WIDGET)

GtkWidget *
kl_group_row_new (void)
{
  return g_object_new (KL_TYPE_GROUP_ROW, NULL);
}

static void
set_style_class (GtkWidget  *widget,
                 const char *name,
                 gboolean    on)
{
  if (on)
    gtk_widget_add_css_class (widget, name);
  else
    gtk_widget_remove_css_class (widget, name);
}

/* One's own newest message says how far it has come. */
static void
update_ticks (KlGroupRow *self,
              gboolean    shown)
{
  KlMessage *message = kl_group_get_last_message (self->group);
  const char *icon = NULL;
  KlMessageState state = KL_MESSAGE_STATE_SENT;

  if (shown && message != NULL && kl_message_get_mine (message) && !kl_message_get_deleted (message))
    {
      state = kl_message_get_state (message);
      switch (state)
        {
        case KL_MESSAGE_STATE_PENDING:
          icon = "kl-clock-symbolic";
          break;
        case KL_MESSAGE_STATE_FAILED:
          icon = "kl-failed-symbolic";
          break;
        case KL_MESSAGE_STATE_SENT:
          icon = "kl-check-symbolic";
          break;
        case KL_MESSAGE_STATE_READ:
          icon = "kl-check-double-symbolic";
          break;
        }
    }
  gtk_widget_set_visible (GTK_WIDGET (self->ticks), icon != NULL);
  if (icon != NULL)
    gtk_image_set_from_icon_name (self->ticks, icon);
  set_style_class (GTK_WIDGET (self->ticks), "read", state == KL_MESSAGE_STATE_READ);
  set_style_class (GTK_WIDGET (self->ticks), "failed", state == KL_MESSAGE_STATE_FAILED);
}

static void
set_second_line (KlGroupRow *self,
                 const char *author,
                 const char *text,
                 gboolean    is_draft,
                 gboolean    is_typing)
{
  gtk_widget_set_visible (GTK_WIDGET (self->author), author != NULL);
  gtk_label_set_label (self->author, author != NULL ? author : "");
  gtk_label_set_label (self->preview, text);
  set_style_class (GTK_WIDGET (self->author), "draft", is_draft);
  set_style_class (GTK_WIDGET (self->preview), "typing", is_typing);
  update_ticks (self, !is_draft && !is_typing);
}

/* Typing stands before a draft, a draft before the newest message. */
static void
update_second_line (KlGroupRow *self)
{
  g_autofree char *typing = kl_words_dup_typing (kl_group_get_typing (self->group));
  const char *draft = kl_group_get_draft (self->group);

  if (typing != NULL)
    set_second_line (self, NULL, typing, FALSE, TRUE);
  else if (draft != NULL && *draft != '\0' && !kl_group_get_open (self->group))
    {
      g_autofree char *line = kl_text_dup_preview (draft, 120);

      set_second_line (self, _ ("Draft:"), line, TRUE, FALSE);
    }
  else
    {
      g_autofree char *author = NULL;
      g_autofree char *preview = kl_words_dup_preview (self->group, &author);

      set_second_line (self, author, preview, FALSE, FALSE);
    }
}

static void
append_part (GString    *spoken,
             const char *part)
{
  if (part == NULL || *part == '\0')
    return;
  if (spoken->len > 0)
    /* Translators: between the parts of a spoken list */
    g_string_append (spoken, _ (", "));
  g_string_append (spoken, part);
}

static guint
count_in_call (KlGroup *group)
{
  KlGroupCall *call = kl_group_get_call (group);

  return call != NULL ? kl_group_call_get_n_people (call) : 0;
}

static void
update_spoken (KlGroupRow *self)
{
  g_autoptr (GString) spoken = g_string_new (NULL);
  g_autofree char *line = NULL;
  const char *author = gtk_label_get_label (self->author);
  guint unread = kl_group_get_unread (self->group), mentions = kl_group_get_mentions (self->group);
  guint here = kl_group_get_here (self->group), in_call = count_in_call (self->group);

  append_part (spoken, kl_group_get_name (self->group));
  if (unread > 0)
    {
      g_autofree char *part = g_strdup_printf (ngettext ("%u unread", "%u unread", unread), unread);

      append_part (spoken, part);
    }
  if (mentions > 0)
    {
      g_autofree char *part = g_strdup_printf (ngettext ("%u mention", "%u mentions", mentions), mentions);

      append_part (spoken, part);
    }
  if (in_call > 0)
    {
      g_autofree char *part = g_strdup_printf (ngettext ("%u in a call", "%u in a call", in_call), in_call);

      append_part (spoken, part);
    }
  if (here > 0)
    {
      g_autofree char *part = kl_words_dup_here (here);

      append_part (spoken, part);
    }
  line = *author != '\0' ? g_strdup_printf ("%s %s", author, gtk_label_get_label (self->preview))
                         : g_strdup (gtk_label_get_label (self->preview));
  append_part (spoken, line);
  append_part (spoken, gtk_label_get_label (self->time));
  if (kl_group_get_pinned (self->group))
    append_part (spoken, _ ("pinned"));
  if (kl_group_get_notify (self->group) == KL_NOTIFY_NONE)
    append_part (spoken, _ ("muted"));
  if (g_set_str (&self->spoken, spoken->str))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SPOKEN]);
}

void
kl_group_row_update_time (KlGroupRow *self)
{
  g_autofree char *time = NULL;

  g_return_if_fail (KL_IS_GROUP_ROW (self));

  if (self->group == NULL)
    return;
  time = kl_words_dup_list_time (kl_group_get_last_time (self->group));
  gtk_label_set_label (self->time, time);
}

static void
update (KlGroupRow *self,
        gboolean    animate)
{
  KlGroup *group = self->group;
  guint unread = kl_group_get_unread (group);

  kl_tile_set_look (self->tile, kl_group_get_id (group), kl_group_get_name (group), kl_group_get_emoji (group),
                    (int) kl_group_get_hue (group));
  kl_tile_set_here (self->tile, kl_group_get_here (group), animate);
  kl_tile_set_call (self->tile, count_in_call (group), animate);
  gtk_label_set_label (self->name, kl_group_get_name (group));
  gtk_widget_set_visible (self->muted, kl_group_get_notify (group) == KL_NOTIFY_NONE);
  gtk_widget_set_visible (self->pinned, kl_group_get_pinned (group));
  kl_badge_set_count (self->unread, unread, animate);
  kl_badge_set_count (self->mentions, kl_group_get_mentions (group), animate);
  set_style_class (GTK_WIDGET (self), "unread", unread > 0);
  kl_group_row_update_time (self);
  update_second_line (self);
  update_spoken (self);
}

/* The newest message, and who sent it: a name may come after the message, or change. */
static void
follow_message (KlGroupRow *self)
{
  KlMessage *message = self->group != NULL ? kl_group_get_last_message (self->group) : NULL;

  g_signal_group_set_target (self->message_signals, message);
  g_signal_group_set_target (self->sender_signals, message != NULL ? kl_message_get_sender (message) : NULL);
}

static void
on_call_changed (KlGroupRow *self)
{
  update (self, TRUE);
}

static void
on_group_changed (KlGroupRow *self,
                  GParamSpec *pspec)
{
  if (pspec != NULL && g_str_equal (pspec->name, "last-message"))
    follow_message (self);
  g_signal_group_set_target (self->call_signals, kl_group_get_call (self->group));
  update (self, TRUE);
}

static void
on_line_changed (KlGroupRow *self)
{
  follow_message (self);
  update_second_line (self);
  update_spoken (self);
}

void
kl_group_row_set_group (KlGroupRow *self,
                        KlGroup    *group)
{
  g_return_if_fail (KL_IS_GROUP_ROW (self));
  g_return_if_fail (group == NULL || KL_IS_GROUP (group));

  adw_animation_skip (self->slide);
  if (!g_set_object (&self->group, group))
    return;
  g_signal_group_set_target (self->group_signals, group);
  follow_message (self);
  g_signal_group_set_target (self->call_signals, group != NULL ? kl_group_get_call (group) : NULL);
  g_signal_group_set_target (self->typing_signals, group != NULL ? kl_group_get_typing (group) : NULL);
  if (group != NULL)
    update (self, FALSE);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_GROUP]);
}

KlGroup *
kl_group_row_get_group (KlGroupRow *self)
{
  g_return_val_if_fail (KL_IS_GROUP_ROW (self), NULL);

  return self->group;
}

const char *
kl_group_row_get_spoken (KlGroupRow *self)
{
  g_return_val_if_fail (KL_IS_GROUP_ROW (self), NULL);

  return self->spoken;
}

/* ── Sliding ─────────────────────────────────────────────────────────────── */

static void
on_slide_value (double      value,
                KlGroupRow *self)
{
  self->offset = value;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
kl_group_row_slide_from (KlGroupRow *self,
                         double      offset)
{
  g_return_if_fail (KL_IS_GROUP_ROW (self));

  /* From where it is drawn now, if it is still on its way. */
  adw_spring_animation_set_value_from (ADW_SPRING_ANIMATION (self->slide), offset + self->offset);
  adw_animation_play (self->slide);
}

static void
kl_group_row_snapshot (GtkWidget   *widget,
                       GtkSnapshot *snapshot)
{
  KlGroupRow *self = KL_GROUP_ROW (widget);

  gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT (0, (float) self->offset));
  gtk_widget_snapshot_child (widget, self->box, snapshot);
}

void
kl_group_row_click (KlGroupRow *self)
{
  g_return_if_fail (KL_IS_GROUP_ROW (self));

  g_signal_emit (self, signals[SIGNAL_CLICKED], 0);
}

static void
on_released (KlGroupRow *self)
{
  kl_group_row_click (self);
}

/* ── Object ──────────────────────────────────────────────────────────────── */

static void
kl_group_row_get_property (GObject    *object,
                           guint       id,
                           GValue     *value,
                           GParamSpec *pspec)
{
  KlGroupRow *self = KL_GROUP_ROW (object);

  switch ((Prop) id)
    {
    case PROP_GROUP:
      g_value_set_object (value, self->group);
      break;
    case PROP_SPOKEN:
      g_value_set_string (value, self->spoken);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_group_row_dispose (GObject *object)
{
  KlGroupRow *self = KL_GROUP_ROW (object);

  if (self->slide != NULL)
    kl_group_row_set_group (self, NULL);
  g_clear_object (&self->slide);
  g_clear_object (&self->group_signals);
  g_clear_object (&self->message_signals);
  g_clear_object (&self->sender_signals);
  g_clear_object (&self->call_signals);
  g_clear_object (&self->typing_signals);
  kl_dispose_template (GTK_WIDGET (object), KL_TYPE_GROUP_ROW);
  G_OBJECT_CLASS (kl_group_row_parent_class)->dispose (object);
}

static void
kl_group_row_finalize (GObject *object)
{
  g_free (KL_GROUP_ROW (object)->spoken);
  G_OBJECT_CLASS (kl_group_row_parent_class)->finalize (object);
}

static void
kl_group_row_class_init (KlGroupRowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = kl_group_row_get_property;
  object_class->dispose = kl_group_row_dispose;
  object_class->finalize = kl_group_row_finalize;
  widget_class->snapshot = kl_group_row_snapshot;

  properties[PROP_GROUP] = g_param_spec_object ("group", NULL, NULL, KL_TYPE_GROUP, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  properties[PROP_SPOKEN] = g_param_spec_string ("spoken", NULL, NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
  signals[SIGNAL_CLICKED]
    = g_signal_new ("clicked", KL_TYPE_GROUP_ROW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);

  g_type_ensure (KL_TYPE_TILE);
  g_type_ensure (KL_TYPE_BADGE);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-group-row.ui");
  gtk_widget_class_bind_template_child (widget_class, KlGroupRow, box);
  gtk_widget_class_bind_template_child (widget_class, KlGroupRow, tile);
  gtk_widget_class_bind_template_child (widget_class, KlGroupRow, name);
  gtk_widget_class_bind_template_child (widget_class, KlGroupRow, muted);
  gtk_widget_class_bind_template_child (widget_class, KlGroupRow, pinned);
  gtk_widget_class_bind_template_child (widget_class, KlGroupRow, time);
  gtk_widget_class_bind_template_child (widget_class, KlGroupRow, ticks);
  gtk_widget_class_bind_template_child (widget_class, KlGroupRow, author);
  gtk_widget_class_bind_template_child (widget_class, KlGroupRow, preview);
  gtk_widget_class_bind_template_child (widget_class, KlGroupRow, mentions);
  gtk_widget_class_bind_template_child (widget_class, KlGroupRow, unread);
  gtk_widget_class_bind_template_callback (widget_class, on_released);
}

static void
kl_group_row_init (KlGroupRow *self)
{
  AdwAnimationTarget *target;

  gtk_widget_init_template (GTK_WIDGET (self));

  self->group_signals = g_signal_group_new (KL_TYPE_GROUP);
  g_signal_group_connect_object (self->group_signals, "notify", G_CALLBACK (on_group_changed), self, G_CONNECT_SWAPPED);
  self->call_signals = g_signal_group_new (KL_TYPE_GROUP_CALL);
  g_signal_group_connect_object (self->call_signals, "notify::n-people", G_CALLBACK (on_call_changed), self, G_CONNECT_SWAPPED);
  self->message_signals = g_signal_group_new (KL_TYPE_MESSAGE);
  g_signal_group_connect_object (self->message_signals, "notify", G_CALLBACK (on_line_changed), self, G_CONNECT_SWAPPED);
  self->sender_signals = g_signal_group_new (KL_TYPE_USER);
  g_signal_group_connect_object (self->sender_signals, "notify::display-name", G_CALLBACK (on_line_changed), self,
                                 G_CONNECT_SWAPPED);
  g_signal_group_connect_object (self->sender_signals, "notify::name", G_CALLBACK (on_line_changed), self, G_CONNECT_SWAPPED);
  self->typing_signals = g_signal_group_new (G_TYPE_LIST_MODEL);
  g_signal_group_connect_object (self->typing_signals, "items-changed", G_CALLBACK (on_line_changed), self,
                                 G_CONNECT_SWAPPED);

  target = adw_callback_animation_target_new ((AdwAnimationTargetFunc) on_slide_value, self, NULL);
  self->slide = adw_spring_animation_new (GTK_WIDGET (self), 0, 0, adw_spring_params_new (1, 1, 500), target);
}
