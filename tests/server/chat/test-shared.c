/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads that several people share when they sync at the same time: how many there are, and that nobody is told less, or
 * anything else, than a read of his own would have told. The store's answers are kept back here: what it had read by
 * then stays what it is. */
#include "tests/server/chat/kl-chat-kit.h"
#include "tests/server/chat/kl-sync-model.h"

/* ── A store whose answers wait ── */

typedef struct
{
  GTask *task; /* what the core waits for; NULL: released */
  gint64 since;
  guint n_queries;
  GArray *result;
  gboolean answered; /* by the store */
} Kept;

static void (*whole_get_changes) (KlStore *, const char *, gint64, guint, GTask *);
static void (*whole_count_unread) (KlStore *, const KlUnreadQuery *, guint, GTask *);
static gboolean keeping_changes, keeping_counts;
static GPtrArray *changes_reads, *count_reads; /* Kept, in the order in which they were asked for */

static void
free_kept (Kept *self)
{
  g_assert_null (self->task);
  g_free (self);
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Kept *self = user_data;
  g_autoptr (GError) error = NULL;

  self->result = g_task_propagate_pointer (G_TASK (result), &error);
  g_assert_no_error (error);
  self->answered = TRUE;
}

static Kept *
keep (GPtrArray *reads, GTask *task)
{
  Kept *self = g_new0 (Kept, 1);

  self->task = task;
  g_ptr_array_add (reads, self);

  return self;
}

static void
get_changes (KlStore *store, const char *group, gint64 since, guint limit, GTask *task)
{
  Kept *self;

  if (!keeping_changes)
    {
      whole_get_changes (store, group, since, limit, task);
      return;
    }
  self = keep (changes_reads, task);
  self->since = since;
  whole_get_changes (store, group, since, limit, g_task_new (store, NULL, on_answered, self));
}

static void
count_unread (KlStore *store, const KlUnreadQuery *queries, guint n_queries, GTask *task)
{
  Kept *self;

  if (!keeping_counts)
    {
      whole_count_unread (store, queries, n_queries, task);
      return;
    }
  self = keep (count_reads, task);
  self->n_queries = n_queries;
  whole_count_unread (store, queries, n_queries, g_task_new (store, NULL, on_answered, self));
}

static Kept *
get_read (GPtrArray *reads, guint i)
{
  kl_test_wait_until (reads->len > i);

  return g_ptr_array_index (reads, i);
}

static Kept *
await_read (GPtrArray *reads, guint i)
{
  Kept *self = get_read (reads, i);

  kl_test_wait_until (self->answered);

  return self;
}

static void
release (GPtrArray *reads, guint i)
{
  Kept *self = await_read (reads, i);
  g_autoptr (GTask) task = g_steal_pointer (&self->task);

  g_task_return_pointer (task, g_steal_pointer (&self->result), (GDestroyNotify) g_array_unref);
}

static void
refuse (GPtrArray *reads, guint i)
{
  Kept *self = await_read (reads, i);
  g_autoptr (GTask) task = g_steal_pointer (&self->task);

  g_clear_pointer (&self->result, g_array_unref);
  g_task_return_new_error (task, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE, "gone");
}

/* ── The scene ── */

typedef struct
{
  KlClient *anna;
  KlClient *others[3];  /* ben, carla, dora */
  KlClient *devices[3]; /* second ones of these, which have not synced */
  const char *group;
  gint64 rev; /* the head */
} Scene;

static void
make_scene (KlKit *kit, Scene *scene)
{
  static const char *const names[] = { "ben", "carla", "dora" };

  scene->anna = kl_kit_person (kit, "anna");
  scene->group = kl_client_create (scene->anna, "Tea", "public");
  for (guint i = 0; i < 3; i++)
    {
      scene->others[i] = kl_kit_person (kit, names[i]);
      kl_client_ok (scene->others[i], "group:join", "{'group':'%s'}", scene->group);
      scene->devices[i] = kl_kit_connect (kit, scene->others[i]->user);
    }
  scene->rev = 9;
}

static gint64
send_one (Scene *scene, const char *body)
{
  scene->rev = kl_get_int (kl_client_send (scene->anna, scene->group, body), "rev");

  return scene->rev;
}

