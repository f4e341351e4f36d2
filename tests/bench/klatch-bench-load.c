/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The load generator. Phases, each printing one line of JSON:
 *
 *   prepare   makes accounts (--accounts: the server is Klatch) and groups; writes tokens and groups to --state
 *   connect   all clients at once; until the last CONNECT is answered, and until the last is synced; KiB a connection
 *   closed    --in-flight messages in every group; the next is sent when all members have the last
 *   open      --rate messages a second, whatever happens
 *
 * CPU is that of --pid, by its own clock. */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/kl-bench.h"

static int port, pid, n_clients = 1000, group_size = 100, in_flight = 4, rate = 1000, seconds = 5;
static gboolean accounts;
static char *state_file, **phases, **nodes;

static GOptionEntry entries[] = {
  { "port", 0, 0, G_OPTION_ARG_INT, &port, "The server's port", "N" },
  { "pid", 0, 0, G_OPTION_ARG_INT, &pid, "The server's process", "N" },
  { "node", 0, 0, G_OPTION_ARG_STRING_ARRAY, &nodes, "Another node of the same server", "PORT:PID" },
  { "clients", 0, 0, G_OPTION_ARG_INT, &n_clients, "Clients (1000)", "N" },
  { "group", 0, 0, G_OPTION_ARG_INT, &group_size, "Members of each group (100)", "N" },
  { "in-flight", 0, 0, G_OPTION_ARG_INT, &in_flight, "Messages under way in each group (4)", "N" },
  { "rate", 0, 0, G_OPTION_ARG_INT, &rate, "Messages a second, in all groups together (1000)", "N" },
  { "seconds", 0, 0, G_OPTION_ARG_INT, &seconds, "How long to measure (5)", "N" },
  { "accounts", 0, 0, G_OPTION_ARG_NONE, &accounts, "Clients have accounts, and tokens", NULL },
  { "state", 0, 0, G_OPTION_ARG_FILENAME, &state_file, "Where prepared tokens and groups are", "FILE" },
  { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &phases, NULL, "PHASE…" },
  { NULL },
};

static KlBench *bench;
static GPtrArray *groups; /* of char*: ids */

static guint
count_groups (void)
{
  return (guint) (n_clients + group_size - 1) / (guint) group_size;
}

/* ── The server's figures ── */

static gint64
get_cpu_usec_of (int process)
{
  struct timespec time;
  clockid_t clock;

  if (process == 0 || clock_getcpuclockid (process, &clock) != 0 || clock_gettime (clock, &time) != 0)
    return 0;

  return (gint64) time.tv_sec * G_USEC_PER_SEC + time.tv_nsec / 1000;
}

/* Of all nodes together. */
static gint64
get_cpu_usec (void)
{
  gint64 usec = get_cpu_usec_of (pid);

  for (guint i = 0; nodes && nodes[i]; i++)
    usec += get_cpu_usec_of (atoi (strchr (nodes[i], ':') + 1));

  return usec;
}

static gint64
get_rss_kib (void)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/status", pid), *text = NULL;
  const char *line;

  if (!g_file_get_contents (path, &text, NULL, NULL) || !(line = strstr (text, "VmRSS:")))
    return 0;

  return g_ascii_strtoll (line + 6, NULL, 10);
}

/* ── prepare: accounts ── */

#define WORKERS 16

static char **tokens; /* one for each client */
static int next_account;

static int
connect_blocking (void)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons ((guint16) port) };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  if (connect (fd, (struct sockaddr *) &address, sizeof address) < 0)
    g_error ("cannot connect: %s", g_strerror (errno));

  return fd;
}

