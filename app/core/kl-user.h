/* SPDX-License-Identifier: GPL-3.0-or-later
 * A person. There is one KlUser for each id in a session; it changes in place and notifies. Main thread.
 *
 * Properties (all readable; writable so that a session, or a test, can fill them):
 *   id            string, construct only
 *   name          string: the short name of the address
 *   address       string: name@domain
 *   display-name  string; falls back to the name
 *   initials      string: one or two grapheme clusters for the avatar, read only
 *   hue           uint 0-7: FNV-1a (32 bit) of the id, mod 8, read only
 *   status        KlUserStatus
 *   status-text   string or NULL
 *   last-seen     int64: milliseconds since the epoch, 0: not known
 *   deleted       boolean: the account is gone
 *   twin          boolean: another person's display name looks like this one; the address tells them apart
 *   server-admin  boolean: of one's own user only */
#pragma once

#include "app/core/kl-core-types.h"

G_BEGIN_DECLS

#define KL_TYPE_USER (kl_user_get_type ())
G_DECLARE_FINAL_TYPE (KlUser, kl_user, KL, USER, GObject)

KlUser *kl_user_new (const char *id);

const char *kl_user_get_id (KlUser *self);
const char *kl_user_get_name (KlUser *self);
const char *kl_user_get_address (KlUser *self);
const char *kl_user_get_display_name (KlUser *self);
const char *kl_user_get_initials (KlUser *self);
guint kl_user_get_hue (KlUser *self);
KlUserStatus kl_user_get_status (KlUser *self);
const char *kl_user_get_status_text (KlUser *self);
gint64 kl_user_get_last_seen (KlUser *self);
gboolean kl_user_get_deleted (KlUser *self);
gboolean kl_user_get_twin (KlUser *self);
gboolean kl_user_get_server_admin (KlUser *self);

/* FNV-1a (32 bit) of the id, mod 8: the hue of whatever has this id. */
guint kl_hue_for_id (const char *id);

G_END_DECLS
