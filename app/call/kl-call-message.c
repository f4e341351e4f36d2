/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/call/kl-call-message.h"

#include <string.h>

#include "protocol/kl-json.h"
#include "protocol/kl-limits.h"

enum
{
  MAX_MID_BYTES = 64,
  MAX_LINES = 16,
};

static const char *const sdp_types[] = { "offer", "answer", NULL };

void
kl_call_message_free (KlCallMessage *self)
{
  g_free (self->session);
  g_free (self->sdp);
  g_free (self->candidate);
  g_free (self->mid);
  g_free (self);
}

static gboolean
read_sdp (KlCallMessage *self, yyjson_val *value)
{
  KlJsonFields in;
  int type;

  kl_json_fields_init (&in, value);
  type = kl_json_fields_word (&in, "type", KL_JSON_REQUIRED, sdp_types, -1);
  self->sdp = g_strdup (kl_json_fields_string (&in, "sdp", KL_JSON_REQUIRED, 1, KL_LIMIT_SIGNAL_BYTES, NULL));
  self->kind = type == 0 ? KL_CALL_MESSAGE_OFFER : KL_CALL_MESSAGE_ANSWER;
  return in.fault == NULL;
}

/* Browsers end with null or with an empty string, and write the prefix of an SDP line or not. */
static gboolean
read_candidate (KlCallMessage *self, yyjson_val *value)
{
  KlJsonFields in;
  const char *candidate;

  self->kind = KL_CALL_MESSAGE_LAST_CANDIDATE;
  if (yyjson_is_null (value))
    return TRUE;
  kl_json_fields_init (&in, value);
  candidate = kl_json_fields_string (&in, "candidate", KL_JSON_REQUIRED, 0, KL_CALL_MAX_CANDIDATE_BYTES, NULL);
  self->mid = g_strdup (kl_json_fields_string (&in, "sdpMid", KL_JSON_OPTIONAL, 0, MAX_MID_BYTES, NULL));
  self->line = (int) kl_json_fields_int (&in, "sdpMLineIndex", KL_JSON_OPTIONAL, 0, MAX_LINES - 1, -1);
  if (in.fault != NULL)
    return FALSE;
  if (*candidate == '\0')
    return TRUE;
  if (g_str_has_prefix (candidate, "a="))
    candidate += 2;
  if (!g_str_has_prefix (candidate, "candidate:") || strpbrk (candidate, "\r\n") != NULL)
    return FALSE;
  self->kind = KL_CALL_MESSAGE_CANDIDATE;
  self->candidate = g_strdup (candidate);
  return self->mid != NULL || self->line >= 0;
}

KlCallMessage *
kl_call_message_parse (const char *data, gssize length_bytes)
{
  g_autoptr (KlJson) json = NULL;
  g_autoptr (KlCallMessage) self = NULL;
  KlJsonFields in;
  yyjson_val *root;
  gsize length = length_bytes < 0 ? strlen (data) : (gsize) length_bytes;

  if (length > KL_LIMIT_SIGNAL_BYTES || (json = kl_json_parse (data, length, NULL)) == NULL)
    return NULL;
  root = kl_json_get_root (json);
  self = g_new0 (KlCallMessage, 1);
  self->line = -1;
  kl_json_fields_init (&in, root);
  self->session = g_strdup (kl_json_fields_id (&in, "session", KL_JSON_REQUIRED));
  if (in.fault != NULL)
    return NULL;
  if (kl_json_fields_has (&in, "sdp"))
    return read_sdp (self, yyjson_obj_get (root, "sdp")) ? g_steal_pointer (&self) : NULL;
  if (kl_json_fields_has (&in, "candidate"))
    return read_candidate (self, yyjson_obj_get (root, "candidate")) ? g_steal_pointer (&self) : NULL;
  self->kind = KL_CALL_MESSAGE_RENEW;
  if (!kl_json_fields_bool (&in, "renew", KL_JSON_OPTIONAL, FALSE) || in.fault != NULL)
    return NULL;
  return g_steal_pointer (&self);
}

static void
begin (KlJsonWriter *out, const char *session, gsize size_hint_bytes)
{
  kl_json_writer_init (out, size_hint_bytes);
  kl_json_begin_object (out);
  kl_json_member_string (out, "session", session);
}

static char *
end (KlJsonWriter *out)
{
  kl_json_end_object (out);
  return kl_json_writer_steal_string (out, NULL);
}

char *
kl_call_message_write_sdp (const char *session, KlCallMessageKind kind, const char *sdp)
{
  KlJsonWriter out;

  begin (&out, session, strlen (sdp) * 5 / 4 + 128);
  kl_json_key (&out, "sdp");
  kl_json_begin_object (&out);
  kl_json_member_string (&out, "type", sdp_types[kind == KL_CALL_MESSAGE_OFFER ? 0 : 1]);
  kl_json_member_string (&out, "sdp", sdp);
  kl_json_end_object (&out);
  return end (&out);
}

char *
kl_call_message_write_candidate (const char *session, const char *candidate, const char *mid, int line)
{
  KlJsonWriter out;

  begin (&out, session, 256);
  kl_json_key (&out, "candidate");
  if (candidate == NULL)
    {
      kl_json_null (&out);
      return end (&out);
    }
  kl_json_begin_object (&out);
  kl_json_member_string (&out, "candidate", candidate);
  kl_json_member_string_or_nothing (&out, "sdpMid", mid);
  kl_json_member_int (&out, "sdpMLineIndex", line);
  kl_json_end_object (&out);
  return end (&out);
}

char *
kl_call_message_write_renew (const char *session)
{
  KlJsonWriter out;

  begin (&out, session, 128);
  kl_json_member_bool (&out, "renew", TRUE);
  return end (&out);
}
