/* SPDX-License-Identifier: GPL-3.0-or-later
 * The calls of an account at work: the one that this device is in, or is about to join, and the one that rings. It ties a
 * KlSession to a KlCall: peers, signals and ICE servers go in, signals and what we send go out; a broken line is taken up
 * again while media goes on. No widget; main thread. One a window.
 *
 * What a user interface does:
 *   - A button "call" in a group: kl_calls_check (self, group). The state becomes CHECKING, and KlCalls:call is there: its
 *     publisher's feed is the preview, its publisher's level the meter; nobody hears or sees anything yet. Microphone, camera
 *     and speaker are chosen by the properties below. While KlCalls:warned is FALSE the page says that the others see one's
 *     network address, with the switch KlCalls:always-relay. Then kl_calls_join (self), or kl_calls_leave (self) to go back.
 *   - A call that rings: KlCalls:ring is not NULL: an incoming dialog with kl_calls_answer (self, ring, TRUE) "Join",
 *     (…, FALSE) "Voice only", kl_calls_decline (self, ring). It is NULL while quiet, and when it stops. The notification is
 *     KlRinger's.
 *   - The call itself: tiles of kl_call_get_peers (kl_calls_get_call (self)); a tile's person is kl_calls_get_person (self,
 *     kl_call_peer_get_user (peer)). Oneself: KlCalls:microphone-on, camera-on, screen-on, hand, speaking, and the publisher's
 *     feed (mirrored, but not where screen-on).
 *   - Elsewhere: KlGroup:call says that a call is on in a group, since when and with whom.
 *
 * Properties (r: read, w: write, c: construct only):
 *   session      KlSession (c)
 *   settings     GSettings or NULL (c): the keys call-*, kept by what follows
 *   devices      KlMediaDevices (r, constant): for the choice
 *   state        KlCallsState as int (r)
 *   error        GError or NULL (r): with ENDED: why; with CHECKING: why joining did not succeed (then one may try again)
 *   group        KlGroup or NULL (r): from CHECKING to the end
 *   call         KlCall or NULL (r): likewise
 *   peer         string or NULL (r): one's own peer id, for reactions; NULL before RUNNING
 *   started-at   int64 (r): of the call, milliseconds; 0 before RUNNING
 *   ring         KlRing or NULL (r): the one to be shown: the oldest, NULL while one is not to be disturbed
 *   quiet        boolean (rw): the desktop does not want us to disturb. One's own "do not disturb" is heeded besides
 *   microphone-on, camera-on  boolean (rw): what is sent, or will be. Writing TRUE opens the device; if that fails it goes
 *                back to FALSE and the trouble says why. During a call it is what the others are told
 *   screen-on    boolean (r): see kl_calls_share_screen_async(). The camera is closed meanwhile, and comes back after it
 *   hand         boolean (rw): raised
 *   speaking     boolean (r): I am loud now or was a moment ago, and not muted: for the outline
 *   audio-trouble, video-trouble  KlCallsTrouble as int (r)
 *   microphone, camera   KlMediaSource or NULL (rw): the chosen one, an item of devices; NULL: the system's choice
 *   speaker      GstDevice or NULL (rw): likewise
 *   speaker-working  boolean (r): FALSE: this machine has nothing to hear the others with
 *   echo-cancellation, noise-suppression  boolean (rw, kept)
 *   always-relay boolean (rw, kept): one's network address is hidden from the others; from the next connection on
 *   warned       boolean (rw, kept): one has been told of it; joining sets it
 *   large        boolean (c, default TRUE): 1280x720 where lines and the number of people allow it
 *   local-address string, silent boolean, voice-processing boolean (c): KlCall's, for tests
 *
 * Signals:
 *   reaction (peer id, emoji)    shows for 3 s, at most ten at once; one's own too
 *   declined (KlUser)            of those who were rung
 *   arrived (KlUser), departed (KlUser)   for the screen reader; not at reconnections */
#pragma once

#include "app/call/kl-call.h"
#include "app/call/kl-media-devices.h"
#include "app/core/kl-core.h"

#include <libportal/portal.h>

G_BEGIN_DECLS

typedef enum
{
  KL_CALLS_IDLE,
  KL_CALLS_CHECKING,     /* devices are open, for oneself */
  KL_CALLS_JOINING,      /* the server has been asked */
  KL_CALLS_RUNNING,      /* in the call; with or without others */
  KL_CALLS_RECONNECTING, /* the line to the server is broken; media goes on, or is about to */
  KL_CALLS_ENDED,        /* not by ourselves; KlCalls:error says why. Until kl_calls_dismiss(), or the next call */
} KlCallsState;

