/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The whole view over a KlMessageList whose pages come late, as from a server. */
#include "app/ui/timeline/kl-conversation-view.h"

#include <adwaita.h>
#include <gdk/x11/gdkx.h>
#include <math.h>

#include "app/core/kl-message-list-private.h"
#include "app/ui/timeline/kl-clock.h"
#include "app/ui/timeline/kl-conversation-rows.h"
#include "app/ui/timeline/kl-message-row.h"
#include "app/ui/timeline/kl-message-text.h"
#include "app/ui/timeline/kl-timeline.h"
#include "tests/app/timeline/conversation.h"
#include "tests/kit/kl-test.h"

#define PAGE 50
#define PAGE_DELAY_MS 15

typedef struct
{
  Conversation c;
  GtkWidget *window;
  KlConversationView *view;
  KlTimeline *timeline;
  GtkAdjustment *adjustment;
  gint64 server_newest; /* seqs 1 to this exist */
  GHashTable *asked;    /* (element-type "older 51" guint) how often */
  guint n_frames;
  guint n_bad;
  char *fault;
  KlMessage *watched;
  double watched_y;
  gint64 seen;
  guint n_retries;
} Fixture;

/* ── A server ── */

typedef struct
{
  Fixture *f;
  KlMessageList *list;
  KlLoad what;
  gint64 seq;
  GTask *task;
} Request;

