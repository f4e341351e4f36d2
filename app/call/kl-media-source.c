/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/call/kl-media-source.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <sys/socket.h>

struct _KlMediaSource
{
  GObject parent_instance;

  KlMediaKind kind;
  gboolean screen;
  char *label;
  char *id;
  char *launch;      /* a description for gst_parse, or NULL: */
  GstDevice *device; /* … a device, or NULL: */
  int fd;            /* … a node of this PipeWire remote */
  guint node;
};

G_DEFINE_FINAL_TYPE (KlMediaSource, kl_media_source, G_TYPE_OBJECT)

/* More than this is scaled down anyway, and costs; many cameras have it as JPEG only. */
#define CAMERA_CAPS \
  "video/x-raw,width=(int)[1,1920],height=(int)[1,1080],framerate=(fraction)[5/1,60/1];" \
  "image/jpeg,width=(int)[1,1280],height=(int)[1,720],framerate=(fraction)[5/1,60/1]"

static void
kl_media_source_finalize (GObject *object)
{
  KlMediaSource *self = KL_MEDIA_SOURCE (object);

  g_clear_object (&self->device);
  g_clear_fd (&self->fd, NULL);
  g_free (self->label);
  g_free (self->id);
  g_free (self->launch);
  G_OBJECT_CLASS (kl_media_source_parent_class)->finalize (object);
}

static void
kl_media_source_class_init (KlMediaSourceClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_media_source_finalize;
}

static void
kl_media_source_init (KlMediaSource *self)
{
  self->fd = -1;
}

static KlMediaSource *
new_source (KlMediaKind kind, const char *label, const char *id)
{
  KlMediaSource *self = g_object_new (KL_TYPE_MEDIA_SOURCE, NULL);

  self->kind = kind;
  self->label = g_strdup (label);
  self->id = g_strdup (id);
  return self;
}

KlMediaSource *
kl_media_source_new_test_video (const char *pattern)
{
  return kl_media_source_new_slow_test_video (pattern, KL_CALL_FPS);
}

KlMediaSource *
kl_media_source_new_slow_test_video (const char *pattern, int fps)
{
  KlMediaSource *self = new_source (KL_MEDIA_VIDEO, "Test pattern", NULL);

  self->launch = g_strdup_printf ("videotestsrc is-live=true pattern=%s ! "
                                  "capsfilter caps=video/x-raw,format=I420,width=%d,height=%d,framerate=%d/1",
                                  pattern, KL_CALL_WIDTH, KL_CALL_HEIGHT, fps);
  return self;
}

KlMediaSource *
kl_media_source_new_test_screen (const char *pattern)
{
  KlMediaSource *self = kl_media_source_new_test_video (pattern);

  self->screen = TRUE;
  return self;
}

KlMediaSource *
kl_media_source_new_test_audio (guint frequency_hz)
{
  KlMediaSource *self = new_source (KL_MEDIA_AUDIO, "Test tone", NULL);

  self->launch = g_strdup_printf ("audiotestsrc is-live=true samplesperbuffer=480 volume=0.3 wave=%s freq=%u ! "
                                  "capsfilter caps=audio/x-raw,rate=48000,channels=1",
                                  frequency_hz > 0 ? "sine" : "white-noise", MAX (frequency_hz, 1));
  return self;
}

KlMediaSource *
kl_media_source_new_default_microphone (void)
{
  KlMediaSource *self = new_source (KL_MEDIA_AUDIO, "Default", NULL);

  self->launch = g_strdup ("autoaudiosrc");
  return self;
}

/* What names the same device tomorrow: the display name is all that every provider has. */
KlMediaSource *
kl_media_source_new_device (GstDevice *device, KlMediaKind kind)
{
  g_autofree char *label = gst_device_get_display_name (device);
  g_autoptr (GstStructure) more = gst_device_get_properties (device);
  const char *id = more != NULL ? gst_structure_get_string (more, "node.name") : NULL;
  KlMediaSource *self = new_source (kind, label, id != NULL ? id : label);

  self->device = g_object_ref (device);
  return self;
}

KlMediaSource *
kl_media_source_new_pipewire (int fd, guint node, gboolean screen, const char *label)
{
  KlMediaSource *self = new_source (KL_MEDIA_VIDEO, label, NULL);

  self->fd = fcntl (fd, F_DUPFD_CLOEXEC, 3);
  self->node = node;
  self->screen = screen;
  return self;
}

