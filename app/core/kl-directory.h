/* SPDX-License-Identifier: GPL-3.0-or-later
 * "Find groups": a GListModel of KlGroup with the server's public groups that fit a query, most members first. Those
 * that are one's own are the session's own objects. Main thread.
 *
 * Properties:
 *   query    string: setting it searches anew, 250 ms after the last change
 *   loading  boolean
 *   more     boolean: kl_directory_load_more() has more to give
 *   error    string or NULL: why the last search failed, one sentence */
#pragma once

#include "app/core/kl-group.h"

G_BEGIN_DECLS

typedef struct _KlSession KlSession;

#define KL_TYPE_DIRECTORY (kl_directory_get_type ())
G_DECLARE_FINAL_TYPE (KlDirectory, kl_directory, KL, DIRECTORY, GObject)

KlDirectory *kl_directory_new (KlSession *session);

const char *kl_directory_get_query (KlDirectory *self);
void kl_directory_set_query (KlDirectory *self, const char *query);
gboolean kl_directory_get_loading (KlDirectory *self);
gboolean kl_directory_get_more (KlDirectory *self);
const char *kl_directory_get_error (KlDirectory *self);
void kl_directory_load_more (KlDirectory *self);

/* Searches again at once, for "try again" and after groups were made. */
void kl_directory_refresh (KlDirectory *self);

G_END_DECLS
