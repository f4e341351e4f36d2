/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* KlSettings: everything that the administrator can set, checked.
 *
 * From weakest to strongest: the default, the key file, KLATCH_<GROUP>_<KEY> in the environment, the command line.
 * Made once at start, then only read; may be read on any thread. data/server.conf.example says what each key means.
 */

typedef enum
{
  KL_REGISTRATION_OPEN,
  KL_REGISTRATION_INVITE,
  KL_REGISTRATION_CLOSED,
} KlRegistration;

typedef enum
{
  KL_INVITES_BY_ADMINS,
  KL_INVITES_BY_MEMBERS,
} KlInvitesBy;

typedef struct
{
  /* [server] */
  char *name;
  char *domain;     /* NULL: not set; main takes the store's, else public_url's host, else "localhost" */
  char *listen;     /* as written */
  char *public_url; /* an origin without the slash at its end, or NULL */
  char *data;       /* absolute */
  char *trusted_proxies;
  char *metrics_listen;
  gint64 ping_interval_ms;
  gint64 ping_timeout_ms;
  GSocketAddress *listen_address; /* made of `listen` */
  char *public_host;              /* made of `public_url`, or NULL */
  char **proxies;                 /* addresses and networks, made of `trusted_proxies` */

  /* [registration] */
  gint64 policy;     /* KlRegistration */
  gint64 invites_by; /* KlInvitesBy */
  gint64 argon2_memory_kib;
  gint64 argon2_passes;

  /* [tls], [retention], [store], [bus] */
  char *tls_certificate; /* absolute; both or neither */
  char *tls_key;
  gint64 retention_days;
  char *store_uri;
  char *store_path; /* absolute, of a sqlite: URI; else NULL */
  char *bus_uri;

  /* [limits]; 0 switches a rate or a count off */
  gint64 message_bytes;
  gint64 packet_bytes;
  gint64 upload_bytes;
  gint64 queue_bytes;
  gint64 media_bytes_per_user;
  gint64 messages_per_second;
  gint64 message_burst;
  gint64 reads_per_second;
  gint64 sign_ins_per_minute;
  gint64 failures_per_minute;
  gint64 connections_per_user;
  gint64 connections_unsigned;
  gint64 unsigned_ms;
  gint64 members_per_group;
  gint64 groups_per_user;
  gint64 media_orphan_ms;

  /* [calls] */
  gint64 mesh_limit;
  gint64 grace_ms;
  gint64 relay_only; /* gboolean */
  char *stun;
  char *turn;
  char *turn_secret;
  gint64 turn_ttl_s;
} KlSettings;

/* Reads and checks all settings. `config_file`, `listen` and `data` are the command line's, each may be NULL;
 * `environment` is as g_get_environ() gives it. Every fault adds one line to `faults` (element-type utf8, owned), which
 * says where, what and what would be right, never a secret. Returns NULL where there was a fault. */
KlSettings *
kl_settings_load (const char *config_file, const char *const *environment, const char *listen, const char *data,
                  GPtrArray *faults);

void
kl_settings_free (KlSettings *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlSettings, kl_settings_free)

/* The groups of the key file that nobody knows, for a warning: they are no fault, as another program, or a later
 * version, may have a use for them. Returns a NULL-terminated array, empty where the file cannot be read. */
char **
kl_settings_dup_unknown_groups (const char *config_file);

/* Calls `func` for every key there is. */
typedef void (*KlSettingsKeyFunc) (const char *group, const char *key, gpointer user_data);

void
kl_settings_foreach_key (KlSettingsKeyFunc func, gpointer user_data);

/* Calls `func` for each number of [limits], which the server tells its clients. */
typedef void (*KlSettingsLimitFunc) (const char *name, gint64 value, gpointer user_data);

void
kl_settings_foreach_limit (const KlSettings *self, KlSettingsLimitFunc func, gpointer user_data);

/* True where this server speaks TLS or `public_url` is https, so that cookies are Secure. */
gboolean
kl_settings_is_https (const KlSettings *self);

/* The domain to use in a new store: `domain`, else the host of `public_url`, else "localhost". */
const char *
kl_settings_default_domain (const KlSettings *self);

/* Whether `store_uri` is one of MongoDB, whose library judges the rest of it (kl_mongo_store_check_uri()). */
gboolean
kl_settings_uses_mongodb (const KlSettings *self);

/* For messages: `uri` with its user's password replaced by three stars. */
char *
kl_settings_mask_uri (const char *uri);

G_END_DECLS
