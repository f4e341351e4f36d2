/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-member-row.h"

#include <glib/gi18n.h>

#include "app/ui/kl-avatar.h"
#include "app/ui/kl-template.h"
#include "app/ui/kl-words.h"

struct _KlMemberRow
{
  GtkWidget parent_instance;

  KlAvatar *avatar;
  GtkLabel *name;
  GtkWidget *you;
  GtkLabel *detail;
  GtkLabel *role;

  KlMember *member;
  GSignalGroup *member_signals;
  GSignalGroup *user_signals;
  gboolean me;
  gboolean in_call;
  char *spoken;
};

typedef enum
{
  PROP_SPOKEN = 1,
} Prop;

static GParamSpec *properties[PROP_SPOKEN + 1];

G_DEFINE_FINAL_TYPE (KlMemberRow, kl_member_row, GTK_TYPE_WIDGET)

GtkWidget *
kl_member_row_new (void)
{
  return g_object_new (KL_TYPE_MEMBER_ROW, NULL);
}

/* Typing stands before the call, that before the person's own words, those before what presence tells. */
static char *
dup_state (KlMemberRow *self)
{
  KlUser *user = kl_member_get_user (self->member);
  const char *text = kl_user_get_status_text (user);

  if (kl_user_get_deleted (user))
    return NULL;
  if (kl_member_get_typing (self->member))
    return g_strdup (_ ("typing…"));
  if (self->in_call)
    return g_strdup (_ ("In the call"));
  if (text != NULL && *text != '\0')
    return g_strdup (text);
  switch (kl_user_get_status (user))
    {
    case KL_USER_STATUS_DND:
      return g_strdup (_ ("Do not disturb"));
    case KL_USER_STATUS_AWAY:
      return g_strdup (_ ("Away"));
    case KL_USER_STATUS_OFFLINE:
      return kl_words_dup_last_seen (kl_user_get_last_seen (user));
    case KL_USER_STATUS_ONLINE:
    case KL_USER_STATUS_UNKNOWN:
    default:
      return NULL;
    }
}

/* Before it, of one whose name looks like another's, the address. */
static char *
dup_detail (KlMemberRow *self)
{
  KlUser *user = kl_member_get_user (self->member);
  g_autofree char *state = dup_state (self);

  if (!kl_user_get_twin (user) || kl_user_get_deleted (user) || kl_user_get_address (user) == NULL)
    return g_steal_pointer (&state);
  return state != NULL ? g_strdup_printf ("%s · %s", kl_user_get_address (user), state)
                       : g_strdup (kl_user_get_address (user));
}

static const char *
get_status_word (KlUserStatus status)
{
  switch (status)
    {
    case KL_USER_STATUS_ONLINE:
      return _ ("online");
    case KL_USER_STATUS_AWAY:
      return _ ("away");
    case KL_USER_STATUS_DND:
      return _ ("do not disturb");
    case KL_USER_STATUS_OFFLINE:
      return _ ("offline");
    case KL_USER_STATUS_UNKNOWN:
    default:
      return NULL;
    }
}

static void
update_spoken (KlMemberRow *self,
               const char  *detail,
               const char  *role)
{
  KlUser *user = kl_member_get_user (self->member);
  const char *parts[] = { kl_user_get_display_name (user), self->me ? _ ("you") : NULL, role,
                          kl_member_get_section (self->member) == KL_MEMBER_SECTION_HERE
                            ? _ ("here now")
                            : get_status_word (kl_user_get_status (user)),
                          detail };
  g_autoptr (GString) spoken = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    if (parts[i] != NULL && *parts[i] != '\0')
      g_string_append_printf (spoken, "%s%s", spoken->len > 0 ? _ (", ") : "", parts[i]);
  if (g_set_str (&self->spoken, spoken->str))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SPOKEN]);
}

