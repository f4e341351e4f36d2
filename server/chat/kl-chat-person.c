/* SPDX-License-Identifier: GPL-3.0-or-later */
/* People: one object an account while a group, connection or request has to do with
 * it. Life: used by those; when nobody uses it any more it goes, at once or, where its
 * rates still have a memory, with a later sweep. Residency: see kl-chat-private.h. */
#include "server/chat/kl-chat-private.h"

typedef struct
{
  KlChatDone done;
  gpointer user_data;
} Waiter;

KlChatPerson *
kl_chat_person_peek (KlChat *chat, const char *id)
{
  return g_hash_table_lookup (chat->people, id);
}

KlChatPerson *
kl_chat_person_use (KlChat *chat, const char *id)
{
  KlChatPerson *self = g_hash_table_lookup (chat->people, id);

  if (!self)
    {
      self = g_new0 (KlChatPerson, 1);
      self->chat = chat;
      self->id = g_strdup (id);
      self->connections = g_ptr_array_new ();
      self->memberships = g_ptr_array_new ();
      g_hash_table_insert (chat->people, self->id, self);
    }
  self->uses++;

  return self;
}

static gboolean
is_over (KlChatPerson *self, gint64 now_usec)
{
  return self->uses == 0 && !self->dirty && self->messages.empty_usec <= now_usec && self->reads.empty_usec <= now_usec;
}

static void
free_person (KlChatPerson *self)
{
  g_assert (self->connections->len == 0);
  g_clear_pointer (&self->user, kl_store_user_unref);
  g_clear_pointer (&self->waiting, g_array_unref);
  g_clear_error (&self->load_error);
  g_ptr_array_unref (self->connections);
  g_ptr_array_unref (self->memberships);
  g_free (self->announced_text);
  g_free (self->id);
  g_free (self);
}

void
kl_chat_person_unuse (KlChatPerson *self)
{
  g_assert (self->uses > 0);
  if (--self->uses > 0 || !is_over (self, g_get_monotonic_time ()))
    return;

  g_hash_table_remove (self->chat->people, self->id);
  free_person (self);
}

void
kl_chat_person_take_user (KlChatPerson *self, KlStoreUser *user)
{
  if (self->user && self->user->updated_at > user->updated_at)
    return;

  if (!self->user)
    g_set_str (&self->announced_text, user->status_text);
  kl_store_user_ref (user);
  g_clear_pointer (&self->user, kl_store_user_unref);
  self->user = user;
  kl_chat_presence_update (self);
}

/* ── Residency ── */

static void
pin_groups (KlChatPerson *self, int by)
{
  gint64 now_usec = g_get_monotonic_time ();

  for (guint i = 0; i < self->memberships->len; i++)
    {
      KlChatMember *member = g_ptr_array_index (self->memberships, i);

      member->group->pins += by;
      member->group->used_usec = now_usec;
    }
}

static void
end_loading (KlChatPerson *self)
{
  g_autoptr (GArray) waiting = g_steal_pointer (&self->waiting);
  g_autoptr (GError) error = g_steal_pointer (&self->load_error);
  g_autoptr (KlChat) chat = self->chat; /* the load's reference */

  if (error)
    {
      pin_groups (self, -1);
      self->state = KL_PERSON_ABSENT;
    }
  else
    {
      self->state = KL_PERSON_RESIDENT;
    }
  self->used_usec = g_get_monotonic_time ();

  for (guint i = 0; waiting && i < waiting->len; i++)
    {
      Waiter *waiter = &g_array_index (waiting, Waiter, i);

      waiter->done (waiter->user_data, error);
    }
  kl_chat_person_unuse (self);
}

static void
on_group_loaded (KlChatGroup *group, const GError *error, gpointer user_data)
{
  KlChatPerson *self = user_data;

  if (error && !g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND) && !self->load_error)
    self->load_error = g_error_copy (error);
  if (--self->groups_loading == 0)
    end_loading (self);
}

static void
on_memberships (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KlChatPerson *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) groups = kl_store_get_memberships_finish (KL_STORE (source), result, &error);

  if (!groups)
    {
      self->load_error = g_steal_pointer (&error);
      end_loading (self);
      return;
    }

  self->groups_loading = groups->len + 1;
  for (guint i = 0; i < groups->len; i++)
    kl_chat_get_group (self->chat, g_ptr_array_index (groups, i), on_group_loaded, self);
  on_group_loaded (NULL, NULL, self);
}

static void
on_own_profile (gpointer user_data, const GError *error)
{
  KlChatPerson *self = user_data;

  if (!error && !self->user)
    self->load_error = g_error_new (KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND, "there is no such account");
  else if (error)
    self->load_error = g_error_copy (error);
  if (self->load_error)
    {
      end_loading (self);
      return;
    }
  kl_store_get_memberships_async (self->chat->store, self->id, on_memberships, self);
}

