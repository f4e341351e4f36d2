/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The values of KlStore: plain structs in atomically counted boxes, immutable once shown. */
#include "server/chat/kl-store.h"

KlStoreUser *
kl_store_user_new (void)
{
  return g_atomic_rc_box_new0 (KlStoreUser);
}

KlStoreUser *
kl_store_user_ref (KlStoreUser *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear_user (KlStoreUser *self)
{
  g_free (self->id);
  g_free (self->name);
  g_free (self->display_name);
  g_free (self->avatar);
  g_free (self->status_text);
}

void
kl_store_user_unref (KlStoreUser *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify) clear_user);
}

KlStoreUser *
kl_store_user_copy (const KlStoreUser *self)
{
  KlStoreUser *copy = kl_store_user_new ();

  *copy = *self;
  copy->id = g_strdup (self->id);
  copy->name = g_strdup (self->name);
  copy->display_name = g_strdup (self->display_name);
  copy->avatar = g_strdup (self->avatar);
  copy->status_text = g_strdup (self->status_text);

  return copy;
}

KlStoreSession *
kl_store_session_new (void)
{
  return g_atomic_rc_box_new0 (KlStoreSession);
}

KlStoreSession *
kl_store_session_ref (KlStoreSession *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear_session (KlStoreSession *self)
{
  g_free (self->id);
  g_free (self->user);
  g_free (self->device);
}

void
kl_store_session_unref (KlStoreSession *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify) clear_session);
}

KlStoreInvite *
kl_store_invite_new (void)
{
  return g_atomic_rc_box_new0 (KlStoreInvite);
}

KlStoreInvite *
kl_store_invite_ref (KlStoreInvite *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear_invite (KlStoreInvite *self)
{
  g_free (self->code);
  g_free (self->group);
  g_free (self->by);
}

void
kl_store_invite_unref (KlStoreInvite *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify) clear_invite);
}

KlStoreGroup *
kl_store_group_new (void)
{
  KlStoreGroup *self = g_atomic_rc_box_new0 (KlStoreGroup);

  self->hue = -1;

  return self;
}

KlStoreGroup *
kl_store_group_ref (KlStoreGroup *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear_group (KlStoreGroup *self)
{
  g_free (self->id);
  g_free (self->slug);
  g_free (self->name);
  g_free (self->topic);
  g_free (self->avatar);
  g_free (self->emoji);
}

void
kl_store_group_unref (KlStoreGroup *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify) clear_group);
}

KlStoreGroup *
kl_store_group_copy (const KlStoreGroup *self)
{
  KlStoreGroup *copy = kl_store_group_new ();

  *copy = *self;
  copy->id = g_strdup (self->id);
  copy->slug = g_strdup (self->slug);
  copy->name = g_strdup (self->name);
  copy->topic = g_strdup (self->topic);
  copy->avatar = g_strdup (self->avatar);
  copy->emoji = g_strdup (self->emoji);

  return copy;
}

KlStoreMember *
kl_store_member_new (void)
{
  return g_atomic_rc_box_new0 (KlStoreMember);
}

KlStoreMember *
kl_store_member_ref (KlStoreMember *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear_member (KlStoreMember *self)
{
  g_free (self->user);
}

void
kl_store_member_unref (KlStoreMember *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify) clear_member);
}

KlStoreMember *
kl_store_member_copy (const KlStoreMember *self)
{
  KlStoreMember *copy = kl_store_member_new ();

  *copy = *self;
  copy->user = g_strdup (self->user);

  return copy;
}

KlStoreBan *
kl_store_ban_new (void)
{
  return g_atomic_rc_box_new0 (KlStoreBan);
}

KlStoreBan *
kl_store_ban_ref (KlStoreBan *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear_ban (KlStoreBan *self)
{
  g_free (self->user);
  g_free (self->by);
}

void
kl_store_ban_unref (KlStoreBan *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify) clear_ban);
}

KlStoreMessage *
kl_store_message_new (void)
{
  return g_atomic_rc_box_new0 (KlStoreMessage);
}

KlStoreMessage *
kl_store_message_ref (KlStoreMessage *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear_message (KlStoreMessage *self)
{
  g_free (self->id);
  g_free (self->sender);
  g_free (self->text);
  g_free (self->json);
}

void
kl_store_message_unref (KlStoreMessage *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify) clear_message);
}

KlStoreCredentials *
kl_store_credentials_new (void)
{
  return g_new0 (KlStoreCredentials, 1);
}

void
kl_store_credentials_free (KlStoreCredentials *self)
{
  g_clear_pointer (&self->user, kl_store_user_unref);
  g_free (self->password_hash);
  g_free (self);
}

KlStoreSignedIn *
kl_store_signed_in_new (void)
{
  return g_new0 (KlStoreSignedIn, 1);
}