static const char *
body_of (gint64 seq)
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
make_page (Fixture *f, gint64 from, gint64 to)
{
  GPtrArray *page = g_ptr_array_new_with_free_func (g_object_unref);
  static const char *const people[] = { "Noor", "Noor", "Yuki", "me", "Tunde" };

  for (gint64 seq = MAX (from, 1); seq <= MIN (to, f->server_newest); seq++)
    {
      KlMessage *message = conversation_make (&f->c, people[(seq / 3) % 5], body_of (seq), seq,
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
  Fixture *f = request->f;
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
  Fixture *f = user_data;
  Request *request = g_new0 (Request, 1);
  char *key = g_strdup_printf ("%d %" G_GINT64_FORMAT, what, seq);
  guint count = GPOINTER_TO_UINT (g_hash_table_lookup (f->asked, key));

  g_hash_table_insert (f->asked, key, GUINT_TO_POINTER (count + 1));
  *request = (Request) { f, g_object_ref (list), what, seq, task };
  g_timeout_add (PAGE_DELAY_MS, on_answer, request);
}

/* ── Looking ── */

static GtkWidget *
find_row (Fixture *f, KlMessage *message)
{
  for (GtkWidget *row = gtk_widget_get_first_child (GTK_WIDGET (f->timeline)); row != NULL;
       row = gtk_widget_get_next_sibling (row))
    if (KL_IS_MESSAGE_ROW (row) && kl_message_row_get_message (KL_MESSAGE_ROW (row)) == message)
      return row;
  return NULL;
}

static KlMessageText *
find_text (GtkWidget *row)
{
  for (GtkWidget *child = gtk_widget_get_first_child (row); child != NULL; child = gtk_widget_get_next_sibling (child))
    if (KL_IS_MESSAGE_TEXT (child) && g_str_equal (gtk_widget_get_css_name (child), "body"))
      return KL_MESSAGE_TEXT (child);
  return NULL;
}

static double
bottom_of (Fixture *f, GtkWidget *row)
{
  graphene_rect_t bounds;

  g_assert_true (gtk_widget_compute_bounds (row, GTK_WIDGET (f->timeline), &bounds));
  return (double) (bounds.origin.y + bounds.size.height);
}

static void
on_after_paint (GdkFrameClock *clock, Fixture *f)
{
  char *fault = kl_timeline_check (f->timeline);
  GtkWidget *row;

  f->n_frames++;
  if (fault == NULL && f->watched != NULL)
    {
      row = find_row (f, f->watched);
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

static void
frames (Fixture *f, guint n)
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
static void
watch (Fixture *f, KlMessage *message)
{
  f->watched = message;
  if (message != NULL)
    f->watched_y = bottom_of (f, find_row (f, message));
}

static KlMessage *
visible_message (Fixture *f, double from_y)
{
  for (GtkWidget *row = gtk_widget_get_first_child (GTK_WIDGET (f->timeline)); row != NULL;
       row = gtk_widget_get_next_sibling (row))
    if (KL_IS_MESSAGE_ROW (row) && kl_message_row_get_message (KL_MESSAGE_ROW (row)) != NULL
        && bottom_of (f, row) > from_y)
      return kl_message_row_get_message (KL_MESSAGE_ROW (row));
  g_assert_not_reached ();
}

static void
assert_good (Fixture *f)
{
  if (f->fault != NULL)
    g_error ("%u of %u frames are wrong; the first: %s", f->n_bad, f->n_frames, f->fault);
}

/* ── Fixture ── */

static void
on_seen (KlConversationView *view, gint64 seq, Fixture *f)
{
  g_assert_cmpint (seq, >, f->seen);
  f->seen = seq;
}

static void
on_retry (KlConversationView *view, KlMessage *message, Fixture *f)
{
  g_assert_cmpint (kl_message_get_state (message), ==, KL_MESSAGE_STATE_FAILED);
  f->n_retries++;
}

static void
set_up (Fixture *f, gconstpointer server_newest)
{
  *f = (Fixture) { .server_newest = GPOINTER_TO_INT (server_newest) };
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
tear_down (Fixture *f, gconstpointer unused)
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
show (Fixture *f)
{
  gtk_window_present (GTK_WINDOW (f->window));
  g_signal_connect (gtk_widget_get_frame_clock (f->window), "after-paint", G_CALLBACK (on_after_paint), f);
  kl_test_wait_until (f->n_frames > 1);
}

/* In the very first frame that shows it: real rows have their true height at once. */
static void
on_line_painted (GdkFrameClock *clock, Fixture *f)
{
  guint position;
  double y;

  if (f->fault != NULL
      || !kl_conversation_rows_find_unread (KL_CONVERSATION_ROWS (kl_timeline_get_model (f->timeline)), &position)
      || !kl_timeline_get_row_bounds (f->timeline, position, &y, NULL) || fabs (y - KL_TIMELINE_TOP_INSET_PX) <= 1)
    return;
  f->n_bad++;
  f->fault = g_strdup_printf ("the unread line is painted at %g", y);
}

/* Around this seq; 0: the newest. */
static void
open_at (Fixture *f, gint64 seq)
{
  gboolean loaded = FALSE;

  kl_message_list_load_around_async (f->c.messages, seq, NULL, on_around, &loaded);
  kl_conversation_view_set_messages (f->view, f->c.messages, f->c.members);
  show (f);
  if (seq != 0)
    g_signal_connect (gtk_widget_get_frame_clock (f->window), "after-paint", G_CALLBACK (on_line_painted), f);
  kl_test_wait_until (loaded);
  frames (f, 3);
}

static KlMessage *
say (Fixture *f, const char *who, const char *body)
{
  g_autoptr (GPtrArray) page = g_ptr_array_new_with_free_func (g_object_unref);
  KlMessage *message = conversation_make (&f->c, who, body, ++f->server_newest, g_get_real_time () / 1000);

  g_ptr_array_add (page, message);
  kl_message_list_add_page (f->c.messages, page, TRUE, FALSE);
  return message;
}

static KlMessage *
send_own (Fixture *f, const char *body)
{
  KlMessage *message = conversation_make (&f->c, "me", body, 0, g_get_real_time () / 1000);

  g_object_set (message, "state", KL_MESSAGE_STATE_PENDING, "id", NULL, "client-id", body, NULL);
  kl_message_list_add_pending (f->c.messages, message);
  g_object_unref (message);
  return message;
}

/* ── Tests ── */

/* Up to the very first message: each seq comes once, no page is asked for twice, and nothing moves while pages come in.
 */
static void
test_scroll_to_first (Fixture *f, gconstpointer unused)
{
  GHashTableIter iter;
  gpointer key;
  gpointer count;
  gint64 expected = 1;

  open_at (f, 0);
  g_assert_true (kl_conversation_view_get_at_end (f->view));
  for (guint i = 0; i < 3000 && kl_message_list_get_more_before (f->c.messages); i++)
    {
      double step = 90;

      watch (f, visible_message (f, 60));
      f->watched_y += step;
      gtk_adjustment_set_value (f->adjustment, gtk_adjustment_get_value (f->adjustment) - step);
      if (f->watched_y > 560)
        f->watched = NULL;
      frames (f, 1);
    }
  f->watched = NULL;
  g_assert_false (kl_message_list_get_more_before (f->c.messages));
  gtk_adjustment_set_value (f->adjustment, gtk_adjustment_get_lower (f->adjustment));
  frames (f, 20);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (f->c.messages)); i++)
    {
      g_autoptr (KlMessage) message = g_list_model_get_item (G_LIST_MODEL (f->c.messages), i);

      g_assert_cmpint (kl_message_get_seq (message), ==, expected++);
    }
  g_hash_table_iter_init (&iter, f->asked);
  while (g_hash_table_iter_next (&iter, &key, &count))
    {
      g_test_message ("%s: %u", (const char *) key, GPOINTER_TO_UINT (count));
      g_assert_cmpuint (GPOINTER_TO_UINT (count), ==, 1);
    }
  g_assert_cmpuint (kl_timeline_get_top_position (f->timeline), ==, 0);
  assert_good (f);
}

static void
test_unread_line (Fixture *f, gconstpointer unused)
{
  guint position;
  double y;
  int height;
  GListModel *rows;

  g_object_set (f->c.group, "read-seq", (gint64) 150, "unread", 40u, NULL);
  kl_message_list_renew_unread_line (f->c.messages);
  open_at (f, kl_message_list_get_first_unread_seq (f->c.messages));
  rows = kl_timeline_get_model (f->timeline);
  g_assert_true (kl_conversation_rows_find_unread (KL_CONVERSATION_ROWS (rows), &position));
  g_assert_true (kl_timeline_get_row_bounds (f->timeline, position, &y, &height));
  g_assert_cmpfloat (fabs (y - KL_TIMELINE_TOP_INSET_PX), <=, 1);
  g_assert_false (kl_conversation_view_get_at_end (f->view));
  g_signal_handlers_disconnect_by_func (gtk_widget_get_frame_clock (f->window), on_line_painted, f);
  /* It stays while the reader reads on, and newer pages come. */
  g_object_set (f->c.group, "read-seq", (gint64) 180, "unread", 10u, NULL);
  frames (f, 3);
  g_assert_true (kl_conversation_rows_find_unread (KL_CONVERSATION_ROWS (rows), &position));
  kl_conversation_view_show_newest (f->view);
  kl_test_wait_until (kl_conversation_view_get_at_end (f->view));
  frames (f, 3);
  assert_good (f);
}

static void
test_arrivals (Fixture *f, gconstpointer unused)
{
  KlMessage *own;

  open_at (f, 0);
  say (f, "Noor", "At the end this is followed");
  frames (f, 2);
  g_assert_true (kl_conversation_view_get_at_end (f->view));
  gtk_adjustment_set_value (f->adjustment, gtk_adjustment_get_value (f->adjustment) - 800);
  frames (f, 3);
  g_assert_false (kl_conversation_view_get_at_end (f->view));
  watch (f, visible_message (f, 100));
  for (guint i = 0; i < 5; i++)
    {
      say (f, "Noor", "Scrolled up, this is not");
      frames (f, 2);
    }
  /* What changes above and below. */
  for (guint i = 0; i < 60; i++)
    {
      g_autoptr (KlMessage) message = g_list_model_get_item (
          G_LIST_MODEL (f->c.messages), i % g_list_model_get_n_items (G_LIST_MODEL (f->c.messages)));

      if (message == f->watched || find_row (f, message) != NULL)
        continue;
      if (i % 2 == 0)
        g_object_set (message, "deleted", TRUE, NULL);
      else
        g_object_set (message, "body", body_of (5), "edited-at", (gint64) 1795000000000, NULL);
      frames (f, 1);
    }
  watch (f, NULL);
  /* What I send brings me to the end. */
  own = send_own (f, "on its way");
  kl_test_wait_until (kl_conversation_view_get_at_end (f->view));
  frames (f, 3);
  g_assert_nonnull (find_row (f, own));
  assert_good (f);
}

/* A row above the reading line that grows in view: what is read stays. */
static void
test_growth_in_view (Fixture *f, gconstpointer unused)
{
  KlMessage *top;
  KlMessage *reading;

  open_at (f, 0);
  gtk_adjustment_set_value (f->adjustment, gtk_adjustment_get_value (f->adjustment) - 900);
  frames (f, 4);
  top = visible_message (f, 10);
  reading = visible_message (f, 330);
  g_assert_true (top != reading);
  watch (f, reading);
  for (guint i = 0; i < 6; i++)
    {
      g_object_set (top, "body", i % 2 == 0 ? body_of (5) : "short", NULL);
      frames (f, 2);
    }
  conversation_react (top, "👍", 3, TRUE, NULL);
  frames (f, 3);
  assert_good (f);
}

static void
test_states (Fixture *f, gconstpointer unused)
{
  g_autoptr (GError) refused = g_error_new_literal (KL_CORE_ERROR, KL_CORE_ERROR_LEFT, "The core's own words");
  KlMessage *own;
  GtkWidget *row;
  gboolean found = FALSE;

  open_at (f, 0);
  own = send_own (f, "hello");
  frames (f, 2);
  row = find_row (f, own);
  g_assert_nonnull (row);
  g_object_set (own, "state", KL_MESSAGE_STATE_FAILED, "error", refused, NULL);
  frames (f, 2);
  for (GtkWidget *child = gtk_widget_get_first_child (row); child != NULL; child = gtk_widget_get_next_sibling (child))
    if (GTK_IS_BUTTON (child) && gtk_widget_has_css_class (child, "failure"))
      {
        found = TRUE;
        g_assert_true (gtk_widget_get_visible (child));
        g_assert_cmpstr (gtk_widget_get_tooltip_text (child), ==, "You were no longer in this group.");
        g_signal_emit_by_name (child, "clicked");
      }
  g_assert_true (found);
  g_assert_cmpuint (f->n_retries, ==, 1);
  g_object_set (own, "state", KL_MESSAGE_STATE_PENDING, NULL);
  frames (f, 2);
  g_object_set (own, "seq", ++f->server_newest, "id", "mine", "state", KL_MESSAGE_STATE_SENT, NULL);
  kl_message_list_confirm (f->c.messages, own);
  frames (f, 2);
  g_assert_true (find_row (f, own) == row);
  g_object_set (own, "state", KL_MESSAGE_STATE_READ, NULL);
  frames (f, 2);
  assert_good (f);
}

static void
test_long_text (Fixture *f, gconstpointer unused)
{
  g_autoptr (GString) body = g_string_new (NULL);
  KlMessage *message;
  GtkWidget *row;
  GtkWidget *more = NULL;
  const char *shown;

  /* The cut falls into a family of four. */
  for (guint i = 0; i < 1998; i++)
    g_string_append_c (body, i % 7 == 6 ? ' ' : 'a');
  g_string_append (body, "👨‍👩‍👧‍👦 and so on");
  open_at (f, 0);
  message = say (f, "Noor", body->str);
  frames (f, 3);
  row = find_row (f, message);
  shown = kl_message_text_get_text (find_text (row));
  g_assert_true (g_str_has_suffix (shown, "…"));
  g_assert_true (g_utf8_validate (shown, -1, NULL));
  g_assert_null (strstr (shown, "👨"));
  for (GtkWidget *child = gtk_widget_get_first_child (row); child != NULL; child = gtk_widget_get_next_sibling (child))
    if (GTK_IS_BUTTON (child) && gtk_widget_has_css_class (child, "more"))
      more = child;
  g_assert_nonnull (more);
  g_assert_cmpstr (gtk_button_get_label (GTK_BUTTON (more)), ==, "Show more");
  g_signal_emit_by_name (more, "clicked");
  frames (f, 3);
  g_assert_cmpstr (kl_message_text_get_text (find_text (row)), ==, body->str);
  g_assert_cmpstr (gtk_button_get_label (GTK_BUTTON (more)), ==, "Show less");
  /* It stays open when its row was recycled. */
  kl_timeline_jump_to (f->timeline, 3, KL_TIMELINE_ALIGN_TOP, FALSE);
  frames (f, 5);
  kl_timeline_jump_to_end (f->timeline, FALSE);
  frames (f, 5);
  g_assert_cmpstr (kl_message_text_get_text (find_text (find_row (f, message))), ==, body->str);
  assert_good (f);
}

static void
assert_cut (Fixture *f, const char *head, const char *unit, const char *expected_end)
{
  g_autoptr (GString) body = g_string_new (head);
  g_autofree char *end = g_strconcat (expected_end, "…", NULL);
  KlMessage *message;
  const char *shown;

  while (g_utf8_strlen (body->str, -1) < 2100)
    g_string_append (body, unit);
  message = say (f, "Noor", body->str);
  frames (f, 3);
  shown = kl_message_text_get_text (find_text (find_row (f, message)));
  if (!g_str_has_suffix (shown, end))
    g_error ("“%s” does not end with “%s”", shown, end);
}

/* Where the cut is in pairs, what counts is where they begin; and a link that is cut would lead elsewhere. */
static void
test_long_cut (Fixture *f, gconstpointer unused)
{
  g_autofree char *words = g_strnfill (1989, 'a');
  g_autofree char *before_link = g_strconcat (words, " https://huts.example/", NULL);
  g_autofree char *word = g_strconcat (words, " ", NULL);

  open_at (f, 0);
  assert_cut (f, "", "🇩🇪🇫🇷", "🇫🇷");
  assert_cut (f, "x", "🇩🇪🇫🇷", "🇩🇪🇫🇷🇩🇪");
  assert_cut (f, "", "👍🏽", "👍🏽");
  assert_cut (f, before_link, "x", word);
  assert_good (f);
}

/* As written; a warning of GTK's would end the test. */
static void
test_as_written (Fixture *f, gconstpointer unused)
{
  static const char *const bodies[] = { "Tom & Jerry <b>",
                                        "&amp;",
                                        "</span>",
                                        "&",
                                        "a\tb\nc",
                                        ("\xe2\x80\xae"
                                         "exe.gpj"),
                                        "💥" };

  open_at (f, 0);
  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      KlMessage *message;

      g_object_set (conversation_user (&f->c, "Noor"), "display-name", bodies[i], NULL);
      message = say (f, "Noor", bodies[i]);
      frames (f, 2);
      g_assert_cmpstr (kl_message_text_get_text (find_text (find_row (f, message))), ==, bodies[i]);
    }
  assert_good (f);
}

/* Recycled rows forget what they showed. */
static void
test_recycled (Fixture *f, gconstpointer unused)
{
  g_autoptr (KlMessage) first = NULL;
  KlMessageText *text;

  open_at (f, 0);
  first = g_object_ref (visible_message (f, 200));
  gtk_adjustment_set_value (f->adjustment, gtk_adjustment_get_value (f->adjustment) - 5000);
  frames (f, 6);
  g_assert_null (find_row (f, first));
  g_object_set (first, "body", "changed while nobody looked", NULL);
  for (GtkWidget *row = gtk_widget_get_first_child (GTK_WIDGET (f->timeline)); row != NULL;
       row = gtk_widget_get_next_sibling (row))
    if (KL_IS_MESSAGE_ROW (row))
      {
        text = find_text (row);
        g_assert_cmpstr (kl_message_text_get_text (text), !=, "changed while nobody looked");
      }
  assert_good (f);
}

static void
press (const char *keys)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *command = g_strdup_printf ("xdotool %s", keys);

  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, &error));
  g_assert_no_error (error);
}

