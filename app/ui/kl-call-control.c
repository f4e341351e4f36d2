/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-call-control.h"

#include <glib/gi18n.h>

#include "app/ui/kl-badge.h"

struct _KlCallControl
{
  GtkButton parent_instance;

  GtkImage *image;
  KlBadge *badge;
  GtkLabel *caption;

  char *does;
  KlCalls *calls;
  gboolean captioned;
  guint count;
};

typedef enum
{
  PROP_DOES = 1,
  PROP_CALLS,
  PROP_CAPTIONED,
  PROP_COUNT,
} Prop;

static GParamSpec *properties[PROP_COUNT + 1];

G_DEFINE_FINAL_TYPE (KlCallControl, kl_call_control, GTK_TYPE_BUTTON)

/* ── How it looks ────────────────────────────────────────────────────────── */

typedef struct
{
  const char *icon;
  const char *caption;
  const char *label;
  const char *key; /* or NULL */
  gboolean off;    /* shown as switched: white, with a slash in the icon or an own state */
} Look;

static Look
get_look (KlCallControl *self)
{
  if (g_str_equal (self->does, "microphone"))
    {
      if (self->calls == NULL || kl_calls_get_microphone_on (self->calls))
        return (Look) { "kl-mic-symbolic", _ ("Mute"), _ ("Mute"), "M", FALSE };
      return (Look) { "kl-mic-off-symbolic", _ ("Unmute"), _ ("Unmute"), "M", TRUE };
    }
  if (g_str_equal (self->does, "camera"))
    {
      if (self->calls == NULL || kl_calls_get_camera_on (self->calls))
        return (Look) { "kl-camera-symbolic", _ ("Camera"), _ ("Turn camera off"), "V", FALSE };
      return (Look) { "kl-camera-off-symbolic", _ ("Camera"), _ ("Turn camera on"), "V", TRUE };
    }
  if (g_str_equal (self->does, "screen"))
    {
      if (self->calls == NULL || !kl_calls_get_screen_on (self->calls))
        return (Look) { "kl-screen-symbolic", _ ("Share"), _ ("Share the screen"), "S", FALSE };
      return (Look) { "kl-screen-symbolic", _ ("Stop"), _ ("Stop sharing the screen"), "S", TRUE };
    }
  if (g_str_equal (self->does, "react"))
    return (Look) { "kl-emoji-symbolic", _ ("React"), _ ("React"), NULL, FALSE };
  if (g_str_equal (self->does, "chat"))
    return (Look) { "kl-chat-symbolic", _ ("Chat"), _ ("Chat"), NULL, FALSE };
  return (Look) { "kl-hang-up-symbolic", _ ("Leave"), _ ("Leave the call"), NULL, FALSE };
}

static void
update (KlCallControl *self)
{
  Look look = get_look (self);
  g_autofree char *label = NULL;
  g_autofree char *tooltip = NULL;

  if (self->count > 0)
    label = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "Chat, %u unread", "Chat, %u unread", self->count), self->count);
  else
    label = g_strdup (look.label);
  /* Translators: what a button does, and its key: "Mute (M)" */
  tooltip = look.key != NULL ? g_strdup_printf (_ ("%s (%s)"), label, look.key) : g_strdup (label);
  gtk_image_set_from_icon_name (self->image, look.icon);
  gtk_label_set_label (self->caption, look.caption);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self), tooltip);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  if (look.key != NULL)
    gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_KEY_SHORTCUTS, look.key, -1);
  if (look.off)
    gtk_widget_add_css_class (GTK_WIDGET (self), "off");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self), "off");
}

/* ── For who has it ──────────────────────────────────────────────────────── */

