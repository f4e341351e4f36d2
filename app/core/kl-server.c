/* SPDX-License-Identifier: GPL-3.0-or-later
 * Finding a server, and signing in there. */
#include "app/core/kl-server.h"
#include "app/core/kl-core-enums.h"
#include "app/core/kl-error-private.h"
#include "app/core/kl-rest.h"
#include "protocol/kl-limits.h"

#include <string.h>

#define LOOPBACK_PORT 8765

struct _KlServer
{
  GObject parent_instance;

  SoupSession *soup;
  char *url;
  char *host;
  char *name;
  char *domain;
  KlRegistration registration;
  gboolean insecure;
};

typedef enum
{
  PROP_URL = 1,
  PROP_HOST,
  PROP_NAME,
  PROP_DOMAIN,
  PROP_REGISTRATION,
  PROP_INSECURE,
} Prop;

static GParamSpec *props[PROP_INSECURE + 1];

G_DEFINE_FINAL_TYPE (KlServer, kl_server, G_TYPE_OBJECT)

/* ── Addresses ── */

static gboolean
is_loopback_name (const char *host)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);

  return g_ascii_strcasecmp (host, "localhost") == 0 || g_str_has_suffix (host, ".localhost")
         || (address != NULL && g_inet_address_get_is_loopback (address));
}

static char *
join_url (const char *scheme, const char *host, int port)
{
  gboolean v6 = strchr (host, ':') != NULL;
  g_autofree char *lower = g_ascii_strdown (host, -1);
  g_autoptr (GString) url = g_string_new (NULL);

  g_string_append_printf (url, v6 ? "%s://[%s]" : "%s://%s", scheme, lower);
  if (port > 0 && port != (g_str_equal (scheme, "https") ? 443 : 80))
    g_string_append_printf (url, ":%d", port);
  return g_string_free_and_steal (g_steal_pointer (&url));
}

char *
kl_server_url_for_address (const char *typed, gboolean *insecure, GError **error)
{
  g_autofree char *text = g_strstrip (g_strdup (typed != NULL ? typed : ""));
  const char *at = strstr (text, "://");
  gboolean has_scheme = at != NULL;
  g_autofree char *whole = has_scheme ? g_strdup (text) : g_strconcat ("https://", text, NULL);
  g_autoptr (GUri) uri = g_uri_parse (whole, SOUP_HTTP_URI_FLAGS, NULL);
  const char *host = uri != NULL ? g_uri_get_host (uri) : NULL;
  const char *scheme = uri != NULL ? g_uri_get_scheme (uri) : NULL;

  /* A person's address is not a server's, but the part behind the @ is. */
  if (host == NULL || host[0] == '\0' || strchr (host, ' ') != NULL
      || (!g_str_equal (scheme, "https") && !g_str_equal (scheme, "http")))
    {
      g_set_error_literal (error, KL_CORE_ERROR, KL_CORE_ERROR_BAD_ADDRESS, "That is not the address of a server");
      return NULL;
    }
  gboolean loopback = is_loopback_name (host);
  int port = g_uri_get_port (uri);
  if (!has_scheme && loopback)
    {
      scheme = "http";
      if (strstr (text, "]:") == NULL && (strchr (text, ':') == NULL || text[0] == '['))
        port = LOOPBACK_PORT;
    }
  if (insecure != NULL)
    *insecure = g_str_equal (scheme, "http") && !loopback;
  return join_url (scheme, host, port);
}

static char *
host_of (const char *url)
{
  const char *at = strstr (url, "://");

  return g_strdup (at != NULL ? at + 3 : url);
}

/* ── Finding ── */

typedef struct
{
  SoupSession *soup;
  char *url;
  gboolean asked_well_known;
  GError *first_error;
} Find;

static void
find_free (gpointer data)
{
  Find *find = data;

  g_object_unref (find->soup);
  g_free (find->url);
  g_clear_error (&find->first_error);
  g_free (find);
}

static KlServer *
read_server (Find *find, yyjson_val *object)
{
  static const char *const policies[] = { "open", "invite", "closed", NULL };
  KlJsonFields in;

  kl_json_fields_init (&in, object);
  const char *name = kl_json_fields_string (&in, "name", KL_JSON_REQUIRED, 0, 1024, NULL);
  const char *domain = kl_json_fields_string (&in, "domain", KL_JSON_REQUIRED, 1, 255, NULL);
  int registration = kl_json_fields_word (&in, "registration", KL_JSON_REQUIRED, policies, 0);
  kl_json_fields_string (&in, "version", KL_JSON_REQUIRED, 1, 255, NULL);
  if (in.fault != NULL)
    return NULL;
  KlServer *self = g_object_new (KL_TYPE_SERVER, NULL);
  self->soup = g_object_ref (find->soup);
  self->url = g_strdup (find->url);
  self->host = host_of (find->url);
  self->name = g_strdup (name[0] != '\0' ? name : self->host);
  self->domain = g_strdup (domain);
  self->registration = (KlRegistration) registration;
  g_autofree char *again = kl_server_url_for_address (find->url, &self->insecure, NULL);
  return self;
}

