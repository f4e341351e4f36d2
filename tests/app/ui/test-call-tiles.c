/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pictures of a real call of three: two others in processes of their own. */
#include "app/ui/kl-call-grid.h"
#include "app/ui/kl-video.h"
#include "tests/app/ui/call-room.h"
#include "tests/app/ui/ui-kit.h"

typedef struct
{
  CallRoom *room;
  GtkWidget *grid;
  GtkWindow *window;
  KlUser *me, *mateo, *noor;
  KlCallTile *own, *first, *second;
} Fixture;

static KlUser *
new_user (const char *name)
{
  KlUser *user = kl_user_new (name);

  g_object_set (user, "display-name", name, NULL);
  return user;
}

static KlCallTile *
add_tile (Fixture *self, const char *id, KlUser *user)
{
  KlCallTile *tile = KL_CALL_TILE (kl_call_tile_new (kl_call_find_peer (call_room_get_call (self->room), id), user));

  kl_call_grid_add (KL_CALL_GRID (self->grid), tile);
  return tile;
}

static void
set_up (Fixture *self, gconstpointer filter)
{
  self->room = call_room_new_on_line (filter);
  self->me = new_user ("Ilse");
  self->mateo = new_user ("Mateo");
  self->noor = new_user ("Noor");
  self->grid = kl_call_grid_new ();
  self->own = KL_CALL_TILE (kl_call_tile_new_own (kl_call_get_publisher (call_room_get_call (self->room)), self->me));
  kl_call_grid_set_own (KL_CALL_GRID (self->grid), self->own);
  self->window = kl_ui_test_show (self->grid, 900, 600);
  call_room_add (self->room, "p1", "ball", 500);
  call_room_add (self->room, "p2", NULL, 0);
  self->first = add_tile (self, "p1", self->mateo);
  self->second = add_tile (self, "p2", self->noor);
  call_room_await_all (self->room);
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  kl_ui_test_close (self->window, self->grid);
  call_room_free (self->room);
  kl_test_finalize (self->me);
  kl_test_finalize (self->mateo);
  kl_test_finalize (self->noor);
}

static GtkWidget *
part (KlCallTile *tile, const char *css)
{
  return kl_ui_test_find (GTK_WIDGET (tile), GTK_TYPE_WIDGET, css);
}

