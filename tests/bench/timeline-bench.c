/* SPDX-License-Identifier: GPL-3.0-or-later */
/* timeline-bench [--messages N] [--frames N] [--json]: scrolls a conversation of real rows and prints what a frame
 * costs, from before-paint to after-paint, how many rows it binds, and the memory at start and end. Needs a display;
 * GSK_RENDERER chooses the renderer. */
#include <adwaita.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/ui/timeline/kl-conversation-rows.h"
#include "app/ui/timeline/kl-line-row.h"
#include "app/ui/timeline/kl-message-row.h"
#include "app/ui/timeline/kl-timeline.h"
#include "tests/app/timeline/conversation.h"

#define WIDTH 900
#define HEIGHT 700
#define WARM_UP_FRAMES 30
#define N_PEOPLE 12

static int n_messages = 100000;
static int n_frames = 1500;
static gboolean as_json;

static const GOptionEntry options[] = {
  { "messages", 0, 0, G_OPTION_ARG_INT, &n_messages, "how many (100000)", "N" },
  { "frames", 0, 0, G_OPTION_ARG_INT, &n_frames, "how many a run (1500)", "N" },
  { "json", 0, 0, G_OPTION_ARG_NONE, &as_json, "for machines", NULL },
  { NULL },
};

typedef struct
{
  KlTimeline *timeline;
  GtkAdjustment *adjustment;
  GArray *times_ms; /* (element-type double) by the clock */
  GArray *cpu_ms;   /* (element-type double) of the main thread */
  gint64 before_usec;
  double before_cpu_ms;
  guint n_painted;
  double step_px;
} Bench;

static const char *const words[]
    = { "the",  "hut",   "ridge", "morning", "stove", "bus", "weather", "battery", "station",
        "path", "lake",  "bring", "who",     "has",   "gas", "early",   "late",    "sun",
        "wind", "after", "three", "and",     "so",    "we",  "go",      "tomorrow" };

static char *
make_body (GRand *rand)
{
  g_autoptr (GString) body = g_string_new (NULL);
  int length = g_rand_int_range (rand, 0, 8) == 0 ? g_rand_int_range (rand, 30, 120) : g_rand_int_range (rand, 2, 24);

  for (int i = 0; i < length; i++)
    g_string_append_printf (body, "%s%s", i > 0 ? " " : "", words[g_rand_int_range (rand, 0, G_N_ELEMENTS (words))]);
  if (g_rand_int_range (rand, 0, 40) == 0)
    g_string_append (body, " https://huts.example/ridge/track");
  return g_string_free (g_steal_pointer (&body), FALSE);
}

static GListModel *
make_messages (Conversation *c)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  g_autoptr (GPtrArray) messages = g_ptr_array_new_with_free_func (g_object_unref);
  GListStore *store = g_list_store_new (KL_TYPE_MESSAGE);
  gint64 time_ms = g_get_real_time () / 1000 - (gint64) n_messages * 60000;

  for (int i = 0; i < n_messages; i++)
    {
      g_autofree char *name = g_strdup_printf ("Person %d", g_rand_int_range (rand, 0, N_PEOPLE));
      g_autofree char *body = make_body (rand);
      gboolean mine = g_rand_int_range (rand, 0, 5) == 0;

      time_ms += g_rand_int_range (rand, 0, 120) * 1000;
      g_ptr_array_add (messages, conversation_make (c, mine ? "me" : name, body, i + 1, time_ms));
      if (i % 25 == 0)
        conversation_react (messages->pdata[i], "👍", 4, TRUE, "❤️", 2, FALSE, NULL);
    }
  g_list_store_splice (store, 0, 0, messages->pdata, messages->len);
  return G_LIST_MODEL (store);
}

static guint
get_kind (GObject *item, gpointer unused)
{
  return kl_row_get_kind (KL_ROW (item));
}

static GtkWidget *
create_row (guint kind, gpointer unused)
{
  return kind == KL_ROW_KIND_MESSAGE ? kl_message_row_new (NULL, NULL) : kl_line_row_new (kind);
}

