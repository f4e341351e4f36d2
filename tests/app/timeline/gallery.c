/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shows a conversation to look at: timeline-gallery [--dark] [--rtl] [--size WxH] [--scene NAME] [--shoot FILE].
 * Scenes: crew (as in the design's pictures), kinds (every kind of message), arabic. With --shoot it writes a picture
 * and ends. */
#include <adwaita.h>
#include <stdlib.h>

#include "app/ui/timeline/kl-conversation-view.h"
#include "app/ui/timeline/kl-clock.h"
#include "tests/app/timeline/conversation.h"

#define SETTLE_FRAMES 30

static gboolean dark;
static gboolean rtl;
static gboolean scrolled;
static char *size;
static char *scene;
static char *shoot;
static int frames;

static const GOptionEntry options[] = {
  { "dark", 0, 0, G_OPTION_ARG_NONE, &dark, NULL, NULL },
  { "rtl", 0, 0, G_OPTION_ARG_NONE, &rtl, NULL, NULL },
  { "scrolled", 0, 0, G_OPTION_ARG_NONE, &scrolled, NULL, NULL },
  { "size", 0, 0, G_OPTION_ARG_STRING, &size, NULL, "WxH" },
  { "scene", 0, 0, G_OPTION_ARG_STRING, &scene, NULL, "NAME" },
  { "shoot", 0, 0, G_OPTION_ARG_FILENAME, &shoot, NULL, "FILE" },
  { NULL },
};

static void
say_crew (Conversation *c)
{
  KlMessage *message;

  conversation_set_role (c, "Noor", KL_ROLE_OWNER);
  conversation_set_role (c, "Tunde", KL_ROLE_ADMIN);
  conversation_at (c, 1, 18, 2);
  conversation_say (c, "Saoirse", "I checked the hut: two bunks are dry, the third has a mouse");
  conversation_say (c, "me", "Then the mouse gets the third");
  conversation_at (c, 0, 9, 31);
  conversation_say (c, "Noor", "Morning! Sun from ten, wind on the ridge after three.");
  message = conversation_say (c, "Noor", "So the early bus?");
  conversation_react (message, "👍", 4, TRUE, "☀️", 2, FALSE, NULL);
  conversation_at (c, 0, 9, 34);
  message = conversation_say (c, "me", "Early bus. I’ll bring the stove, who has gas?");
  g_object_set (message, "state", KL_MESSAGE_STATE_READ, NULL);
  conversation_system (c, KL_SYSTEM_EVENT_JOINED, "Lena", NULL, NULL);
  conversation_system (c, KL_SYSTEM_EVENT_LEFT, "Bao", NULL, NULL);
  conversation_at (c, 0, 10, 2);
  conversation_say (c, "Mateo", "Good morning from the hut");
  message = conversation_say (c, "Mateo", "The lake from the hut, six this morning");
  conversation_react (message, "❤️", 6, TRUE, "😍", 3, FALSE, NULL);
  conversation_unread_from_here (c, 3);
  conversation_at (c, 0, 10, 38);
  conversation_say (c, "Yuki", "I have gas");
  conversation_at (c, 0, 10, 39);
  conversation_say (c, "Yuki", "Two cartridges, one is about half full");
  conversation_at (c, 0, 10, 42);
  message = conversation_say (c, "Tunde", "@Ilse can you bring the spare battery for the weather station?");
  g_object_set (message, "mentions-me", TRUE, NULL);
}

static void
say_kinds (Conversation *c)
{
  g_autoptr (GString) tall = g_string_new (NULL);
  g_autoptr (GError) refused = g_error_new_literal (KL_CORE_ERROR, KL_CORE_ERROR_TOO_LARGE, "");
  KlMessage *message;

  for (int i = 0; i < 120; i++)
    g_string_append (tall, "A long story about a ridge and a hut. ");
  conversation_set_role (c, "Tunde", KL_ROLE_ADMIN);
  conversation_at (c, 0, 10, 51);
  conversation_say (c, "Tunde", "This is what the station runs now. Right window?");
  conversation_at (c, 0, 10, 53);
  message = conversation_say (c, "me", "Looks right. 30 samples is 30 seconds on that board 👍");
  g_object_set (message, "state", KL_MESSAGE_STATE_READ, NULL);
  message = conversation_say (c, "me", "Battery is in my bag");
  g_object_set (message, "state", KL_MESSAGE_STATE_SENT, "edited-at", c->now_ms, NULL);
  conversation_system (c, KL_SYSTEM_EVENT_TOPIC, NULL, "Noor", "Work weekend, 28–29 November");
  conversation_at (c, 0, 11, 5);
  message = conversation_say (
      c, "Saoirse", "New route up, the bridge by the lake is closed until May https://huts.example/ridge/track");
  conversation_react (message, "🙏", 5, FALSE, "🥾", 2, TRUE, NULL);
  conversation_say (c, "Saoirse", "🏔️🥾");
  conversation_say (c, "Saoirse", "Tom & Jerry <b>not bold</b> &amp; javascript://x/%0Aalert(1)");
  message = conversation_say (c, "Saoirse", "gone");
  g_object_set (message, "deleted", TRUE, NULL);
  conversation_say (c, "Saoirse", "שלום, this begins in Hebrew!\nAnd this in English.");
  message = conversation_say (c, "me", "gone too");
  g_object_set (message, "deleted", TRUE, NULL);
  conversation_say (c, "Yuki", tall->str);
  message = conversation_say (c, "me", "On its way");
  g_object_set (message, "state", KL_MESSAGE_STATE_PENDING, NULL);
  message = conversation_say (c, "me", "This one the server did not want");
  g_object_set (message, "state", KL_MESSAGE_STATE_FAILED, "error", refused, NULL);
}

static void
say_arabic (Conversation *c)
{
  KlMessage *message;

  conversation_set_role (c, "توندي", KL_ROLE_ADMIN);
  conversation_at (c, 0, 9, 31);
  conversation_say (c, "نور", "صباح الخير! شمس من العاشرة، وريح على القمة بعد الثالثة.");
  message = conversation_say (c, "نور", "إذن الحافلة المبكرة؟");
  conversation_react (message, "👍", 4, TRUE, "☀️", 2, FALSE, NULL);
  conversation_at (c, 0, 9, 34);
  message = conversation_say (c, "me", "الحافلة المبكرة. سأحضر الموقد، من لديه غاز؟");
  g_object_set (message, "state", KL_MESSAGE_STATE_READ, NULL);
  conversation_system (c, KL_SYSTEM_EVENT_JOINED, "لينا", NULL, NULL);
  conversation_system (c, KL_SYSTEM_EVENT_LEFT, "باو", NULL, NULL);
  conversation_unread_from_here (c, 2);
  conversation_at (c, 0, 10, 39);
  conversation_say (c, "يوكي", "عندي أسطوانتان، إحداهما نصف ممتلئة");
  conversation_at (c, 0, 10, 42);
  message = conversation_say (c, "توندي",
                              "@إلسه هل تحضرين البطارية الاحتياطية لمحطة الطقس؟ المسار على https://huts.example/ridge");
  g_object_set (message, "mentions-me", TRUE, NULL);
  conversation_say (c, "توندي", "English inside a right-to-left window.");
}

static gboolean
on_tick (GtkWidget *widget, GdkFrameClock *clock, gpointer user_data)
{
  static GdkPaintable *paintable = NULL;
  g_autoptr (GtkSnapshot) snapshot = NULL;
  g_autoptr (GskRenderNode) node = NULL;
  g_autoptr (GdkTexture) texture = NULL;
  int width = gtk_widget_get_width (widget);
  int height = gtk_widget_get_height (widget);

  if (paintable == NULL)
    paintable = gtk_widget_paintable_new (widget);
  gtk_widget_queue_draw (widget);
  if (scrolled && frames == SETTLE_FRAMES / 2)
    {
      gboolean handled;
      GtkWidget *scroller = gtk_widget_get_first_child (gtk_widget_get_first_child (user_data));

      g_signal_emit_by_name (scroller, "scroll-child", GTK_SCROLL_STEP_UP, FALSE, &handled);
      g_signal_emit_by_name (scroller, "scroll-child", GTK_SCROLL_PAGE_UP, FALSE, &handled);
    }
  if (frames++ < SETTLE_FRAMES + (scrolled ? 30 : 0))
    return G_SOURCE_CONTINUE;
  snapshot = gtk_snapshot_new ();
  gdk_paintable_snapshot (paintable, snapshot, width, height);
  node = gtk_snapshot_free_to_node (g_steal_pointer (&snapshot));
  texture = gsk_renderer_render_texture (gtk_native_get_renderer (gtk_widget_get_native (widget)), node,
                                         &GRAPHENE_RECT_INIT (0, 0, (float) width, (float) height));
  gdk_texture_save_to_png (texture, shoot);
  g_clear_object (&paintable);
  gtk_window_close (GTK_WINDOW (gtk_widget_get_root (widget)));
  return G_SOURCE_REMOVE;
}

static void
on_destroy (GtkWidget *window, GMainLoop *loop)
{
  g_main_loop_quit (loop);
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Conversation c;
  GtkWidget *window;
  GtkWidget *view;
  int width = 704;
  int height = 680;

  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, NULL))
    return 2;
  adw_init ();
  conversation_load_style (dark);
  g_object_set (gtk_settings_get_default (), "gtk-font-name", "Adwaita Sans 11", NULL);
  if (rtl)
    gtk_widget_set_default_direction (GTK_TEXT_DIR_RTL);
  if (size != NULL)
    sscanf (size, "%dx%d", &width, &height);
  conversation_init (&c);
  if (g_strcmp0 (scene, "kinds") == 0)
    say_kinds (&c);
  else if (g_strcmp0 (scene, "arabic") == 0)
    say_arabic (&c);
  else
    say_crew (&c);
  view = kl_conversation_view_new ();
  kl_conversation_view_set_messages (KL_CONVERSATION_VIEW (view), c.messages, c.members);
  window = gtk_window_new ();
  gtk_widget_add_css_class (view, "view");
  gtk_window_set_decorated (GTK_WINDOW (window), FALSE);
  gtk_window_set_default_size (GTK_WINDOW (window), width, height);
  gtk_window_set_child (GTK_WINDOW (window), view);
  g_signal_connect (window, "destroy", G_CALLBACK (on_destroy), loop);
  gtk_window_present (GTK_WINDOW (window));
  if (shoot != NULL)
    gtk_widget_add_tick_callback (view, on_tick, view, NULL);
  g_main_loop_run (loop);
  conversation_clear (&c);
  return 0;
}
