/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One table says all there is to know of a key: its group and name, its form, its bounds and default, and the field
 * it fills. What no single key can know (two that need each other, what this version cannot do yet) is checked once
 * all of them are read. */

#include "server/api/kl-settings.h"

#include "server/api/kl-settings-values.h"
#include "server/bus/kl-redis-uri.h"

#define KIB G_GINT64_CONSTANT (1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define DAY_MS G_GINT64_CONSTANT (86400000)
#define DEFAULT_LISTEN "127.0.0.1:8765"
/* JSON may need six bytes for one of the body, and an event has other members. */
#define PACKET_OVERHEAD_BYTES 4096

typedef enum
{
  FORM_NUMBER,
  FORM_WORD,
  FORM_TEXT,
  FORM_TITLE,
  FORM_DOMAIN,
  FORM_LISTEN,
  FORM_ORIGIN,
  FORM_NETWORKS,
  FORM_STUN,
  FORM_TURN,
} Form;

typedef struct
{
  const char *group;
  const char *name;
  Form form;
  gsize offset;
  gint64 value; /* the default of FORM_NUMBER and FORM_WORD */
  gint64 min, max;
  const char *const *words;
  const char *text; /* the default of the others */
} Key;

static const char *const policies[] = { "open", "invite", "closed", NULL };
static const char *const inviters[] = { "admins", "members", NULL };
static const char *const booleans[] = { "false", "true", NULL };
static const char *const stun_schemes[] = { "stun:", "stuns:", NULL };
static const char *const turn_schemes[] = { "turn:", "turns:", NULL };

#define FIELD(field) G_STRUCT_OFFSET (KlSettings, field)
#define NUMBER(group, name, value, min, max) { group, #name, FORM_NUMBER, FIELD (name), value, min, max, NULL, NULL }
#define COUNT(group, name, value) NUMBER (group, name, value, 0, 1000000000)
#define WORD(group, name, value, words) { group, #name, FORM_WORD, FIELD (name), value, 0, 0, words, NULL }
#define TEXT(group, name, form, field, text) { group, name, form, FIELD (field), 0, 0, 0, NULL, text }

static const Key keys[] = {
  TEXT ("server", "name", FORM_TITLE, name, "Klatch"),
  TEXT ("server", "domain", FORM_DOMAIN, domain, NULL),
  TEXT ("server", "listen", FORM_LISTEN, listen, DEFAULT_LISTEN),
  TEXT ("server", "public_url", FORM_ORIGIN, public_url, NULL),
  TEXT ("server", "data", FORM_TEXT, data, NULL),
  TEXT ("server", "trusted_proxies", FORM_NETWORKS, trusted_proxies, NULL),
  TEXT ("server", "metrics_listen", FORM_LISTEN, metrics_listen, NULL),
  NUMBER ("server", ping_interval_ms, 15000, 100, 10 * 60 * 1000),
  NUMBER ("server", ping_timeout_ms, 10000, 100, 10 * 60 * 1000),

  WORD ("registration", policy, KL_REGISTRATION_OPEN, policies),
  WORD ("registration", invites_by, KL_INVITES_BY_ADMINS, inviters),
  NUMBER ("registration", argon2_memory_kib, 19456, 8, 4 * MIB),
  NUMBER ("registration", argon2_passes, 2, 1, 1000),

  TEXT ("tls", "certificate", FORM_TEXT, tls_certificate, NULL),
  TEXT ("tls", "key", FORM_TEXT, tls_key, NULL),

  { "retention", "days", FORM_NUMBER, FIELD (retention_days), 0, 0, 36500, NULL, NULL },

  TEXT ("store", "uri", FORM_TEXT, store_uri, "sqlite:klatch.db"),
  TEXT ("bus", "uri", FORM_TEXT, bus_uri, "local:"),

  NUMBER ("limits", message_bytes, 16 * KIB, 1, 256 * KIB),
  NUMBER ("limits", packet_bytes, MIB, 8 * KIB, 64 * MIB),
  NUMBER ("limits", upload_bytes, 100 * MIB, 1, 16 * GIB),
  NUMBER ("limits", queue_bytes, 4 * MIB, 16 * KIB, GIB),
  NUMBER ("limits", media_bytes_per_user, 2 * GIB, 1, G_MAXINT64),
  COUNT ("limits", messages_per_second, 20),
  COUNT ("limits", message_burst, 40),
  COUNT ("limits", reads_per_second, 50),
  COUNT ("limits", sign_ins_per_minute, 10),
  COUNT ("limits", failures_per_minute, 10),
  COUNT ("limits", connections_per_user, 64),
  COUNT ("limits", connections_unsigned, 256),
  NUMBER ("limits", unsigned_ms, 10000, 100, 10 * 60 * 1000),
  COUNT ("limits", members_per_group, 10000),
  COUNT ("limits", groups_per_user, 1000),
  NUMBER ("limits", media_orphan_ms, DAY_MS, 1000, 365 * DAY_MS),

  COUNT ("calls", mesh_limit, 6),
  NUMBER ("calls", grace_ms, 15000, 0, 10 * 60 * 1000),
  WORD ("calls", relay_only, FALSE, booleans),
  TEXT ("calls", "stun", FORM_STUN, stun, NULL),
  TEXT ("calls", "turn", FORM_TURN, turn, NULL),
  TEXT ("calls", "turn_secret", FORM_TEXT, turn_secret, NULL),
  NUMBER ("calls", turn_ttl_s, 12 * 60 * 60, 60, 7 * 24 * 60 * 60),
};