static void
move_to (Fixture *f, GtkWidget *widget, double x, double y)
{
  graphene_point_t point;
  double shadow_x;
  double shadow_y;
  g_autofree char *keys = NULL;

  g_assert_true (gtk_widget_compute_point (widget, f->window, &GRAPHENE_POINT_INIT ((float) x, (float) y), &point));
  gtk_native_get_surface_transform (GTK_NATIVE (f->window), &shadow_x, &shadow_y);
  G_GNUC_BEGIN_IGNORE_DEPRECATIONS
  keys = g_strdup_printf ("mousemove --window %lu %d %d",
                          (gulong) gdk_x11_surface_get_xid (gtk_native_get_surface (GTK_NATIVE (f->window))),
                          (int) ((double) point.x + shadow_x), (int) ((double) point.y + shadow_y));
  G_GNUC_END_IGNORE_DEPRECATIONS
  press (keys);
}

static gboolean
on_open_link (KlMessageText *text, const char *uri, char **opened)
{
  g_free (*opened);
  *opened = g_strdup (uri);
  return TRUE;
}

static void
on_clipboard (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(char **) user_data = gdk_clipboard_read_text_finish (GDK_CLIPBOARD (source), result, NULL);
}

/* By click and by key; a drag over it selects instead. */
static void
test_links (Fixture *f, gconstpointer unused)
{
  KlMessage *message;
  GtkWidget *text;
  g_autofree char *opened = NULL;
  g_autofree char *copied = NULL;
  double link_x;

  open_at (f, 0);
  kl_test_wait_until (gtk_window_is_active (GTK_WINDOW (f->window)));
  message = say (f, "Noor", "See https://huts.example/ridge & <b> then");
  frames (f, 4);
  text = GTK_WIDGET (find_text (find_row (f, message)));
  g_signal_connect (text, "open-link", G_CALLBACK (on_open_link), &opened);
  for (link_x = 0; link_x < 400; link_x += 4)
    {
      g_autofree char *link = kl_message_text_dup_link_at (KL_MESSAGE_TEXT (text), link_x, 10);

      if (link != NULL)
        break;
    }
  g_assert_cmpfloat (link_x, <, 100);
  move_to (f, text, link_x + 20, 10);
  press ("click 1");
  kl_test_wait_until (opened != NULL);
  g_assert_cmpstr (opened, ==, "https://huts.example/ridge");
  g_clear_pointer (&opened, g_free);

  kl_timeline_focus_row (f->timeline, g_list_model_get_n_items (kl_timeline_get_model (f->timeline)) - 1);
  press ("key Tab");
  kl_test_wait_until (gtk_widget_is_focus (text));
  press ("key Return");
  kl_test_wait_until (opened != NULL);
  g_assert_cmpstr (opened, ==, "https://huts.example/ridge");
  g_clear_pointer (&opened, g_free);

  move_to (f, text, link_x + 20, 10);
  press ("mousedown 1");
  move_to (f, text, link_x + 60, 10);
  move_to (f, text, 390, 12);
  kl_test_wait_until (kl_timeline_has_selection (f->timeline));
  press ("mouseup 1");
  frames (f, 3);
  g_assert_null (opened);
  press ("key ctrl+c");
  kl_test_wait_until (gdk_clipboard_is_local (gtk_widget_get_clipboard (f->window)));
  gdk_clipboard_read_text_async (gtk_widget_get_clipboard (f->window), NULL, on_clipboard, &copied);
  kl_test_wait_until (copied != NULL);
  g_assert_true (g_str_has_suffix (copied, " & <b> then"));
  g_assert_false (g_str_has_prefix (copied, "See"));
  /* A word. */
  kl_timeline_clear_selection (f->timeline);
  move_to (f, text, 4, 10);
  press ("click --repeat 2 --delay 30 1");
  kl_test_wait_until (kl_timeline_has_selection (f->timeline));
  g_free (copied);
  copied = kl_timeline_dup_selection (f->timeline);
  g_assert_cmpstr (copied, ==, "See");
  assert_good (f);
}

