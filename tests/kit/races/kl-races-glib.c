/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What ThreadSanitizer cannot see: GLib is not built with it, and its locks are futexes of its own, so that data
 * handed over under a GMutex would be told as a race. This library is preloaded into the tests of the build for
 * races and says of each of GLib's ways to hand something over what happens before what. Only calls from our code
 * come through here; what GLib does inside is not judged. */
#include <dlfcn.h>
#include <glib-object.h>
#include <gio/gio.h>

/* In the program, where it has been built with ThreadSanitizer. */
extern void
__tsan_acquire (void *address) __attribute__ ((weak));
extern void
__tsan_release (void *address) __attribute__ ((weak));

static void
acquire (gconstpointer address)
{
  if (__tsan_acquire && address)
    __tsan_acquire ((void *) address);
}

static void
release (gconstpointer address)
{
  if (__tsan_release && address)
    __tsan_release ((void *) address);
}

/* GLib's own function of that name. */
#define REAL(name)                                                                                                     \
  static __typeof__ (name) *real;                                                                                      \
  if (!__atomic_load_n (&real, __ATOMIC_RELAXED))                                                                      \
  __atomic_store_n (&real, (__typeof__ (name) *) dlsym (RTLD_NEXT, #name), __ATOMIC_RELAXED)

#define BEFORE(name, type)                                                                                             \
  void name (type *self)                                                                                               \
  {                                                                                                                    \
    REAL (name);                                                                                                       \
    release (self);                                                                                                    \
    real (self);                                                                                                       \
  }
#define AFTER(name, type)                                                                                              \
  void name (type *self)                                                                                               \
  {                                                                                                                    \
    REAL (name);                                                                                                       \
    real (self);                                                                                                       \
    acquire (self);                                                                                                    \
  }
#define AFTER_TRUE(name, type)                                                                                         \
  gboolean name (type *self)                                                                                           \
  {                                                                                                                    \
    REAL (name);                                                                                                       \
    gboolean is_done = real (self);                                                                                    \
    if (is_done)                                                                                                       \
      acquire (self);                                                                                                  \
    return is_done;                                                                                                    \
  }
/* Gives a reference back: whoever gives back the last one sees what the others did before. */
#define UNREF(name, type)                                                                                              \
  void name (type self)                                                                                                \
  {                                                                                                                    \
    REAL (name);                                                                                                       \
    release (self);                                                                                                    \
    acquire (self);                                                                                                    \
    real (self);                                                                                                       \
  }

#undef g_mutex_lock
#undef g_mutex_unlock

/* ── Locks ── */
AFTER (g_mutex_lock, GMutex)
AFTER_TRUE (g_mutex_trylock, GMutex)
BEFORE (g_mutex_unlock, GMutex)

void
g_cond_wait (GCond *cond, GMutex *mutex)
{
  REAL (g_cond_wait);
  release (mutex);
  real (cond, mutex);
  acquire (mutex);
}

gboolean
g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end_time)
{
  REAL (g_cond_wait_until);
  release (mutex);
  gboolean is_signalled = real (cond, mutex, end_time);
  acquire (mutex);
  return is_signalled;
}

#undef g_once_init_enter
#undef g_once_init_leave
#undef g_once_init_enter_pointer
#undef g_once_init_leave_pointer

gboolean
g_once_init_enter (volatile void *location)
{
  REAL (g_once_init_enter);
  gboolean is_first = real (location);
  acquire ((gconstpointer) location);
  return is_first;
}

void
g_once_init_leave (volatile void *location, gsize result)
{
  REAL (g_once_init_leave);
  release ((gconstpointer) location);
  real (location, result);
}

gboolean (g_once_init_enter_pointer) (void *location)
{
  REAL (g_once_init_enter_pointer);
  gboolean is_first = real (location);
  acquire (location);
  return is_first;
}

void (g_once_init_leave_pointer) (void *location, gpointer result)
{
  REAL (g_once_init_leave_pointer);
  release (location);
  real (location, result);
}

/* ── References ── */
UNREF (g_object_unref, gpointer)
UNREF (g_bytes_unref, GBytes *)
UNREF (g_hash_table_unref, GHashTable *)
UNREF (g_ptr_array_unref, GPtrArray *)
UNREF (g_ref_string_release, char *)

gboolean (g_atomic_ref_count_dec) (gatomicrefcount *count)
{
  REAL (g_atomic_ref_count_dec);
  release (count);
  gboolean is_last = real (count);
  acquire (count);
  return is_last;
}

void
g_atomic_rc_box_release_full (gpointer box, GDestroyNotify clear)
{
  REAL (g_atomic_rc_box_release_full);
  release (box);
  acquire (box);
  real (box, clear);
}

/* ── Queues, tasks and main contexts ── */
void
g_async_queue_push (GAsyncQueue *queue, gpointer data)
{
  REAL (g_async_queue_push);
  release (queue);
  real (queue, data);
}

gpointer
g_async_queue_pop (GAsyncQueue *queue)
{
  REAL (g_async_queue_pop);
  gpointer data = real (queue);
  acquire (queue);
  return data;
}

void
g_task_return_pointer (GTask *task, gpointer result, GDestroyNotify free_result)
{
  REAL (g_task_return_pointer);
  release (task);
  real (task, result, free_result);
}

void
g_task_return_boolean (GTask *task, gboolean result)
{
  REAL (g_task_return_boolean);
  release (task);
  real (task, result);
}

void
g_task_return_error (GTask *task, GError *error)
{
  REAL (g_task_return_error);
  release (task);
  real (task, error);
}

gpointer
g_task_propagate_pointer (GTask *task, GError **error)
{
  REAL (g_task_propagate_pointer);
  acquire (task);
  return real (task, error);
}

gboolean
g_task_propagate_boolean (GTask *task, GError **error)
{
  REAL (g_task_propagate_boolean);
  acquire (task);
  return real (task, error);
}