KlMediaKind
kl_media_source_get_kind (KlMediaSource *self)
{
  return self->kind;
}

gboolean
kl_media_source_get_screen (KlMediaSource *self)
{
  return self->screen;
}

const char *
kl_media_source_get_label (KlMediaSource *self)
{
  return self->label;
}

const char *
kl_media_source_get_id (KlMediaSource *self)
{
  return self->id;
}

GstDevice *
kl_media_source_get_device (KlMediaSource *self)
{
  return self->device;
}

gboolean
kl_media_source_get_remote (KlMediaSource *self)
{
  return self->fd >= 0;
}

GSource *
kl_media_source_create_watch (KlMediaSource *self)
{
  /* That it ends is all that is of interest: what it says is for PipeWire. */
  return g_unix_fd_source_new (self->fd, G_IO_HUP | G_IO_ERR);
}

void
kl_media_source_break_off (KlMediaSource *self)
{
  /* All that PipeWire has are other descriptors of the same line. */
  shutdown (self->fd, SHUT_RDWR);
}

static GstElement *
make_device_element (KlMediaSource *self, GError **error)
{
  GstElement *element = NULL;

  if (self->device != NULL)
    element = gst_device_create_element (self->device, NULL);
  else if ((element = gst_element_factory_make ("pipewiresrc", NULL)) != NULL)
    {
      g_autofree char *path = g_strdup_printf ("%u", self->node);

      /* It closes the descriptor that it is given. */
      g_object_set (element, "fd", fcntl (self->fd, F_DUPFD_CLOEXEC, 3), "path", path, "do-timestamp", TRUE,
                    "keepalive-time", 1000, NULL);
    }
  if (element == NULL)
    g_set_error (error, KL_CALL_ERROR, KL_CALL_ERROR_DEVICE, "%s cannot be opened", self->label);
  return element;
}

static void
on_decoded_pad (GstElement *decoder, GstPad *pad, GstPad *ghost)
{
  gst_ghost_pad_set_target (GST_GHOST_PAD (ghost), pad);
}

/* Cameras speak raw or JPEG, and decodebin takes either. */
static GstElement *
wrap_camera (GstElement *element)
{
  GstElement *bin = gst_bin_new (NULL);
  GstElement *filter = gst_element_factory_make ("capsfilter", NULL);
  GstElement *decoder = gst_element_factory_make ("decodebin", NULL);
  g_autoptr (GstCaps) caps = gst_caps_from_string (CAMERA_CAPS);
  GstPad *ghost = gst_ghost_pad_new_no_target ("src", GST_PAD_SRC);

  g_object_set (filter, "caps", caps, NULL);
  gst_bin_add_many (GST_BIN (bin), element, filter, decoder, NULL);
  gst_element_link_many (element, filter, decoder, NULL);
  gst_element_add_pad (bin, ghost);
  g_signal_connect_object (decoder, "pad-added", G_CALLBACK (on_decoded_pad), ghost, 0);
  return bin;
}

static GstElement *
wrap (GstElement *element)
{
  GstElement *bin = gst_bin_new (NULL);
  g_autoptr (GstPad) pad = gst_element_get_static_pad (element, "src");

  gst_bin_add (GST_BIN (bin), element);
  gst_element_add_pad (bin, gst_ghost_pad_new ("src", pad));
  return bin;
}

GstElement *
kl_media_source_make_element (KlMediaSource *self, GError **error)
{
  GstElement *element;

  if (self->launch != NULL)
    {
      g_autoptr (GError) local_error = NULL;

      /* TRUE: the last pad becomes the bin's "src". */
      element = gst_parse_bin_from_description (self->launch, TRUE, &local_error);
      if (local_error != NULL)
        {
          g_clear_object (&element);
          g_set_error_literal (error, KL_CALL_ERROR, KL_CALL_ERROR_MISSING, local_error->message);
          return NULL;
        }
      return element;
    }
  element = make_device_element (self, error);
  if (element == NULL)
    return NULL;
  return self->kind == KL_MEDIA_VIDEO && !self->screen ? wrap_camera (element) : wrap (element);
}
