/* SPDX-License-Identifier: GPL-3.0-or-later */
/* POST users, and the accounts that the administrator adds.
 *
 * The policy decides on what is known before the password is hashed; the store decides again, in the transaction that
 * makes the account, whether it is the first one and whether the invite is still good. Where the invite belongs to a
 * group, the new person joins it before the answer; failing in that leaves an account outside of the group, which can
 * join by hand. */

#include "server/chat/kl-chat-accounts-private.h"

#include <sodium.h>

#include "protocol/kl-id.h"

/* What is longer is no invite, nor is it worth a look. */
#define INVITE_MAX_BYTES 1024

typedef struct
{
  KlChatAccounts *accounts;
  KlChatAccountsWaiter waiter;
  gboolean is_local;
  gboolean by_administrator; /* no policy, no session */
  gboolean hide_token;
  gboolean admin;
  char *name;
  char *password;
  gsize password_length;
  char *display_name;
  char *device;
  char *invite;          /* what was brought, or NULL */
  gboolean join_by_code; /* the invite does not register, but joins */
  KlStoreCreate how;
  char *hash;
  KlStoreUser *user;
} Registration;

static void
decide (Registration *registration);

static void
end_registration (Registration *registration)
{
  sodium_memzero (registration->password, registration->password_length);
  g_free (registration->password);
  g_free (registration->name);
  g_free (registration->display_name);
  g_free (registration->device);
  g_free (registration->invite);
  g_free (registration->hash);
  g_clear_pointer (&registration->user, kl_store_user_unref);
  g_object_unref (registration->accounts);
  g_free (registration);
}

static void
refuse (Registration *registration, KlErrorCode code, const char *message, const char *field)
{
  kl_chat_accounts_fail (&registration->waiter, code, message, field, 0);
  end_registration (registration);
}

static void
refuse_invite (Registration *registration)
{
  refuse (registration, KL_ERROR_CODE_FORBIDDEN, "This invite is not good (any more).", "invite");
}

/* ── The last step: answer ── */

static void
answer_created (Registration *registration)
{
  if (registration->by_administrator)
    kl_chat_accounts_answer_user (registration->accounts, &registration->waiter, registration->user, NULL, TRUE);
  else
    kl_chat_accounts_open_session (registration->accounts, &registration->waiter, registration->user,
                                   registration->device, registration->hide_token);
  end_registration (registration);
}

static void
on_group_joined (const KlChatAnswer *answer, gpointer user_data)
{
  Registration *registration = user_data;

  if (answer->code != KL_ERROR_CODE_NONE)
    g_info ("accounts: a new account could not join the group of its invite: %s",
            kl_error_code_to_string (answer->code));
  answer_created (registration);
}

static void
join_by_code (Registration *registration)
{
  g_auto (KlJsonWriter) writer = { 0 };
  gsize length = 0;

  kl_json_writer_init (&writer, 64);
  kl_json_begin_object (&writer);
  kl_json_member_string (&writer, "invite", registration->invite);
  kl_json_end_object (&writer);

  g_autofree char *json = kl_json_writer_steal_string (&writer, &length);
  g_autoptr (KlJson) argument = kl_json_parse (json, length, NULL);
  kl_chat_call (registration->accounts->chat, registration->user->id, "group:join", kl_json_get_root (argument),
                on_group_joined, registration);
}

/* ── The account itself ── */

