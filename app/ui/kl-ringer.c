/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-ringer.h"

#include <glib/gi18n.h>

#include "app/call/kl-ring-sound.h"

#define NOTIFICATION "call-rings"

struct _KlRinger
{
  GObject parent_instance;

  KlCalls *calls;
  GtkWindow *window;         /* lent */
  GApplication *application; /* NULL: the window has none */
  GSettings *desktop;        /* whether it shows notifications; NULL: it does not say */
  KlRing *told;              /* that the notification is of */
  KlRingSound *sound;
};

typedef enum
{
  PROP_SOUNDING = 1,
} Prop;

static GParamSpec *properties[PROP_SOUNDING + 1];

G_DEFINE_FINAL_TYPE (KlRinger, kl_ringer, G_TYPE_OBJECT)

static GNotification *
create_notification (KlRing *ring)
{
  KlGroup *group = kl_ring_get_group (ring);
  const char *call = kl_ring_get_call (ring);
  g_autofree char *title = g_strdup_printf (_ ("Call from %s"), kl_user_get_display_name (kl_ring_get_by (ring)));
  g_autofree char *body = kl_group_get_kind (group) == KL_GROUP_KIND_DIRECT
                            ? g_strdup (_ ("Video call"))
                            : g_strdup_printf (_ ("Video call in %s"), kl_group_get_name (group));
  GNotification *notification = g_notification_new (title);

  g_notification_set_body (notification, body);
  /* Not urgent, which breaks through the desktop's own do-not-disturb. */
  g_notification_set_priority (notification, G_NOTIFICATION_PRIORITY_HIGH);
  g_notification_set_category (notification, "call.incoming");
  g_notification_set_default_action (notification, "app.activate-window");
  g_notification_add_button_with_target (notification, _ ("Join"), "app.call-join", "s", call);
  g_notification_add_button_with_target (notification, _ ("Voice only"), "app.call-voice", "s", call);
  g_notification_add_button_with_target (notification, _ ("Decline"), "app.call-decline", "s", call);
  return notification;
}

/* Not into a call, where the others would hear it, too; nor where the desktop is to make no sounds. */
static gboolean
may_sound (KlRinger *self)
{
  KlCallsState state = kl_calls_get_state (self->calls);
  gboolean enabled = TRUE;

  g_object_get (gtk_widget_get_settings (GTK_WIDGET (self->window)), "gtk-enable-event-sounds", &enabled, NULL);
  return enabled && state != KL_CALLS_RUNNING && state != KL_CALLS_RECONNECTING;
}

static void
update_sound (KlRinger *self)
{
  g_autoptr (GstDevice) speaker = NULL;

  if (kl_calls_get_ring (self->calls) == NULL || !may_sound (self))
    {
      kl_ring_sound_stop (self->sound);
      return;
    }
  g_object_get (self->calls, "speaker", &speaker, NULL);
  kl_ring_sound_start (self->sound, speaker);
}

static void
on_playing (KlRinger *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SOUNDING]);
}

/* Whoever looks at the window has the dialogue there. */
static void
update (KlRinger *self)
{
  KlRing *ring = gtk_window_is_active (self->window) ? NULL : kl_calls_get_ring (self->calls);

  if (self->application == NULL || self->told == ring)
    return;
  g_set_object (&self->told, ring);
  if (ring != NULL)
    {
      g_autoptr (GNotification) notification = create_notification (ring);

      g_application_send_notification (self->application, NOTIFICATION, notification);
    }
  else
    g_application_withdraw_notification (self->application, NOTIFICATION);
}

/* ── Answers ─────────────────────────────────────────────────────────────── */

static void
answer (KlRinger *self,
        GVariant *call,
        gboolean  video)
{
  KlRing *ring = kl_calls_find_ring (self->calls, g_variant_get_string (call, NULL));

  gtk_window_present (self->window);
  if (ring != NULL)
    kl_calls_answer (self->calls, ring, video);
}

static void
on_join (GSimpleAction *action,
         GVariant      *call,
         gpointer       user_data)
{
  answer (user_data, call, TRUE);
}

static void
on_voice (GSimpleAction *action,
          GVariant      *call,
          gpointer       user_data)
{
  answer (user_data, call, FALSE);
}

