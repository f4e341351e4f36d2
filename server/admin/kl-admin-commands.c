/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What klatchctl may ask. One function a command, in the table at the end. */
#include <string.h>
#include <unistd.h>

#include "protocol/kl-limits.h"
#include "server/admin/kl-admin-private.h"

#define PAGE_DEFAULT 200
#define PAGE_MAX 1000
#define USES_MAX 1000000
#define EXPIRES_MAX_MS (100LL * 365 * 24 * 3600 * 1000)

static void
answer_fault (KlAdminRequest *request, const KlJsonFields *in)
{
  g_autofree char *message = g_strdup_printf ("%s %s.", in->fault_field ? in->fault_field : "The command", in->fault);

  kl_admin_answer_error (request, KL_ERROR_CODE_BAD_REQUEST, message, in->fault_field);
}

static void
answer_written (KlAdminRequest *request, KlJsonWriter *writer)
{
  kl_admin_answer (request, writer->out->str, writer->out->len);
}

/* What the accounts answer is an object already: {"user":…} or {"error":…}. */
static void
on_accounts_answer (const KlChatAccountsAnswer *answer, gpointer user_data)
{
  KlAdminRequest *request = user_data;
  g_autoptr (KlJson) json = NULL;
  yyjson_val *error;
  const char *message, *field;

  if (answer->code == KL_ERROR_CODE_NONE)
    {
      kl_admin_answer (request, answer->json ? answer->json : "{}", answer->json ? answer->length : 2);
      return;
    }

  json = answer->json ? kl_json_parse (answer->json, answer->length, NULL) : NULL;
  error = json ? yyjson_obj_get (kl_json_get_root (json), "error") : NULL;
  message = yyjson_get_str (yyjson_obj_get (error, "message"));
  field = yyjson_get_str (yyjson_obj_get (error, "field"));
  kl_admin_answer_error (request, answer->code, message ? message : kl_error_code_to_string (answer->code), field);
}

/* ── status ── */

static gint64
get_memory_kib (void)
{
  g_autofree char *statm = NULL;
  guint64 pages = 0;

  if (g_file_get_contents ("/proc/self/statm", &statm, NULL, NULL))
    {
      const char *resident = strchr (statm, ' ');

      pages = resident ? g_ascii_strtoull (resident + 1, NULL, 10) : 0;
    }

  return (gint64) pages * sysconf (_SC_PAGESIZE) / 1024;
}

static void
write_chat_stats (KlJsonWriter *writer, KlChat *chat)
{
  KlChatStats stats = { 0 };

  kl_chat_get_stats (chat, &stats);
  kl_json_member_int (writer, "connections", stats.connections);
  kl_json_member_int (writer, "people_online", stats.people_online);
  kl_json_member_int (writer, "groups_loaded", stats.groups_loaded);
  kl_json_member_int (writer, "messages_since_start", (gint64) stats.messages_stored);
  kl_json_member_int (writer, "events_since_start", (gint64) stats.events_delivered);
}

/* All that are alive as far as is known here, this one first. */
static void
write_nodes (KlJsonWriter *writer, KlBus *bus)
{
  g_autoptr (GPtrArray) nodes = kl_bus_list_nodes (bus);
  g_autofree char *reason = NULL;

  kl_json_member_bool (writer, "bus_ready", kl_bus_is_ready (bus, &reason));
  kl_json_member_string_or_nothing (writer, "bus_reason", reason);
  kl_json_key (writer, "nodes");
  kl_json_begin_array (writer);
  for (guint i = 0; i < nodes->len; i++)
    {
      const KlBusNode *node = g_ptr_array_index (nodes, i);

      kl_json_begin_object (writer);
      kl_json_member_string (writer, "id", node->id);
      kl_json_member_string_or_nothing (writer, "address", node->address);
      kl_json_member_string_or_nothing (writer, "version", node->version);
      kl_json_member_int (writer, "since", node->since);
      kl_json_member_int (writer, "heard", node->heard);
      kl_json_member_int (writer, "people", node->people);
      kl_json_member_int (writer, "connections", node->connections);
      kl_json_member_bool (writer, "own", node->own);
      kl_json_end_object (writer);
    }
  kl_json_end_array (writer);
}

static void
write_status (KlJsonWriter *writer, KlAdmin *self, const KlStoreTotals *totals)
{
  KlStore *store = kl_chat_get_store (self->chat);
  g_autofree char *reason = NULL;

  kl_json_begin_object (writer);
  kl_json_member_string (writer, "name", self->name);
  kl_json_member_string (writer, "domain", kl_chat_get_settings (self->chat)->domain);
  kl_json_member_string (writer, "version", self->version);
  kl_json_member_string (writer, "address", self->address);
  kl_json_member_string_or_nothing (writer, "public_url", self->public_url);
  kl_json_member_string_or_nothing (writer, "store", self->store);
  kl_json_member_int (writer, "pid", getpid ());
  kl_json_member_int (writer, "uptime_ms", (g_get_monotonic_time () - self->started_usec) / 1000);
  kl_json_member_bool (writer, "ready", kl_store_is_ready (store, &reason));
  kl_json_member_string_or_nothing (writer, "reason", reason);
  kl_json_member_string (writer, "epoch", kl_store_get_epoch (store));
  kl_json_member_int (writer, "users", totals->users);
  kl_json_member_int (writer, "groups", totals->groups);
  kl_json_member_int (writer, "messages", totals->messages);
  write_chat_stats (writer, self->chat);
  kl_json_member_int (writer, "memory_kib", get_memory_kib ());
  write_nodes (writer, kl_chat_get_bus (self->chat));
  kl_json_end_object (writer);
}

