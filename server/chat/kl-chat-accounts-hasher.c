/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One queue to two threads, one queue back, and a source in the owner's context that empties it. A job belongs to
 * whoever has taken it from a queue. */

#include "server/chat/kl-chat-accounts-hasher.h"

#include <sodium.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define WORKER_NICE 10

struct _KlChatHasher
{
  unsigned long long passes;
  size_t memory_bytes;
  GThread *threads[KL_CHAT_HASHER_THREADS];
  GSource *source;
  guint n_pending;

  GMutex mutex; /* of what follows */
  GCond cond;
  GQueue waiting; /* Job, owned */
  GQueue done;    /* Job, owned */
  gboolean stopping;
};

typedef struct
{
  GSource source;
  KlChatHasher *hasher;
} DoneSource;

typedef struct
{
  char *password;
  gsize length;
  gboolean verify;
  char *stored; /* verify: NULL for nobody */
  char hash[crypto_pwhash_STRBYTES];
  KlChatHasherResult result;
  KlChatHasherFunc callback;
  gpointer user_data;
} Job;

static void
finish_job (KlChatHasher *self, Job *job)
{
  self->n_pending--;
  job->callback (job->result, job->hash[0] == '\0' ? NULL : job->hash, job->user_data);

  sodium_memzero (job->password, job->length);
  g_free (job->password);
  g_free (job->stored);
  g_free (job);
}

static KlChatHasherResult
make_hash (KlChatHasher *self, const char *password, gsize length, char *hash)
{
  if (crypto_pwhash_str_alg (hash, password, length, self->passes, self->memory_bytes, crypto_pwhash_ALG_ARGON2ID13)
      == 0)
    return KL_CHAT_HASHER_DONE;
  hash[0] = '\0';
  return KL_CHAT_HASHER_FAILED;
}

static void
work_on_job (KlChatHasher *self, Job *job, const char *nobody)
{
  if (!job->verify)
    {
      job->result = make_hash (self, job->password, job->length, job->hash);
      return;
    }

  gboolean right
      = crypto_pwhash_str_verify (job->stored != NULL ? job->stored : nobody, job->password, job->length) == 0;

  job->result = right && job->stored != NULL ? KL_CHAT_HASHER_DONE : KL_CHAT_HASHER_WRONG;
  if (job->result == KL_CHAT_HASHER_DONE
      && crypto_pwhash_str_needs_rehash (job->stored, self->passes, self->memory_bytes) != 0)
    make_hash (self, job->password, job->length, job->hash);
}

static gpointer
run_worker (gpointer data)
{
  KlChatHasher *self = data;
  char nobody[crypto_pwhash_STRBYTES];

  /* On Linux the priority is the thread's alone. */
  (void)setpriority (PRIO_PROCESS, (id_t)gettid (), WORKER_NICE);
  make_hash (self, "", 0, nobody);

  g_mutex_lock (&self->mutex);
  while (TRUE)
    {
      while (!self->stopping && g_queue_is_empty (&self->waiting))
        g_cond_wait (&self->cond, &self->mutex);
      if (self->stopping)
        break;

      Job *job = g_queue_pop_head (&self->waiting);
      g_mutex_unlock (&self->mutex);
      work_on_job (self, job, nobody);
      g_mutex_lock (&self->mutex);
      g_queue_push_tail (&self->done, job);
      g_source_set_ready_time (self->source, 0);
    }
  g_mutex_unlock (&self->mutex);
  return NULL;
}

static gboolean
dispatch_done (GSource *source, GSourceFunc unused_callback, gpointer unused_data)
{
  KlChatHasher *self = ((DoneSource *)source)->hasher;
  GQueue done = G_QUEUE_INIT;

  g_mutex_lock (&self->mutex);
  g_source_set_ready_time (source, -1);
  done = self->done;
  g_queue_init (&self->done);
  g_mutex_unlock (&self->mutex);

  for (Job *job = g_queue_pop_head (&done); job != NULL; job = g_queue_pop_head (&done))
    finish_job (self, job);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs done_source_funcs = { .dispatch = dispatch_done };

KlChatHasher *
kl_chat_hasher_new (gsize memory_kib, guint passes)
{
  KlChatHasher *self = g_new0 (KlChatHasher, 1);

  g_assert (sodium_init () >= 0);
  self->memory_bytes = MAX (memory_kib * 1024, crypto_pwhash_argon2id_MEMLIMIT_MIN);
  self->passes = MAX (passes, crypto_pwhash_argon2id_OPSLIMIT_MIN);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);

  self->source = g_source_new (&done_source_funcs, sizeof (DoneSource));
  g_source_set_static_name (self->source, "hasher");
  ((DoneSource *)self->source)->hasher = self;
  g_source_attach (self->source, g_main_context_get_thread_default ());

  for (int i = 0; i < KL_CHAT_HASHER_THREADS; i++)
    self->threads[i] = g_thread_new ("hasher", run_worker, self);
  return self;
}

void
kl_chat_hasher_free (KlChatHasher *self)
{
  if (self == NULL)
    return;

  g_mutex_lock (&self->mutex);
  self->stopping = TRUE;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
  for (int i = 0; i < KL_CHAT_HASHER_THREADS; i++)
    g_thread_join (self->threads[i]);

  for (Job *job = g_queue_pop_head (&self->done); job != NULL; job = g_queue_pop_head (&self->done))
    finish_job (self, job);
  for (Job *job = g_queue_pop_head (&self->waiting); job != NULL; job = g_queue_pop_head (&self->waiting))
    {
      job->result = KL_CHAT_HASHER_FAILED;
      finish_job (self, job);
    }

  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->cond);
  g_free (self);
}

static gboolean
add_job (KlChatHasher *self, const char *password, gsize length, gboolean verify, const char *stored,
         KlChatHasherFunc callback, gpointer user_data)
{
  g_mutex_lock (&self->mutex);
  gboolean room = !self->stopping && g_queue_get_length (&self->waiting) < KL_CHAT_HASHER_QUEUE_MAX;
  if (room)
    {
      Job *job = g_new0 (Job, 1);

      job->password = g_strndup (password, length);
      job->length = length;
      job->verify = verify;
      job->stored = g_strdup (stored);
      job->callback = callback;
      job->user_data = user_data;
      g_queue_push_tail (&self->waiting, job);
      g_cond_signal (&self->cond);
    }
  g_mutex_unlock (&self->mutex);

  self->n_pending += room;
  return room;
}

gboolean
kl_chat_hasher_hash (KlChatHasher *self, const char *password, gsize length, KlChatHasherFunc callback,
                     gpointer user_data)
{
  return add_job (self, password, length, FALSE, NULL, callback, user_data);
}

gboolean
kl_chat_hasher_verify (KlChatHasher *self, const char *password, gsize length, const char *hash,
                       KlChatHasherFunc callback, gpointer user_data)
{
  return add_job (self, password, length, TRUE, hash, callback, user_data);
}

guint
kl_chat_hasher_get_n_pending (KlChatHasher *self)
{
  return self->n_pending;
}
