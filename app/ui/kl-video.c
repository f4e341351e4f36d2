/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A frame becomes a texture that holds the sample's own memory: nothing is copied before GTK uploads it. */
#include "app/ui/kl-video.h"

#include <gst/video/video.h>

struct _KlVideo
{
  GtkWidget parent_instance;

  KlVideoFeed *feed;
  gboolean mirrored;
  gboolean whole;
  gboolean looking; /* counted among those that look at the feed */
  GdkTexture *texture;
};

typedef enum
{
  PROP_FEED = 1,
  PROP_MIRRORED,
  PROP_WHOLE,
  PROP_HAS_PICTURE,
} Prop;

static GParamSpec *properties[PROP_HAS_PICTURE + 1];

G_DEFINE_FINAL_TYPE (KlVideo, kl_video, GTK_TYPE_WIDGET)

static GQuark
lookers_quark (void)
{
  return g_quark_from_static_string ("kl-video-lookers");
}

GtkWidget *
kl_video_new (void)
{
  return g_object_new (KL_TYPE_VIDEO, NULL);
}

/* ── A picture ───────────────────────────────────────────────────────────── */

typedef struct
{
  GstSample *sample;
  GstVideoFrame frame;
} Held;

static void
held_free (gpointer data)
{
  Held *held = data;

  gst_video_frame_unmap (&held->frame);
  gst_sample_unref (held->sample);
  g_free (held);
}

/* NULL where the sample is no picture that can be read. Takes the sample. */
static GdkTexture *
create_texture (GstSample *sample)
{
  g_autoptr (GBytes) bytes = NULL;
  GstVideoInfo info;
  Held *held;

  if (!gst_video_info_from_caps (&info, gst_sample_get_caps (sample)) || GST_VIDEO_INFO_FORMAT (&info) != GST_VIDEO_FORMAT_RGBx)
    {
      gst_sample_unref (sample);
      return NULL;
    }
  held = g_new0 (Held, 1);
  held->sample = sample;
  if (!gst_video_frame_map (&held->frame, &info, gst_sample_get_buffer (sample), GST_MAP_READ))
    {
      gst_sample_unref (sample);
      g_free (held);
      return NULL;
    }
  bytes = g_bytes_new_with_free_func (GST_VIDEO_FRAME_PLANE_DATA (&held->frame, 0),
                                      (gsize) GST_VIDEO_FRAME_PLANE_STRIDE (&held->frame, 0) * (gsize) GST_VIDEO_INFO_HEIGHT (&info),
                                      held_free, held);
  return gdk_memory_texture_new (GST_VIDEO_INFO_WIDTH (&info), GST_VIDEO_INFO_HEIGHT (&info), GDK_MEMORY_R8G8B8X8, bytes,
                                 (gsize) GST_VIDEO_FRAME_PLANE_STRIDE (&held->frame, 0));
}

static void
take_frame (KlVideo *self)
{
  GstSample *sample = self->feed != NULL ? kl_video_feed_dup_sample (self->feed) : NULL;
  gboolean had = self->texture != NULL;

  g_clear_object (&self->texture);
  if (sample != NULL)
    self->texture = create_texture (sample);
  gtk_widget_queue_draw (GTK_WIDGET (self));
  if (had != (self->texture != NULL))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HAS_PICTURE]);
}

/* ── Who looks ───────────────────────────────────────────────────────────── */

static void
set_looking (KlVideo  *self,
             gboolean  looking)
{
  guint lookers;

  if (self->looking == looking || self->feed == NULL)
    return;
  self->looking = looking;
  lookers = GPOINTER_TO_UINT (g_object_get_qdata (G_OBJECT (self->feed), lookers_quark ())) + (looking ? 1 : -1u);
  g_object_set_qdata (G_OBJECT (self->feed), lookers_quark (), GUINT_TO_POINTER (lookers));
  kl_video_feed_set_wanted (self->feed, lookers > 0);
  if (looking)
    take_frame (self);
}

void
kl_video_set_feed (KlVideo     *self,
                   KlVideoFeed *feed)
{
  g_return_if_fail (KL_IS_VIDEO (self));

  if (self->feed == feed)
    return;
  if (self->feed != NULL)
    {
      set_looking (self, FALSE);
      g_signal_handlers_disconnect_by_data (self->feed, self);
    }
  g_set_object (&self->feed, feed);
  if (feed != NULL)
    g_signal_connect_object (feed, "frame", G_CALLBACK (take_frame), self, G_CONNECT_SWAPPED);
  take_frame (self);
  set_looking (self, gtk_widget_get_mapped (GTK_WIDGET (self)));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FEED]);
}

static void
kl_video_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (kl_video_parent_class)->map (widget);
  set_looking (KL_VIDEO (widget), TRUE);
}