void
kl_chat_person_make_resident (KlChatPerson *self, KlChatDone done, gpointer user_data)
{
  Waiter waiter = { done, user_data };
  g_autoptr (GPtrArray) just_me = NULL;

  if (self->state == KL_PERSON_RESIDENT)
    {
      self->used_usec = g_get_monotonic_time ();
      done (user_data, NULL);
      return;
    }

  if (!self->waiting)
    self->waiting = g_array_new (FALSE, FALSE, sizeof (Waiter));
  g_array_append_val (self->waiting, waiter);
  if (self->state == KL_PERSON_LOADING)
    return;

  self->state = KL_PERSON_LOADING;
  self->uses++;
  g_object_ref (self->chat);
  pin_groups (self, 1);
  just_me = g_ptr_array_new ();
  g_ptr_array_add (just_me, self);
  kl_chat_load_profiles (self->chat, just_me, on_own_profile, self);
}

void
kl_chat_sweep (KlChat *chat)
{
  gint64 now_usec = g_get_monotonic_time ();
  gint64 idle_usec = chat->settings.idle_group_ms * 1000;
  g_autoptr (GPtrArray) idle_groups = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, chat->people);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      KlChatPerson *person = value;

      if (person->state == KL_PERSON_RESIDENT && person->connections->len == 0 && person->joining == 0
          && now_usec - person->used_usec > idle_usec)
        {
          pin_groups (person, -1);
          person->state = KL_PERSON_ABSENT;
        }
      if (is_over (person, now_usec))
        {
          g_hash_table_iter_remove (&iter);
          free_person (person);
        }
    }

  g_hash_table_iter_init (&iter, chat->groups);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      KlChatGroup *group = value;

      if (kl_chat_group_is_idle (group) && now_usec - group->used_usec > idle_usec)
        g_ptr_array_add (idle_groups, group);
    }
  for (guint i = 0; i < idle_groups->len; i++)
    kl_chat_group_drop (g_ptr_array_index (idle_groups, i));
}

void
kl_chat_drop_everything (KlChat *chat)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, chat->people);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      KlChatPerson *person = value;

      person->uses++;
      while (person->connections->len > 0)
        kl_chat_connection_end (g_ptr_array_index (person->connections, 0), TRUE);
      person->uses--;
      person->dirty = FALSE;
      person->messages.empty_usec = 0;
      person->reads.empty_usec = 0;
    }
  g_ptr_array_set_size (chat->dirty_people, 0);

  for (;;)
    {
      g_hash_table_iter_init (&iter, chat->groups);
      if (!g_hash_table_iter_next (&iter, NULL, &value))
        break;
      kl_chat_group_drop (value);
    }

  g_hash_table_iter_init (&iter, chat->people);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      g_hash_table_iter_remove (&iter);
      free_person (value);
    }
}

/* ── Places ── */

gboolean
kl_chat_person_take_place (KlChatPerson *self)
{
  gint64 limit = self->chat->settings.groups_per_user;

  if (limit > 0 && self->memberships->len + self->places >= (guint) limit)
    return FALSE;

  self->places++;
  return TRUE;
}

void
kl_chat_person_leave_place (KlChatPerson *self)
{
  self->places--;
  if (self->crowded)
    kl_chat_resume_crowded (self);
}

/* ── Profiles ── */

typedef struct
{
  KlChat *chat;
  KlChatDone done;
  gpointer user_data;
} ProfileLoad;

static void
on_profiles (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree ProfileLoad *load = user_data;
  g_autoptr (KlChat) chat = load->chat;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) users = kl_store_get_users_finish (KL_STORE (source), result, &error);

  for (guint i = 0; users && i < users->len; i++)
    {
      KlStoreUser *user = g_ptr_array_index (users, i);
      KlChatPerson *person = kl_chat_person_peek (chat, user->id);

      if (person)
        kl_chat_person_take_user (person, user);
    }
  load->done (load->user_data, error);
}

void
kl_chat_load_profiles (KlChat *chat, GPtrArray *people, KlChatDone done, gpointer user_data)
{
  g_autoptr (GPtrArray) ids = g_ptr_array_new ();
  ProfileLoad *load;

  for (guint i = 0; i < people->len; i++)
    {
      KlChatPerson *person = g_ptr_array_index (people, i);

      if (!person->user)
        g_ptr_array_add (ids, person->id);
    }
  if (ids->len == 0)
    {
      done (user_data, NULL);
      return;
    }

  g_ptr_array_add (ids, NULL);
  load = g_new0 (ProfileLoad, 1);
  load->chat = g_object_ref (chat);
  load->done = done;
  load->user_data = user_data;
  kl_store_get_users_async (chat->store, (const char *const *) ids->pdata, on_profiles, load);
}

gboolean
kl_chat_person_shares_group (KlChatPerson *self, KlChatPerson *other)
{
  KlChatPerson *fewer = self->memberships->len < other->memberships->len ? self : other;
  KlChatPerson *more = fewer == self ? other : self;

  for (guint i = 0; i < fewer->memberships->len; i++)
    {
      KlChatMember *member = g_ptr_array_index (fewer->memberships, i);

      if (kl_chat_group_get_member (member->group, more))
        return TRUE;
    }

  return FALSE;
}
