/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The composer's keys, pressed through the X server, with and without an input method; drafts. */
#include "app/ui/kl-composer.h"
#include "tests/app/ui/ui-kit.h"

/* ── An input method: k begins a conversion, Enter ends it, as ibus and fcitx do ── */

#define TEST_TYPE_IM (test_im_get_type ())
G_DECLARE_FINAL_TYPE (TestIm, test_im, TEST, IM, GtkIMContext)

struct _TestIm
{
  GtkIMContext parent_instance;

  gboolean converting;
  gboolean deaf; /* shows a conversion, and leaves Enter to the widget */
};

G_DEFINE_FINAL_TYPE (TestIm, test_im, GTK_TYPE_IM_CONTEXT)

static gboolean im_is_deaf = FALSE;

static gboolean
test_im_filter_keypress (GtkIMContext *context,
                         GdkEvent     *event)
{
  TestIm *self = TEST_IM (context);
  guint key = gdk_key_event_get_keyval (event);

  if (gdk_event_get_event_type (event) != GDK_KEY_PRESS)
    return FALSE;
  if (key == GDK_KEY_k)
    {
      self->converting = TRUE;
      g_signal_emit_by_name (context, "preedit-start");
      g_signal_emit_by_name (context, "preedit-changed");
      return TRUE;
    }
  if (self->converting && key == GDK_KEY_Return && !im_is_deaf)
    {
      self->converting = FALSE;
      g_signal_emit_by_name (context, "preedit-changed");
      g_signal_emit_by_name (context, "preedit-end");
      g_signal_emit_by_name (context, "commit", "か");
      return TRUE;
    }
  if (key >= GDK_KEY_a && key <= GDK_KEY_z)
    {
      char text[] = { (char) key, '\0' };

      g_signal_emit_by_name (context, "commit", text);
      return TRUE;
    }
  return FALSE;
}

static void
test_im_get_preedit_string (GtkIMContext   *context,
                            char          **text,
                            PangoAttrList **attrs,
                            int            *cursor)
{
  *text = g_strdup (TEST_IM (context)->converting ? "か" : "");
  if (attrs != NULL)
    *attrs = pango_attr_list_new ();
  if (cursor != NULL)
    *cursor = 0;
}

static void
test_im_reset (GtkIMContext *context)
{
  TestIm *self = TEST_IM (context);

  if (!self->converting)
    return;
  self->converting = FALSE;
  g_signal_emit_by_name (context, "preedit-changed");
  g_signal_emit_by_name (context, "preedit-end");
}

static void
test_im_class_init (TestImClass *klass)
{
  GTK_IM_CONTEXT_CLASS (klass)->filter_keypress = test_im_filter_keypress;
  GTK_IM_CONTEXT_CLASS (klass)->get_preedit_string = test_im_get_preedit_string;
  GTK_IM_CONTEXT_CLASS (klass)->reset = test_im_reset;
}

static void
test_im_init (TestIm *self)
{
}

/* ── Fixture ─────────────────────────────────────────────────────────────── */

typedef struct
{
  KlGroup *group;
  KlComposer *composer;
  GtkWidget *view;
  GtkWindow *window;
  GString *sent; /* each followed by "|" */
  guint n_typing;
} Fixture;

static void
on_send (Fixture    *self,
         const char *body)
{
  g_string_append_printf (self->sent, "%s|", body);
}

static void
on_typing (Fixture *self)
{
  self->n_typing++;
}

static void
set_up (Fixture      *self,
        gconstpointer im)
{
  self->sent = g_string_new (NULL);
  self->group = kl_group_new ("g");
  g_object_set (self->group, "name", "Ridge Hut Crew", NULL);
  self->composer = KL_COMPOSER (kl_composer_new ());
  gtk_widget_set_valign (GTK_WIDGET (self->composer), GTK_ALIGN_END);
  kl_composer_set_group (self->composer, self->group);
  g_signal_connect_swapped (self->composer, "send", G_CALLBACK (on_send), self);
  g_signal_connect_swapped (self->composer, "typing", G_CALLBACK (on_typing), self);
  self->view = kl_ui_test_find (GTK_WIDGET (self->composer), GTK_TYPE_TEXT_VIEW, NULL);
  if (im != NULL)
    g_object_set (self->view, "im-module", im, NULL);
  self->window = kl_ui_test_show (GTK_WIDGET (self->composer), 500, 400);
  gtk_widget_grab_focus (GTK_WIDGET (self->composer));
  kl_test_wait_until (gtk_window_is_active (self->window) && gtk_widget_has_focus (self->view));
}