static GtkWidget *
find_popover (GtkWidget *widget)
{
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (GTK_IS_POPOVER_MENU (child))
      return child;
  return NULL;
}

static void
on_discard (KlConversationView *view, KlMessage *message, KlMessage **discarded)
{
  *discarded = message;
}

static void
test_menu (Fixture *f, gconstpointer unused)
{
  KlMessage *own;
  KlMessage *discarded = NULL;
  GtkWidget *text;
  g_autofree char *copied = NULL;

  g_signal_connect (f->view, "discard", G_CALLBACK (on_discard), &discarded);
  open_at (f, 0);
  kl_test_wait_until (gtk_window_is_active (GTK_WINDOW (f->window)));
  own = send_own (f, "not wanted by the server");
  g_object_set (own, "state", KL_MESSAGE_STATE_FAILED, NULL);
  frames (f, 4);
  text = GTK_WIDGET (find_text (find_row (f, own)));
  move_to (f, text, 10, 10);
  press ("click 3");
  kl_test_wait_until (find_popover (GTK_WIDGET (f->view)) != NULL);
  gtk_widget_activate_action (GTK_WIDGET (f->view), "message.copy", NULL);
  gdk_clipboard_read_text_async (gtk_widget_get_clipboard (f->window), NULL, on_clipboard, &copied);
  kl_test_wait_until (copied != NULL);
  g_assert_cmpstr (copied, ==, "not wanted by the server");
  gtk_widget_activate_action (GTK_WIDGET (f->view), "message.discard", NULL);
  g_assert_true (discarded == own);
  gtk_widget_activate_action (GTK_WIDGET (f->view), "message.select-all", NULL);
  g_assert_true (kl_timeline_has_selection (f->timeline));
  press ("key Escape");
  kl_test_wait_until (find_popover (GTK_WIDGET (f->view)) == NULL);
  kl_timeline_clear_selection (f->timeline);
  /* By key. */
  kl_timeline_focus_row (f->timeline, g_list_model_get_n_items (kl_timeline_get_model (f->timeline)) - 1);
  frames (f, 2);
  press ("key shift+F10");
  kl_test_wait_until (find_popover (GTK_WIDGET (f->view)) != NULL);
  press ("key Escape");
  kl_test_wait_until (find_popover (GTK_WIDGET (f->view)) == NULL);
  assert_good (f);
}