static void
send_many (Scene *scene, guint n)
{
  g_autoptr (GPtrArray) answers = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_answer_free);
  static guint serial;

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (answers,
                     kl_client_start (scene->anna, "message:send", "{'group':'%s','client_id':'many%u','body':'x'}",
                                      scene->group, serial++));
  for (guint i = 0; i < n; i++)
    kl_answer_wait (g_ptr_array_index (answers, i));
  scene->rev += n;
}

static KlAnswer *
start_sync (KlClient *device, const char *group, gint64 since)
{
  return kl_client_start (device, "sync", "{'since':{'%s':%d}}", group, (int) since);
}

static yyjson_val *
get_changes_of (KlAnswer *answer, const char *group)
{
  return kl_get (kl_get (kl_json_get_root (answer->json), "changes"), group);
}

/* What the answer says of the group's changes, as text. */
static char *
dup_changes (KlAnswer *answer, const char *group)
{
  g_autofree char *json = NULL;
  char *text = yyjson_val_write (get_changes_of (answer, group), 0, NULL);

  g_assert_nonnull (text);
  json = g_strdup (text);
  free (text);

  return g_steal_pointer (&json);
}

/* After its answer a device has all that there is, each rev of it once. */
static void
check_device (KlClient *device, KlAnswer *answer, Scene *scene, gint64 since)
{
  KlSyncModel *model = kl_sync_model_new (device);
  KlSyncHeld *held = kl_sync_model_get (model, scene->group);

  held->rev = since;
  kl_answer_wait (answer);
  kl_sync_model_hear (model, answer->order);
  g_assert_cmpuint (kl_sync_model_take (model, kl_json_get_root (answer->json)), ==, 0);
  while (held->rev < scene->rev)
    {
      kl_client_next (device, "message");
      kl_sync_model_hear (model, G_MAXUINT);
    }
  g_assert_cmpint (held->rev, ==, scene->rev);
  kl_sync_model_check_against_history (model, scene->group);
  kl_sync_model_free (model);
}

/* ── Changes ── */

static void
test_shared (KlKit *kit)
{
  KlAnswer *answers[3];
  gint64 before;
  Scene scene;

  make_scene (kit, &scene);
  before = scene.rev;
  send_one (&scene, "one");
  keeping_changes = TRUE;
  answers[0] = start_sync (scene.devices[0], scene.group, before);
  await_read (changes_reads, 0);
  /* Of this the read under way knows nothing. */
  send_one (&scene, "two");
  answers[1] = start_sync (scene.devices[1], scene.group, before);
  answers[2] = start_sync (scene.devices[2], scene.group, before + 1);
  send_one (&scene, "three");
  g_assert_cmpuint (changes_reads->len, ==, 1);

  release (changes_reads, 0);
  kl_answer_wait (answers[0]);
  g_assert_cmpint (kl_get_int (get_changes_of (answers[0], scene.group), "rev"), ==, before + 1);
  g_assert_cmpuint (kl_get_size (get_changes_of (answers[0], scene.group), "messages"), ==, 1);
  await_read (changes_reads, 1);
  g_assert_cmpint (get_read (changes_reads, 1)->since, ==, before);
  g_assert_false (answers[1]->done || answers[2]->done);
  release (changes_reads, 1);
  for (guint i = 1; i < 3; i++)
    {
      kl_answer_wait (answers[i]);
      g_assert_cmpint (kl_get_int (get_changes_of (answers[i], scene.group), "rev"), ==, before + 2);
    }
  g_assert_cmpstr (kl_get_string (get_changes_of (answers[1], scene.group), "messages.0.body"), ==, "one");
  g_assert_cmpstr (kl_get_string (get_changes_of (answers[2], scene.group), "messages.0.body"), ==, "two");
  g_assert_cmpuint (changes_reads->len, ==, 2);
  for (guint i = 0; i < 3; i++)
    {
      check_device (scene.devices[i], answers[i], &scene, before + (i == 2));
      kl_answer_free (answers[i]);
    }
}

