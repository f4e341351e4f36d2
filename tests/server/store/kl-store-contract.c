/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/server/store/kl-store-contract.h"

#include "tests/server/store/kl-store-kit.h"

static void
set_up (KlStoreFixture *self, gconstpointer contract)
{
  self->contract = contract;
  self->place = kl_test_dir_new ();
  self->store = self->contract->open (self->place);
}

static void
tear_down (KlStoreFixture *self, gconstpointer contract)
{
  kl_store_kit_close (self->store);
  kl_test_dir_remove (self->place);
  g_free (self->place);
}

void
kl_store_fixture_reopen (KlStoreFixture *self)
{
  kl_store_kit_close (self->store);
  self->store = self->contract->open (self->place);
}

void
kl_store_fixture_add_people (KlStoreFixture *self)
{
  kl_store_kit_add_user (self->store, "ada");
  kl_store_kit_add_user (self->store, "ben");
  kl_store_kit_add_user (self->store, "cleo");
}

void
kl_store_fixture_add_group (KlStoreFixture *self)
{
  kl_store_fixture_add_people (self);
  kl_store_kit_add_group (self->store, "g", "u-ada", "tea", "Tea & Talk");
}

void
kl_store_fixture_assert_head (KlStoreFixture *self, const char *group, gint64 rev, gint64 seq)
{
  g_autoptr (KlStoreLoaded) loaded = kl_store_kit_load (self->store, group);

  g_assert_cmpint (loaded->rev, ==, rev);
  g_assert_cmpint (loaded->seq, ==, seq);
}

void
kl_store_fixture_assert_not_found (KlStoreFixture *self, const char *group)
{
  KL_STORE_ANSWER;
  g_autoptr (GError) error = NULL;

  kl_store_kit_call (load_group, self->store, group);
  g_assert_null (kl_store_load_group_finish (self->store, result, &error));
  g_assert_error (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND);
}

void
kl_store_contract_add_test (const char *prefix, const char *name, const KlStoreContract *contract,
                            void (*test) (KlStoreFixture *self, gconstpointer unused))
{
  g_autofree char *path = g_strconcat (prefix, "/", name, NULL);

  g_test_add (path, KlStoreFixture, contract, set_up, test, tear_down);
}

/* ── The store as a whole ── */

static void
test_epoch (KlStoreFixture *self, gconstpointer unused)
{
  g_autofree char *epoch = g_strdup (kl_store_get_epoch (self->store));

  g_assert_nonnull (epoch);
  g_assert_cmpstr (epoch, !=, "");
  kl_store_fixture_reopen (self);
  g_assert_cmpstr (kl_store_get_epoch (self->store), ==, epoch);
}

static void
test_ready (KlStoreFixture *self, gconstpointer unused)
{
  g_autofree char *reason = NULL;

  g_assert_true (kl_store_is_ready (self->store, &reason));
  g_assert_null (reason);
}

/* What is pending when the store is closed is done; what comes after is refused. */
static void
test_close (KlStoreFixture *self, gconstpointer unused)
{
  g_autoptr (GAsyncResult) append = NULL, closed = NULL, read = NULL, late = NULL;
  g_autoptr (KlAppendResult) answer = NULL;
  g_autoptr (KlStoreBatch) batch = kl_store_batch_new ("g", 2, 0);
  g_autoptr (GError) error = NULL;
  g_autofree char *reason = NULL;

  kl_store_kit_add_user (self->store, "ada");
  kl_store_kit_add_group (self->store, "g", "u-ada", NULL, "G");
  kl_store_kit_add_message (batch, 1, "u-ada", "c", "last");
  kl_store_append_async (self->store, batch, kl_test_keep_result, &append);
  kl_store_close_async (self->store, kl_test_keep_result, &closed);
  kl_store_count_users_async (self->store, kl_test_keep_result, &read);
  kl_store_append_async (self->store, batch, kl_test_keep_result, &late);
  kl_test_await (&append);
  kl_test_await (&closed);
  kl_test_await (&read);
  kl_test_await (&late);

  answer = kl_store_append_finish (self->store, append, &error);
  g_assert_no_error (error);
  g_assert_cmpint (answer->outcome, ==, KL_APPEND_OK);
  g_assert_cmpint (kl_store_count_users_finish (self->store, read, &error), ==, -1);
  g_assert_error (error, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE);
  g_clear_error (&error);
  g_assert_null (kl_store_append_finish (self->store, late, &error));
  g_assert_error (error, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE);
  g_assert_false (kl_store_is_ready (self->store, &reason));
  g_assert_nonnull (reason);

  /* They hold the store. */
  g_clear_object (&append);
  g_clear_object (&closed);
  g_clear_object (&read);
  g_clear_object (&late);
  kl_store_fixture_reopen (self);
  {
    g_autoptr (GPtrArray) messages = kl_store_kit_messages (self->store, "g", 1, 9);

    g_assert_cmpuint (messages->len, ==, 1);
  }
}

void
kl_store_contract_add (const char *prefix, const KlStoreContract *contract)
{
  kl_store_contract_add_test (prefix, "epoch", contract, test_epoch);
  kl_store_contract_add_test (prefix, "ready", contract, test_ready);
  kl_store_contract_add_test (prefix, "close", contract, test_close);
  kl_store_contract_add_log (prefix, contract);
  kl_store_contract_add_groups (prefix, contract);
  kl_store_contract_add_accounts (prefix, contract);
}
