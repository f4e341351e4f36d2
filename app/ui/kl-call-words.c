/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-call-words.h"

#include <glib/gi18n.h>

char *
kl_call_words_dup_elapsed (gint64 at_ms)
{
  gint64 s = at_ms > 0 ? MAX (g_get_real_time () / 1000 - at_ms, 0) / 1000 : 0;

  if (s >= 3600)
    return g_strdup_printf ("%d:%02d:%02d", (int) (s / 3600), (int) (s / 60 % 60), (int) (s % 60));
  return g_strdup_printf ("%d:%02d", (int) (s / 60), (int) (s % 60));
}

char *
kl_call_words_dup_people (const char *elapsed,
                          guint       n_people)
{
  g_autofree char *people = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%u person", "%u people", n_people), n_people);

  return g_strdup_printf ("%s · %s", elapsed, people);
}

const char *
kl_call_words_get_trouble (KlCalls     *calls,
                           KlMediaKind  kind)
{
  switch (kl_calls_get_trouble (calls, kind))
    {
    case KL_CALLS_TROUBLE_MISSING:
      return kind == KL_MEDIA_AUDIO ? _ ("No microphone was found. You can join and listen.")
                                    : _ ("No camera was found. You can join without.");
    case KL_CALLS_TROUBLE_BUSY:
      return kind == KL_MEDIA_AUDIO ? _ ("Another program is using the microphone.")
                                    : _ ("Another program is using the camera.");
    case KL_CALLS_TROUBLE_NONE:
    default:
      return NULL;
    }
}

/* ── Lines ───────────────────────────────────────────────────────────────── */

static char *
dup_own_line (KlCallLine line)
{
  switch (line)
    {
    case KL_CALL_LINE_WEAK:
      return g_strdup (_ ("Your connection is a little slow. The others see you smaller for now."));
    case KL_CALL_LINE_BAD:
      return g_strdup (_ ("Your connection is weak. The others hear you; your picture will be back."));
    case KL_CALL_LINE_GOOD:
    default:
      return NULL;
    }
}

static char *
dup_peer_line (KlCalls    *calls,
               KlCallPeer *peer)
{
  KlUser *user = kl_calls_get_person (calls, kl_call_peer_get_user (peer));
  const char *name = user != NULL ? kl_user_get_display_name (user) : _ ("Somebody");

  switch (kl_call_peer_get_line (peer))
    {
    case KL_CALL_LINE_WEAK:
      return g_strdup_printf (_ ("%s’s connection is a little slow."), name);
    case KL_CALL_LINE_BAD:
      return g_strdup_printf (_ ("%s’s connection is weak. The sound goes on; the picture will be back."), name);
    case KL_CALL_LINE_GOOD:
    default:
      return kl_call_peer_get_stalled (peer) ? g_strdup_printf (_ ("%s’s picture is on its way…"), name) : NULL;
    }
}

/* Whose line is bad: our own, if all suffer at once; else the worst of theirs. */
static char *
dup_lines (KlCalls *calls)
{
  KlCall *call = kl_calls_get_call (calls);
  GListModel *peers = kl_call_get_peers (call);
  g_autoptr (KlCallPeer) worst = NULL;

  if (kl_call_get_line (call) != KL_CALL_LINE_GOOD)
    return dup_own_line (kl_call_get_line (call));
  for (guint i = 0; i < g_list_model_get_n_items (peers); i++)
    {
      g_autoptr (KlCallPeer) peer = g_list_model_get_item (peers, i);

      if (worst == NULL || kl_call_peer_get_line (peer) > kl_call_peer_get_line (worst)
          || (kl_call_peer_get_line (peer) == kl_call_peer_get_line (worst) && kl_call_peer_get_stalled (peer)))
        g_set_object (&worst, peer);
    }
  return worst != NULL ? dup_peer_line (calls, worst) : NULL;
}

char *
kl_call_words_dup_hint (KlCalls     *calls,
                        const char **icon)
{
  gboolean on = kl_calls_get_microphone_on (calls), working = TRUE;
  char *lines;

  g_object_get (calls, "speaker-working", &working, NULL);
  *icon = "kl-bars-symbolic";
  if (kl_calls_get_state (calls) == KL_CALLS_RECONNECTING)
    return g_strdup (_ ("No connection to the server. The call goes on."));
  lines = kl_calls_get_call (calls) != NULL ? dup_lines (calls) : NULL;
  if (lines != NULL)
    return lines;
  *icon = on ? "kl-mic-symbolic" : "kl-mic-off-symbolic";
  if (kl_calls_get_trouble (calls, KL_MEDIA_AUDIO) == KL_CALLS_TROUBLE_MISSING)
    return g_strdup (_ ("There is no microphone. The others do not hear you."));
  if (kl_calls_get_trouble (calls, KL_MEDIA_AUDIO) == KL_CALLS_TROUBLE_BUSY)
    return g_strdup (_ ("Another program is using the microphone."));
  if (!working)
    {
      *icon = "kl-speaking-symbolic";
      return g_strdup (_ ("There is no speaker. You do not hear the others."));
    }
  if (kl_calls_get_trouble (calls, KL_MEDIA_VIDEO) == KL_CALLS_TROUBLE_BUSY)
    {
      *icon = "kl-camera-off-symbolic";
      return g_strdup (_ ("Another program is using the camera."));
    }
  if (kl_calls_get_screen_on (calls))
    {
      *icon = "kl-screen-symbolic";
      return g_strdup (_ ("The others see your screen."));
    }
  return g_strdup (on ? _ ("Your microphone is on. Hold Space to mute.") : _ ("Your microphone is off."));
}

/* ── Who is in ───────────────────────────────────────────────────────────── */

char *
kl_call_words_dup_already_in (GListModel *people,
                              KlUser     *except)
{
  const char *names[2] = { NULL };
  guint n = 0;

  for (guint i = 0; i < g_list_model_get_n_items (people); i++)
    {
      g_autoptr (KlUser) user = g_list_model_get_item (people, i);

      if (user == except)
        continue;
      if (n < G_N_ELEMENTS (names))
        names[n] = kl_user_get_display_name (user);
      n++;
    }
  if (n == 0)
    return NULL;
  if (n == 1)
    return g_strdup_printf (_ ("%s is already in"), names[0]);
  if (n == 2)
    return g_strdup_printf (_ ("%s and %s are already in"), names[0], names[1]);
  return g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%u person is already in", "%u people are already in", n), n);
}