/* One request on a connection that is kept; the answer's token. */
static char *
register_account (int fd, int number)
{
  g_autofree char *body = g_strdup_printf ("{\"name\":\"bench%05d\",\"password\":\"a long password\"}", number);
  g_autofree char *request = g_strdup_printf ("POST /api/v1/users HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
                                              "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                                              port, strlen (body), body);
  char answer[16384];
  gsize n = 0;
  const char *token, *end;

  if (send (fd, request, strlen (request), MSG_NOSIGNAL) != (gssize) strlen (request))
    return NULL;
  for (;;)
    {
      gssize got = recv (fd, answer + n, sizeof answer - 1 - n, 0);

      if (got <= 0)
        return NULL;
      n += (gsize) got;
      answer[n] = 0;
      if ((end = strstr (answer, "\r\n\r\n")) && strchr (end, '}') && answer[n - 1] == '}')
        break;
    }
  token = strstr (answer, "\"token\":\"");
  if (!token)
    g_error ("no account: %s", answer);
  token += strlen ("\"token\":\"");

  return g_strndup (token, strcspn (token, "\""));
}

static gpointer
register_accounts (gpointer unused)
{
  int fd = connect_blocking (), number;

  while ((number = g_atomic_int_add (&next_account, 1)) < n_clients)
    {
      while (!(tokens[number] = register_account (fd, number)))
        {
          close (fd);
          fd = connect_blocking ();
        }
    }
  close (fd);

  return NULL;
}

static void
make_accounts (void)
{
  GThread *threads[WORKERS];
  int fd = connect_blocking ();

  /* The first account alone, so that it is the first. */
  tokens[0] = register_account (fd, 0);
  close (fd);
  next_account = 1;
  for (guint i = 0; i < WORKERS; i++)
    threads[i] = g_thread_new ("register", register_accounts, NULL);
  for (guint i = 0; i < WORKERS; i++)
    g_thread_join (threads[i]);
}

/* ── Waiting for acknowledgements, one a client ── */

static guint n_acked;
static gint64 *awaited; /* for each client; −1: none */
static gboolean take_group_ids;

static void
on_ack (KlBenchClient *client, gint64 id, const char *payload, gsize length)
{
  const char *found, *end;

  if (awaited[client->index] != id)
    return;

  if (length < 2 || !memmem (payload, MIN (length, 64), "\"ok\":true", 9))
    g_error ("refused: %.*s", (int) MIN (length, 400), payload);
  awaited[client->index] = -1;
  n_acked++;
  if (take_group_ids)
    {
      found = memmem (payload, length, "\"id\":\"", 6);
      g_assert (found);
      found += 6;
      end = memchr (found, '"', length - (gsize) (found - payload));
      groups->pdata[client->group] = g_strndup (found, (gsize) (end - found));
    }
}

static void
ask (KlBenchClient *client, const char *event, const char *json)
{
  awaited[client->index] = kl_bench_emit (client, event, json);
}

static void
wait_acks (guint n)
{
  gint64 end_usec = kl_bench_now_usec () + 300 * G_USEC_PER_SEC;

  while (n_acked < n)
    {
      kl_bench_turn (bench, 100);
      if (bench->n_lost > 0 || kl_bench_now_usec () > end_usec)
        g_error ("%u of %u acknowledgements, %u connections lost", n_acked, n, bench->n_lost);
    }
}

static void
wait_connected (guint n)
{
  gint64 end_usec = kl_bench_now_usec () + 120 * G_USEC_PER_SEC;

  while (bench->n_connected < n)
    {
      kl_bench_turn (bench, 100);
      if (bench->n_lost > 0 || kl_bench_now_usec () > end_usec)
        g_error ("%u of %u connected, %u lost", bench->n_connected, n, bench->n_lost);
    }
}

static const KlBenchFuncs asking = { NULL, NULL, on_ack };

/* ── prepare ── */

static void
make_groups (void)
{
  guint wanted = 0;

  bench->funcs = &asking;
  take_group_ids = TRUE;
  for (guint g = 0; g < count_groups (); g++)
    {
      g_autofree char *json = g_strdup_printf ("{\"client_id\":\"bench-%u\",\"name\":\"Bench %u\",\"visibility\":\"public\"}",
                                               g, g);

      ask (g_ptr_array_index (bench->clients, g * (guint) group_size), "group:create", json);
      wanted++;
    }
  wait_acks (wanted);
  take_group_ids = FALSE;

  /* A member of every group at a time: joining tells all who are in. */
  for (guint member = 1; member < (guint) group_size; member++)
    {
      for (guint i = member; i < (guint) n_clients; i += (guint) group_size)
        {
          KlBenchClient *client = g_ptr_array_index (bench->clients, i);
          g_autofree char *json = g_strdup_printf ("{\"group\":\"%s\"}", (char *) groups->pdata[client->group]);

          ask (client, "group:join", json);
          wanted++;
        }
      wait_acks (wanted);
    }
}

static void
add_clients (void)
{
  for (int i = 0; i < n_clients; i++)
    kl_bench_add (bench, (guint) (i / group_size), accounts ? tokens[i] : NULL);
  awaited = g_new (gint64, n_clients);
  for (int i = 0; i < n_clients; i++)
    awaited[i] = -1;
}

static void
prepare (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  if (accounts)
    make_accounts ();
  add_clients ();
  for (int i = 0; i < n_clients; i++)
    {
      kl_bench_connect (g_ptr_array_index (bench->clients, i));
      if (i % 100 == 99)
        wait_connected ((guint) i + 1);
    }
  wait_connected ((guint) n_clients);
  make_groups ();

  for (guint g = 0; g < count_groups (); g++)
    g_string_append_printf (text, "g %s\n", (char *) groups->pdata[g]);
  for (int i = 0; accounts && i < n_clients; i++)
    g_string_append_printf (text, "t %s\n", tokens[i]);
  if (!g_file_set_contents (state_file, text->str, -1, &error))
    g_error ("%s", error->message);
  g_print ("{\"phase\":\"prepare\",\"clients\":%d,\"groups\":%u}\n", n_clients, count_groups ());
}

static void
read_state (void)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  g_autoptr (GError) error = NULL;
  int n_tokens = 0;
  guint n_groups = 0;

  if (!g_file_get_contents (state_file, &text, NULL, &error))
    g_error ("%s", error->message);
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i]; i++)
    {
      if (lines[i][0] == 'g' && n_groups < count_groups ())
        groups->pdata[n_groups++] = g_strdup (lines[i] + 2);
      if (lines[i][0] == 't' && n_tokens < n_clients)
        tokens[n_tokens++] = g_strdup (lines[i] + 2);
    }
  g_assert_cmpuint (n_groups, ==, count_groups ());
  g_assert (!accounts || n_tokens == n_clients);
}