/* Edits, deletions, people who leave and come back: each of those who share is told what he would be told alone. */
static void
test_same (KlKit *kit)
{
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  g_autofree char *third = NULL;
  g_autofree char *ben = NULL;
  Scene scene;
  gint64 before;

  make_scene (kit, &scene);
  before = scene.rev;
  first = g_strdup (kl_get_string (kl_client_send (scene.anna, scene.group, "one"), "id"));
  second = g_strdup (kl_get_string (kl_client_send (scene.anna, scene.group, "two"), "id"));
  third = g_strdup (kl_get_string (kl_client_send (scene.others[1], scene.group, "three"), "id"));
  kl_client_ok (scene.anna, "message:edit", "{'group':'%s','id':'%s','body':'uno'}", scene.group, first);
  kl_client_ok (scene.others[0], "group:leave", "{'group':'%s'}", scene.group);
  kl_client_ok (scene.anna, "message:delete", "{'group':'%s','id':'%s'}", scene.group, third);
  kl_client_ok (scene.others[0], "group:join", "{'group':'%s'}", scene.group);
  kl_client_ok (scene.anna, "message:react", "{'group':'%s','id':'%s','emoji':'🍵','on':true}", scene.group, first);
  kl_client_ok (scene.anna, "group:update", "{'group':'%s','hue':3}", scene.group);
  scene.rev = kl_get_int (kl_client_send (scene.anna, scene.group, "four"), "rev");
  g_assert_cmpint (scene.rev, ==, before + 12);

  for (gint64 since = before; since < scene.rev; since++)
    {
      const gint64 from[3] = { before, since, scene.rev - 1 };
      KlAnswer *answers[3];
      guint n = changes_reads->len;

      keeping_changes = TRUE;
      for (guint i = 0; i < 3; i++)
        answers[i] = start_sync (scene.devices[i], scene.group, from[i]);
      release (changes_reads, n);
      release (changes_reads, n + 1);
      keeping_changes = FALSE;
      for (guint i = 0; i < 3; i++)
        {
          g_autoptr (KlAnswer) own = NULL;
          g_autofree char *shared = NULL;
          g_autofree char *alone = NULL;

          kl_answer_wait (answers[i]);
          own = start_sync (scene.devices[i], scene.group, from[i]);
          kl_answer_wait (own);
          shared = dup_changes (answers[i], scene.group);
          alone = dup_changes (own, scene.group);
          g_assert_cmpstr (shared, ==, alone);
          kl_answer_free (answers[i]);
        }
      g_assert_cmpuint (changes_reads->len, ==, n + 2);
    }
}

/* Who has been away for long is waited for by nobody. */
static void
test_far (KlKit *kit)
{
  g_autoptr (KlAnswer) far = NULL;
  g_autoptr (KlAnswer) near = NULL;
  g_autoptr (KlAnswer) other = NULL;
  Scene scene;

  make_scene (kit, &scene);
  send_many (&scene, 600);
  keeping_changes = TRUE;
  far = start_sync (scene.devices[0], scene.group, 3);
  near = start_sync (scene.devices[1], scene.group, scene.rev - 500);
  other = start_sync (scene.devices[2], scene.group, 3);
  g_assert_cmpuint (changes_reads->len, ==, 3);
  release (changes_reads, 1);
  kl_answer_wait (near);
  g_assert_cmpuint (kl_get_size (get_changes_of (near, scene.group), "messages"), ==, 500);
  g_assert_false (far->done || other->done);
  release (changes_reads, 0);
  release (changes_reads, 2);
  kl_answer_wait (far);
  kl_answer_wait (other);
  g_assert_true (kl_get_bool (get_changes_of (far, scene.group), "reset"));
  g_assert_true (kl_get_bool (get_changes_of (other, scene.group), "reset"));
}

/* So much has been stored by the time of the read that it does not reach the head: only the one who stands where it
 * begins knows what it says. */
static void
test_cut_off (KlKit *kit)
{
  g_autoptr (KlAnswer) first = NULL;
  g_autoptr (KlAnswer) long_ago = NULL;
  g_autoptr (KlAnswer) lately = NULL;
  Scene scene;

  make_scene (kit, &scene);
  send_many (&scene, 600);
  keeping_changes = TRUE;
  first = start_sync (scene.devices[0], scene.group, scene.rev - 1);
  long_ago = start_sync (scene.devices[1], scene.group, scene.rev - 500);
  send_many (&scene, 300);
  lately = start_sync (scene.devices[2], scene.group, scene.rev - 10);
  g_assert_cmpuint (changes_reads->len, ==, 1);
  release (changes_reads, 0);
  release (changes_reads, 1);
  kl_answer_wait (long_ago);
  g_assert_true (kl_get_bool (get_changes_of (long_ago, scene.group), "reset"));
  release (changes_reads, 2);
  kl_answer_wait (lately);
  g_assert_null (kl_get (get_changes_of (lately, scene.group), "reset"));
  g_assert_cmpint (kl_get_int (get_changes_of (lately, scene.group), "rev"), ==, scene.rev);
  g_assert_cmpuint (kl_get_size (get_changes_of (lately, scene.group), "messages"), ==, 10);
  kl_answer_wait (first);
  g_assert_cmpuint (changes_reads->len, ==, 3);
}