static gint64 *
get_number_field (KlSettings *self, const Key *key)
{
  return G_STRUCT_MEMBER_P (self, key->offset);
}

static char **
get_text_field (KlSettings *self, const Key *key)
{
  return G_STRUCT_MEMBER_P (self, key->offset);
}

static gboolean
is_number (const Key *key)
{
  return key->form == FORM_NUMBER || key->form == FORM_WORD;
}

static const Key *
find_key (const char *group, const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    if (g_str_equal (keys[i].group, group) && (name == NULL || g_str_equal (keys[i].name, name)))
      return &keys[i];
  return NULL;
}

static void
set_text (char **field, const char *text)
{
  g_free (*field);
  *field = *text == '\0' ? NULL : g_strdup (text);
}

static gboolean
parse_text (KlSettings *self, const Key *key, const char *text, char **why)
{
  g_autofree char *origin = NULL;
  g_autofree char *host = NULL;

  switch (key->form)
    {
    case FORM_TITLE:
      return kl_settings_parse_title (text, why);
    case FORM_DOMAIN:
      return kl_settings_parse_domain (text, why);
    case FORM_LISTEN:
      {
        g_autoptr (GSocketAddress) address = NULL;

        if (!kl_settings_parse_listen (text, &address, why))
          return FALSE;
        if (key->offset == FIELD (listen))
          g_set_object (&self->listen_address, address);
        return TRUE;
      }
    case FORM_ORIGIN:
      if (!kl_settings_parse_origin (text, &origin, &host, why))
        return FALSE;
      g_set_str (&self->public_host, host);
      g_set_str (&self->public_url, origin);
      return TRUE;
    case FORM_NETWORKS:
      {
        g_auto (GStrv) proxies = kl_settings_parse_networks (text, why);

        if (proxies == NULL)
          return FALSE;
        g_strfreev (self->proxies);
        self->proxies = g_steal_pointer (&proxies);
        return TRUE;
      }
    case FORM_STUN:
      return kl_settings_parse_ice (text, stun_schemes, why);
    case FORM_TURN:
      return kl_settings_parse_ice (text, turn_schemes, why);
    case FORM_TEXT:
      return TRUE;
    case FORM_NUMBER:
    case FORM_WORD:
    default:
      g_return_val_if_reached (FALSE);
    }
}

/* Takes one value; a fault names `where` it stood. An empty one means: not set. */
static void
take_value (KlSettings *self, const Key *key, const char *text, const char *where, GPtrArray *faults)
{
  g_autofree char *why = NULL;
  gboolean good;

  if (!g_utf8_validate (text, -1, NULL))
    {
      g_ptr_array_add (faults, g_strdup_printf ("%s: is not UTF-8", where));
      return;
    }

  if (key->form == FORM_NUMBER)
    good = kl_settings_parse_number (text, key->min, key->max, get_number_field (self, key), &why);
  else if (key->form == FORM_WORD)
    good = kl_settings_parse_word (text, key->words, get_number_field (self, key), &why);
  else
    {
      good = *text == '\0' ? key->text == NULL : parse_text (self, key, text, &why);
      if (good && (key->form != FORM_ORIGIN || *text == '\0'))
        set_text (get_text_field (self, key), text);
      else if (why == NULL)
        why = g_strdup ("must not be empty");
    }

  if (!good)
    g_ptr_array_add (faults, g_strdup_printf ("%s: %s", where, why));
}

static void
set_defaults (KlSettings *self)
{
  g_autoptr (GPtrArray) faults = g_ptr_array_new_with_free_func (g_free);

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    if (is_number (&keys[i]))
      *get_number_field (self, &keys[i]) = keys[i].value;
    else if (keys[i].text != NULL)
      take_value (self, &keys[i], keys[i].text, keys[i].name, faults);
  g_assert (faults->len == 0);
}