static void
tear_down (Fixture      *self,
           gconstpointer unused)
{
  kl_ui_test_close (self->window, GTK_WIDGET (self->composer));
  kl_test_finalize (self->group);
  g_string_free (self->sent, TRUE);
}

static gboolean
has_text (Fixture    *self,
          const char *expected)
{
  g_autofree char *text = kl_composer_dup_text (self->composer);

  return g_str_equal (text, expected);
}

static void
test_enter_sends (Fixture      *self,
                  gconstpointer unused)
{
  kl_ui_test_press ("h");
  kl_ui_test_press ("i");
  kl_test_wait_until (has_text (self, "hi"));
  g_assert_cmpstr (kl_group_get_draft (self->group), ==, "hi");
  g_assert_cmpuint (self->n_typing, >, 0);
  kl_ui_test_press ("Return");
  kl_test_wait_until (g_str_equal (self->sent->str, "hi|"));
  g_assert_true (has_text (self, ""));
  g_assert_true (gtk_widget_has_focus (self->view));
  /* The draft on disk goes with the stored message, not before. */
  g_assert_cmpstr (kl_group_get_draft (self->group), ==, "hi");
  kl_composer_keep_draft (self->composer);
  g_assert_cmpstr (kl_group_get_draft (self->group), ==, "");
}

static void
test_shift_enter_breaks (Fixture      *self,
                         gconstpointer unused)
{
  kl_ui_test_press ("a");
  kl_ui_test_press ("shift+Return");
  kl_ui_test_press ("b");
  kl_test_wait_until (has_text (self, "a\nb"));
  g_assert_cmpstr (self->sent->str, ==, "");
  kl_ui_test_press ("KP_Enter");
  kl_test_wait_until (g_str_equal (self->sent->str, "a\nb|"));
}

static void
test_nothing_visible_is_not_sent (Fixture      *self,
                                  gconstpointer unused)
{
  kl_composer_set_text (self->composer, " \n\u200b\t");
  kl_ui_test_press ("Return");
  kl_ui_test_press ("a");
  kl_test_wait_until (has_text (self, " \n\u200b\ta"));
  g_assert_cmpstr (self->sent->str, ==, "");
}

static void
test_body_is_trimmed (Fixture      *self,
                      gconstpointer unused)
{
  kl_composer_set_text (self->composer, "\n\n    code\nmore  \n\n");
  kl_composer_send (self->composer);
  g_assert_cmpstr (self->sent->str, ==, "    code\nmore|");
}

static void
test_input_method_enter_never_sends (Fixture      *self,
                                     gconstpointer unused)
{
  im_is_deaf = FALSE;
  kl_ui_test_press ("a");
  kl_test_wait_until (has_text (self, "a"));
  kl_ui_test_press ("k");
  kl_ui_test_press ("Return");
  kl_test_wait_until (has_text (self, "aか"));
  g_assert_cmpstr (self->sent->str, ==, "");
  kl_ui_test_press ("Return");
  kl_test_wait_until (g_str_equal (self->sent->str, "aか|"));
}

static void
test_conversion_is_never_sent (Fixture      *self,
                               gconstpointer unused)
{
  im_is_deaf = TRUE;
  kl_ui_test_press ("a");
  kl_ui_test_press ("k");
  kl_ui_test_press ("Return");
  kl_ui_test_press ("b");
  kl_test_wait_until (has_text (self, "ab"));
  g_assert_cmpstr (self->sent->str, ==, "");
  im_is_deaf = FALSE;
}