/* A read that fails fails for those who share it, and the next one is another try. */
static void
test_error (KlKit *kit)
{
  g_autoptr (KlAnswer) first = NULL;
  g_autoptr (KlAnswer) second = NULL;
  g_autoptr (KlAnswer) third = NULL;
  g_autoptr (KlAnswer) fourth = NULL;
  Scene scene;
  gint64 before;

  make_scene (kit, &scene);
  before = scene.rev;
  send_one (&scene, "one");
  keeping_changes = keeping_counts = TRUE;
  first = start_sync (scene.devices[0], scene.group, before);
  second = start_sync (scene.devices[1], scene.group, before);
  third = start_sync (scene.devices[2], scene.group, before);
  /* Both reads of one answer. */
  refuse (changes_reads, 0);
  get_read (changes_reads, 1);
  g_assert_false (first->done);
  refuse (count_reads, 0);
  kl_answer_wait (first);
  g_assert_cmpint (first->code, ==, KL_ERROR_CODE_UNAVAILABLE);
  /* One of the two, for both who share it. */
  refuse (changes_reads, 1);
  release (count_reads, 1);
  kl_answer_wait (second);
  kl_answer_wait (third);
  g_assert_cmpint (second->code, ==, KL_ERROR_CODE_UNAVAILABLE);
  g_assert_cmpint (third->code, ==, KL_ERROR_CODE_UNAVAILABLE);

  keeping_changes = keeping_counts = FALSE;
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (KlAnswer) again = start_sync (scene.devices[i], scene.group, before);

      check_device (scene.devices[i], again, &scene, before);
    }
  /* The other of the two. */
  keeping_counts = TRUE;
  fourth = start_sync (scene.devices[0], scene.group, before);
  refuse (count_reads, 2);
  kl_answer_wait (fourth);
  g_assert_cmpint (fourth->code, ==, KL_ERROR_CODE_UNAVAILABLE);
}

/* Those who wait for the next read may be gone when it comes, or have left, or the group may be no more. */
static void
check_gone (KlKit *kit, gboolean delete)
{
  KlAnswer *answers[3];
  Scene scene;
  gint64 before;

  make_scene (kit, &scene);
  before = scene.rev;
  send_one (&scene, "one");
  keeping_changes = keeping_counts = TRUE;
  for (guint i = 0; i < 3; i++)
    answers[i] = start_sync (scene.devices[i], scene.group, before);
  kl_client_end (scene.devices[1]);
  if (delete)
    kl_client_ok (scene.anna, "group:delete", "{'group':'%s'}", scene.group);
  else
    kl_client_ok (scene.others[2], "group:leave", "{'group':'%s'}", scene.group);
  for (guint i = 0; i < 2; i++)
    {
      release (changes_reads, i);
      release (count_reads, i);
    }
  for (guint i = 0; i < 3; i++)
    kl_answer_wait (answers[i]);
  g_assert_cmpint (answers[0]->code, ==, KL_ERROR_CODE_NONE);
  g_assert_cmpint (answers[2]->code, ==, KL_ERROR_CODE_NONE);
  /* The last word comes behind the answer. */
  kl_client_next (scene.devices[2], "group:removed");
  g_assert_cmpuint (g_array_index (scene.devices[2]->heard, KlHeard, scene.devices[2]->mark - 1).order, >,
                    answers[2]->order);
  for (guint i = 0; i < 3; i++)
    kl_answer_free (answers[i]);
}

static void
test_left (KlKit *kit)
{
  check_gone (kit, FALSE);
}

static void
test_deleted (KlKit *kit)
{
  check_gone (kit, TRUE);
}