static void
read_group (KlSettings *self, GKeyFile *file, const char *path, const char *group, GPtrArray *faults)
{
  g_auto (GStrv) names = g_key_file_get_keys (file, group, NULL, NULL);

  for (int i = 0; names != NULL && names[i] != NULL; i++)
    {
      const Key *key = find_key (group, names[i]);
      g_autofree char *where = g_strdup_printf ("%s: [%s] %s", path, group, names[i]);
      g_autofree char *text = NULL;

      if (key == NULL)
        {
          g_ptr_array_add (faults, g_strdup_printf ("%s: there is no such key", where));
          continue;
        }
      text = g_key_file_get_string (file, group, names[i], NULL);
      if (text == NULL)
        g_ptr_array_add (faults, g_strdup_printf ("%s: has a backslash or a byte that is not understood", where));
      else
        take_value (self, key, g_strstrip (text), where, faults);
    }
}

static void
read_file (KlSettings *self, const char *path, GPtrArray *faults)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) error = NULL;

  if (!g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, &error))
    {
      g_ptr_array_add (faults, g_strdup_printf ("%s: %s", path, error->message));
      return;
    }

  g_auto (GStrv) groups = g_key_file_get_groups (file, NULL);
  for (int i = 0; groups[i] != NULL; i++)
    if (find_key (groups[i], NULL) != NULL)
      read_group (self, file, path, groups[i], faults);
}

/* Variables that are no key of ours are left alone: container platforms make some that begin like ours
 * (KLATCH_SERVER_PORT and its like for a service that is named klatch-server). */
static void
read_environment (KlSettings *self, const char *const *environment, GPtrArray *faults)
{
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autofree char *plain = g_strdup_printf ("KLATCH_%s_%s", keys[i].group, keys[i].name);
      g_autofree char *variable = g_ascii_strup (plain, -1);
      const char *text = environment == NULL ? NULL : g_environ_getenv ((char **)environment, variable);

      if (text != NULL)
        take_value (self, &keys[i], text, variable, faults);
    }
}

static char *
make_default_data (const char *const *environment)
{
  /* Set by systemd for units with StateDirectory=. */
  const char *state = environment == NULL ? NULL : g_environ_getenv ((char **)environment, "STATE_DIRECTORY");

  if (state != NULL && g_path_is_absolute (state) && strchr (state, ':') == NULL)
    return g_strdup (state);
  return g_build_filename (g_get_user_data_dir (), "klatch-server", NULL);
}

char *
kl_settings_mask_uri (const char *uri)
{
  const char *scheme_end = strstr (uri, "://");
  const char *host = scheme_end == NULL ? NULL : scheme_end + 3;
  const char *end = host == NULL ? NULL : host + strcspn (host, "/?#");
  const char *at = host == NULL ? NULL : g_strrstr_len (host, end - host, "@");
  const char *colon = at == NULL ? NULL : memchr (host, ':', (gsize)(at - host));

  if (colon == NULL)
    return g_strdup (uri);
  return g_strdup_printf ("%.*s:***%s", (int)(colon - uri), uri, at);
}

gboolean
kl_settings_uses_mongodb (const KlSettings *self)
{
  return g_str_has_prefix (self->store_uri, "mongodb://") || g_str_has_prefix (self->store_uri, "mongodb+srv://");
}

static void
check_store_and_bus (KlSettings *self, GPtrArray *faults)
{
  g_autofree char *store = kl_settings_mask_uri (self->store_uri);

  if (g_str_has_prefix (self->store_uri, "sqlite:") && self->store_uri[strlen ("sqlite:")] != '\0')
    self->store_path = g_canonicalize_filename (self->store_uri + strlen ("sqlite:"), self->data);
  else if (!kl_settings_uses_mongodb (self))
    g_ptr_array_add (faults,
                     g_strdup_printf ("[store] uri: must be sqlite:PATH or mongodb://HOST/NAME, not “%s”", store));

  if (kl_redis_uri_is_one (self->bus_uri))
    {
      g_autofree char *why = NULL;
      KlRedisUri *uri = kl_redis_uri_parse (self->bus_uri, &why);

      g_clear_pointer (&uri, kl_redis_uri_free);
      if (why)
        g_ptr_array_add (faults, g_strdup_printf ("[bus] uri: %s", why));
    }
  else if (!g_str_equal (self->bus_uri, "local:"))
    g_ptr_array_add (faults, g_strdup ("[bus] uri: must be local:, redis://HOST, rediss://HOST or unix:/PATH"));
}