static void
kl_video_unmap (GtkWidget *widget)
{
  set_looking (KL_VIDEO (widget), FALSE);
  GTK_WIDGET_CLASS (kl_video_parent_class)->unmap (widget);
}

/* ── The widget ──────────────────────────────────────────────────────────── */

void
kl_video_set_mirrored (KlVideo  *self,
                       gboolean  mirrored)
{
  g_return_if_fail (KL_IS_VIDEO (self));

  mirrored = !!mirrored;
  if (self->mirrored == mirrored)
    return;
  self->mirrored = mirrored;
  gtk_widget_queue_draw (GTK_WIDGET (self));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MIRRORED]);
}

void
kl_video_set_whole (KlVideo  *self,
                    gboolean  whole)
{
  g_return_if_fail (KL_IS_VIDEO (self));

  whole = !!whole;
  if (self->whole == whole)
    return;
  self->whole = whole;
  gtk_widget_queue_draw (GTK_WIDGET (self));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_WHOLE]);
}

gboolean
kl_video_get_has_picture (KlVideo *self)
{
  g_return_val_if_fail (KL_IS_VIDEO (self), FALSE);

  return self->texture != NULL;
}

static void
kl_video_snapshot (GtkWidget   *widget,
                   GtkSnapshot *snapshot)
{
  KlVideo *self = KL_VIDEO (widget);
  float width = (float) gtk_widget_get_width (widget), height = (float) gtk_widget_get_height (widget);
  float own_width, own_height, scale;

  if (self->texture == NULL || width <= 0 || height <= 0)
    return;
  own_width = (float) gdk_texture_get_width (self->texture);
  own_height = (float) gdk_texture_get_height (self->texture);
  scale = self->whole ? MIN (width / own_width, height / own_height) : MAX (width / own_width, height / own_height);
  own_width *= scale;
  own_height *= scale;

  gtk_snapshot_push_clip (snapshot, &GRAPHENE_RECT_INIT (0, 0, width, height));
  if (self->mirrored)
    {
      gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT (width, 0));
      gtk_snapshot_scale (snapshot, -1, 1);
    }
  gtk_snapshot_append_texture (snapshot, self->texture,
                               &GRAPHENE_RECT_INIT ((width - own_width) / 2, (height - own_height) / 2, own_width, own_height));
  gtk_snapshot_pop (snapshot);
}

static void
kl_video_get_property (GObject    *object,
                       guint       id,
                       GValue     *value,
                       GParamSpec *pspec)
{
  KlVideo *self = KL_VIDEO (object);

  switch ((Prop) id)
    {
    case PROP_FEED:
      g_value_set_object (value, self->feed);
      break;
    case PROP_MIRRORED:
      g_value_set_boolean (value, self->mirrored);
      break;
    case PROP_WHOLE:
      g_value_set_boolean (value, self->whole);
      break;
    case PROP_HAS_PICTURE:
      g_value_set_boolean (value, self->texture != NULL);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_video_set_property (GObject      *object,
                       guint         id,
                       const GValue *value,
                       GParamSpec   *pspec)
{
  KlVideo *self = KL_VIDEO (object);

  switch ((Prop) id)
    {
    case PROP_FEED:
      kl_video_set_feed (self, g_value_get_object (value));
      break;
    case PROP_MIRRORED:
      kl_video_set_mirrored (self, g_value_get_boolean (value));
      break;
    case PROP_WHOLE:
      kl_video_set_whole (self, g_value_get_boolean (value));
      break;
    case PROP_HAS_PICTURE:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_video_dispose (GObject *object)
{
  KlVideo *self = KL_VIDEO (object);

  kl_video_set_feed (self, NULL);
  g_clear_object (&self->texture);
  G_OBJECT_CLASS (kl_video_parent_class)->dispose (object);
}

static void
kl_video_class_init (KlVideoClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = kl_video_get_property;
  object_class->set_property = kl_video_set_property;
  object_class->dispose = kl_video_dispose;
  widget_class->map = kl_video_map;
  widget_class->unmap = kl_video_unmap;
  widget_class->snapshot = kl_video_snapshot;

  properties[PROP_FEED] = g_param_spec_object ("feed", NULL, NULL, KL_TYPE_VIDEO_FEED,
                                               G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_MIRRORED] = g_param_spec_boolean ("mirrored", NULL, NULL, FALSE,
                                                    G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_WHOLE] = g_param_spec_boolean ("whole", NULL, NULL, FALSE,
                                                 G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_HAS_PICTURE]
    = g_param_spec_boolean ("has-picture", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
  gtk_widget_class_set_css_name (widget_class, "video");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void
kl_video_init (KlVideo *self)
{
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
}
