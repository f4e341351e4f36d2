/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/call/kl-call.h"
#include "app/core/kl-user.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* KlCallTile: one of the people in a call, somebody else or oneself: the picture, or the avatar where there is none, and
 * over it the name and what is to be known: speaks, muted, camera off, hand raised, a bad line. It follows what it shows,
 * takes what room it is given, and says all of it to a screen reader. The own picture is mirrored, as in a mirror; a
 * screen is shown whole.
 *
 * Properties (read only): speaking, screen (boolean). */
#define KL_TYPE_CALL_TILE (kl_call_tile_get_type ())
G_DECLARE_FINAL_TYPE (KlCallTile, kl_call_tile, KL, CALL_TILE, GtkWidget)

/* user: NULL where nobody knows yet who that is. */
GtkWidget *kl_call_tile_new (KlCallPeer *peer,
                             KlUser     *user);
GtkWidget *kl_call_tile_new_own (KlPublisher *publisher,
                                 KlUser      *me);

/* NULL for one's own. Lent. */
KlCallPeer *kl_call_tile_get_peer (KlCallTile *self);
/* As shown, "… (you)" included. */
const char *kl_call_tile_get_name (KlCallTile *self);
gboolean kl_call_tile_get_speaking (KlCallTile *self);
gboolean kl_call_tile_get_screen (KlCallTile *self);

void kl_call_tile_set_user (KlCallTile *self,
                            KlUser     *user);
/* One's own; a peer's are known. */
void kl_call_tile_set_hand (KlCallTile *self,
                            gboolean    hand);
void kl_call_tile_set_speaking (KlCallTile *self,
                                gboolean    speaking);
/* Something lies over so many pixels beside the name, from the end: it keeps out of there. */
void kl_call_tile_set_covered (KlCallTile *self,
                               int         covered);
/* The picture alone, for a corner of another. */
void kl_call_tile_set_small (KlCallTile *self,
                             gboolean    small);

/* The name at the top, for where something else lies over the lower end. */
void kl_call_tile_set_name_on_top (KlCallTile *self,
                                   gboolean    name_on_top);

/* An emoji rises from the tile, and is gone. */
void kl_call_tile_react (KlCallTile *self,
                         const char *emoji);

G_END_DECLS