static void
test_seen (Fixture *f, gconstpointer unused)
{
  open_at (f, 0);
  kl_test_wait_until (gtk_window_is_active (GTK_WINDOW (f->window)));
  kl_test_wait_until (f->seen == f->server_newest);
  gtk_adjustment_set_value (f->adjustment, gtk_adjustment_get_value (f->adjustment) - 1500);
  frames (f, 3);
  say (f, "Noor", "below");
  frames (f, 5);
  g_assert_cmpint (f->seen, ==, f->server_newest - 1);
  kl_conversation_view_show_newest (f->view);
  kl_test_wait_until (f->seen == f->server_newest);
  assert_good (f);
}

static void
test_show_seq (Fixture *f, gconstpointer unused)
{
  guint position;

  open_at (f, 0);
  kl_conversation_view_show_seq (f->view, 20);
  kl_test_wait_until (
      kl_conversation_rows_find_seq (KL_CONVERSATION_ROWS (kl_timeline_get_model (f->timeline)), 20, &position)
      && kl_timeline_get_row_bounds (f->timeline, position, NULL, NULL));
  frames (f, 5);
  g_assert_true (kl_timeline_get_row_bounds (f->timeline, position, NULL, NULL));
  kl_conversation_view_show_newest (f->view);
  kl_test_wait_until (kl_conversation_view_get_at_end (f->view));
  frames (f, 3);
  assert_good (f);
}