/* Why a microphone or camera is not open though it should be. */
typedef enum
{
  KL_CALLS_TROUBLE_NONE,
  KL_CALLS_TROUBLE_MISSING, /* there is none: "No microphone was found. You can join and listen." */
  KL_CALLS_TROUBLE_BUSY,    /* it cannot be opened: "Another program is using the camera." */
} KlCallsTrouble;

/* Besides KL_CORE_ERROR (kl_error_dup_sentence() has the words, for a full call too) and KL_CALL_ERROR. */
typedef enum
{
  KL_CALLS_ERROR_REMOVED, /* one is no longer in the group */
  KL_CALLS_ERROR_NO_SCREEN, /* the desktop gave none */
} KlCallsError;

#define KL_CALLS_ERROR (kl_calls_error_quark ())
GQuark kl_calls_error_quark (void);

#define KL_TYPE_CALLS (kl_calls_get_type ())
G_DECLARE_FINAL_TYPE (KlCalls, kl_calls, KL, CALLS, GObject)

KlCalls *kl_calls_new (KlSession *session, GSettings *settings);

/* Opens the devices, to see and hear how one will be seen and heard. Leaves a call of another group; in this group's call
 * already it changes nothing. */
void kl_calls_check (KlCalls *self, KlGroup *group);
/* From CHECKING: into the call, with what is open. */
void kl_calls_join (KlCalls *self);
/* Without a check: into GROUP's call with the microphone and, if VIDEO, the camera. */
void kl_calls_join_group (KlCalls *self, KlGroup *group, gboolean video);
/* Out of whatever this is: IDLE. */
void kl_calls_leave (KlCalls *self);
/* ENDED becomes IDLE: its sentence has been read. */
void kl_calls_dismiss (KlCalls *self);

/* Joins without a check; the ring stops on all devices. */
void kl_calls_answer (KlCalls *self, KlRing *ring, gboolean video);
void kl_calls_decline (KlCalls *self, KlRing *ring);
/* The ring of this call, or NULL: it has stopped. For actions that carry an id. */
KlRing *kl_calls_find_ring (KlCalls *self, const char *call);

/* Rings all members' devices (USERS NULL; groups of up to 50 members) or these. In a call only. */
void kl_calls_ring_async (KlCalls *self, const char *const *users, GAsyncReadyCallback callback, gpointer user_data);
gboolean kl_calls_ring_finish (KlCalls *self, GAsyncResult *result, GError **error);

void kl_calls_react (KlCalls *self, const char *emoji);

/* Asks the desktop's portal for a screen or window and shows it in place of the camera. PARENT: the window that asks
 * (xdp_parent_new_gtk(), of libportal-gtk4), or NULL. FALSE without an error: the person has changed their mind, and nothing
 * has changed. It ends by kl_calls_stop_sharing(), by the desktop's own button, and when the window that is shown closes. */
void kl_calls_share_screen_async (KlCalls *self, XdpParent *parent, GAsyncReadyCallback callback, gpointer user_data);
gboolean kl_calls_share_screen_finish (KlCalls *self, GAsyncResult *result, GError **error);
void kl_calls_stop_sharing (KlCalls *self);

KlCallsState kl_calls_get_state (KlCalls *self);
const GError *kl_calls_get_error (KlCalls *self);
KlSession *kl_calls_get_session (KlCalls *self);
KlGroup *kl_calls_get_group (KlCalls *self);
KlCall *kl_calls_get_call (KlCalls *self);
const char *kl_calls_get_peer (KlCalls *self);
gint64 kl_calls_get_started_at (KlCalls *self);
KlRing *kl_calls_get_ring (KlCalls *self);
KlMediaDevices *kl_calls_get_devices (KlCalls *self);
gboolean kl_calls_get_microphone_on (KlCalls *self);
void kl_calls_set_microphone_on (KlCalls *self, gboolean on);
gboolean kl_calls_get_camera_on (KlCalls *self);
void kl_calls_set_camera_on (KlCalls *self, gboolean on);
gboolean kl_calls_get_screen_on (KlCalls *self);
gboolean kl_calls_get_hand (KlCalls *self);
void kl_calls_set_hand (KlCalls *self, gboolean raised);
gboolean kl_calls_get_speaking (KlCalls *self);
KlCallsTrouble kl_calls_get_trouble (KlCalls *self, KlMediaKind kind);
gboolean kl_calls_get_always_relay (KlCalls *self);
gboolean kl_calls_get_warned (KlCalls *self);
/* The person behind a KlCallPeer:user. Lent. */
KlUser *kl_calls_get_person (KlCalls *self, const char *user);

/* Shows SOURCE (a screen) in place of the camera: what sharing does when the portal has given it. */
void kl_calls_take_screen (KlCalls *self, KlMediaSource *source);

G_END_DECLS