static void
update (KlMemberRow *self)
{
  KlUser *user = kl_member_get_user (self->member);
  g_autofree char *detail = dup_detail (self);
  const char *role = kl_words_get_role (kl_member_get_role (self->member));

  gtk_label_set_label (self->name, kl_user_get_deleted (user) ? _ ("Deleted user") : kl_user_get_display_name (user));
  gtk_widget_set_visible (self->you, self->me);
  gtk_label_set_label (self->detail, detail != NULL ? detail : "");
  gtk_widget_set_visible (GTK_WIDGET (self->detail), detail != NULL);
  if (kl_member_get_typing (self->member))
    gtk_widget_add_css_class (GTK_WIDGET (self->detail), "typing");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->detail), "typing");
  gtk_label_set_label (self->role, role != NULL ? role : "");
  gtk_widget_set_visible (GTK_WIDGET (self->role), role != NULL);
  if (kl_member_get_role (self->member) == KL_ROLE_OWNER)
    gtk_widget_add_css_class (GTK_WIDGET (self->role), "owner");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->role), "owner");
  if (kl_member_get_section (self->member) == KL_MEMBER_SECTION_OFFLINE)
    gtk_widget_add_css_class (GTK_WIDGET (self), "offline");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self), "offline");
  gtk_widget_set_tooltip_text (GTK_WIDGET (self), kl_user_get_address (user));
  update_spoken (self, detail, role);
}

void
kl_member_row_set_member (KlMemberRow *self,
                          KlMember    *member,
                          gboolean     me)
{
  g_return_if_fail (KL_IS_MEMBER_ROW (self));

  self->me = me;
  self->in_call = FALSE;
  g_set_object (&self->member, member);
  g_signal_group_set_target (self->member_signals, member);
  g_signal_group_set_target (self->user_signals, member != NULL ? kl_member_get_user (member) : NULL);
  kl_avatar_set_user (self->avatar, member != NULL ? kl_member_get_user (member) : NULL);
  if (member != NULL)
    update (self);
}

void
kl_member_row_set_in_call (KlMemberRow *self,
                           gboolean     in_call)
{
  g_return_if_fail (KL_IS_MEMBER_ROW (self));
  g_return_if_fail (self->member != NULL);

  if (self->in_call == !!in_call)
    return;
  self->in_call = !!in_call;
  update (self);
}

const char *
kl_member_row_get_spoken (KlMemberRow *self)
{
  g_return_val_if_fail (KL_IS_MEMBER_ROW (self), NULL);

  return self->spoken;
}

static void
kl_member_row_get_property (GObject    *object,
                            guint       id,
                            GValue     *value,
                            GParamSpec *pspec)
{
  switch ((Prop) id)
    {
    case PROP_SPOKEN:
      g_value_set_string (value, KL_MEMBER_ROW (object)->spoken);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_member_row_dispose (GObject *object)
{
  KlMemberRow *self = KL_MEMBER_ROW (object);

  g_clear_object (&self->member_signals);
  g_clear_object (&self->user_signals);
  g_clear_object (&self->member);
  kl_dispose_template (GTK_WIDGET (object), KL_TYPE_MEMBER_ROW);
  G_OBJECT_CLASS (kl_member_row_parent_class)->dispose (object);
}

static void
kl_member_row_finalize (GObject *object)
{
  g_free (KL_MEMBER_ROW (object)->spoken);
  G_OBJECT_CLASS (kl_member_row_parent_class)->finalize (object);
}

static void
kl_member_row_class_init (KlMemberRowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = kl_member_row_get_property;
  object_class->dispose = kl_member_row_dispose;
  object_class->finalize = kl_member_row_finalize;
  properties[PROP_SPOKEN] = g_param_spec_string ("spoken", NULL, NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);

  g_type_ensure (KL_TYPE_AVATAR);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-member-row.ui");
  gtk_widget_class_bind_template_child (widget_class, KlMemberRow, avatar);
  gtk_widget_class_bind_template_child (widget_class, KlMemberRow, name);
  gtk_widget_class_bind_template_child (widget_class, KlMemberRow, you);
  gtk_widget_class_bind_template_child (widget_class, KlMemberRow, detail);
  gtk_widget_class_bind_template_child (widget_class, KlMemberRow, role);
}

static void
kl_member_row_init (KlMemberRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->member_signals = g_signal_group_new (KL_TYPE_MEMBER);
  g_signal_group_connect_object (self->member_signals, "notify", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  self->user_signals = g_signal_group_new (KL_TYPE_USER);
  g_signal_group_connect_object (self->user_signals, "notify", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
}