static void
ask_server (GTask *task);

static void
on_well_known (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Find *find = g_task_get_task_data (task);
  g_autoptr (KlJson) answer = NULL;
  gboolean insecure = TRUE;

  kl_rest_call_finish (result, &answer, NULL);
  const char *url = answer != NULL ? yyjson_get_str (yyjson_obj_get (kl_json_get_root (answer), "url")) : NULL;
  g_autofree char *elsewhere = url != NULL ? kl_server_url_for_address (url, &insecure, NULL) : NULL;
  /* From https it leads to https only: nobody on the way may take that off. */
  if (elsewhere == NULL || g_str_equal (elsewhere, find->url)
      || (g_str_has_prefix (find->url, "https:") && !g_str_has_prefix (elsewhere, "https:")))
    {
      g_task_return_error (task, g_steal_pointer (&find->first_error));
      return;
    }
  g_set_str (&find->url, elsewhere);
  ask_server (g_steal_pointer (&task));
}

static void
on_server (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Find *find = g_task_get_task_data (task);
  g_autoptr (KlJson) answer = NULL;
  g_autoptr (GError) error = NULL;
  KlServer *server = NULL;

  if (kl_rest_call_finish (result, &answer, &error) && answer != NULL)
    server = read_server (find, kl_json_get_root (answer));
  if (server != NULL)
    {
      g_task_return_pointer (task, server, g_object_unref);
      return;
    }
  if (error == NULL || error->code == KL_CORE_ERROR_NOT_FOUND)
    {
      g_clear_error (&error);
      error = kl_core_error_new_full (KL_CORE_ERROR_NOT_KLATCH, "There is no Klatch server at this address", NULL, 0);
    }
  if (find->asked_well_known || !g_error_matches (error, KL_CORE_ERROR, KL_CORE_ERROR_NOT_KLATCH))
    {
      GError *first = find->first_error != NULL ? g_steal_pointer (&find->first_error) : g_steal_pointer (&error);
      g_task_return_error (task, first);
      return;
    }
  find->asked_well_known = TRUE;
  find->first_error = g_steal_pointer (&error);
  kl_rest_call_async (find->soup, find->url, NULL, "GET", "/.well-known/klatch", NULL, g_task_get_cancellable (task),
                      on_well_known, g_object_ref (task));
}

/* Takes the task. */
static void
ask_server (GTask *task)
{
  Find *find = g_task_get_task_data (task);

  kl_rest_call_async (find->soup, find->url, NULL, "GET", "/api/v1/server", NULL, g_task_get_cancellable (task),
                      on_server, task);
}

