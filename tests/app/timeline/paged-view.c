/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/app/timeline/paged-view.h"

#include <adwaita.h>
#include <math.h>

#include "app/core/kl-message-list-private.h"
#include "app/ui/timeline/kl-message-row.h"
#include "tests/kit/kl-test.h"

#define PAGE 50
#define PAGE_DELAY_MS 15

typedef struct
{
  PagedView *f;
  KlMessageList *list;
  KlLoad what;
  gint64 seq;
  GTask *task;
} Request;

const char *
paged_view_body (gint64 seq)
{
  static const char *const bodies[] = {
    "Yes",
    "The lake from the hut, six this morning",
    "Tom & Jerry <b>not bold</b> &amp; </span> &",
    "New route up, the bridge by the lake is closed until May, see https://huts.example/ridge/track for the way round",
    "שלום, this begins in Hebrew!\nAnd this in English.",
    ("A longer one that goes on and on until it needs several lines in the bubble, because somebody had a lot to say "
     "about the weather, "
     "the stove, the bus, the battery, and the path that leads past the lake to the hut and from there to the ridge."),
  };

  return bodies[seq % (gint64) G_N_ELEMENTS (bodies)];
}

static GPtrArray *
make_page (PagedView *f, gint64 from, gint64 to)
{
  GPtrArray *page = g_ptr_array_new_with_free_func (g_object_unref);
  static const char *const people[] = { "Noor", "Noor", "Yuki", "me", "Tunde" };

  for (gint64 seq = MAX (from, 1); seq <= MIN (to, f->server_newest); seq++)
    {
      KlMessage *message = conversation_make (&f->c, people[(seq / 3) % 5], paged_view_body (seq), seq,
                                              G_GINT64_CONSTANT (1795000000000) + seq * 4 * 60 * 1000);

      if (seq % 17 == 0 || seq % 17 == 1)
        g_object_set (message, "kind", KL_MESSAGE_KIND_SYSTEM, "system-event", KL_SYSTEM_EVENT_JOINED, "system-user",
                      conversation_user (&f->c, "Lena"), NULL);
      g_ptr_array_add (page, message);
    }
  return page;
}

static gboolean
on_answer (gpointer user_data)
{
  Request *request = user_data;
  PagedView *f = request->f;
  gint64 from = 1;
  gint64 to = f->server_newest;
  g_autoptr (GPtrArray) page = NULL;

  switch (request->what)
    {
    case KL_LOAD_OLDER:
      to = request->seq - 1;
      from = request->seq - PAGE;
      break;
    case KL_LOAD_NEWER:
      from = request->seq + 1;
      to = request->seq + PAGE;
      break;
    case KL_LOAD_AROUND:
    default:
      if (request->seq == 0)
        {
          from = f->server_newest - PAGE + 1;
        }
      else
        {
          from = request->seq - PAGE / 2;
          to = request->seq + PAGE / 2;
        }
    }
  if (!g_cancellable_is_cancelled (g_task_get_cancellable (request->task)))
    {
      page = make_page (f, from, to);
      kl_message_list_add_page (request->list, page, from > 1, to < f->server_newest);
    }
  g_task_return_boolean (request->task, TRUE);
  g_object_unref (request->task);
  g_object_unref (request->list);
  g_free (request);
  return G_SOURCE_REMOVE;
}

static void
on_load (KlMessageList *list, KlLoad what, gint64 seq, GTask *task, gpointer user_data)
{
  PagedView *f = user_data;
  Request *request = g_new0 (Request, 1);
  char *key = g_strdup_printf ("%d %" G_GINT64_FORMAT, what, seq);
  guint count = GPOINTER_TO_UINT (g_hash_table_lookup (f->asked, key));

  g_hash_table_insert (f->asked, key, GUINT_TO_POINTER (count + 1));
  *request = (Request) { f, g_object_ref (list), what, seq, task };
  g_timeout_add (PAGE_DELAY_MS, on_answer, request);
}