static void
on_user_created (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Registration *registration = user_data;
  KlChatAccounts *self = registration->accounts;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlStoreInvite) invite = kl_store_create_user_finish (KL_STORE (source), result, &error);

  if (invite != NULL)
    {
      g_clear_pointer (&self->setup_code, g_free);
      if (registration->join_by_code)
        join_by_code (registration);
      else if (invite->group != NULL)
        kl_chat_join_registered (self->chat, registration->user->id, invite->group, on_group_joined, registration);
      else
        answer_created (registration);
      return;
    }

  if (g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_TAKEN))
    refuse (registration, KL_ERROR_CODE_CONFLICT, "This name is taken.", "name");
  else if (g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_SPENT))
    refuse_invite (registration);
  else if (g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FIRST))
    {
      /* Somebody else was first. What was promised to the first one is void: decide anew. */
      g_clear_pointer (&self->setup_code, g_free);
      decide (registration);
    }
  else
    {
      kl_chat_accounts_fail_store (&registration->waiter, error);
      end_registration (registration);
    }
}

static void
create_user (Registration *registration)
{
  KlStoreUser *user = kl_store_user_new ();
  gboolean first = registration->how == KL_STORE_CREATE_FIRST;

  user->id = kl_id_new_random ();
  user->name = g_strdup (registration->name);
  user->display_name = g_strdup (registration->display_name != NULL ? registration->display_name : registration->name);
  user->admin = first || registration->admin;
  user->read_receipts = TRUE;
  user->created_at = user->updated_at = g_get_real_time () / 1000;

  g_clear_pointer (&registration->user, kl_store_user_unref);
  registration->user = user;
  kl_store_create_user_async (registration->accounts->store, user, registration->hash, registration->how,
                              first || registration->join_by_code ? NULL : registration->invite, on_user_created,
                              registration);
}

static void
on_password_hashed (KlChatHasherResult result, const char *hash, gpointer user_data)
{
  Registration *registration = user_data;

  if (result != KL_CHAT_HASHER_DONE)
    {
      kl_chat_accounts_fail_busy (&registration->waiter);
      end_registration (registration);
      return;
    }
  registration->hash = g_strdup (hash);
  create_user (registration);
}

static void
admit (Registration *registration)
{
  KlChatHasher *hasher = registration->accounts->hasher;

  if (registration->hash != NULL)
    create_user (registration);
  else if (hasher == NULL
           || !kl_chat_hasher_hash (hasher, registration->password, registration->password_length, on_password_hashed,
                                    registration))
    {
      kl_chat_accounts_fail_busy (&registration->waiter);
      end_registration (registration);
    }
}

/* ── Whether there may be one ── */

static void
on_invite (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Registration *registration = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlStoreInvite) invite = kl_store_get_invite_finish (KL_STORE (source), result, &error);
  gboolean must_register = registration->accounts->settings.policy == KL_CHAT_POLICY_INVITE;

  if (invite == NULL && !g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND))
    {
      kl_chat_accounts_fail_store (&registration->waiter, error);
      end_registration (registration);
      return;
    }
  if (invite == NULL || (must_register && !invite->registers))
    {
      refuse_invite (registration);
      return;
    }
  registration->join_by_code = !invite->registers;
  admit (registration);
}

/* Nobody was let in. Another node may have made the first account meanwhile. */
static void
on_still_first (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Registration *registration = user_data;
  g_autoptr (GError) error = NULL;
  gint64 n_users = kl_store_count_users_finish (KL_STORE (source), result, &error);

  if (n_users < 0)
    {
      kl_chat_accounts_fail_store (&registration->waiter, error);
      end_registration (registration);
    }
  else if (n_users > 0)
    {
      g_clear_pointer (&registration->accounts->setup_code, g_free);
      decide (registration);
    }
  else if (registration->invite != NULL)
    refuse_invite (registration);
  else
    refuse (registration, KL_ERROR_CODE_FORBIDDEN,
            "The first account needs the set-up code that the server has printed.", "invite");
}

static void
decide_first (Registration *registration)
{
  KlChatAccounts *self = registration->accounts;
  const char *invite = registration->invite;
  gsize length = strlen (self->setup_code);
  gboolean local = registration->is_local && !self->settings.has_public_url && invite == NULL;
  gboolean code = invite != NULL && strlen (invite) == length && sodium_memcmp (invite, self->setup_code, length) == 0;

  registration->how = KL_STORE_CREATE_FIRST;
  if (local || code || registration->by_administrator)
    admit (registration);
  else
    kl_store_count_users_async (self->store, on_still_first, registration);
}

