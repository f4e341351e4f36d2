/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between the admin socket and its commands. */
#pragma once

#include "protocol/kl-json.h"
#include "server/admin/kl-admin.h"

G_BEGIN_DECLS

struct _KlAdmin
{
  GSocketService *service;
  GHashTable *clients; /* Client, owned */

  KlChat *chat;
  KlChatAccounts *accounts;
  char *socket_path;
  char *name;
  char *version;
  char *address;
  char *store;
  char *public_url;
  char *(*dup_metrics) (gsize *length, gpointer user_data);
  gpointer metrics_data;
  gint64 started_usec; /* monotonic */
};

/* A request and whom it is to be answered; ended by exactly one kl_admin_answer_…(). The client may be gone by then. */
typedef struct _KlAdminRequest KlAdminRequest;

KlAdmin *kl_admin_request_get_admin (KlAdminRequest *request);

/* BODY: an object's JSON; its members stand beside "ok". */
void kl_admin_answer (KlAdminRequest *request, const char *body, gsize length);
void kl_admin_answer_error (KlAdminRequest *request, KlErrorCode code, const char *message, const char *field);
/* From the store: what it says, under the fitting code. */
void kl_admin_answer_store_error (KlAdminRequest *request, const GError *error);

/* Carries out a command line's JSON object. */
void kl_admin_run (KlAdminRequest *request, yyjson_val *object);

G_END_DECLS