void
kl_call_control_set_calls (KlCallControl *self,
                           KlCalls       *calls)
{
  g_return_if_fail (KL_IS_CALL_CONTROL (self));

  if (self->calls == calls)
    return;
  if (self->calls != NULL)
    g_signal_handlers_disconnect_by_data (self->calls, self);
  g_set_object (&self->calls, calls);
  if (calls != NULL)
    {
      g_signal_connect_object (calls, "notify::microphone-on", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
      g_signal_connect_object (calls, "notify::camera-on", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
      g_signal_connect_object (calls, "notify::screen-on", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
    }
  update (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CALLS]);
}

void
kl_call_control_set_captioned (KlCallControl *self,
                               gboolean       captioned)
{
  g_return_if_fail (KL_IS_CALL_CONTROL (self));

  self->captioned = !!captioned;
  gtk_widget_set_visible (GTK_WIDGET (self->caption), self->captioned);
}

void
kl_call_control_set_count (KlCallControl *self,
                           guint          count)
{
  g_return_if_fail (KL_IS_CALL_CONTROL (self));

  self->count = count;
  kl_badge_set_count (self->badge, count, gtk_widget_get_mapped (GTK_WIDGET (self)));
  update (self);
}

static void
kl_call_control_get_property (GObject    *object,
                              guint       id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  KlCallControl *self = KL_CALL_CONTROL (object);

  switch ((Prop) id)
    {
    case PROP_DOES:
      g_value_set_string (value, self->does);
      break;
    case PROP_CALLS:
      g_value_set_object (value, self->calls);
      break;
    case PROP_CAPTIONED:
      g_value_set_boolean (value, self->captioned);
      break;
    case PROP_COUNT:
      g_value_set_uint (value, self->count);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_call_control_set_property (GObject      *object,
                              guint         id,
                              const GValue *value,
                              GParamSpec   *pspec)
{
  KlCallControl *self = KL_CALL_CONTROL (object);

  switch ((Prop) id)
    {
    case PROP_DOES:
      self->does = g_value_dup_string (value);
      break;
    case PROP_CALLS:
      kl_call_control_set_calls (self, g_value_get_object (value));
      break;
    case PROP_CAPTIONED:
      kl_call_control_set_captioned (self, g_value_get_boolean (value));
      break;
    case PROP_COUNT:
      kl_call_control_set_count (self, g_value_get_uint (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_call_control_constructed (GObject *object)
{
  KlCallControl *self = KL_CALL_CONTROL (object);
  g_autofree char *action = g_strdup_printf ("call.%s", self->does);

  G_OBJECT_CLASS (kl_call_control_parent_class)->constructed (object);
  gtk_widget_add_css_class (GTK_WIDGET (self), self->does);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self), action);
  update (self);
}

static void
kl_call_control_dispose (GObject *object)
{
  g_clear_object (&KL_CALL_CONTROL (object)->calls);
  gtk_widget_dispose_template (GTK_WIDGET (object), KL_TYPE_CALL_CONTROL);
  G_OBJECT_CLASS (kl_call_control_parent_class)->dispose (object);
}

static void
kl_call_control_finalize (GObject *object)
{
  g_free (KL_CALL_CONTROL (object)->does);
  G_OBJECT_CLASS (kl_call_control_parent_class)->finalize (object);
}

static void
kl_call_control_class_init (KlCallControlClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = kl_call_control_get_property;
  object_class->set_property = kl_call_control_set_property;
  object_class->constructed = kl_call_control_constructed;
  object_class->dispose = kl_call_control_dispose;
  object_class->finalize = kl_call_control_finalize;

  properties[PROP_DOES] = g_param_spec_string ("does", NULL, NULL, "leave",
                                               G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  properties[PROP_CALLS] = g_param_spec_object ("calls", NULL, NULL, KL_TYPE_CALLS,
                                                G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_CAPTIONED]
    = g_param_spec_boolean ("captioned", NULL, NULL, FALSE, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  properties[PROP_COUNT] = g_param_spec_uint ("count", NULL, NULL, 0, G_MAXUINT, 0, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);

  g_type_ensure (KL_TYPE_BADGE);
  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-call-control.ui");
  gtk_widget_class_bind_template_child (widget_class, KlCallControl, image);
  gtk_widget_class_bind_template_child (widget_class, KlCallControl, badge);
  gtk_widget_class_bind_template_child (widget_class, KlCallControl, caption);
}

static void
kl_call_control_init (KlCallControl *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
