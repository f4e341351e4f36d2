/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The desktop client: says where its words are, then it is all the application's. */
#include "klatch-config.h"

#include <glib/gi18n.h>
#include <locale.h>

#include "app/call/kl-call.h"
#include "app/core/kl-server.h"
#include "app/ui/kl-application.h"

int
main (int   argc,
      char *argv[])
{
  const char *locale_dir = g_getenv ("KLATCH_LOCALE_DIR"); /* an uninstalled build's */
  g_autoptr (KlApplication) application = NULL;

  setlocale (LC_ALL, "");
  bindtextdomain (KL_GETTEXT_DOMAIN, locale_dir != NULL ? locale_dir : KL_LOCALE_DIR);
  bind_textdomain_codeset (KL_GETTEXT_DOMAIN, "UTF-8");
  textdomain (KL_GETTEXT_DOMAIN);

  kl_call_prepare_process ();
  kl_server_warm_up ();
  application = kl_application_new ();
  return g_application_run (G_APPLICATION (application), argc, argv);
}