/* Another group at once, while the first one's page is on its way. */
static void
test_switching (Fixture *f, gconstpointer unused)
{
  Conversation other;

  conversation_init (&other);
  conversation_say (&other, "Mateo", "Only this");
  open_at (f, 0);
  for (guint i = 0; i < 10; i++)
    {
      gtk_adjustment_set_value (f->adjustment, gtk_adjustment_get_lower (f->adjustment));
      frames (f, 1);
      kl_conversation_view_set_messages (f->view, other.messages, NULL);
      frames (f, 1);
      kl_conversation_view_set_messages (f->view, f->c.messages, f->c.members);
      f->seen = 0;
      frames (f, 1);
    }
  kl_conversation_view_set_messages (f->view, NULL, NULL);
  frames (f, 3);
  conversation_clear (&other);
  assert_good (f);
}

static void
test_time_changes (Fixture *f, gconstpointer unused)
{
  open_at (f, 0);
  gtk_adjustment_set_value (f->adjustment, gtk_adjustment_get_value (f->adjustment) - 900);
  frames (f, 4);
  for (guint i = 0; i < 4; i++)
    {
      g_setenv ("TZ", i % 2 == 0 ? "Pacific/Auckland" : "America/Los_Angeles", TRUE);
      kl_clock_refresh (kl_clock_get_default ());
      kl_clock_set_24h (kl_clock_get_default (), i % 2);
      frames (f, 3);
    }
  kl_clock_set_24h (kl_clock_get_default (), TRUE);
  assert_good (f);
}

#define ADD(name, n, function)                                                                                         \
  g_test_add ("/timeline/view/" name, Fixture, GINT_TO_POINTER (n), set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_setenv ("TZ", "Europe/Berlin", TRUE);
  /* The display brings a home of its own; isolated folders would hide the system's schemas, which libadwaita takes for
   * granted. */
  g_test_init (&argc, &argv, NULL);
  adw_init ();
  conversation_load_style (FALSE);
  ADD ("scroll-to-first", 620, test_scroll_to_first);
  ADD ("unread-line", 190, test_unread_line);
  ADD ("arrivals", 300, test_arrivals);
  ADD ("growth-in-view", 300, test_growth_in_view);
  ADD ("states", 30, test_states);
  ADD ("long-text", 60, test_long_text);
  ADD ("long-cut", 30, test_long_cut);
  ADD ("as-written", 30, test_as_written);
  ADD ("recycled", 400, test_recycled);
  ADD ("links", 60, test_links);
  ADD ("menu", 60, test_menu);
  ADD ("seen", 300, test_seen);
  ADD ("show-seq", 1000, test_show_seq);
  ADD ("switching", 300, test_switching);
  ADD ("time-changes", 300, test_time_changes);
  return g_test_run ();
}