GtkWidget *
paged_view_find_row (PagedView *f, KlMessage *message)
{
  for (GtkWidget *row = gtk_widget_get_first_child (GTK_WIDGET (f->timeline)); row != NULL;
       row = gtk_widget_get_next_sibling (row))
    if (KL_IS_MESSAGE_ROW (row) && kl_message_row_get_message (KL_MESSAGE_ROW (row)) == message)
      return row;
  return NULL;
}

static double
bottom_of (PagedView *f, GtkWidget *row)
{
  graphene_rect_t bounds;

  g_assert_true (gtk_widget_compute_bounds (row, GTK_WIDGET (f->timeline), &bounds));
  return (double) (bounds.origin.y + bounds.size.height);
}

static void
on_after_paint (GdkFrameClock *clock, PagedView *f)
{
  char *fault = kl_timeline_check (f->timeline);
  GtkWidget *row;

  f->n_frames++;
  if (fault == NULL && f->watched != NULL)
    {
      row = paged_view_find_row (f, f->watched);
      if (row == NULL)
        fault = g_strdup ("the watched message has no row");
      else if (fabs (bottom_of (f, row) - f->watched_y) > 1)
        fault = g_strdup_printf ("the watched message ends at %g, not at %g", bottom_of (f, row), f->watched_y);
    }
  if (fault == NULL)
    return;
  f->n_bad++;
  if (f->fault == NULL)
    f->fault = fault;
  else
    g_free (fault);
}

void
paged_view_frames (PagedView *f, guint n)
{
  guint end = f->n_frames + n;
  gint64 deadline = g_get_monotonic_time () + KL_TEST_DEADLINE_MS * G_TIME_SPAN_MILLISECOND;

  while (f->n_frames < end)
    {
      gtk_widget_queue_draw (GTK_WIDGET (f->timeline));
      kl_test_iterate (deadline, G_STRLOC, "frames are painted");
    }
}

/* Its foot: what is above it in its own row (the name) may come and go with the page above. */
void
paged_view_watch (PagedView *f, KlMessage *message)
{
  f->watched = message;
  if (message != NULL)
    f->watched_y = bottom_of (f, paged_view_find_row (f, message));
}

KlMessage *
paged_view_visible_message (PagedView *f, double from_y)
{
  for (GtkWidget *row = gtk_widget_get_first_child (GTK_WIDGET (f->timeline)); row != NULL;
       row = gtk_widget_get_next_sibling (row))
    if (KL_IS_MESSAGE_ROW (row) && kl_message_row_get_message (KL_MESSAGE_ROW (row)) != NULL
        && bottom_of (f, row) > from_y)
      return kl_message_row_get_message (KL_MESSAGE_ROW (row));
  g_assert_not_reached ();
}

void
paged_view_assert_good (PagedView *f)
{
  if (f->fault != NULL)
    g_error ("%u of %u frames are wrong; the first: %s", f->n_bad, f->n_frames, f->fault);
}

static void
on_seen (KlConversationView *view, gint64 seq, PagedView *f)
{
  g_assert_cmpint (seq, >, f->seen);
  f->seen = seq;
}

static void
on_retry (KlConversationView *view, KlMessage *message, PagedView *f)
{
  g_assert_cmpint (kl_message_get_state (message), ==, KL_MESSAGE_STATE_FAILED);
  f->n_retries++;
}

static void
set_up (PagedView *f, gconstpointer server_newest)
{
  *f = (PagedView) { .server_newest = GPOINTER_TO_INT (server_newest) };
  conversation_init (&f->c);
  f->asked = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  kl_message_list_set_source (f->c.messages, on_load, f);
  g_object_set (gtk_settings_get_default (), "gtk-enable-animations", FALSE, NULL);
  f->window = gtk_window_new ();
  f->view = KL_CONVERSATION_VIEW (kl_conversation_view_new ());
  gtk_window_set_decorated (GTK_WINDOW (f->window), FALSE);
  gtk_widget_set_size_request (GTK_WIDGET (f->view), 704, 640);
  gtk_window_set_child (GTK_WINDOW (f->window), GTK_WIDGET (f->view));
  g_signal_connect (f->view, "seen", G_CALLBACK (on_seen), f);
  g_signal_connect (f->view, "retry", G_CALLBACK (on_retry), f);
  f->timeline = KL_TIMELINE (gtk_scrolled_window_get_child (
      GTK_SCROLLED_WINDOW (gtk_widget_get_first_child (gtk_widget_get_first_child (GTK_WIDGET (f->view))))));
  g_object_get (f->timeline, "vadjustment", &f->adjustment, NULL);
  g_object_unref (f->adjustment);
}