static void
on_totals (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KlAdminRequest *request = user_data;
  KlAdmin *self = kl_admin_request_get_admin (request);
  g_autoptr (GError) error = NULL;
  g_autofree KlStoreTotals *totals = kl_store_get_totals_finish (KL_STORE (source), result, &error);
  g_auto (KlJsonWriter) writer = { 0 };

  if (!totals)
    {
      kl_admin_answer_store_error (request, error);
      return;
    }
  if (!self)
    {
      kl_admin_answer (request, "{}", 2);
      return;
    }
  kl_json_writer_init (&writer, 512);
  write_status (&writer, self, totals);
  answer_written (request, &writer);
}

static void
run_status (KlAdminRequest *request, KlJsonFields *in)
{
  kl_store_get_totals_async (kl_chat_get_store (kl_admin_request_get_admin (request)->chat), on_totals, request);
}

/* ── metrics ── */

static void
run_metrics (KlAdminRequest *request, KlJsonFields *in)
{
  KlAdmin *self = kl_admin_request_get_admin (request);
  g_auto (KlJsonWriter) writer = { 0 };
  gsize length = 0;
  g_autofree char *text = self->dup_metrics ? self->dup_metrics (&length, self->metrics_data) : g_strdup ("");

  kl_json_writer_init (&writer, length + 256);
  kl_json_begin_object (&writer);
  kl_json_member_string (&writer, "text", text);
  kl_json_end_object (&writer);
  answer_written (request, &writer);
}

/* ── user ── */

static void
write_user (KlJsonWriter *writer, const KlStoreUser *user)
{
  kl_json_begin_object (writer);
  kl_json_member_string (writer, "id", user->id);
  kl_json_member_string (writer, "name", user->name);
  kl_json_member_string (writer, "display_name", user->display_name);
  if (user->admin)
    kl_json_member_string (writer, "server_role", "admin");
  if (user->disabled)
    kl_json_member_bool (writer, "disabled", TRUE);
  if (user->deleted)
    kl_json_member_bool (writer, "deleted", TRUE);
  kl_json_member_int (writer, "created_at", user->created_at);
  if (user->last_seen_at)
    kl_json_member_int (writer, "last_seen_at", user->last_seen_at);
  kl_json_end_object (writer);
}

typedef struct
{
  KlAdminRequest *request;
  guint limit;
} ListRequest;

static void
on_users (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree ListRequest *list = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) users = kl_store_list_users_finish (KL_STORE (source), result, &error);
  g_auto (KlJsonWriter) writer = { 0 };

  if (!users)
    {
      kl_admin_answer_store_error (list->request, error);
      return;
    }

  kl_json_writer_init (&writer, 256 * users->len + 64);
  kl_json_begin_object (&writer);
  kl_json_key (&writer, "users");
  kl_json_begin_array (&writer);
  for (guint i = 0; i < users->len; i++)
    write_user (&writer, g_ptr_array_index (users, i));
  kl_json_end_array (&writer);
  if (users->len == list->limit)
    {
      const KlStoreUser *last = g_ptr_array_index (users, users->len - 1);

      kl_json_member_string (&writer, "next", last->name);
    }
  kl_json_end_object (&writer);
  answer_written (list->request, &writer);
}

static void
run_user_list (KlAdminRequest *request, KlJsonFields *in)
{
  const char *after = kl_json_fields_string (in, "after", KL_JSON_OPTIONAL, 0, KL_LIMIT_ADDRESS_BYTES, NULL);
  guint limit = (guint) kl_json_fields_int (in, "limit", KL_JSON_OPTIONAL, 1, PAGE_MAX, PAGE_DEFAULT);
  ListRequest *list;

  if (in->fault)
    {
      answer_fault (request, in);
      return;
    }

  list = g_new (ListRequest, 1);
  list->request = request;
  list->limit = limit;
  kl_store_list_users_async (kl_chat_get_store (kl_admin_request_get_admin (request)->chat), after, limit, on_users,
                             list);
}