/* ── connect ── */

static void
connect_all (void)
{
  gint64 before_kib, begun_usec, connected_usec, synced_usec, cpu_usec;

  add_clients ();
  bench->funcs = &asking;
  before_kib = get_rss_kib ();
  cpu_usec = get_cpu_usec ();
  begun_usec = kl_bench_now_usec ();
  for (int i = 0; i < n_clients; i++)
    kl_bench_connect (g_ptr_array_index (bench->clients, i));
  wait_connected ((guint) n_clients);
  connected_usec = kl_bench_now_usec ();
  n_acked = 0;
  for (int i = 0; i < n_clients; i++)
    ask (g_ptr_array_index (bench->clients, i), "sync", "{}");
  wait_acks ((guint) n_clients);
  synced_usec = kl_bench_now_usec ();
  for (int i = 0; i < n_clients; i++)
    {
      KlBenchClient *client = g_ptr_array_index (bench->clients, i);

      client->state = KL_BENCH_READY;
    }
  /* What is told a moment later (presence) belongs to it. */
  while (kl_bench_now_usec () < synced_usec + 2 * G_USEC_PER_SEC)
    kl_bench_turn (bench, 50);

  g_print ("{\"phase\":\"connect\",\"clients\":%d,\"connected_s\":%.3f,\"synced_s\":%.3f,\"cpu_s\":%.3f,"
           "\"rss_before_kib\":%" G_GINT64_FORMAT ",\"rss_kib\":%" G_GINT64_FORMAT ",\"kib_a_connection\":%.2f}\n",
           n_clients, (double) (connected_usec - begun_usec) / 1e6, (double) (synced_usec - connected_usec) / 1e6,
           (double) (get_cpu_usec () - cpu_usec) / 1e6, before_kib, get_rss_kib (),
           (double) (get_rss_kib () - before_kib) / n_clients);
}

