/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A window with Ilse's conversations on the real server, and two friends who call each other and her: what tests of
 * calls in it share. What is found is lent. */
#pragma once

#include "app/ui/kl-main-page.h"
#include "tests/app/ui/call-friend.h"

G_BEGIN_DECLS

typedef struct
{
  KlLiveServer *server;
  char *folder;
  KlAccount *account; /* Ilse's, as is all down to the window */
  KlSession *session;
  KlGroup *group; /* "Ridge Hut Crew", which all three are in, and which is open */
  GSettings *settings;
  KlCalls *calls;
  KlMainPage *page;
  GtkWindow *window;
  CallFriend *mateo, *noor;
} UiCallFixture;

/* kl_ui_test_init() for these: settings stay in memory, and the call core is started. */
void
ui_call_init (int *argc, char ***argv);

/* WIDTH (GINT_TO_POINTER) is the window's. Nobody is in a call, and Ilse has no camera and no microphone. */
void
ui_call_set_up (UiCallFixture *self, gconstpointer width);
/* She leaves, and nothing may be left of her. */
void
ui_call_tear_down (UiCallFixture *self, gconstpointer unused);
/* A camera and a microphone for her, of test pictures and a tone. */
void
ui_call_set_devices (UiCallFixture *self);
/* So many others are in her call, all connected, and those with a camera are seen. */
gboolean
ui_call_all_connected (UiCallFixture *self, guint n);

/* The first of this type in the window, shown or not; NULL: none. */
GtkWidget *
ui_call_find (UiCallFixture *self, GType type);
/* What is mapped, of this type, and has this accessible name; a button may have it from its label. NULL: none. */
GtkWidget *
ui_call_find_named (GtkWidget *root, GType type, const char *name);
GtkWidget *
ui_call_find_button (UiCallFixture *self, const char *name);
/* WIDGET may be NULL, which is not. */
gboolean
ui_call_is_shown (GtkWidget *widget);
/* Whether there is a label with exactly this text. Nor is what the call covers shown. */
gboolean
ui_call_shows (GtkWidget *root, const char *text);
/* Asserts that whatever is written on a call's ground, which is dark in every look, is light. */
void
ui_call_assert_light_in_all_looks (GtkWidget *root);

/* Waits for the button of this name, and clicks it. */
void
ui_call_click (UiCallFixture *self, const char *name);
/* An action of the page, which has to be there. */
void
ui_call_act (UiCallFixture *self, const char *action);

G_END_DECLS
