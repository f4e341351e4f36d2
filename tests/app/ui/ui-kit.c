/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/app/ui/ui-kit.h"

static void
add_style (GtkCssProvider **provider,
           const char      *file)
{
  g_autofree char *path = g_strconcat ("/chat/klatch/Klatch/", file, NULL);

  *provider = gtk_css_provider_new ();
  gtk_css_provider_load_from_resource (*provider, path);
  gtk_style_context_add_provider_for_display (gdk_display_get_default (), GTK_STYLE_PROVIDER (*provider),
                                              GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
}

static void
remove_style (GtkCssProvider **provider)
{
  if (*provider != NULL)
    gtk_style_context_remove_provider_for_display (gdk_display_get_default (), GTK_STYLE_PROVIDER (*provider));
  g_clear_object (provider);
}

/* As an AdwApplication does it. */
static void
follow_look (AdwStyleManager *manager)
{
  static GtkCssProvider *dark, *contrast;

  remove_style (&dark);
  remove_style (&contrast);
  if (adw_style_manager_get_dark (manager))
    add_style (&dark, "style-dark.css");
  if (adw_style_manager_get_high_contrast (manager))
    add_style (&contrast, "style-hc.css");
}

void
kl_ui_test_set_contrast (gboolean contrast)
{
  static GtkCssProvider *forced;

  remove_style (&forced);
  if (contrast)
    add_style (&forced, "style-hc.css");
}

void
kl_ui_test_init (int    *argc,
                 char ***argv)
{
  g_autoptr (GtkCssProvider) style = NULL;
  AdwStyleManager *manager;

  /* The display brings a home of its own; GTK needs the system's schemas, which isolated folders would hide. */
  g_test_init (argc, argv, NULL);
  if (!gtk_init_check ())
    exit (77);
  adw_init ();
  manager = adw_style_manager_get_default ();
  add_style (&style, "style.css");
  g_signal_connect (manager, "notify::dark", G_CALLBACK (follow_look), NULL);
  g_signal_connect (manager, "notify::high-contrast", G_CALLBACK (follow_look), NULL);
  follow_look (manager);
  gtk_icon_theme_add_resource_path (gtk_icon_theme_get_for_display (gdk_display_get_default ()), "/chat/klatch/Klatch/icons");
}

GtkWindow *
kl_ui_test_show (GtkWidget *widget,
                 int        width,
                 int        height)
{
  GtkWindow *window = GTK_WINDOW (adw_window_new ());

  gtk_window_set_default_size (window, width, height);
  adw_window_set_content (ADW_WINDOW (window), widget);
  gtk_window_present (window);
  kl_test_wait_until (gtk_widget_get_mapped (GTK_WIDGET (window)) && gtk_widget_get_width (GTK_WIDGET (window)) > 0);
  return window;
}

void
kl_ui_test_close (GtkWindow *window,
                  GtkWidget *widget)
{
  GtkWidget *watched = widget;

  g_object_add_weak_pointer (G_OBJECT (widget), (gpointer *) &watched);
  gtk_window_destroy (window);
  kl_test_wait_until (watched == NULL);
}

GtkWidget *
kl_ui_test_find (GtkWidget  *root,
                 GType       type,
                 const char *css)
{
  if (g_type_is_a (G_OBJECT_TYPE (root), type)
      && (css == NULL || g_str_equal (gtk_widget_get_css_name (root), css) || gtk_widget_has_css_class (root, css)))
    return root;
  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL; child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = kl_ui_test_find (child, type, css);

      if (found != NULL)
        return found;
    }
  return NULL;
}

static GskRenderNode *
create_node (GdkPaintable *paintable,
             int           width,
             int           height)
{
  GtkSnapshot *snapshot = gtk_snapshot_new ();

  gdk_paintable_snapshot (paintable, snapshot, width, height);
  return gtk_snapshot_free_to_node (snapshot);
}

gboolean
kl_ui_test_shows (GtkWidget  *root,
                  const char *text)
{
  if (!gtk_widget_get_visible (root))
    return FALSE;
  if (GTK_IS_LABEL (root) && g_str_equal (gtk_label_get_text (GTK_LABEL (root)), text))
    return TRUE;
  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL; child = gtk_widget_get_next_sibling (child))
    if (kl_ui_test_shows (child, text))
      return TRUE;
  return FALSE;
}

void
kl_ui_test_picture (GtkWindow  *window,
                    const char *name)
{
  const char *folder = g_getenv ("KLATCH_PICTURES");
  g_autoptr (GdkPaintable) paintable = gtk_widget_paintable_new (GTK_WIDGET (window));
  g_autoptr (GskRenderNode) node = NULL;
  g_autoptr (GdkTexture) texture = NULL;
  g_autofree char *file = NULL;
  int width = gtk_widget_get_width (GTK_WIDGET (window)), height = gtk_widget_get_height (GTK_WIDGET (window));

  if (folder == NULL)
    return;
  g_mkdir_with_parents (folder, 0755);
  file = g_strdup_printf ("%s/%s.png", folder, name);
  kl_test_spin (500); /* dialogues come gently */
  /* What it shows is there with the next frame. */
  gtk_widget_queue_draw (GTK_WIDGET (window));
  kl_test_wait_until ((node = create_node (paintable, width, height)) != NULL);
  texture = gsk_renderer_render_texture (gtk_native_get_renderer (GTK_NATIVE (window)), node,
                                         &GRAPHENE_RECT_INIT (0, 0, (float) width, (float) height));
  g_assert_true (gdk_texture_save_to_png (texture, file));
}

void
kl_ui_test_press (const char *keys)
{
  const char *argv[] = { "xdotool", "key", "--delay", "0", keys, NULL };
  g_autoptr (GError) error = NULL;
  int status = 0;

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status, &error);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 0);
}