static void
on_decline (GSimpleAction *action,
            GVariant      *call,
            gpointer       user_data)
{
  KlRinger *self = user_data;
  KlRing *ring = kl_calls_find_ring (self->calls, g_variant_get_string (call, NULL));

  if (ring != NULL)
    kl_calls_decline (self->calls, ring);
}

static void
on_window (GSimpleAction *action,
           GVariant      *parameter,
           gpointer       user_data)
{
  gtk_window_present (KL_RINGER (user_data)->window);
}

static const GActionEntry entries[] = {
  { .name = "call-join", .activate = on_join, .parameter_type = "s" },
  { .name = "call-voice", .activate = on_voice, .parameter_type = "s" },
  { .name = "call-decline", .activate = on_decline, .parameter_type = "s" },
  { .name = "activate-window", .activate = on_window },
};

/* ── The desktop's do-not-disturb ────────────────────────────────────────── */

/* Of GNOME; others, and a sandbox, keep notifications back by themselves, and say nothing of it. */
static void
follow_desktop (KlRinger *self)
{
  GSettingsSchemaSource *source = g_settings_schema_source_get_default ();
  g_autoptr (GSettingsSchema) schema = NULL;

  if (source != NULL)
    schema = g_settings_schema_source_lookup (source, "org.gnome.desktop.notifications", TRUE);
  if (schema == NULL || !g_settings_schema_has_key (schema, "show-banners"))
    return;
  self->desktop = g_settings_new_full (schema, NULL, NULL);
  g_settings_bind (self->desktop, "show-banners", self->calls, "quiet",
                   G_SETTINGS_BIND_GET | G_SETTINGS_BIND_INVERT_BOOLEAN);
}

/* ── Object ──────────────────────────────────────────────────────────────── */

KlRinger *
kl_ringer_new (KlCalls   *calls,
               GtkWindow *window)
{
  KlRinger *self = g_object_new (KL_TYPE_RINGER, NULL);
  GtkApplication *application = gtk_window_get_application (window);
  gboolean silent;

  self->calls = g_object_ref (calls);
  self->window = window;
  follow_desktop (self);
  if (application != NULL)
    {
      self->application = g_object_ref (G_APPLICATION (application));
      g_action_map_add_action_entries (G_ACTION_MAP (application), entries, G_N_ELEMENTS (entries), self);
    }
  g_signal_connect_object (calls, "notify::ring", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (window, "notify::is-active", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_object_get (calls, "silent", &silent, NULL);
  self->sound = kl_ring_sound_new (silent ? "fakesink sync=true" : NULL);
  g_signal_connect_object (self->sound, "notify::playing", G_CALLBACK (on_playing), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (calls, "notify::ring", G_CALLBACK (update_sound), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (calls, "notify::state", G_CALLBACK (update_sound), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (gtk_widget_get_settings (GTK_WIDGET (window)), "notify::gtk-enable-event-sounds",
                           G_CALLBACK (update_sound), self, G_CONNECT_SWAPPED);
  update (self);
  update_sound (self);
  return self;
}

static void
kl_ringer_get_property (GObject    *object,
                        guint       id,
                        GValue     *value,
                        GParamSpec *pspec)
{
  switch ((Prop) id)
    {
    case PROP_SOUNDING:
      g_value_set_boolean (value, kl_ring_sound_get_playing (KL_RINGER (object)->sound));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_ringer_dispose (GObject *object)
{
  KlRinger *self = KL_RINGER (object);

  if (self->application != NULL)
    {
      g_action_map_remove_action_entries (G_ACTION_MAP (self->application), entries, G_N_ELEMENTS (entries));
      if (self->told != NULL)
        g_application_withdraw_notification (self->application, NOTIFICATION);
    }
  if (self->desktop != NULL)
    g_settings_unbind (self->calls, "quiet");
  g_clear_object (&self->sound);
  g_clear_object (&self->desktop);
  g_clear_object (&self->told);
  g_clear_object (&self->application);
  g_clear_object (&self->calls);
  G_OBJECT_CLASS (kl_ringer_parent_class)->dispose (object);
}

static void
kl_ringer_class_init (KlRingerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = kl_ringer_get_property;
  object_class->dispose = kl_ringer_dispose;
  properties[PROP_SOUNDING]
    = g_param_spec_boolean ("sounding", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
kl_ringer_init (KlRinger *self)
{
}