/* What fits is shown whole: the field grows with the line that is begun, not with the next one. */
static void
test_shown_whole (Fixture *self, gconstpointer unused)
{
  GtkAdjustment *adjustment = gtk_scrollable_get_vadjustment (GTK_SCROLLABLE (self->view));
  double before = gtk_adjustment_get_upper (adjustment);

  kl_ui_test_press ("a");
  for (guint i = 0; i < 4; i++)
    {
      kl_ui_test_press ("shift+Return");
      kl_ui_test_press ("b");
      kl_test_wait_until (gtk_adjustment_get_upper (adjustment) > before
                          && gtk_widget_get_height (self->view) == (int) gtk_adjustment_get_upper (adjustment)
                          && gtk_adjustment_get_value (adjustment) == 0);
      before = gtk_adjustment_get_upper (adjustment);
    }
}

static void
test_drafts (Fixture      *self,
             gconstpointer unused)
{
  g_autoptr (KlGroup) other = kl_group_new ("other");

  g_object_set (other, "name", "Other", NULL);
  kl_group_set_draft (other, "for later");
  kl_composer_set_text (self->composer, "for here");
  g_assert_cmpstr (kl_group_get_draft (self->group), ==, "for here");
  kl_composer_set_group (self->composer, other);
  g_assert_true (has_text (self, "for later"));
  g_assert_cmpstr (kl_group_get_draft (self->group), ==, "for here");
  kl_composer_set_group (self->composer, self->group);
  g_assert_true (has_text (self, "for here"));
  g_assert_cmpstr (kl_group_get_draft (other), ==, "for later");
  /* What was not taken comes back where it belongs. */
  kl_composer_put_back (self->composer, self->group, "first");
  g_assert_true (has_text (self, "first\nfor here"));
  kl_composer_put_back (self->composer, other, "first");
  g_assert_cmpstr (kl_group_get_draft (other), ==, "first\nfor later");
  kl_composer_set_group (self->composer, NULL);
  g_assert_true (has_text (self, ""));
}

static void
test_grows_to_eight_lines (Fixture      *self,
                           gconstpointer unused)
{
  int one = gtk_widget_get_height (GTK_WIDGET (self->composer)), eight;

  g_assert_cmpint (one, ==, 44);
  kl_composer_set_text (self->composer, "1\n2\n3\n4\n5\n6\n7\n8");
  kl_test_wait_until (gtk_widget_get_height (GTK_WIDGET (self->composer)) > 2 * one);
  kl_test_spin (100);
  eight = gtk_widget_get_height (GTK_WIDGET (self->composer));
  kl_composer_set_text (self->composer, "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12");
  kl_test_spin (100);
  g_assert_cmpint (gtk_widget_get_height (GTK_WIDGET (self->composer)), ==, eight);
}

int
main (int   argc,
      char *argv[])
{
  kl_ui_test_init (&argc, &argv);
  g_io_extension_point_implement ("gtk-im-module", TEST_TYPE_IM, "klatch-test", 0);

  g_test_add ("/ui/composer/enter-sends", Fixture, NULL, set_up, test_enter_sends, tear_down);
  g_test_add ("/ui/composer/shift-enter-breaks", Fixture, NULL, set_up, test_shift_enter_breaks, tear_down);
  g_test_add ("/ui/composer/nothing-visible", Fixture, NULL, set_up, test_nothing_visible_is_not_sent, tear_down);
  g_test_add ("/ui/composer/trimmed", Fixture, NULL, set_up, test_body_is_trimmed, tear_down);
  g_test_add ("/ui/composer/input-method", Fixture, "klatch-test", set_up, test_input_method_enter_never_sends, tear_down);
  g_test_add ("/ui/composer/conversion", Fixture, "klatch-test", set_up, test_conversion_is_never_sent, tear_down);
  g_test_add ("/ui/composer/drafts", Fixture, NULL, set_up, test_drafts, tear_down);
  g_test_add ("/ui/composer/shown-whole", Fixture, NULL, set_up, test_shown_whole, tear_down);
  g_test_add ("/ui/composer/eight-lines", Fixture, NULL, set_up, test_grows_to_eight_lines, tear_down);
  return g_test_run ();
}
