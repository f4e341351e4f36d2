/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A fixture: the whole conversation view in a window of its own, over a list whose pages come late, as from a server.
 * Every frame that is painted is checked (kl_timeline_check(), and the watched message); assert_good() tells. Needs a
 * display, and Klatch's style loaded. */
#pragma once

#include <gtk/gtk.h>

#include "app/ui/timeline/kl-conversation-view.h"
#include "app/ui/timeline/kl-timeline.h"
#include "tests/app/timeline/conversation.h"

G_BEGIN_DECLS

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
  char *fault; /* the first one, or NULL */
  KlMessage *watched;
  double watched_y;
  gint64 seen;
  guint n_retries;
} PagedView;

/* Begins the program: time zone, GTK, style. */
void paged_view_init (int *argc, char ***argv);
/* A test on a server with messages 1 to server_newest. Its end shows that nothing holds the window or the list any more. */
void paged_view_add (const char *name, guint server_newest, void (*test) (PagedView *f, gconstpointer unused));

/* Shows the newest messages, and waits until they are painted. */
void paged_view_open (PagedView *f);
/* The same around this seq. on_painted, or NULL: called after each frame from the first on; a fault that it finds goes
 * into the fixture. */
typedef void (*PagedViewPainted) (GdkFrameClock *clock, PagedView *f);
void paged_view_open_at (PagedView *f, gint64 seq, PagedViewPainted on_painted);

/* Waits for so many to be painted. */
void paged_view_frames (PagedView *f, guint n);
/* From here on the message's foot has to stay where it is, plus what is added to watched_y; NULL: none has to. */
void paged_view_watch (PagedView *f, KlMessage *message);
/* Aborts with the first fault of any frame so far. */
void paged_view_assert_good (PagedView *f);

/* The row that shows it, or NULL. */
GtkWidget *paged_view_find_row (PagedView *f, KlMessage *message);
/* Lends the first message whose foot is below from_y, in pixels of the timeline. */
KlMessage *paged_view_visible_message (PagedView *f, double from_y);

/* What the message with this seq says. */
const char *paged_view_body (gint64 seq);
/* A new message comes in from the server; lent. */
KlMessage *paged_view_say (PagedView *f, const char *who, const char *body);
/* One's own, pending; lent. */
KlMessage *paged_view_send_own (PagedView *f, const char *body);

G_END_DECLS