static const KlTimelineFuncs funcs = { .get_kind = get_kind, .create = create_row };

static double
rss_mib (void)
{
  g_autofree char *statm = NULL;
  long pages = 0;

  if (g_file_get_contents ("/proc/self/statm", &statm, NULL, NULL))
    sscanf (statm, "%*d %ld", &pages);
  return (double) pages * (double) sysconf (_SC_PAGESIZE) / (1024 * 1024);
}

/* Other programs on a busy machine do not count in this. */
static double
thread_cpu_ms (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return (double) now.tv_sec * 1000 + (double) now.tv_nsec / 1e6;
}

static void
on_before_paint (GdkFrameClock *clock, Bench *bench)
{
  bench->before_usec = g_get_monotonic_time ();
  bench->before_cpu_ms = thread_cpu_ms ();
}

static void
on_after_paint (GdkFrameClock *clock, Bench *bench)
{
  double ms = (double) (g_get_monotonic_time () - bench->before_usec) / 1000;
  double cpu_ms = thread_cpu_ms () - bench->before_cpu_ms;

  g_array_append_val (bench->times_ms, ms);
  g_array_append_val (bench->cpu_ms, cpu_ms);
  bench->n_painted++;
}

/* A step a frame, back and forth over the whole. */
static gboolean
on_tick (GtkWidget *widget, GdkFrameClock *clock, gpointer user_data)
{
  Bench *bench = user_data;
  double value = gtk_adjustment_get_value (bench->adjustment) + bench->step_px;
  double lower = gtk_adjustment_get_lower (bench->adjustment);
  double upper = gtk_adjustment_get_upper (bench->adjustment) - gtk_adjustment_get_page_size (bench->adjustment);

  if (value <= lower || value >= upper)
    bench->step_px = -bench->step_px;
  gtk_adjustment_set_value (bench->adjustment, CLAMP (value, lower, upper));
  return G_SOURCE_CONTINUE;
}

static void
run_frames (Bench *bench, guint n)
{
  guint end = bench->n_painted + n;

  while (bench->n_painted < end)
    {
      gtk_widget_queue_draw (GTK_WIDGET (bench->timeline));
      g_main_context_iteration (NULL, TRUE);
    }
}

static int
compare_doubles (gconstpointer a, gconstpointer b)
{
  double x = *(const double *) a;
  double y = *(const double *) b;

  return x < y ? -1 : x > y;
}

static double
percentile (GArray *sorted, double part)
{
  return sorted->len > 0 ? g_array_index (sorted, double, MIN (sorted->len - 1, (guint) (part * sorted->len))) : 0;
}

static void
measure_scroll (Bench *bench, double step_px)
{
  KlTimelineStats before;
  KlTimelineStats after;
  double rss_before;
  guint tick;

  bench->step_px = step_px;
  tick = gtk_widget_add_tick_callback (GTK_WIDGET (bench->timeline), on_tick, bench, NULL);
  run_frames (bench, WARM_UP_FRAMES);
  rss_before = rss_mib ();
  g_array_set_size (bench->times_ms, 0);
  g_array_set_size (bench->cpu_ms, 0);
  kl_timeline_get_stats (bench->timeline, &before);
  run_frames (bench, (guint) n_frames);
  kl_timeline_get_stats (bench->timeline, &after);
  gtk_widget_remove_tick_callback (GTK_WIDGET (bench->timeline), tick);
  g_array_sort (bench->times_ms, compare_doubles);
  g_array_sort (bench->cpu_ms, compare_doubles);
  if (as_json)
    g_print ("{\"what\":\"scroll\",\"px_per_frame\":%.0f,\"frames\":%u,\"p50_ms\":%.2f,\"p95_ms\":%.2f,\"p99_ms\":%.2f,"
             "\"p50_cpu_ms\":%.2f,\"p95_cpu_ms\":%.2f,\"p99_cpu_ms\":%.2f,\"binds_per_frame\":%.2f,\"live_rows\":%u,"
             "\"rss_start_mib\":%.1f,\"rss_end_mib\":%.1f}\n",
             fabs (step_px), bench->times_ms->len, percentile (bench->times_ms, .5), percentile (bench->times_ms, .95),
             percentile (bench->times_ms, .99), percentile (bench->cpu_ms, .5), percentile (bench->cpu_ms, .95),
             percentile (bench->cpu_ms, .99), (double) (after.n_binds - before.n_binds) / bench->times_ms->len,
             after.n_live, rss_before, rss_mib ());
  else
    g_print ("scroll %4.0f px/frame: frame p50 %.1f  p95 %.1f  p99 %.1f ms (CPU %.1f %.1f %.1f) · %.2f binds/frame · "
             "%u live rows · "
             "RSS %.0f → %.0f MiB\n",
             fabs (step_px), percentile (bench->times_ms, .5), percentile (bench->times_ms, .95),
             percentile (bench->times_ms, .99), percentile (bench->cpu_ms, .5), percentile (bench->cpu_ms, .95),
             percentile (bench->cpu_ms, .99), (double) (after.n_binds - before.n_binds) / bench->times_ms->len,
             after.n_live, rss_before, rss_mib ());
}

