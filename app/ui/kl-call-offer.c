/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-call-offer.h"

#include "app/ui/kl-call-words.h"

struct _KlCallOffer
{
  GObject parent_instance;

  KlGroup *group;
  KlGroupCall *call;
  GSignalGroup *group_signals;
  GSignalGroup *call_signals;
  GSignalGroup *people_signals;
  gboolean open;
  char *elapsed;
  char *who;
  GListModel *people;
  guint clock;
};

typedef enum
{
  PROP_GROUP = 1,
  PROP_OPEN,
  PROP_ELAPSED,
  PROP_WHO,
  PROP_PEOPLE,
} Prop;

static GParamSpec *properties[PROP_PEOPLE + 1];

G_DEFINE_FINAL_TYPE (KlCallOffer, kl_call_offer, G_TYPE_OBJECT)

static void
notify (KlCallOffer *self,
        Prop         prop)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[prop]);
}

static char *
dup_names (GListModel *people)
{
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; i < g_list_model_get_n_items (people); i++)
    {
      g_autoptr (KlUser) user = g_list_model_get_item (people, i);

      g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", kl_user_get_display_name (user));
    }
  return g_string_free_and_steal (g_steal_pointer (&names));
}

/* A name that changes comes with the next second. */
static void
update_words (KlCallOffer *self)
{
  g_autofree char *elapsed = kl_call_words_dup_elapsed (kl_group_call_get_started_at (self->call));
  g_autofree char *who = dup_names (kl_group_call_get_people (self->call));

  if (g_set_str (&self->elapsed, elapsed))
    notify (self, PROP_ELAPSED);
  if (g_set_str (&self->who, who))
    notify (self, PROP_WHO);
}

static gboolean
on_clock (gpointer user_data)
{
  update_words (user_data);
  return G_SOURCE_CONTINUE;
}

static void
update (KlCallOffer *self)
{
  gboolean open = self->call != NULL && !kl_group_call_get_joined_here (self->call)
                  && kl_group_call_get_n_people (self->call) > 0;

  g_object_freeze_notify (G_OBJECT (self));
  if (open)
    {
      update_words (self);
      if (g_set_object (&self->people, kl_group_call_get_people (self->call)))
        notify (self, PROP_PEOPLE);
    }
  if (open && self->clock == 0)
    self->clock = g_timeout_add_seconds (1, on_clock, self);
  else if (!open)
    g_clear_handle_id (&self->clock, g_source_remove);
  if (self->open != open)
    {
      self->open = open;
      notify (self, PROP_OPEN);
    }
  g_object_thaw_notify (G_OBJECT (self));
}

static void
on_call (KlCallOffer *self)
{
  KlGroupCall *call = self->group != NULL ? kl_group_get_call (self->group) : NULL;

  g_set_object (&self->call, call);
  g_signal_group_set_target (self->call_signals, self->call);
  g_signal_group_set_target (self->people_signals, self->call != NULL ? kl_group_call_get_people (self->call) : NULL);
  update (self);
}

void
kl_call_offer_set_group (KlCallOffer *self,
                         KlGroup     *group)
{
  g_return_if_fail (KL_IS_CALL_OFFER (self));

  if (!g_set_object (&self->group, group))
    return;
  g_signal_group_set_target (self->group_signals, group);
  on_call (self);
  notify (self, PROP_GROUP);
}

/* ── What shows it ───────────────────────────────────────────────────────── */

/* Visible first: what is not mapped would open at once. */
static void
on_open (KlCallOffer *self,
         GParamSpec  *pspec,
         GtkRevealer *revealer)
{
  if (self->open)
    gtk_widget_set_visible (gtk_widget_get_parent (GTK_WIDGET (revealer)), TRUE);
  gtk_revealer_set_reveal_child (revealer, self->open);
}

static void
on_revealed (GtkRevealer *revealer,
             GParamSpec  *pspec,
             gpointer     unused)
{
  GtkWidget *parent = gtk_widget_get_parent (GTK_WIDGET (revealer));

  if (parent != NULL)
    gtk_widget_set_visible (parent, gtk_revealer_get_reveal_child (revealer) || gtk_revealer_get_child_revealed (revealer));
}