static gboolean
has_icon (KlCallTile *tile, const char *name)
{
  for (GtkWidget *child = gtk_widget_get_first_child (part (tile, "chip")); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (GTK_IS_IMAGE (child) && gtk_widget_get_visible (child)
        && g_strcmp0 (gtk_image_get_icon_name (GTK_IMAGE (child)), name) == 0)
      return TRUE;
  return FALSE;
}

/* Who has a camera is seen, who speaks has an outline, who has neither shows as himself. */
static void
test_three (Fixture *self, gconstpointer unused)
{
  kl_test_wait_until (kl_video_get_has_picture (KL_VIDEO (part (self->first, "video"))));
  g_assert_false (gtk_widget_get_visible (part (self->first, "halo")));
  g_assert_cmpstr (kl_call_tile_get_name (self->first), ==, "Mateo");
  kl_test_wait_until (gtk_widget_has_css_class (GTK_WIDGET (self->first), "speaking"));
  g_assert_true (has_icon (self->first, "kl-speaking-symbolic"));

  kl_test_wait_until (has_icon (self->second, "kl-mic-off-symbolic"));
  g_assert_true (has_icon (self->second, "kl-camera-off-symbolic"));
  g_assert_true (gtk_widget_get_visible (part (self->second, "halo")));
  g_assert_false (gtk_widget_get_visible (part (self->second, "video")));
  g_assert_false (gtk_widget_has_css_class (GTK_WIDGET (self->second), "speaking"));

  g_assert_cmpstr (kl_call_tile_get_name (self->own), ==, "Ilse (you)");
  kl_test_wait_until (kl_video_get_has_picture (KL_VIDEO (part (self->own, "video"))));
  g_assert_true (gtk_widget_has_css_class (GTK_WIDGET (self->own), "small"));
}

/* What they switch shows at once; a name that becomes known, too. */
static void
test_switches (Fixture *self, gconstpointer unused)
{
  kl_test_wait_until (!gtk_widget_get_visible (part (self->first, "halo")));
  call_room_say (self->room, "p1", "{\"do\":\"source\",\"pattern\":null}");
  kl_test_wait_until (has_icon (self->first, "kl-camera-off-symbolic"));
  g_assert_true (gtk_widget_get_visible (part (self->first, "halo")));
  g_assert_false (gtk_widget_get_visible (part (self->first, "video")));
  call_room_say (self->room, "p1", "{\"do\":\"source\",\"pattern\":\"snow\"}");
  kl_test_wait_until (!gtk_widget_get_visible (part (self->first, "halo")));

  g_assert_false (gtk_widget_get_visible (part (self->second, "hand")));
  call_room_raise_hand (self->room, "p2", TRUE);
  g_assert_true (gtk_widget_get_visible (part (self->second, "hand")));

  kl_call_tile_set_user (self->second, NULL);
  g_assert_cmpstr (kl_call_tile_get_name (self->second), ==, "Somebody");
  kl_call_tile_set_user (self->second, self->noor);
  g_object_set (self->noor, "display-name", "Noor El-Amin", NULL);
  g_assert_cmpstr (kl_call_tile_get_name (self->second), ==, "Noor El-Amin");

  kl_publisher_set_source (kl_call_get_publisher (call_room_get_call (self->room)), KL_MEDIA_VIDEO, NULL);
  g_assert_true (gtk_widget_get_visible (part (self->own, "halo")));
}

/* Nobody converts pictures that nobody sees. */
static void
test_wanted (Fixture *self, gconstpointer unused)
{
  KlVideoFeed *feed = kl_call_peer_get_feed (kl_call_tile_get_peer (self->first));
  GtkWidget *second_view = kl_video_new ();

  kl_test_wait_until (gtk_widget_get_mapped (part (self->first, "video")));
  g_assert_true (kl_video_feed_get_wanted (feed));
  gtk_widget_set_visible (self->grid, FALSE);
  g_assert_false (kl_video_feed_get_wanted (feed));

  /* Of two that look, one may go. */
  gtk_widget_set_visible (self->grid, TRUE);
  kl_test_wait_until (kl_video_feed_get_wanted (feed));
  g_object_ref_sink (second_view);
  kl_video_set_feed (KL_VIDEO (second_view), feed);
  g_assert_true (kl_video_feed_get_wanted (feed));
  kl_video_set_feed (KL_VIDEO (second_view), NULL);
  g_assert_true (kl_video_feed_get_wanted (feed));
  kl_test_finalize (second_view);
}

static gboolean
is_at (KlCallTile *tile, float x, float y, float width)
{
  graphene_rect_t box;
  GtkWidget *grid = gtk_widget_get_parent (GTK_WIDGET (tile));

  return gtk_widget_compute_bounds (GTK_WIDGET (tile), grid, &box) && ABS (box.origin.x - x) < 1 && ABS (box.origin.y - y) < 1
         && ABS (box.size.width - width) < 1;
}

/* Who goes leaves his room to the others, by and by, and is let go of. */
static void
test_motion (Fixture *self, gconstpointer unused)
{
  GtkWidget *gone = GTK_WIDGET (self->second);
  float width;
  gboolean between = FALSE;

  g_object_set (gtk_settings_get_default (), "gtk-enable-animations", TRUE, NULL);
  width = (float) gtk_widget_get_width (self->grid);
  kl_test_wait_until (is_at (self->first, 0, 0, (width - 12) / 2));
  call_room_remove (self->room, "p2");
  g_object_add_weak_pointer (G_OBJECT (gone), (gpointer *) &gone);
  kl_call_grid_remove (KL_CALL_GRID (self->grid), self->second);
  while (!is_at (self->first, 0, 0, width))
    {
      float now = (float) gtk_widget_get_width (GTK_WIDGET (self->first));

      between = between || (now > width / 2 + 1 && now < width - 1);
      kl_test_spin (5);
    }
  g_assert_true (between);
  kl_test_wait_until (gone == NULL);

  /* The large one, and all the same again. */
  kl_call_grid_set_focus (KL_CALL_GRID (self->grid), self->own);
  kl_test_wait_until (is_at (self->own, 0, 0, (float) gtk_widget_get_width (self->grid) - 12 - MAX (96, (int) width / 5)));
  g_assert_false (gtk_widget_has_css_class (GTK_WIDGET (self->own), "small"));
  kl_call_grid_set_focus (KL_CALL_GRID (self->grid), NULL);

  /* With less motion it is there at once. */
  g_object_set (gtk_settings_get_default (), "gtk-enable-animations", FALSE, NULL);
  kl_call_grid_set_focus (KL_CALL_GRID (self->grid), self->first);
  kl_test_wait_until (is_at (self->first, 0, 0, (float) gtk_widget_get_width (self->grid) - 12 - MAX (96, (int) width / 5)));
  kl_call_grid_remove (KL_CALL_GRID (self->grid), self->first);
  g_assert_null (kl_call_grid_get_focus (KL_CALL_GRID (self->grid)));
  g_assert_cmpuint (kl_call_grid_get_tiles (KL_CALL_GRID (self->grid))->len, ==, 1);
}

/* Whose line is bad is said, by sign and by word. */
static void
test_weak (Fixture *self, gconstpointer filter)
{
  g_autofree char *differs = NULL;

  g_assert_false (has_icon (self->own, "kl-bars-symbolic"));
  kl_test_wait_until (has_icon (self->first, "kl-bars-symbolic"));
  differs = gtk_test_accessible_check_property (GTK_ACCESSIBLE (self->first), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                                "Mateo, weak connection", NULL);
  g_assert_cmpstr (differs, ==, NULL);
}

int
main (int argc, char **argv)
{
  kl_call_init_process (&argc, &argv);
  kl_ui_test_init (&argc, &argv);
#define ADD(name, func) g_test_add ("/call-tiles/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("three", test_three);
  ADD ("switches", test_switches);
  ADD ("wanted", test_wanted);
  ADD ("motion", test_motion);
#undef ADD
  g_test_add ("/call-tiles/weak", Fixture, "netsim drop-probability=0.3", set_up, test_weak, tear_down);
  return g_test_run ();
}