/* ── Counts ── */

static gint64
get_unread (KlAnswer *answer, const char *group)
{
  yyjson_val *object;

  kl_answer_wait (answer);
  object = kl_find (kl_json_get_root (answer->json), "groups", "id", group);
  g_assert_nonnull (object);

  return kl_get_int (object, "mine.unread");
}

static void
test_counts (KlKit *kit)
{
  g_autoptr (KlAnswer) first = NULL;
  g_autoptr (KlAnswer) second = NULL;
  g_autoptr (KlAnswer) third = NULL;
  g_autofree char *id = NULL;
  const char *other;
  Scene scene;

  make_scene (kit, &scene);
  other = kl_client_create (scene.anna, "Cake", "public");
  kl_client_ok (scene.others[2], "group:join", "{'group':'%s'}", other);
  kl_client_send (scene.anna, other, "cake");
  for (guint i = 0; i < 4; i++)
    send_one (&scene, "x");
  kl_client_send (scene.others[1], scene.group, "her own");
  id = g_strdup (kl_get_string (kl_client_send (scene.anna, scene.group, "to be deleted"), "id"));

  keeping_counts = TRUE;
  first = kl_client_start (scene.devices[0], "sync", "{}");
  second = kl_client_start (scene.devices[1], "sync", "{}");
  kl_client_ok (scene.others[2], "read", "{'group':'%s','seq':6}", scene.group); /* of 4–10 it has read three */
  third = kl_client_start (scene.devices[2], "sync", "{}");
  await_read (count_reads, 0);
  await_read (count_reads, 1);
  g_assert_cmpuint (count_reads->len, ==, 2);
  g_assert_cmpuint (get_read (count_reads, 0)->n_queries, ==, 1);
  /* The group that nobody counts does not wait for the other. */
  g_assert_cmpuint (get_read (count_reads, 1)->n_queries, ==, 1);
  /* Counted is as of the moment of the answer. */
  kl_client_ok (scene.anna, "message:delete", "{'group':'%s','id':'%s'}", scene.group, id);
  release (count_reads, 0);
  g_assert_cmpint (get_unread (first, scene.group), ==, 6);
  await_read (count_reads, 2);
  g_assert_cmpuint (get_read (count_reads, 2)->n_queries, ==, 2);
  release (count_reads, 2);
  g_assert_cmpint (get_unread (second, scene.group), ==, 5);
  g_assert_false (third->done);
  release (count_reads, 1);
  g_assert_cmpint (get_unread (third, scene.group), ==, 4);
  g_assert_cmpint (get_unread (third, other), ==, 1);
  g_assert_cmpuint (count_reads->len, ==, 3);
  keeping_counts = FALSE;
}

/* More than five thousand messages, as another node would write them. */
static void
write_many (KlKit *kit, Scene *scene, guint n)
{
  g_autoptr (KlStoreBatch) batch = kl_store_batch_new (scene->group, scene->rev, 4);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (KlAppendResult) appended = NULL;

  for (guint i = 0; i < n; i++)
    {
      KlStoreChange *change = kl_store_batch_add (batch, KL_CHANGE_MESSAGE);
      g_autofree char *id = kl_id_new_random ();
      KlStoreMessage *message = kl_store_message_new ();

      change->seq = message->seq = 5 + i;
      change->actor = g_strdup (scene->anna->user->id);
      change->message = message;
      message->id = g_strdup (id);
      message->rev = change->rev;
      message->sender = g_strdup (scene->anna->user->id);
      message->json = g_strdup_printf ("{\"id\":\"%s\",\"group\":\"%s\",\"seq\":%d,\"rev\":%d,\"sender\":\"%s\","
                                       "\"kind\":\"text\",\"body\":\"x\"}",
                                       id, scene->group, (int) message->seq, (int) message->rev, message->sender);
      message->json_length = strlen (message->json);
    }
  kl_store_append_async (KL_STORE (kit->store), batch, kl_test_keep_result, &result);
  kl_test_await (&result);
  appended = kl_store_append_finish (KL_STORE (kit->store), result, NULL);
  g_assert_cmpint (appended->outcome, ==, KL_APPEND_OK);
}