void
kl_call_offer_reveal (KlCallOffer *self,
                      GtkRevealer *revealer)
{
  g_return_if_fail (KL_IS_CALL_OFFER (self));
  g_return_if_fail (GTK_IS_REVEALER (revealer) && gtk_widget_get_parent (GTK_WIDGET (revealer)) != NULL);

  gtk_widget_set_visible (gtk_widget_get_parent (GTK_WIDGET (revealer)), self->open);
  g_signal_connect_object (self, "notify::open", G_CALLBACK (on_open), revealer, 0);
  g_signal_connect (revealer, "notify::child-revealed", G_CALLBACK (on_revealed), NULL);
}

/* ── Object ──────────────────────────────────────────────────────────────── */

static void
kl_call_offer_get_property (GObject    *object,
                            guint       id,
                            GValue     *value,
                            GParamSpec *pspec)
{
  KlCallOffer *self = KL_CALL_OFFER (object);

  switch ((Prop) id)
    {
    case PROP_GROUP:
      g_value_set_object (value, self->group);
      break;
    case PROP_OPEN:
      g_value_set_boolean (value, self->open);
      break;
    case PROP_ELAPSED:
      g_value_set_string (value, self->elapsed);
      break;
    case PROP_WHO:
      g_value_set_string (value, self->who);
      break;
    case PROP_PEOPLE:
      g_value_set_object (value, self->people);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_call_offer_set_property (GObject      *object,
                            guint         id,
                            const GValue *value,
                            GParamSpec   *pspec)
{
  switch ((Prop) id)
    {
    case PROP_GROUP:
      kl_call_offer_set_group (KL_CALL_OFFER (object), g_value_get_object (value));
      break;
    case PROP_OPEN:
    case PROP_ELAPSED:
    case PROP_WHO:
    case PROP_PEOPLE:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_call_offer_dispose (GObject *object)
{
  KlCallOffer *self = KL_CALL_OFFER (object);

  g_clear_handle_id (&self->clock, g_source_remove);
  g_clear_object (&self->group_signals);
  g_clear_object (&self->call_signals);
  g_clear_object (&self->people_signals);
  g_clear_object (&self->people);
  g_clear_object (&self->call);
  g_clear_object (&self->group);
  G_OBJECT_CLASS (kl_call_offer_parent_class)->dispose (object);
}

static void
kl_call_offer_finalize (GObject *object)
{
  g_free (KL_CALL_OFFER (object)->elapsed);
  g_free (KL_CALL_OFFER (object)->who);
  G_OBJECT_CLASS (kl_call_offer_parent_class)->finalize (object);
}

static void
kl_call_offer_class_init (KlCallOfferClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags ro = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = kl_call_offer_get_property;
  object_class->set_property = kl_call_offer_set_property;
  object_class->dispose = kl_call_offer_dispose;
  object_class->finalize = kl_call_offer_finalize;
  properties[PROP_GROUP] = g_param_spec_object ("group", NULL, NULL, KL_TYPE_GROUP,
                                                G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_OPEN] = g_param_spec_boolean ("open", NULL, NULL, FALSE, ro);
  properties[PROP_ELAPSED] = g_param_spec_string ("elapsed", NULL, NULL, NULL, ro);
  properties[PROP_WHO] = g_param_spec_string ("who", NULL, NULL, NULL, ro);
  properties[PROP_PEOPLE] = g_param_spec_object ("people", NULL, NULL, G_TYPE_LIST_MODEL, ro);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
kl_call_offer_init (KlCallOffer *self)
{
  self->group_signals = g_signal_group_new (KL_TYPE_GROUP);
  g_signal_group_connect_object (self->group_signals, "notify::call", G_CALLBACK (on_call), self, G_CONNECT_SWAPPED);
  self->call_signals = g_signal_group_new (KL_TYPE_GROUP_CALL);
  g_signal_group_connect_object (self->call_signals, "notify", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  self->people_signals = g_signal_group_new (G_TYPE_LIST_MODEL);
  g_signal_group_connect_object (self->people_signals, "items-changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
}
