/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-composer.h"

#include <glib/gi18n.h>

#include "app/ui/kl-template.h"

#define MOST_LINES 8
#define FIELD_PX 44  /* at least, as in the style */
#define MARGIN_PX 10 /* above and below the text, at least */

struct _KlComposer
{
  GtkWidget parent_instance;

  GtkScrolledWindow *scroller;
  GtkTextView *view;
  GtkLabel *placeholder;
  GtkWidget *send_button;

  KlGroup *group;
  GSignalGroup *group_signals;
  gboolean filling;    /* by us, not by the person */
  gboolean converting; /* an input method has something in hand */
  guint measuring;     /* tick callback of the view, which ends with it */
  gboolean measured;   /* in this frame; in the next it has grown */
};

enum
{
  SIGNAL_SEND,
  SIGNAL_TYPING,
  SIGNAL_USED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KlComposer, kl_composer, GTK_TYPE_WIDGET)

GtkWidget *
kl_composer_new (void)
{
  return g_object_new (KL_TYPE_COMPOSER, NULL);
}

char *
kl_composer_dup_text (KlComposer *self)
{
  GtkTextBuffer *buffer;
  GtkTextIter start, end;

  g_return_val_if_fail (KL_IS_COMPOSER (self), NULL);

  buffer = gtk_text_view_get_buffer (self->view);
  gtk_text_buffer_get_bounds (buffer, &start, &end);
  return gtk_text_buffer_get_text (buffer, &start, &end, FALSE);
}

/* White space and what has no shape send nothing. */
static gboolean
is_visible (const char *text)
{
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    if (g_unichar_isgraph (g_utf8_get_char (p)) && !g_unichar_iszerowidth (g_utf8_get_char (p)))
      return TRUE;
  return FALSE;
}

/* Lines left empty before, and anything blank after, are no part of what one says; an indented first line is. */
static char *
dup_trimmed (const char *text)
{
  char *body;

  while (*text == '\n')
    text++;
  body = g_strdup (text);
  return g_strchomp (body);
}

static void
update_placeholder (KlComposer *self,
                    gboolean    empty)
{
  gtk_widget_set_visible (GTK_WIDGET (self->placeholder), empty && !self->converting);
}

static void
on_text_changed (KlComposer *self)
{
  g_autofree char *text = kl_composer_dup_text (self);
  gboolean visible = is_visible (text);

  update_placeholder (self, *text == '\0');
  gtk_widget_set_sensitive (self->send_button, visible);
  if (self->filling || self->group == NULL)
    return;
  kl_group_set_draft (self->group, text);
  g_signal_emit (self, signals[SIGNAL_TYPING], 0, visible);
}

static void
fill (KlComposer *self,
      const char *text)
{
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (self->view);

  self->filling = TRUE;
  gtk_text_buffer_begin_irreversible_action (buffer);
  gtk_text_buffer_set_text (buffer, text, -1);
  gtk_text_buffer_end_irreversible_action (buffer);
  self->filling = FALSE;
}

void
kl_composer_send (KlComposer *self)
{
  g_autofree char *text = NULL;
  g_autofree char *body = NULL;

  g_return_if_fail (KL_IS_COMPOSER (self));

  text = kl_composer_dup_text (self);
  if (!is_visible (text))
    return;
  body = dup_trimmed (text);
  /* The draft on disk stays until the message is there: so this is not one of the person's changes. */
  fill (self, "");
  gtk_widget_grab_focus (GTK_WIDGET (self->view));
  g_signal_emit (self, signals[SIGNAL_SEND], 0, body);
}

void
kl_composer_put_back (KlComposer *self,
                      KlGroup    *group,
                      const char *body)
{
  g_autofree char *text = NULL;
  g_autofree char *whole = NULL;

  g_return_if_fail (KL_IS_COMPOSER (self));

  if (self->group != group)
    {
      const char *draft = kl_group_get_draft (group);

      whole = *draft != '\0' && !g_str_equal (draft, body) ? g_strconcat (body, "\n", draft, NULL) : g_strdup (body);
      kl_group_set_draft (group, whole);
      return;
    }
  text = kl_composer_dup_text (self);
  whole = *text != '\0' ? g_strconcat (body, "\n", text, NULL) : g_strdup (body);
  kl_composer_set_text (self, whole);
}

