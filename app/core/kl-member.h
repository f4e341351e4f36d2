/* SPDX-License-Identifier: GPL-3.0-or-later
 * A person in a group. Main thread.
 *
 * Properties (readable; writable so that a session, or a test, can fill them):
 *   user     KlUser, construct only
 *   role     KlRole
 *   section  KlMemberSection
 *   typing   boolean */
#pragma once

#include "app/core/kl-user.h"

G_BEGIN_DECLS

#define KL_TYPE_MEMBER (kl_member_get_type ())
G_DECLARE_FINAL_TYPE (KlMember, kl_member, KL, MEMBER, GObject)

KlMember *kl_member_new (KlUser *user);

KlUser *kl_member_get_user (KlMember *self);
KlRole kl_member_get_role (KlMember *self);
KlMemberSection kl_member_get_section (KlMember *self);
gboolean kl_member_get_typing (KlMember *self);

G_END_DECLS