/* ── Messages ── */

typedef struct
{
  gint64 sent_usec;
  guint number;
  guint received;
} Slot;

static Slot *slots; /* in_flight of each group */
static guint *next_sender;
static guint64 n_sent, n_done, n_delivered;
static KlBenchTimes times;
static gboolean measuring, closed_loop;
static int run_number;

static void
send_message (guint group, guint slot_number)
{
  Slot *slot = &slots[group * (guint) in_flight + slot_number];
  guint first = group * (guint) group_size, members = MIN ((guint) group_size, (guint) n_clients - first);
  KlBenchClient *sender = g_ptr_array_index (bench->clients, first + next_sender[group]++ % members);
  g_autofree char *json = NULL;

  slot->number++;
  slot->received = 0;
  slot->sent_usec = kl_bench_now_usec ();
  json = g_strdup_printf ("{\"group\":\"%s\",\"client_id\":\"r%d-%d-%u-%u-%u\",\"body\":\"The kettle is on; who brings the cups? "
                          "%u\"}",
                          (char *) groups->pdata[group], run_number, (int) getpid (), group, slot_number, slot->number,
                          slot->number);
  kl_bench_emit (sender, "message:send", json);
  n_sent++;
}

/* Reads "RUN-PROCESS-GROUP-SLOT-NUMBER". */
static gboolean
read_numbers (const char *at, const char *end, guint numbers[5])
{
  for (guint i = 0; i < 5; i++)
    {
      numbers[i] = 0;
      for (; at < end && g_ascii_isdigit (*at); at++)
        numbers[i] = numbers[i] * 10 + (guint) (*at - '0');
      if (at == end || *at != (i < 4 ? '-' : '"'))
        return FALSE;
      at++;
    }

  return TRUE;
}

static void
on_event (KlBenchClient *client, const char *payload, gsize length)
{
  const char *id;
  guint numbers[5], group, number;
  Slot *slot;

  if (length < 11 || memcmp (payload, "[\"message\",", 11) != 0)
    return;
  id = memmem (payload, length, "\"client_id\":\"r", 14);
  if (!id || !read_numbers (id + 14, payload + length, numbers) || (int) numbers[0] != run_number)
    return;

  group = numbers[2];
  number = numbers[4];
  slot = &slots[group * (guint) in_flight + numbers[3]];
  if (slot->number != number && closed_loop)
    return;
  n_delivered++;
  if (measuring && slot->number == number)
    kl_bench_times_add (&times, kl_bench_now_usec () - slot->sent_usec);
  if (slot->number != number || ++slot->received < MIN ((guint) group_size, (guint) n_clients - group * (guint) group_size))
    return;
  n_done++;
  if (closed_loop)
    send_message (group, numbers[3]);
}

static void
on_message_ack (KlBenchClient *client, gint64 id, const char *payload, gsize length)
{
  if (!memmem (payload, MIN (length, 64), "\"ok\":true", 9))
    g_error ("refused: %.*s", (int) MIN (length, 400), payload);
}

static const KlBenchFuncs talking = { NULL, on_event, on_message_ack };

static void
report (const char *phase, gint64 usec, gint64 cpu_usec, guint64 sent, guint64 delivered)
{
  double s = (double) usec / 1e6;

  g_print ("{\"phase\":\"%s\",\"clients\":%d,\"group\":%d,\"in_flight\":%d,\"messages_per_s\":%.0f,"
           "\"deliveries_per_s\":%.0f,\"cpu_us_a_delivery\":%.4f,\"cpu_share\":%.3f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,"
           "\"rss_kib\":%" G_GINT64_FORMAT "}\n",
           phase, n_clients, group_size, closed_loop ? in_flight : 0, (double) sent / s, (double) delivered / s,
           (double) cpu_usec / (double) MAX (delivered, 1), (double) cpu_usec / (double) usec,
           kl_bench_times_get_ms (&times, 0.5), kl_bench_times_get_ms (&times, 0.99), get_rss_kib ());
}

