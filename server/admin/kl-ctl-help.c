/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/admin/kl-ctl-help.h"

static const struct
{
  const char *command;
  const char *text;
} helps[] = {
  { "status", "klatchctl [--json] status\n\n"
              "Says how the running server is: its name and address, for how long it has\n"
              "been up, whether its store can be written, how many people, connections,\n"
              "groups and messages there are, and the nodes of its cluster.\n" },
  { "metrics", "klatchctl metrics\n\n"
               "Prints the running server's figures in the form that Prometheus reads.\n" },
  { "user list", "klatchctl [--json] user list\n\n"
                 "Lists all accounts by name, with their role, since when they have existed and\n"
                 "when they were last seen.\n" },
  { "user add", "klatchctl [--json] user add NAME [--display-name NAME] [--admin]\n\n"
                "Makes an account, whatever the policy of registration is. The password is\n"
                "asked for twice, or read as one line of standard input; it is never an\n"
                "argument. With --admin it is an administrator of the server.\n" },
  { "invite create", "klatchctl [--json] invite create [--uses N] [--expires TIME]\n\n"
                     "Makes a code with which people register where the policy asks for one. It is\n"
                     "printed alone on standard output; its link, if the server knows its address,\n"
                     "on standard error. By default it is good for 100 uses and 7 days. TIME is a\n"
                     "number with s, m, h, d or w, or \"never\".\n" },
  { "group list", "klatchctl [--json] group list\n\n"
                  "Lists all groups, private ones too, most members first.\n" },
  { "backup", "klatchctl [--data DIR] [--store URI] [--json] backup FILE\n\n"
              "Copies the server's SQLite database to FILE, as it is at one moment, while the\n"
              "server runs and is written to, or while it is stopped. All that was\n"
              "acknowledged before the command began is in it. FILE must not exist; it\n"
              "appears, readable by its owner alone, when it is whole, has been read back and\n"
              "is on the disk. Nobody waits meanwhile.\n\n"
              "A running server tells where its database is. Else it is klatch.db in the data\n"
              "folder, or what --store or KLATCH_STORE_URI says (sqlite:PATH). Of MongoDB\n"
              "make backups by mongodump, or by \"klatchctl store copy\" with all nodes stopped.\n" },
  { "restore", "klatchctl [--data DIR] [--store URI] [--json] restore FILE\n\n"
               "Puts the backup FILE in the database's place. The server is stopped; a folder\n"
               "that is in use is refused. FILE is checked first, page by page, and left as it\n"
               "is. Whatever happens, there is either the old database or the new one. What was\n"
               "there before stays beside it as klatch.db.before-restore, in the place of an\n"
               "earlier one.\n\n"
               "The restored database has a new epoch, by which clients see that time has gone\n"
               "back: they drop what they held and read it anew.\n" },
  { "store copy", "klatchctl [--data DIR] [--json] store copy FROM TO\n\n"
                  "Copies everything from one store to another: accounts with passwords and\n"
                  "sessions, groups with their logs, members and bans, invites. FROM and TO are\n"
                  "sqlite:PATH (relative ones are the data folder's), mongodb://HOST/NAME, or\n"
                  "@FILE, a file in which the address stands, so that its password is on no\n"
                  "command line. Ids, numbers and the epoch stay: clients notice nothing.\n\n"
                  "TO must be empty, and no server may run on either. At the end both are read\n"
                  "again and compared, record by record; what was compared is listed with its\n"
                  "number and checksum. When it was interrupted, the same command goes on where it\n"
                  "was; no server starts on a copy that is not whole.\n" },
};

const char *
kl_ctl_get_help (const char *command)
{
  for (gsize i = 0; i < G_N_ELEMENTS (helps); i++)
    if (g_str_equal (helps[i].command, command))
      return helps[i].text;

  return NULL;
}
