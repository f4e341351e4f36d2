/* SPDX-License-Identifier: GPL-3.0-or-later
 * What this computer remembers of an account's conversations: cache.db, rebuilt at will. Calls return at once; the
 * work is done on the file's own thread, in the order of the calls. A disk that fails costs the memory, not the
 * session: writes that fail are dropped, and reads find nothing.
 *
 * In it, for each group, lie stretches of consecutive messages, all as new as the group's rev there says. */
#pragma once

#include "app/core/kl-core-types.h"
#include "protocol/kl-json.h"
#include <gio/gio.h>

G_BEGIN_DECLS

#define KL_TYPE_CACHE (kl_cache_get_type ())
G_DECLARE_FINAL_TYPE (KlCache, kl_cache, KL, CACHE, GObject)

KlCache *kl_cache_new (const char *path);

void kl_cache_close_async (KlCache *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean kl_cache_close_finish (KlCache *self, GAsyncResult *result, GError **error);

/* ── Reading ── */

/* One of one's own groups as it was. */
typedef struct
{
  char *json;
  gint64 rev;
  gboolean has_messages;
} KlCachedGroup;

typedef struct
{
  char *epoch;        /* or NULL */
  GPtrArray *groups;  /* of KlCachedGroup */
  GPtrArray *people;  /* of char *: user objects: oneself, and whom the groups' last messages name */
} KlCachedStart;

void kl_cached_start_free (KlCachedStart *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlCachedStart, kl_cached_start_free)

/* me: one's own user id. Never fails: nothing remembered is an empty start. */
void kl_cache_start_async (KlCache *self, const char *me, GAsyncReadyCallback callback, gpointer user_data);
KlCachedStart *kl_cache_start_finish (KlCache *self, GAsyncResult *result);

typedef struct
{
  GPtrArray *messages; /* of char *: message objects, consecutive, oldest first */
  GPtrArray *people;   /* of char *: user objects of those that they name */
  gboolean more_before; /* the message before the first is remembered too */
  gboolean more_after;
} KlCachedPage;

void kl_cached_page_free (KlCachedPage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlCachedPage, kl_cached_page_free)

/* The messages of the group with from <= seq <= to that adjoin anchor without a gap, at most limit on each side of
 * it. anchor is in the page if it is remembered; if not, the page is what adjoins it. anchor 0: the newest that is
 * remembered. */
void kl_cache_page_async (KlCache *self,
                          const char *group,
                          gint64 anchor,
                          guint limit_before,
                          guint limit_after,
                          GAsyncReadyCallback callback,
                          gpointer user_data);
KlCachedPage *kl_cache_page_finish (KlCache *self, GAsyncResult *result);

/* ── Writing ── */

/* What one answer or event changes; it is written in one transaction. */
typedef struct _KlCacheChange KlCacheChange;

KlCacheChange *kl_cache_change_new (void);
void kl_cache_change_free (KlCacheChange *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlCacheChange, kl_cache_change_free)

/* Forgets all groups and messages, or one group's messages. Comes before all else of the change. */
void kl_cache_change_reset (KlCacheChange *self);
void kl_cache_change_reset_group (KlCacheChange *self, const char *group);
/* The group is no longer one's own: it goes with all its messages. */
void kl_cache_change_remove_group (KlCacheChange *self, const char *group);
void kl_cache_change_set_epoch (KlCacheChange *self, const char *epoch);
/* people: ids with a space before and after each. A message that is there with a higher rev stays. */
void kl_cache_change_add_message (KlCacheChange *self,
                                  const char *group,
                                  gint64 seq,
                                  gint64 rev,
                                  const char *people,
                                  yyjson_val *object);
void kl_cache_change_add_user (KlCacheChange *self, const char *id, yyjson_val *object);
/* json NULL: only its rev is new; else rev -1: that stays as it is. */
void kl_cache_change_set_group (KlCacheChange *self, const char *group, gint64 rev, const char *json);

/* Takes the change. */
void kl_cache_write (KlCache *self, KlCacheChange *change);

G_END_DECLS