static GtkWidget *
show (Bench *bench, GListModel *rows)
{
  GtkWidget *window = gtk_window_new ();
  GtkWidget *scroller = gtk_scrolled_window_new ();
  GdkFrameClock *clock;

  bench->timeline = KL_TIMELINE (kl_timeline_new (&funcs, NULL));
  kl_timeline_set_model (bench->timeline, rows);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), GTK_WIDGET (bench->timeline));
  gtk_widget_add_css_class (scroller, "view");
  bench->adjustment = gtk_scrolled_window_get_vadjustment (GTK_SCROLLED_WINDOW (scroller));
  gtk_widget_set_size_request (scroller, WIDTH, HEIGHT);
  gtk_window_set_decorated (GTK_WINDOW (window), FALSE);
  gtk_window_set_child (GTK_WINDOW (window), scroller);
  gtk_window_present (GTK_WINDOW (window));
  clock = gtk_widget_get_frame_clock (window);
  g_signal_connect (clock, "before-paint", G_CALLBACK (on_before_paint), bench);
  g_signal_connect (clock, "after-paint", G_CALLBACK (on_after_paint), bench);
  return window;
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("- what a frame of the conversation costs");
  g_autoptr (GError) error = NULL;
  g_autoptr (GListModel) messages = NULL;
  g_autoptr (KlConversationRows) rows = NULL;
  Bench bench = { .times_ms = g_array_new (FALSE, FALSE, sizeof (double)),
                  .cpu_ms = g_array_new (FALSE, FALSE, sizeof (double)) };
  Conversation c;
  GtkWidget *window;
  gint64 started_usec;
  double first_frame_ms;

  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("timeline-bench: %s\n", error->message);
      return 2;
    }
  adw_init ();
  conversation_load_style (FALSE);
  conversation_init (&c);
  messages = make_messages (&c);
  started_usec = g_get_monotonic_time ();
  rows = kl_conversation_rows_new (messages);
  if (!as_json)
    g_print ("%d messages, %u rows made in %.0f ms\n", n_messages, g_list_model_get_n_items (G_LIST_MODEL (rows)),
             (double) (g_get_monotonic_time () - started_usec) / 1000);
  started_usec = g_get_monotonic_time ();
  window = show (&bench, G_LIST_MODEL (rows));
  run_frames (&bench, 1);
  first_frame_ms = (double) (g_get_monotonic_time () - started_usec) / 1000;
  if (!as_json)
    g_print ("first frame %.0f ms after the window was asked for, itself %.0f ms\n", first_frame_ms,
             g_array_index (bench.times_ms, double, 0));
  measure_scroll (&bench, -60);
  measure_scroll (&bench, -150);
  measure_scroll (&bench, -400);
  gtk_window_destroy (GTK_WINDOW (window));
  conversation_clear (&c);
  g_array_unref (bench.times_ms);
  g_array_unref (bench.cpu_ms);
  return 0;
}