static void
decide (Registration *registration)
{
  KlChatAccounts *self = registration->accounts;

  if (self->setup_code != NULL)
    {
      decide_first (registration);
      return;
    }

  registration->how = KL_STORE_CREATE_ANY;
  if (registration->by_administrator)
    admit (registration);
  else if (self->settings.policy == KL_CHAT_POLICY_CLOSED)
    refuse (registration, KL_ERROR_CODE_FORBIDDEN, "This server takes no new people.", NULL);
  else if (registration->invite != NULL)
    kl_store_get_invite_async (self->store, registration->invite, on_invite, registration);
  else if (self->settings.policy == KL_CHAT_POLICY_INVITE)
    refuse (registration, KL_ERROR_CODE_FORBIDDEN, "This server takes new people by invite.", "invite");
  else
    admit (registration);
}

static Registration *
begin_registration (KlChatAccounts *self, KlJsonFields *fields)
{
  Registration *registration = g_new0 (Registration, 1);
  gsize length = 0;

  registration->name
      = g_strdup (kl_json_fields_string (fields, "name", KL_JSON_REQUIRED, 1, KL_LIMIT_ADDRESS_BYTES, NULL));
  if (fields->fault == NULL && !kl_text_is_user_name (registration->name))
    kl_json_fields_refuse (fields, "name", "has 2 to 32 of a-z 0-9 . _ - and is not all, here, system or klatch");
  const char *password = kl_json_fields_string (fields, "password", KL_JSON_REQUIRED, KL_LIMIT_PASSWORD_MIN_BYTES,
                                                KL_LIMIT_PASSWORD_MAX_BYTES, &length);
  registration->display_name
      = g_strdup (kl_json_fields_text (fields, "display_name", KL_JSON_OPTIONAL, KL_TEXT_DISPLAY_NAME, NULL));
  registration->device = g_strdup (kl_json_fields_text (fields, "device", KL_JSON_OPTIONAL, KL_TEXT_DEVICE, NULL));
  registration->invite
      = g_strdup (kl_json_fields_string (fields, "invite", KL_JSON_OPTIONAL, 0, INVITE_MAX_BYTES, NULL));

  registration->accounts = g_object_ref (self);
  registration->password_length = fields->fault == NULL ? length : 0;
  registration->password = g_strndup (fields->fault == NULL ? password : "", registration->password_length);
  return registration;
}

void
kl_chat_accounts_register (KlChatAccounts *self, const KlChatCaller *caller, yyjson_val *body, gboolean hide_token,
                           KlChatAccountsReply reply, gpointer user_data)
{
  KlJsonFields fields;

  kl_json_fields_init (&fields, body);
  Registration *registration = begin_registration (self, &fields);
  registration->waiter = (KlChatAccountsWaiter){ reply, user_data };
  registration->is_local = caller->is_local;
  registration->hide_token = hide_token;

  if (fields.fault != NULL)
    {
      kl_chat_accounts_fail_fields (&registration->waiter, &fields);
      end_registration (registration);
      return;
    }

  gint64 wait_ms = kl_chat_window_take (self->addresses, caller->key, kl_chat_accounts_now_ms ());
  if (wait_ms > 0)
    {
      kl_chat_accounts_fail (&registration->waiter, KL_ERROR_CODE_RATE_LIMITED,
                             "Too many tries from here; wait a little.", NULL, wait_ms);
      end_registration (registration);
      return;
    }
  if (!self->started)
    {
      kl_chat_accounts_fail_busy (&registration->waiter);
      end_registration (registration);
      return;
    }
  decide (registration);
}

