/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-typing-line.h"

#include "app/ui/kl-avatar.h"
#include "app/ui/kl-template.h"
#include "app/ui/kl-typing-dots.h"
#include "app/ui/kl-words.h"

struct _KlTypingLine
{
  GtkWidget parent_instance;

  GtkRevealer *revealer;
  KlAvatar *avatar;
  GtkLabel *label;

  GSignalGroup *typing_signals;
};

G_DEFINE_FINAL_TYPE (KlTypingLine, kl_typing_line, GTK_TYPE_WIDGET)

static void
update (KlTypingLine *self)
{
  g_autoptr (GListModel) typing = g_signal_group_dup_target (self->typing_signals);
  g_autofree char *words = kl_words_dup_typing (typing);
  g_autoptr (KlUser) first = NULL;

  gtk_revealer_set_reveal_child (self->revealer, words != NULL);
  if (words == NULL)
    return; /* what was said fades as it is */
  first = g_list_model_get_item (typing, 0);
  kl_avatar_set_user (self->avatar, first);
  gtk_label_set_label (self->label, words);
}

void
kl_typing_line_set_group (KlTypingLine *self,
                          KlGroup      *group)
{
  g_return_if_fail (KL_IS_TYPING_LINE (self));

  g_signal_group_set_target (self->typing_signals, group != NULL ? kl_group_get_typing (group) : NULL);
  update (self);
}

static void
kl_typing_line_dispose (GObject *object)
{
  KlTypingLine *self = KL_TYPING_LINE (object);

  g_clear_object (&self->typing_signals);
  kl_dispose_template (GTK_WIDGET (object), KL_TYPE_TYPING_LINE);
  G_OBJECT_CLASS (kl_typing_line_parent_class)->dispose (object);
}

static void
kl_typing_line_class_init (KlTypingLineClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_typing_line_dispose;
  g_type_ensure (KL_TYPE_AVATAR);
  g_type_ensure (KL_TYPE_TYPING_DOTS);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-typing-line.ui");
  gtk_widget_class_bind_template_child (widget_class, KlTypingLine, revealer);
  gtk_widget_class_bind_template_child (widget_class, KlTypingLine, avatar);
  gtk_widget_class_bind_template_child (widget_class, KlTypingLine, label);
}

static void
kl_typing_line_init (KlTypingLine *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->typing_signals = g_signal_group_new (G_TYPE_LIST_MODEL);
  g_signal_group_connect_object (self->typing_signals, "items-changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
}