void
kl_composer_keep_draft (KlComposer *self)
{
  g_autofree char *text = NULL;

  g_return_if_fail (KL_IS_COMPOSER (self));

  text = kl_composer_dup_text (self);
  if (self->group != NULL && g_strcmp0 (kl_group_get_draft (self->group), text) != 0)
    kl_group_set_draft (self->group, text);
}

void
kl_composer_set_text (KlComposer *self,
                      const char *text)
{
  g_return_if_fail (KL_IS_COMPOSER (self));

  gtk_text_buffer_set_text (gtk_text_view_get_buffer (self->view), text, -1);
}

static void
update_name (KlComposer *self)
{
  g_autofree char *words = NULL;

  if (self->group == NULL)
    return;
  /* Translators: in the empty field of a group's conversation, with the group's name */
  words = g_strdup_printf (_ ("Message %s"), kl_group_get_name (self->group));
  gtk_label_set_label (self->placeholder, words);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->view), GTK_ACCESSIBLE_PROPERTY_LABEL, words,
                                  GTK_ACCESSIBLE_PROPERTY_PLACEHOLDER, words, -1);
}

void
kl_composer_set_group (KlComposer *self,
                       KlGroup    *group)
{
  g_return_if_fail (KL_IS_COMPOSER (self));

  if (self->group == group)
    return;
  /* What an input method has in hand belongs to the group that one leaves: it goes. */
  gtk_text_view_reset_im_context (self->view);
  g_set_object (&self->group, group);
  g_signal_group_set_target (self->group_signals, group);
  fill (self, group != NULL ? kl_group_get_draft (group) : "");
  update_name (self);
}

/* ── Keys ────────────────────────────────────────────────────────────────── */

/* Runs before the view does. The input method is asked first, by the call that exists for this: what it takes is its. */
static gboolean
on_key_pressed (GtkEventControllerKey *controller,
                guint                  keyval,
                guint                  keycode,
                GdkModifierType        state,
                gpointer               user_data)
{
  KlComposer *self = user_data;
  GdkEvent *event;

  g_signal_emit (self, signals[SIGNAL_USED], 0);
  if (keyval != GDK_KEY_Return && keyval != GDK_KEY_KP_Enter && keyval != GDK_KEY_ISO_Enter)
    return GDK_EVENT_PROPAGATE;
  event = gtk_event_controller_get_current_event (GTK_EVENT_CONTROLLER (controller));
  if (gtk_text_view_im_context_filter_keypress (self->view, event))
    return GDK_EVENT_STOP;
  if (self->converting)
    {
      /* One that shows a conversion and leaves Enter to us still means to end it. */
      gtk_text_view_reset_im_context (self->view);
      return GDK_EVENT_STOP;
    }
  if (state & GDK_SHIFT_MASK)
    {
      gtk_text_buffer_insert_interactive_at_cursor (gtk_text_view_get_buffer (self->view), "\n", 1, TRUE);
      gtk_text_view_scroll_mark_onscreen (self->view, gtk_text_buffer_get_insert (gtk_text_view_get_buffer (self->view)));
      return GDK_EVENT_STOP;
    }
  kl_composer_send (self);
  return GDK_EVENT_STOP;
}

static void
on_preedit_changed (KlComposer *self,
                    const char *preedit)
{
  g_autofree char *text = kl_composer_dup_text (self);

  self->converting = preedit != NULL && *preedit != '\0';
  update_placeholder (self, *text == '\0');
}

static void
on_emoji_picked (KlComposer *self,
                 const char *emoji)
{
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (self->view);

  gtk_text_buffer_begin_user_action (buffer);
  gtk_text_buffer_delete_selection (buffer, TRUE, TRUE);
  gtk_text_buffer_insert_interactive_at_cursor (buffer, emoji, -1, TRUE);
  gtk_text_buffer_end_user_action (buffer);
  gtk_widget_grab_focus (GTK_WIDGET (self->view));
}

static void
on_send_clicked (KlComposer *self)
{
  kl_composer_send (self);
}

/* ── Size ────────────────────────────────────────────────────────────────── */

