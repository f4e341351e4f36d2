/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The commands of klatchctl. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  const char *socket_path;
  const char *data;  /* the server's folder */
  const char *store; /* the store's URI, for what is done without the server */
  gboolean json; /* for machines: the server's words on standard output */
  /* user add */
  const char *display_name;
  gboolean admin;
  /* invite create; NULL: the server's default */
  const char *uses;
  const char *expires;
} KlCtlOptions;

/* Carries out WORDS ("user", "list"), ended by NULL. Errors: KL_CTL_ERROR. */
gboolean kl_ctl_run (const KlCtlOptions *options, const char *const *words, GError **error);

/* What there is, one line a command. */
const char *kl_ctl_get_summary (void);

G_END_DECLS