static void
tear_down (PagedView *f, gconstpointer unused)
{
  GtkWidget *window = g_object_ref (f->window);
  GdkFrameClock *clock = gtk_widget_get_frame_clock (window);
  KlMessageList *list = g_object_ref (f->c.messages);
  guint pending = g_hash_table_size (f->asked);

  if (clock != NULL)
    g_signal_handlers_disconnect_by_data (clock, f);
  gtk_window_destroy (GTK_WINDOW (window));
  /* Answers that are still on their way. */
  if (pending > 0)
    kl_test_spin (2 * PAGE_DELAY_MS + 20);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (window);
  conversation_clear (&f->c);
  g_assert_finalize_object (list);
  g_hash_table_unref (f->asked);
  g_free (f->fault);
}

static void
on_around (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_assert_true (kl_message_list_load_around_finish (KL_MESSAGE_LIST (source), result, NULL));
  *(gboolean *) user_data = TRUE;
}

static void
show (PagedView *f)
{
  gtk_window_present (GTK_WINDOW (f->window));
  g_signal_connect (gtk_widget_get_frame_clock (f->window), "after-paint", G_CALLBACK (on_after_paint), f);
  kl_test_wait_until (f->n_frames > 1);
}

void
paged_view_open_at (PagedView *f, gint64 seq, PagedViewPainted on_painted)
{
  gboolean loaded = FALSE;

  kl_message_list_load_around_async (f->c.messages, seq, NULL, on_around, &loaded);
  kl_conversation_view_set_messages (f->view, f->c.messages, f->c.members);
  show (f);
  if (on_painted != NULL)
    g_signal_connect (gtk_widget_get_frame_clock (f->window), "after-paint", G_CALLBACK (on_painted), f);
  kl_test_wait_until (loaded);
  paged_view_frames (f, 3);
}

void
paged_view_open (PagedView *f)
{
  paged_view_open_at (f, 0, NULL);
}

KlMessage *
paged_view_say (PagedView *f, const char *who, const char *body)
{
  g_autoptr (GPtrArray) page = g_ptr_array_new_with_free_func (g_object_unref);
  KlMessage *message = conversation_make (&f->c, who, body, ++f->server_newest, g_get_real_time () / 1000);

  g_ptr_array_add (page, message);
  kl_message_list_add_page (f->c.messages, page, TRUE, FALSE);
  return message;
}

KlMessage *
paged_view_send_own (PagedView *f, const char *body)
{
  KlMessage *message = conversation_make (&f->c, "me", body, 0, g_get_real_time () / 1000);

  g_object_set (message, "state", KL_MESSAGE_STATE_PENDING, "id", NULL, "client-id", body, NULL);
  kl_message_list_add_pending (f->c.messages, message);
  g_object_unref (message);
  return message;
}

void
paged_view_init (int *argc, char ***argv)
{
  g_setenv ("TZ", "Europe/Berlin", TRUE);
  /* The display brings a home of its own; isolated folders would hide the system's schemas, which libadwaita takes for
   * granted. */
  g_test_init (argc, argv, NULL);
  adw_init ();
  conversation_load_style (FALSE);
}

void
paged_view_add (const char *name, guint server_newest, void (*test) (PagedView *f, gconstpointer unused))
{
  g_autofree char *path = g_strconcat ("/timeline/view/", name, NULL);

  g_test_add (path, PagedView, GUINT_TO_POINTER (server_newest), set_up, test, tear_down);
}