void
kl_server_find_async (const char *typed, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  GError *error = NULL;
  char *url = kl_server_url_for_address (typed, NULL, &error);

  g_task_set_source_tag (task, kl_server_find_async);
  if (url == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  Find *find = g_new0 (Find, 1);
  find->soup = kl_rest_session_new ();
  find->url = url;
  g_task_set_task_data (task, find, find_free);
  ask_server (g_steal_pointer (&task));
}

KlServer *
kl_server_find_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ── Signing in ── */

static char *
local_name (KlServer *self, const char *name)
{
  g_autofree char *lower = g_utf8_strdown (name, -1);
  g_autofree char *suffix = g_strconcat ("@", self->domain, NULL);

  g_strstrip (lower);
  if (g_str_has_suffix (lower, suffix))
    lower[strlen (lower) - strlen (suffix)] = '\0';
  return g_steal_pointer (&lower);
}

static void
on_signed_in (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  KlServer *self = g_task_get_source_object (task);
  g_autoptr (KlJson) answer = NULL;
  GError *error = NULL;
  KlJsonFields in, user;

  if (!kl_rest_call_finish (result, &answer, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  kl_json_fields_init (&in, answer != NULL ? kl_json_get_root (answer) : NULL);
  kl_json_fields_init (&user, kl_json_fields_object (&in, "user", KL_JSON_REQUIRED));
  const char *token = kl_json_fields_string (&in, "token", KL_JSON_REQUIRED, 16, 1024, NULL);
  const char *id = kl_json_fields_id (&user, "id", KL_JSON_REQUIRED);
  const char *name = kl_json_fields_string (&user, "name", KL_JSON_REQUIRED, 1, 255, NULL);
  if (in.fault != NULL || user.fault != NULL)
    g_task_return_new_error (task, KL_CORE_ERROR, KL_CORE_ERROR_NOT_KLATCH,
                             "The server gave an answer that makes no sense");
  else
    g_task_return_pointer (task, kl_account_new (self->url, id, name, token), g_object_unref);
}

static void
begin_body (KlServer *self, KlJsonWriter *out, const char *name, const char *password)
{
  g_autofree char *local = local_name (self, name);
  g_autofree char *device = g_strdup_printf ("Klatch on %s", g_get_host_name ());
  gsize bytes = kl_text_cut (device, strlen (device), KL_LIMIT_DEVICE_CHARS);

  device[bytes] = '\0';
  kl_json_writer_init (out, 256);
  kl_json_begin_object (out);
  kl_json_member_string (out, "name", local);
  kl_json_member_string (out, "password", password);
  if (g_utf8_validate (device, -1, NULL))
    kl_json_member_string (out, "device", device);
}

static void
post (KlServer *self, GTask *task, const char *path, KlJsonWriter *out)
{
  kl_json_end_object (out);
  gsize length;
  g_autofree char *json = kl_json_writer_steal_string (out, &length);
  kl_rest_call_async (self->soup, self->url, NULL, "POST", path, json, g_task_get_cancellable (task), on_signed_in,
                      task);
  /* It holds a password. */
  explicit_bzero (json, length);
}

void
kl_server_sign_in_async (KlServer *self, const char *name, const char *password, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer user_data)
{
  KlJsonWriter out;

  g_return_if_fail (KL_IS_SERVER (self));

  GTask *task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, kl_server_sign_in_async);
  begin_body (self, &out, name, password);
  post (self, task, "/api/v1/sessions", &out);
}

KlAccount *
kl_server_sign_in_finish (KlServer *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kl_server_register_async (KlServer *self, const char *name, const char *password, const char *display_name,
                          const char *invite, GCancellable *cancellable, GAsyncReadyCallback callback,
                          gpointer user_data)
{
  KlJsonWriter out;

  g_return_if_fail (KL_IS_SERVER (self));

  GTask *task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, kl_server_register_async);
  begin_body (self, &out, name, password);
  if (display_name != NULL && display_name[0] != '\0')
    kl_json_member_string (&out, "display_name", display_name);
  if (invite != NULL && invite[0] != '\0')
    kl_json_member_string (&out, "invite", invite);
  post (self, task, "/api/v1/users", &out);
}

KlAccount *
kl_server_register_finish (KlServer *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ── Object ── */

static void
kl_server_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KlServer *self = KL_SERVER (object);

  switch ((Prop) id)
    {
    case PROP_URL:
      g_value_set_string (value, self->url);
      break;
    case PROP_HOST:
      g_value_set_string (value, self->host);
      break;
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_DOMAIN:
      g_value_set_string (value, self->domain);
      break;
    case PROP_REGISTRATION:
      g_value_set_enum (value, (int) self->registration);
      break;
    case PROP_INSECURE:
      g_value_set_boolean (value, self->insecure);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_server_finalize (GObject *object)
{
  KlServer *self = KL_SERVER (object);

  g_clear_object (&self->soup);
  g_free (self->url);
  g_free (self->host);
  g_free (self->name);
  g_free (self->domain);
  G_OBJECT_CLASS (kl_server_parent_class)->finalize (object);
}

static void
kl_server_class_init (KlServerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags ro = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = kl_server_get_property;
  object_class->finalize = kl_server_finalize;

  props[PROP_URL] = g_param_spec_string ("url", NULL, NULL, NULL, ro);
  props[PROP_HOST] = g_param_spec_string ("host", NULL, NULL, NULL, ro);
  props[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, ro);
  props[PROP_DOMAIN] = g_param_spec_string ("domain", NULL, NULL, NULL, ro);
  props[PROP_REGISTRATION]
      = g_param_spec_enum ("registration", NULL, NULL, KL_TYPE_REGISTRATION, KL_REGISTRATION_OPEN, ro);
  props[PROP_INSECURE] = g_param_spec_boolean ("insecure", NULL, NULL, FALSE, ro);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
kl_server_init (KlServer *self)
{
}

const char *
kl_server_get_url (KlServer *self)
{
  g_return_val_if_fail (KL_IS_SERVER (self), NULL);
  return self->url;
}

const char *
kl_server_get_host (KlServer *self)
{
  g_return_val_if_fail (KL_IS_SERVER (self), NULL);
  return self->host;
}

const char *
kl_server_get_name (KlServer *self)
{
  g_return_val_if_fail (KL_IS_SERVER (self), NULL);
  return self->name;
}

const char *
kl_server_get_domain (KlServer *self)
{
  g_return_val_if_fail (KL_IS_SERVER (self), NULL);
  return self->domain;
}

KlRegistration
kl_server_get_registration (KlServer *self)
{
  g_return_val_if_fail (KL_IS_SERVER (self), KL_REGISTRATION_CLOSED);
  return self->registration;
}

gboolean
kl_server_get_insecure (KlServer *self)
{
  g_return_val_if_fail (KL_IS_SERVER (self), FALSE);
  return self->insecure;
}

static gpointer
load_modules (gpointer unused)
{
  g_proxy_resolver_is_supported (g_proxy_resolver_get_default ());
  g_tls_backend_supports_tls (g_tls_backend_get_default ());
  return NULL;
}

void
kl_server_warm_up (void)
{
  g_thread_unref (g_thread_new ("warm-up", load_modules, NULL));
}