static void
run_user_add (KlAdminRequest *request, KlJsonFields *in)
{
  const char *name = kl_json_fields_string (in, "name", KL_JSON_REQUIRED, 1, KL_LIMIT_ADDRESS_BYTES, NULL);
  const char *password = kl_json_fields_string (in, "password", KL_JSON_REQUIRED, KL_LIMIT_PASSWORD_MIN_BYTES,
                                                KL_LIMIT_PASSWORD_MAX_BYTES, NULL);
  const char *display_name = kl_json_fields_text (in, "display_name", KL_JSON_OPTIONAL, KL_TEXT_DISPLAY_NAME, NULL);
  gboolean admin = kl_json_fields_bool (in, "admin", KL_JSON_OPTIONAL, FALSE);

  if (in->fault)
    {
      answer_fault (request, in);
      return;
    }

  kl_chat_accounts_add_user (kl_admin_request_get_admin (request)->accounts, name, password, display_name, admin,
                             on_accounts_answer, request);
}

/* ── invite ── */

static void
run_invite_create (KlAdminRequest *request, KlJsonFields *in)
{
  gint64 uses = kl_json_fields_int (in, "uses", KL_JSON_OPTIONAL, 1, USES_MAX, KL_LIMIT_INVITE_DEFAULT_USES);
  gint64 expires_in_ms
      = kl_json_fields_int (in, "expires_in_ms", KL_JSON_OPTIONAL, 0, EXPIRES_MAX_MS, KL_LIMIT_INVITE_DEFAULT_MS);

  if (in->fault)
    {
      answer_fault (request, in);
      return;
    }

  kl_chat_accounts_create_invite (kl_admin_request_get_admin (request)->accounts, uses, expires_in_ms,
                                  on_accounts_answer, request);
}

/* ── group ── */

static void
write_listing (KlJsonWriter *writer, const KlStoreListing *listing)
{
  const KlStoreGroup *group = listing->group;

  kl_json_begin_object (writer);
  kl_json_member_string (writer, "id", group->id);
  kl_json_member_string (writer, "kind", group->kind == KL_GROUP_KIND_DIRECT ? "direct" : "group");
  kl_json_member_string_or_nothing (writer, "slug", group->slug);
  kl_json_member_string (writer, "name", group->name);
  kl_json_member_string (writer, "visibility", group->visibility == KL_VISIBILITY_PUBLIC ? "public" : "private");
  kl_json_member_int (writer, "members", listing->members);
  kl_json_member_int (writer, "rev", listing->rev);
  kl_json_member_int (writer, "created_at", group->created_at);
  kl_json_end_object (writer);
}

static void
on_groups (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree ListRequest *list = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) listings = kl_store_list_groups_finish (KL_STORE (source), result, &error);
  g_auto (KlJsonWriter) writer = { 0 };

  if (!listings)
    {
      kl_admin_answer_store_error (list->request, error);
      return;
    }

  kl_json_writer_init (&writer, 256 * listings->len + 64);
  kl_json_begin_object (&writer);
  kl_json_key (&writer, "groups");
  kl_json_begin_array (&writer);
  for (guint i = 0; i < listings->len; i++)
    write_listing (&writer, g_ptr_array_index (listings, i));
  kl_json_end_array (&writer);
  if (listings->len == list->limit)
    {
      const KlStoreListing *last = g_ptr_array_index (listings, listings->len - 1);

      kl_json_key (&writer, "next");
      kl_json_begin_object (&writer);
      kl_json_member_int (&writer, "after_members", last->members);
      kl_json_member_string (&writer, "after", last->group->id);
      kl_json_end_object (&writer);
    }
  kl_json_end_object (&writer);
  answer_written (list->request, &writer);
}

static void
run_group_list (KlAdminRequest *request, KlJsonFields *in)
{
  const char *after = kl_json_fields_id (in, "after", KL_JSON_OPTIONAL);
  gint64 after_members = kl_json_fields_int (in, "after_members", KL_JSON_OPTIONAL, 0, KL_LIMIT_INTEGER_MAX, 0);
  guint limit = (guint) kl_json_fields_int (in, "limit", KL_JSON_OPTIONAL, 1, PAGE_MAX, PAGE_DEFAULT);
  ListRequest *list;

  if (in->fault)
    {
      answer_fault (request, in);
      return;
    }

  list = g_new (ListRequest, 1);
  list->request = request;
  list->limit = limit;
  kl_store_list_groups_async (kl_chat_get_store (kl_admin_request_get_admin (request)->chat), NULL, TRUE, after_members,
                              after, limit, on_groups, list);
}

/* ── The table ── */

static const struct
{
  const char *name;
  void (*run) (KlAdminRequest *request, KlJsonFields *in);
} commands[] = {
  { "status", run_status },
  { "metrics", run_metrics },
  { "user list", run_user_list },
  { "user add", run_user_add },
  { "invite create", run_invite_create },
  { "group list", run_group_list },
};

void
kl_admin_run (KlAdminRequest *request, yyjson_val *object)
{
  KlJsonFields in;
  const char *name;

  kl_json_fields_init (&in, object);
  name = kl_json_fields_string (&in, "command", KL_JSON_REQUIRED, 1, 64, NULL);
  for (gsize i = 0; name && i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (commands[i].name, name))
      {
        commands[i].run (request, &in);
        return;
      }

  if (in.fault)
    answer_fault (request, &in);
  else
    kl_admin_answer_error (request, KL_ERROR_CODE_BAD_REQUEST, "This server does not know that command.", "command");
}