void
kl_store_signed_in_free (KlStoreSignedIn *self)
{
  g_clear_pointer (&self->session, kl_store_session_unref);
  g_clear_pointer (&self->user, kl_store_user_unref);
  g_free (self);
}

void
kl_store_change_clear (KlStoreChange *self)
{
  g_clear_pointer (&self->op, g_free);
  g_clear_pointer (&self->actor, g_free);
  g_clear_pointer (&self->invite, g_free);
  g_clear_pointer (&self->message, kl_store_message_unref);
  g_clear_pointer (&self->member, kl_store_member_unref);
  g_clear_pointer (&self->group, kl_store_group_unref);
}

KlStoreBatch *
kl_store_batch_new (const char *group, gint64 base_rev, gint64 base_seq)
{
  KlStoreBatch *self = g_atomic_rc_box_new0 (KlStoreBatch);

  self->group = g_strdup (group);
  self->base_rev = base_rev;
  self->base_seq = base_seq;
  self->changes = g_array_new (FALSE, TRUE, sizeof (KlStoreChange));
  g_array_set_clear_func (self->changes, (GDestroyNotify) kl_store_change_clear);

  return self;
}

KlStoreBatch *
kl_store_batch_ref (KlStoreBatch *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear_batch (KlStoreBatch *self)
{
  g_free (self->group);
  g_array_unref (self->changes);
}

void
kl_store_batch_unref (KlStoreBatch *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify) clear_batch);
}

KlStoreBatch *
kl_store_batch_dup_first (const KlStoreBatch *self, guint n)
{
  KlStoreBatch *first = kl_store_batch_new (self->group, self->base_rev, self->base_seq);

  for (guint i = 0; i < n; i++)
    {
      KlStoreChange change = g_array_index (self->changes, KlStoreChange, i);

      change.op = g_strdup (change.op);
      change.actor = g_strdup (change.actor);
      change.invite = g_strdup (change.invite);
      if (change.message)
        kl_store_message_ref (change.message);
      if (change.member)
        kl_store_member_ref (change.member);
      if (change.group)
        kl_store_group_ref (change.group);
      g_array_append_val (first->changes, change);
    }

  return first;
}

KlStoreChange *
kl_store_batch_add (KlStoreBatch *self, KlChangeKind kind)
{
  KlStoreChange *change;

  g_array_set_size (self->changes, self->changes->len + 1);
  change = &g_array_index (self->changes, KlStoreChange, self->changes->len - 1);
  change->kind = kind;
  change->rev = self->base_rev + self->changes->len;

  return change;
}

KlAppendResult *
kl_append_result_new (KlAppendOutcome outcome)
{
  KlAppendResult *self = g_new0 (KlAppendResult, 1);

  self->outcome = outcome;
  self->indexes = g_array_new (FALSE, FALSE, sizeof (guint));

  return self;
}

void
kl_append_result_free (KlAppendResult *self)
{
  g_array_unref (self->indexes);
  g_free (self);
}

KlStoreOp *
kl_store_op_new (void)
{
  return g_new0 (KlStoreOp, 1);
}

void
kl_store_op_free (KlStoreOp *self)
{
  g_free (self->group);
  g_free (self);
}

KlStoreLoaded *
kl_store_loaded_new (void)
{
  KlStoreLoaded *self = g_new0 (KlStoreLoaded, 1);

  self->members = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_store_member_unref);
  self->bans = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_store_ban_unref);

  return self;
}

void
kl_store_loaded_free (KlStoreLoaded *self)
{
  g_clear_pointer (&self->group, kl_store_group_unref);
  g_clear_pointer (&self->last_message, kl_store_message_unref);
  g_ptr_array_unref (self->members);
  g_ptr_array_unref (self->bans);
  g_free (self);
}

KlStoreListing *
kl_store_listing_new (void)
{
  return g_new0 (KlStoreListing, 1);
}

void
kl_store_listing_free (KlStoreListing *self)
{
  g_clear_pointer (&self->group, kl_store_group_unref);
  g_free (self);
}

KlStoreMemberPage *
kl_store_member_page_new (void)
{
  KlStoreMemberPage *self = g_new0 (KlStoreMemberPage, 1);

  self->members = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_store_member_unref);
  self->users = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_store_user_unref);

  return self;
}

void
kl_store_member_page_free (KlStoreMemberPage *self)
{
  g_ptr_array_unref (self->members);
  g_ptr_array_unref (self->users);
  g_free (self);
}

KlStoreHead *
kl_store_head_new (const char *group, gint64 rev)
{
  KlStoreHead *self = g_new0 (KlStoreHead, 1);

  self->group = g_strdup (group);
  self->rev = rev;

  return self;
}

void
kl_store_head_free (KlStoreHead *self)
{
  g_clear_pointer (&self->users, g_ptr_array_unref);
  g_free (self->group);
  g_free (self);
}