static void
check_tls (KlSettings *self, GPtrArray *faults)
{
  char **paths[] = { &self->tls_certificate, &self->tls_key };

  if ((self->tls_certificate == NULL) != (self->tls_key == NULL))
    g_ptr_array_add (faults, g_strdup_printf ("[tls] %s: is missing; certificate and key go together",
                                              self->tls_key == NULL ? "key" : "certificate"));
  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    if (*paths[i] != NULL)
      {
        g_autofree char *absolute = g_canonicalize_filename (*paths[i], self->data);
        g_set_str (paths[i], absolute);
      }
  if (self->tls_certificate != NULL && self->public_url != NULL && g_str_has_prefix (self->public_url, "http://"))
    g_ptr_array_add (faults, g_strdup ("[server] public_url: must begin with https:// where [tls] is set"));
}

static void
check_together (KlSettings *self, GPtrArray *faults)
{
  check_store_and_bus (self, faults);

  check_tls (self, faults);
  if (self->retention_days != 0)
    g_ptr_array_add (faults, g_strdup ("[retention] days: this version keeps everything; only 0 can be set"));
  if (self->turn != NULL && self->turn_secret == NULL)
    g_ptr_array_add (faults,
                     g_strdup ("[calls] turn_secret: is missing; [calls] turn needs the secret of that server"));
  if (self->packet_bytes < self->message_bytes + PACKET_OVERHEAD_BYTES)
    g_ptr_array_add (faults, g_strdup_printf ("[limits] packet_bytes: must be at least %d more than message_bytes",
                                              PACKET_OVERHEAD_BYTES));
  if (self->domain == NULL && self->public_host != NULL)
    {
      g_autofree char *why = NULL;

      if (!kl_settings_parse_domain (self->public_host, &why))
        g_ptr_array_add (faults, g_strdup ("[server] domain: is missing; the host of public_url cannot serve as one"));
    }
}

KlSettings *
kl_settings_load (const char *config_file, const char *const *environment, const char *listen, const char *data,
                  GPtrArray *faults)
{
  g_autoptr (KlSettings) self = g_new0 (KlSettings, 1);
  guint before = faults->len;

  self->proxies = g_new0 (char *, 1);
  set_defaults (self);

  if (config_file != NULL)
    read_file (self, config_file, faults);
  read_environment (self, environment, faults);
  if (listen != NULL)
    take_value (self, find_key ("server", "listen"), listen, "--listen", faults);
  if (data != NULL)
    take_value (self, find_key ("server", "data"), data, "--data", faults);

  if (self->data == NULL)
    self->data = make_default_data (environment);
  g_autofree char *absolute = g_canonicalize_filename (self->data, NULL);
  g_set_str (&self->data, absolute);

  check_together (self, faults);
  return faults->len > before ? NULL : g_steal_pointer (&self);
}

void
kl_settings_free (KlSettings *self)
{
  if (self == NULL)
    return;

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    if (!is_number (&keys[i]))
      g_free (*get_text_field (self, &keys[i]));
  g_clear_object (&self->listen_address);
  g_strfreev (self->proxies);
  g_free (self->public_host);
  g_free (self->store_path);
  g_free (self);
}

char **
kl_settings_dup_unknown_groups (const char *config_file)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autoptr (GKeyFile) file = g_key_file_new ();

  if (g_key_file_load_from_file (file, config_file, G_KEY_FILE_NONE, NULL))
    {
      g_auto (GStrv) groups = g_key_file_get_groups (file, NULL);

      for (int i = 0; groups[i] != NULL; i++)
        if (find_key (groups[i], NULL) == NULL)
          g_strv_builder_add (builder, groups[i]);
    }
  return g_strv_builder_end (builder);
}

void
kl_settings_foreach_key (KlSettingsKeyFunc func, gpointer user_data)
{
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    func (keys[i].group, keys[i].name, user_data);
}

void
kl_settings_foreach_limit (const KlSettings *self, KlSettingsLimitFunc func, gpointer user_data)
{
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    if (g_str_equal (keys[i].group, "limits"))
      func (keys[i].name, *get_number_field ((KlSettings *)self, &keys[i]), user_data);
}

gboolean
kl_settings_is_https (const KlSettings *self)
{
  return self->tls_certificate != NULL || (self->public_url != NULL && g_str_has_prefix (self->public_url, "https://"));
}

const char *
kl_settings_default_domain (const KlSettings *self)
{
  if (self->domain != NULL)
    return self->domain;
  return self->public_host != NULL ? self->public_host : "localhost";
}