static void
test_count_far (KlKit *kit)
{
  KlAnswer *answers[3];
  Scene scene;

  make_scene (kit, &scene);
  write_many (kit, &scene, 5003);
  kl_kit_restart (kit);
  for (guint i = 0; i < 3; i++)
    {
      scene.devices[i] = kl_kit_connect (kit, scene.others[i]->user);
      kl_client_ok (scene.devices[i], "read", "{'group':'%s','seq':%u}", scene.group, i == 0 ? 1 : 5000 + i);
    }
  keeping_counts = TRUE;
  for (guint i = 0; i < 3; i++)
    answers[i] = kl_client_start (scene.devices[i], "sync", "{}");
  /* One who has read nothing goes alone, and is not waited for. */
  await_read (count_reads, 1);
  release (count_reads, 1);
  g_assert_cmpint (get_unread (answers[1], scene.group), ==, 6);
  release (count_reads, 2);
  g_assert_cmpint (get_unread (answers[2], scene.group), ==, 5);
  g_assert_false (answers[0]->done);
  release (count_reads, 0);
  g_assert_cmpint (get_unread (answers[0], scene.group), ==, 1000);
  for (guint i = 0; i < 3; i++)
    kl_answer_free (answers[i]);
}

/* ── Answers ── */

/* Two answers to one connection are under way: what either says is no event any more. */
static void
test_two_answers (KlKit *kit)
{
  g_autoptr (KlAnswer) joined = NULL;
  g_autoptr (KlAnswer) synced = NULL;
  KlClient *device;
  Scene scene;

  make_scene (kit, &scene);
  device = scene.devices[0];
  kl_client_ok (device, "sync", "{}");
  send_one (&scene, "one");
  kl_client_next (device, "message");
  keeping_counts = TRUE;
  joined = kl_client_start (device, "group:join", "{'group':'%s'}", scene.group);
  await_read (count_reads, 0);
  send_one (&scene, "two");
  synced = start_sync (device, scene.group, scene.rev - 1);
  send_one (&scene, "three");
  release (count_reads, 0);
  kl_answer_wait (joined);
  release (count_reads, 1);
  kl_answer_wait (synced);
  g_assert_cmpint (kl_get_int (get_changes_of (synced, scene.group), "rev"), ==, scene.rev - 1);
  g_assert_cmpint (kl_get_int (kl_client_next (device, "message"), "rev"), ==, scene.rev);
}

/* ── ── */

static void
run_kept (KlKit *kit, KlKitTest test)
{
  KlStoreInterface *iface = KL_STORE_GET_IFACE (kit->store);

  changes_reads = g_ptr_array_new_with_free_func ((GDestroyNotify) free_kept);
  count_reads = g_ptr_array_new_with_free_func ((GDestroyNotify) free_kept);
  whole_get_changes = iface->get_changes;
  whole_count_unread = iface->count_unread;
  iface->get_changes = get_changes;
  iface->count_unread = count_unread;
  test (kit);
  keeping_changes = keeping_counts = FALSE;
  iface->get_changes = whole_get_changes;
  iface->count_unread = whole_count_unread;
  g_clear_pointer (&changes_reads, g_ptr_array_unref);
  g_clear_pointer (&count_reads, g_ptr_array_unref);
}

#define KEPT_TEST(name)                                                                                                \
  static void run_##name (KlKit *kit) { run_kept (kit, test_##name); }

KEPT_TEST (shared)
KEPT_TEST (same)
KEPT_TEST (far)
KEPT_TEST (cut_off)
KEPT_TEST (error)
KEPT_TEST (left)
KEPT_TEST (deleted)
KEPT_TEST (counts)
KEPT_TEST (count_far)
KEPT_TEST (two_answers)

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  kl_kit_add ("/chat/shared/changes", run_shared);
  kl_kit_add ("/chat/shared/same", run_same);
  kl_kit_add ("/chat/shared/far", run_far);
  kl_kit_add ("/chat/shared/cut-off", run_cut_off);
  kl_kit_add ("/chat/shared/error", run_error);
  kl_kit_add ("/chat/shared/left", run_left);
  kl_kit_add ("/chat/shared/deleted", run_deleted);
  kl_kit_add ("/chat/shared/counts", run_counts);
  kl_kit_add ("/chat/shared/count-far", run_count_far);
  kl_kit_add ("/chat/shared/two-answers", run_two_answers);

  return g_test_run ();
}
