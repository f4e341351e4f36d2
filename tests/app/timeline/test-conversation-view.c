/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The whole view while pages, messages and time come and go: where it stands, and that what is read stays. */
#include "tests/app/timeline/paged-view.h"

#include <math.h>

#include "app/core/kl-message-list-private.h"
#include "app/ui/timeline/kl-clock.h"
#include "app/ui/timeline/kl-conversation-rows.h"
#include "tests/kit/kl-test.h"

/* Up to the very first message: each seq comes once, no page is asked for twice, and nothing moves while pages come in.
 */
static void
test_scroll_to_first (PagedView *f, gconstpointer unused)
{
  GHashTableIter iter;
  gpointer key;
  gpointer count;
  gint64 expected = 1;

  paged_view_open (f);
  g_assert_true (kl_conversation_view_get_at_end (f->view));
  for (guint i = 0; i < 3000 && kl_message_list_get_more_before (f->c.messages); i++)
    {
      double step = 90;

      paged_view_watch (f, paged_view_visible_message (f, 60));
      f->watched_y += step;
      gtk_adjustment_set_value (f->adjustment, gtk_adjustment_get_value (f->adjustment) - step);
      if (f->watched_y > 560)
        f->watched = NULL;
      paged_view_frames (f, 1);
    }
  f->watched = NULL;
  g_assert_false (kl_message_list_get_more_before (f->c.messages));
  gtk_adjustment_set_value (f->adjustment, gtk_adjustment_get_lower (f->adjustment));
  paged_view_frames (f, 20);
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
  paged_view_assert_good (f);
}

/* In the very first frame that shows it: real rows have their true height at once. */
static void
on_line_painted (GdkFrameClock *clock, PagedView *f)
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

static void
test_unread_line (PagedView *f, gconstpointer unused)
{
  guint position;
  double y;
  int height;
  GListModel *rows;

  g_object_set (f->c.group, "read-seq", (gint64) 150, "unread", 40u, NULL);
  kl_message_list_renew_unread_line (f->c.messages);
  paged_view_open_at (f, kl_message_list_get_first_unread_seq (f->c.messages), on_line_painted);
  rows = kl_timeline_get_model (f->timeline);
  g_assert_true (kl_conversation_rows_find_unread (KL_CONVERSATION_ROWS (rows), &position));
  g_assert_true (kl_timeline_get_row_bounds (f->timeline, position, &y, &height));
  g_assert_cmpfloat (fabs (y - KL_TIMELINE_TOP_INSET_PX), <=, 1);
  g_assert_false (kl_conversation_view_get_at_end (f->view));
  g_signal_handlers_disconnect_by_func (gtk_widget_get_frame_clock (f->window), on_line_painted, f);
  /* It stays while the reader reads on, and newer pages come. */
  g_object_set (f->c.group, "read-seq", (gint64) 180, "unread", 10u, NULL);
  paged_view_frames (f, 3);
  g_assert_true (kl_conversation_rows_find_unread (KL_CONVERSATION_ROWS (rows), &position));
  kl_conversation_view_show_newest (f->view);
  kl_test_wait_until (kl_conversation_view_get_at_end (f->view));
  paged_view_frames (f, 3);
  paged_view_assert_good (f);
}

static void
test_arrivals (PagedView *f, gconstpointer unused)
{
  KlMessage *own;

  paged_view_open (f);
  paged_view_say (f, "Noor", "At the end this is followed");
  paged_view_frames (f, 2);
  g_assert_true (kl_conversation_view_get_at_end (f->view));
  gtk_adjustment_set_value (f->adjustment, gtk_adjustment_get_value (f->adjustment) - 800);
  paged_view_frames (f, 3);
  g_assert_false (kl_conversation_view_get_at_end (f->view));
  paged_view_watch (f, paged_view_visible_message (f, 100));
  for (guint i = 0; i < 5; i++)
    {
      paged_view_say (f, "Noor", "Scrolled up, this is not");
      paged_view_frames (f, 2);
    }
  /* What changes above and below. */
  for (guint i = 0; i < 60; i++)
    {
      g_autoptr (KlMessage) message = g_list_model_get_item (
          G_LIST_MODEL (f->c.messages), i % g_list_model_get_n_items (G_LIST_MODEL (f->c.messages)));

      if (message == f->watched || paged_view_find_row (f, message) != NULL)
        continue;
      if (i % 2 == 0)
        g_object_set (message, "deleted", TRUE, NULL);
      else
        g_object_set (message, "body", paged_view_body (5), "edited-at", (gint64) 1795000000000, NULL);
      paged_view_frames (f, 1);
    }
  paged_view_watch (f, NULL);
  /* What I send brings me to the end. */
  own = paged_view_send_own (f, "on its way");
  kl_test_wait_until (kl_conversation_view_get_at_end (f->view));
  paged_view_frames (f, 3);
  g_assert_nonnull (paged_view_find_row (f, own));
  paged_view_assert_good (f);
}