static void
begin_messages (void)
{
  run_number++;
  g_free (slots);
  slots = g_new0 (Slot, count_groups () * (guint) in_flight);
  if (!next_sender)
    next_sender = g_new0 (guint, count_groups ());
  memset (&times, 0, sizeof times);
  n_sent = n_done = n_delivered = 0;
  measuring = FALSE;
  bench->funcs = &talking;
}

static void
turn_until (gint64 end_usec)
{
  while (kl_bench_now_usec () < end_usec)
    kl_bench_turn (bench, 20);
  if (bench->n_lost > 0)
    g_error ("%u connections were lost", bench->n_lost);
}

static void
run_closed (void)
{
  gint64 begun_usec, cpu_usec;
  guint64 sent, delivered;

  begin_messages ();
  closed_loop = TRUE;
  for (guint g = 0; g < count_groups (); g++)
    for (guint i = 0; i < (guint) in_flight; i++)
      send_message (g, i);
  turn_until (kl_bench_now_usec () + G_USEC_PER_SEC);

  measuring = TRUE;
  sent = n_done;
  delivered = n_delivered;
  cpu_usec = get_cpu_usec ();
  begun_usec = kl_bench_now_usec ();
  turn_until (begun_usec + seconds * (gint64) G_USEC_PER_SEC);
  report ("closed", kl_bench_now_usec () - begun_usec, get_cpu_usec () - cpu_usec, n_done - sent,
          n_delivered - delivered);

  /* Let what is under way arrive, so that the next phase begins at rest. */
  closed_loop = FALSE;
  turn_until (kl_bench_now_usec () + G_USEC_PER_SEC / 2);
}

static void
run_open (void)
{
  gint64 begun_usec, cpu_usec, end_usec;
  guint64 delivered;
  guint group = 0, saved = (guint) in_flight;

  /* Slots enough that one is not used again while its message is under way. */
  in_flight = 4096 / (int) count_groups () + 1;
  begin_messages ();
  closed_loop = FALSE;
  measuring = TRUE;
  delivered = n_delivered;
  cpu_usec = get_cpu_usec ();
  begun_usec = kl_bench_now_usec ();
  end_usec = begun_usec + seconds * (gint64) G_USEC_PER_SEC;
  for (gint64 now_usec = begun_usec; now_usec < end_usec; now_usec = kl_bench_now_usec ())
    {
      guint64 due = (guint64) ((double) (now_usec - begun_usec) * rate / 1e6);

      for (; n_sent < due; group++)
        send_message (group % count_groups (), group / count_groups () % (guint) in_flight);
      kl_bench_turn (bench, 1);
    }
  report ("open", kl_bench_now_usec () - begun_usec, get_cpu_usec () - cpu_usec, n_sent, n_delivered - delivered);
  turn_until (kl_bench_now_usec () + G_USEC_PER_SEC / 2);
  in_flight = (int) saved;
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) options = g_option_context_new ("- loads a server");
  g_autoptr (GError) error = NULL;
  struct rlimit limit;

  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, &error) || !phases || port == 0)
    {
      g_printerr ("klatch-bench-load: %s\n", error ? error->message : "needs --port and phases; see --help");
      return 2;
    }
  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);

  bench = kl_bench_new ((guint16) port);
  for (guint i = 0; nodes && nodes[i]; i++)
    {
      guint16 other = (guint16) atoi (nodes[i]);

      if (!strchr (nodes[i], ':'))
        g_error ("--node needs PORT:PID");
      g_array_append_val (bench->ports, other);
    }
  groups = g_ptr_array_new ();
  g_ptr_array_set_size (groups, (int) count_groups ());
  tokens = g_new0 (char *, n_clients);
  for (guint i = 0; phases[i]; i++)
    {
      if (strcmp (phases[i], "prepare") == 0)
        {
          prepare ();
          continue;
        }
      if (bench->clients->len == 0)
        read_state ();
      if (strcmp (phases[i], "connect") == 0)
        connect_all ();
      else if (strcmp (phases[i], "closed") == 0)
        run_closed ();
      else if (strcmp (phases[i], "open") == 0)
        run_open ();
      else
        g_error ("no phase is called %s", phases[i]);
    }

  return 0;
}