static gboolean
update_height (GtkWidget     *view,
               GdkFrameClock *clock,
               gpointer       user_data)
{
  KlComposer *self = user_data;
  GtkAdjustment *adjustment = gtk_scrolled_window_get_vadjustment (self->scroller);
  GdkRectangle line;
  GtkTextIter start;
  int margin;

  if (self->measured)
    {
      self->measured = FALSE;
      self->measuring = 0;
      if (gtk_widget_get_height (view) >= gtk_adjustment_get_upper (adjustment))
        gtk_adjustment_set_value (adjustment, 0);
      return G_SOURCE_REMOVE;
    }
  gtk_text_buffer_get_start_iter (gtk_text_view_get_buffer (self->view), &start);
  gtk_text_view_get_iter_location (self->view, &start, &line);
  margin = MAX (MARGIN_PX, (FIELD_PX - line.height) / 2);
  gtk_text_view_set_top_margin (self->view, margin);
  gtk_text_view_set_bottom_margin (self->view, MAX (margin, FIELD_PX - line.height - margin));
  gtk_scrolled_window_set_max_content_height (self->scroller, MOST_LINES * line.height + 2 * margin);
  gtk_widget_queue_resize (view);
  self->measured = TRUE;
  return G_SOURCE_CONTINUE;
}

static void
measure_soon (KlComposer *self)
{
  if (self->view != NULL && self->measuring == 0)
    self->measuring = gtk_widget_add_tick_callback (GTK_WIDGET (self->view), update_height, self, NULL);
}

/* A text view scrolls to a line that was begun before it has grown by that line, and stays so. In the next frame it is
 * measured, in the one after what fits is shown from its beginning. */
static void
on_view_adjusted (KlComposer *self, GtkAdjustment *adjustment)
{
  double page = gtk_adjustment_get_page_size (adjustment);

  if (gtk_adjustment_get_upper (adjustment) > page
      && page < gtk_scrolled_window_get_max_content_height (self->scroller))
    measure_soon (self);
}

/* The text's own style follows ours, so its height is asked for in the next frame. */
static void
kl_composer_css_changed (GtkWidget         *widget,
                         GtkCssStyleChange *change)
{
  KlComposer *self = KL_COMPOSER (widget);

  GTK_WIDGET_CLASS (kl_composer_parent_class)->css_changed (widget, change);
  measure_soon (self);
}

static gboolean
kl_composer_grab_focus (GtkWidget *widget)
{
  return gtk_widget_grab_focus (GTK_WIDGET (KL_COMPOSER (widget)->view));
}

static void
kl_composer_dispose (GObject *object)
{
  KlComposer *self = KL_COMPOSER (object);

  g_clear_object (&self->group_signals);
  g_clear_object (&self->group);
  kl_dispose_template (GTK_WIDGET (object), KL_TYPE_COMPOSER);
  G_OBJECT_CLASS (kl_composer_parent_class)->dispose (object);
}

static void
kl_composer_class_init (KlComposerClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_composer_dispose;
  widget_class->css_changed = kl_composer_css_changed;
  widget_class->grab_focus = kl_composer_grab_focus;

  signals[SIGNAL_SEND] = g_signal_new ("send", KL_TYPE_COMPOSER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                                       G_TYPE_STRING);
  signals[SIGNAL_TYPING] = g_signal_new ("typing", KL_TYPE_COMPOSER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                                         1, G_TYPE_BOOLEAN);
  signals[SIGNAL_USED]
    = g_signal_new ("used", KL_TYPE_COMPOSER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);

  gtk_widget_class_set_css_name (widget_class, "composer");
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-composer.ui");
  gtk_widget_class_bind_template_child (widget_class, KlComposer, scroller);
  gtk_widget_class_bind_template_child (widget_class, KlComposer, view);
  gtk_widget_class_bind_template_child (widget_class, KlComposer, placeholder);
  gtk_widget_class_bind_template_child (widget_class, KlComposer, send_button);
  gtk_widget_class_bind_template_callback (widget_class, on_emoji_picked);
  gtk_widget_class_bind_template_callback (widget_class, on_send_clicked);
}

static void
kl_composer_init (KlComposer *self)
{
  GtkEventController *keys = gtk_event_controller_key_new ();

  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (on_key_pressed), self);
  gtk_widget_add_controller (GTK_WIDGET (self->view), keys);
  g_signal_connect_object (gtk_text_view_get_buffer (self->view), "changed", G_CALLBACK (on_text_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (gtk_scrolled_window_get_vadjustment (self->scroller), "changed",
                           G_CALLBACK (on_view_adjusted), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->view, "preedit-changed", G_CALLBACK (on_preedit_changed), self, G_CONNECT_SWAPPED);
  self->group_signals = g_signal_group_new (KL_TYPE_GROUP);
  g_signal_group_connect_object (self->group_signals, "notify::name", G_CALLBACK (update_name), self, G_CONNECT_SWAPPED);
  on_text_changed (self);
}