void
kl_chat_accounts_add_user (KlChatAccounts *self, const char *name, const char *password, const char *display_name,
                           gboolean admin, KlChatAccountsReply reply, gpointer user_data)
{
  g_auto (KlJsonWriter) writer = { 0 };
  KlJsonFields fields;
  gsize length = 0;

  /* By way of JSON the same rules hold as for everybody. */
  kl_json_writer_init (&writer, 128);
  kl_json_begin_object (&writer);
  kl_json_member_string (&writer, "name", name);
  kl_json_member_string (&writer, "password", password);
  kl_json_member_string_or_nothing (&writer, "display_name", display_name);
  kl_json_end_object (&writer);
  g_autofree char *json = kl_json_writer_steal_string (&writer, &length);
  g_autoptr (KlJson) body = kl_json_parse (json, length, NULL);
  sodium_memzero (json, length);

  kl_json_fields_init (&fields, body == NULL ? NULL : kl_json_get_root (body));
  Registration *registration = begin_registration (self, &fields);
  registration->waiter = (KlChatAccountsWaiter){ reply, user_data };
  registration->by_administrator = TRUE;
  registration->admin = admin;
  if (fields.fault != NULL)
    {
      kl_chat_accounts_fail_fields (&registration->waiter, &fields);
      end_registration (registration);
    }
  else
    decide (registration);
}

/* ── Codes of the administrator ── */

typedef struct
{
  KlChatAccounts *accounts;
  KlChatAccountsWaiter waiter;
  KlStoreInvite *invite;
} Invitation;

static void
answer_invite (Invitation *invitation)
{
  const char *base = kl_chat_get_settings (invitation->accounts->chat)->public_url;
  KlStoreInvite *invite = invitation->invite;
  KlChatAccountsAnswer answer = { .code = KL_ERROR_CODE_NONE };
  g_auto (KlJsonWriter) writer = { 0 };

  kl_json_writer_init (&writer, 256);
  kl_json_begin_object (&writer);
  kl_json_key (&writer, "invite");
  kl_json_begin_object (&writer);
  kl_json_member_string (&writer, "code", invite->code);
  if (base != NULL)
    {
      g_autofree char *url = g_strdup_printf ("%s/i/%s", base, invite->code);
      kl_json_member_string (&writer, "url", url);
    }
  if (invite->expires_at != 0)
    kl_json_member_int (&writer, "expires_at", invite->expires_at);
  kl_json_member_int (&writer, "uses_left", invite->uses_left);
  kl_json_end_object (&writer);
  kl_json_end_object (&writer);

  g_autofree char *json = kl_json_writer_steal_string (&writer, &answer.length);
  answer.json = json;
  invitation->waiter.func (&answer, invitation->waiter.user_data);
}

static void
on_invite_created (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Invitation *invitation = user_data;
  g_autoptr (GError) error = NULL;

  if (kl_store_create_invite_finish (KL_STORE (source), result, &error))
    answer_invite (invitation);
  else
    kl_chat_accounts_fail_store (&invitation->waiter, error);
  kl_store_invite_unref (invitation->invite);
  g_object_unref (invitation->accounts);
  g_free (invitation);
}

void
kl_chat_accounts_create_invite (KlChatAccounts *self, gint64 uses, gint64 expires_in_ms, KlChatAccountsReply reply,
                                gpointer user_data)
{
  Invitation *invitation = g_new0 (Invitation, 1);
  KlStoreInvite *invite = kl_store_invite_new ();

  invite->code = kl_id_new_code ();
  invite->registers = TRUE;
  invite->created_at = g_get_real_time () / 1000;
  invite->expires_at = expires_in_ms == 0 ? 0 : invite->created_at + expires_in_ms;
  invite->uses_left = uses;

  invitation->accounts = g_object_ref (self);
  invitation->waiter = (KlChatAccountsWaiter){ reply, user_data };
  invitation->invite = invite;
  kl_store_create_invite_async (self->store, invite, on_invite_created, invitation);
}
