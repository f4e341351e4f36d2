/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/call/kl-call-description.h"

#include <stdlib.h>
#include <string.h>

#define TRANSPORT_CC "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"

static const char *const media_names[] = { "audio", "video" };
static const char *const rtp_maps[] = { "opus/48000", "VP8/90000" };

void
kl_call_description_free (KlCallDescription *self)
{
  g_clear_pointer (&self->description, gst_webrtc_session_description_free);
  for (int line = 0; line < KL_CALL_MAX_LINES; line++)
    g_free (self->mids[line]);
  g_free (self->ufrag);
  g_free (self);
}

/* "96 VP8/90000": the payload type of the first such line. */
static int
find_payload (const GstSDPMedia *media, const char *map)
{
  for (guint i = 0; i < gst_sdp_media_attributes_len (media); i++)
    {
      const GstSDPAttribute *attribute = gst_sdp_media_get_attribute (media, i);
      const char *space = attribute->value != NULL ? strchr (attribute->value, ' ') : NULL;
      int payload;

      if (g_strcmp0 (attribute->key, "rtpmap") != 0 || space == NULL
          || g_ascii_strncasecmp (space + 1, map, strlen (map)) != 0)
        continue;
      payload = atoi (attribute->value);
      if (payload >= 0 && payload < 128)
        return payload;
    }
  return -1;
}

/* "3 http://…" or "3/sendrecv http://…". */
static int
find_extension (const GstSDPMedia *media, const char *uri)
{
  for (guint i = 0; i < gst_sdp_media_attributes_len (media); i++)
    {
      const GstSDPAttribute *attribute = gst_sdp_media_get_attribute (media, i);
      const char *space = attribute->value != NULL ? strchr (attribute->value, ' ') : NULL;
      int id;

      if (g_strcmp0 (attribute->key, "extmap") != 0 || space == NULL || !g_str_has_prefix (space + 1, uri))
        continue;
      id = atoi (attribute->value);
      if (id >= 1 && id <= 14)
        return id;
    }
  return -1;
}

/* ICE and DTLS may stand above all lines, or on each. */
static const char *
find_attribute (const GstSDPMessage *message, const GstSDPMedia *media, const char *key)
{
  const char *value = gst_sdp_media_get_attribute_val (media, key);

  return value != NULL ? value : gst_sdp_message_get_attribute_val (message, key);
}

static gboolean
read_line (KlCallDescription *self, const GstSDPMessage *message, guint line)
{
  const GstSDPMedia *media = gst_sdp_message_get_media (message, line);
  const char *ufrag = find_attribute (message, media, "ice-ufrag");

  if (ufrag == NULL || find_attribute (message, media, "ice-pwd") == NULL
      || find_attribute (message, media, "fingerprint") == NULL)
    return FALSE;
  if (self->ufrag == NULL)
    self->ufrag = g_strdup (ufrag);
  self->mids[line] = g_strdup (gst_sdp_media_get_attribute_val (media, "mid"));
  if (self->mids[line] == NULL)
    return FALSE;
  for (int kind = 0; kind < 2; kind++)
    {
      KlCallCodec *codec = &self->codecs[kind];

      if (codec->line >= 0 || g_strcmp0 (gst_sdp_media_get_media (media), media_names[kind]) != 0)
        continue;
      codec->line = (int) line;
      codec->payload = find_payload (media, rtp_maps[kind]);
      codec->transport_cc = find_extension (media, TRANSPORT_CC);
    }
  return TRUE;
}

KlCallDescription *
kl_call_description_parse (GstWebRTCSDPType type, const char *sdp)
{
  g_autoptr (KlCallDescription) self = g_new0 (KlCallDescription, 1);
  GstSDPMessage *message = NULL;

  if (!g_str_has_prefix (sdp, "v=0") || gst_sdp_message_new_from_text (sdp, &message) != GST_SDP_OK)
    {
      g_clear_pointer (&message, gst_sdp_message_free);
      return NULL;
    }
  self->description = gst_webrtc_session_description_new (type, message);
  self->n_lines = gst_sdp_message_medias_len (message);
  if (self->n_lines == 0 || self->n_lines > KL_CALL_MAX_LINES)
    return NULL;
  for (int kind = 0; kind < 2; kind++)
    self->codecs[kind] = (KlCallCodec) { -1, -1, -1 };
  for (guint line = 0; line < self->n_lines; line++)
    if (!read_line (self, message, line))
      return NULL;
  return g_steal_pointer (&self);
}

int
kl_call_description_find_mid (KlCallDescription *self, const char *mid)
{
  for (guint line = 0; line < self->n_lines; line++)
    if (g_strcmp0 (self->mids[line], mid) == 0)
      return (int) line;
  return -1;
}

void
kl_call_codec_default (KlCallCodec *codec, KlMediaKind kind)
{
  codec->line = (int) kind;
  codec->payload = kind == KL_MEDIA_AUDIO ? 111 : 96;
  codec->transport_cc = 3;
}

GstCaps *
kl_call_codec_caps (const KlCallCodec *codec, KlMediaKind kind)
{
  GstCaps *caps = gst_caps_new_simple ("application/x-rtp", "media", G_TYPE_STRING, media_names[kind], "payload",
                                       G_TYPE_INT, codec->payload, NULL);

  if (kind == KL_MEDIA_AUDIO)
    gst_caps_set_simple (caps, "encoding-name", G_TYPE_STRING, "OPUS", "clock-rate", G_TYPE_INT, 48000,
                         "encoding-params", G_TYPE_STRING, "2", NULL);
  else
    gst_caps_set_simple (caps, "encoding-name", G_TYPE_STRING, "VP8", "clock-rate", G_TYPE_INT, 90000,
                         "rtcp-fb-nack-pli", G_TYPE_BOOLEAN, TRUE, "rtcp-fb-ccm-fir", G_TYPE_BOOLEAN, TRUE, NULL);
  if (codec->transport_cc > 0)
    {
      g_autofree char *name = g_strdup_printf ("extmap-%d", codec->transport_cc);

      gst_caps_set_simple (caps, "rtcp-fb-transport-cc", G_TYPE_BOOLEAN, TRUE, name, G_TYPE_STRING, TRANSPORT_CC, NULL);
    }
  return caps;
}
