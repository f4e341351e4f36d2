/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a server sends becomes the client's objects: whatever it is, nothing is printed, and what was taken over is sane. */
#include "app/core/kl-wire.h"
#include "protocol/kl-limits.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
read_message (yyjson_val *object, KlPeople *people)
{
  KlWireMessage wire;

  if (!kl_wire_read_message (object, &wire))
    return;
  g_autoptr (KlMessage) message = kl_message_new (wire.group);
  if (!kl_wire_update_message (message, &wire, people, "me"))
    return;
  g_assert_cmpint (kl_message_get_seq (message), >, 0);
  g_assert_nonnull (kl_message_get_sender (message));
  g_autofree char *preview = kl_message_dup_preview (message, 20);
  g_assert_true (g_utf8_validate (preview, -1, NULL));
  g_autofree char *ids = kl_wire_dup_people (&wire);
  g_assert_nonnull (ids);
}

static void
read_group (yyjson_val *object, KlPeople *people)
{
  g_autoptr (KlGroup) group = kl_group_new ("g");
  KlWireGroup more;

  if (!kl_wire_update_group (group, object, people, &more))
    return;
  g_assert_cmpuint (kl_group_get_unread (group), <=, KL_LIMIT_UNREAD_EXACT + 1);
  g_assert_cmpuint (kl_group_get_hue (group), <=, KL_LIMIT_HUE_MAX);
  /* What is written is read again. */
  g_autofree char *text = kl_wire_write_group (group, more.rev, more.created_at, NULL);
  g_autoptr (KlJson) json = kl_json_parse (text, strlen (text), NULL);
  g_assert_nonnull (json);
  g_assert_true (kl_wire_update_group (group, kl_json_get_root (json), people, &more));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (KlJson) json = kl_json_parse (data, size, NULL);

  if (json == NULL)
    return 0;
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING | G_LOG_FATAL_MASK);
  g_autoptr (KlPeople) people = kl_people_new ();
  yyjson_val *root = kl_json_get_root (json);
  read_message (root, people);
  read_group (root, people);
  kl_people_take (people, root, TRUE);
  g_autoptr (GError) error = kl_wire_read_error (root);
  g_assert_nonnull (error->message);
  return 0;
}