/* A row above the reading line that grows in view: what is read stays. */
static void
test_growth_in_view (PagedView *f, gconstpointer unused)
{
  KlMessage *top;
  KlMessage *reading;

  paged_view_open (f);
  gtk_adjustment_set_value (f->adjustment, gtk_adjustment_get_value (f->adjustment) - 900);
  paged_view_frames (f, 4);
  top = paged_view_visible_message (f, 10);
  reading = paged_view_visible_message (f, 330);
  g_assert_true (top != reading);
  paged_view_watch (f, reading);
  for (guint i = 0; i < 6; i++)
    {
      g_object_set (top, "body", i % 2 == 0 ? paged_view_body (5) : "short", NULL);
      paged_view_frames (f, 2);
    }
  conversation_react (top, "👍", 3, TRUE, NULL);
  paged_view_frames (f, 3);
  paged_view_assert_good (f);
}

static void
test_seen (PagedView *f, gconstpointer unused)
{
  paged_view_open (f);
  kl_test_wait_until (gtk_window_is_active (GTK_WINDOW (f->window)));
  kl_test_wait_until (f->seen == f->server_newest);
  gtk_adjustment_set_value (f->adjustment, gtk_adjustment_get_value (f->adjustment) - 1500);
  paged_view_frames (f, 3);
  paged_view_say (f, "Noor", "below");
  paged_view_frames (f, 5);
  g_assert_cmpint (f->seen, ==, f->server_newest - 1);
  kl_conversation_view_show_newest (f->view);
  kl_test_wait_until (f->seen == f->server_newest);
  paged_view_assert_good (f);
}

static void
test_show_seq (PagedView *f, gconstpointer unused)
{
  guint position;

  paged_view_open (f);
  kl_conversation_view_show_seq (f->view, 20);
  kl_test_wait_until (
      kl_conversation_rows_find_seq (KL_CONVERSATION_ROWS (kl_timeline_get_model (f->timeline)), 20, &position)
      && kl_timeline_get_row_bounds (f->timeline, position, NULL, NULL));
  paged_view_frames (f, 5);
  g_assert_true (kl_timeline_get_row_bounds (f->timeline, position, NULL, NULL));
  kl_conversation_view_show_newest (f->view);
  kl_test_wait_until (kl_conversation_view_get_at_end (f->view));
  paged_view_frames (f, 3);
  paged_view_assert_good (f);
}

/* Another group at once, while the first one's page is on its way. */
static void
test_switching (PagedView *f, gconstpointer unused)
{
  Conversation other;

  conversation_init (&other);
  conversation_say (&other, "Mateo", "Only this");
  paged_view_open (f);
  for (guint i = 0; i < 10; i++)
    {
      gtk_adjustment_set_value (f->adjustment, gtk_adjustment_get_lower (f->adjustment));
      paged_view_frames (f, 1);
      kl_conversation_view_set_messages (f->view, other.messages, NULL);
      paged_view_frames (f, 1);
      kl_conversation_view_set_messages (f->view, f->c.messages, f->c.members);
      f->seen = 0;
      paged_view_frames (f, 1);
    }
  kl_conversation_view_set_messages (f->view, NULL, NULL);
  paged_view_frames (f, 3);
  conversation_clear (&other);
  paged_view_assert_good (f);
}

static void
test_time_changes (PagedView *f, gconstpointer unused)
{
  paged_view_open (f);
  gtk_adjustment_set_value (f->adjustment, gtk_adjustment_get_value (f->adjustment) - 900);
  paged_view_frames (f, 4);
  for (guint i = 0; i < 4; i++)
    {
      g_setenv ("TZ", i % 2 == 0 ? "Pacific/Auckland" : "America/Los_Angeles", TRUE);
      kl_clock_refresh (kl_clock_get_default ());
      kl_clock_set_24h (kl_clock_get_default (), i % 2);
      paged_view_frames (f, 3);
    }
  kl_clock_set_24h (kl_clock_get_default (), TRUE);
  paged_view_assert_good (f);
}

int
main (int argc, char **argv)
{
  paged_view_init (&argc, &argv);
  paged_view_add ("scroll-to-first", 620, test_scroll_to_first);
  paged_view_add ("unread-line", 190, test_unread_line);
  paged_view_add ("arrivals", 300, test_arrivals);
  paged_view_add ("growth-in-view", 300, test_growth_in_view);
  paged_view_add ("seen", 300, test_seen);
  paged_view_add ("show-seq", 1000, test_show_seq);
  paged_view_add ("switching", 300, test_switching);
  paged_view_add ("time-changes", 300, test_time_changes);
  return g_test_run ();
}
