/* SPDX-License-Identifier: GPL-3.0-or-later */
/* window-clock SETTLE_SECONDS CMD…: how long a program takes until its window is mapped and until something is drawn in
 * it, and what memory it uses when it has settled. Then ends it by SIGTERM. One line: MAPPED_MS DRAWN_MS RSS_KIB. */

#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEADLINE_USEC (60 * G_USEC_PER_SEC)
#define SMALLEST_PX 300
#define LOOK_EVERY_MS 3
/* A list with names, faces and times has more than a placeholder and a header bar. */
#define DRAWN_CHANGES 4000

static int
ignore_error (Display *display, XErrorEvent *event)
{
  return 0;
}

/* Horizontal changes of colour: an empty pane has few. */
static guint
count_changes (Display *display, Window window)
{
  XWindowAttributes attributes;
  XImage *image;
  guint n = 0;

  if (!XGetWindowAttributes (display, window, &attributes) || attributes.map_state != IsViewable)
    return 0;
  image = XGetImage (display, window, 0, 0, (guint) attributes.width, (guint) attributes.height, AllPlanes, ZPixmap);
  if (image == NULL)
    return 0;
  for (int y = 0; y < image->height; y += 2)
    {
      const guint32 *row = (const guint32 *) (image->data + y * image->bytes_per_line);

      for (int x = 1; x < image->width; x++)
        n += row[x] != row[x - 1];
    }
  XDestroyImage (image);
  return n;
}

static Window
wait_for_window (Display *display, gint64 deadline)
{
  while (g_get_monotonic_time () < deadline)
    {
      struct pollfd fd = { .fd = ConnectionNumber (display), .events = POLLIN };

      while (XPending (display) > 0)
        {
          XWindowAttributes attributes;
          XEvent event;

          XNextEvent (display, &event);
          if (event.type == MapNotify && !event.xmap.override_redirect
              && XGetWindowAttributes (display, event.xmap.window, &attributes) && attributes.width >= SMALLEST_PX)
            return event.xmap.window;
        }
      poll (&fd, 1, 100);
    }
  return None;
}

static long
read_rss_kib (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/status", (int) pid);
  g_autofree char *text = NULL;
  const char *line;

  if (!g_file_get_contents (path, &text, NULL, NULL) || (line = strstr (text, "VmRSS:")) == NULL)
    return -1;
  return strtol (line + strlen ("VmRSS:"), NULL, 10);
}

int
main (int argc, char **argv)
{
  Display *display = XOpenDisplay (NULL);
  gint64 started, mapped, drawn = 0;
  long rss_kib;
  Window window;
  pid_t pid;

  if (argc < 3 || display == NULL)
    {
      g_printerr (display == NULL ? "window-clock: there is no X display\n" : "Usage: window-clock SECONDS CMD…\n");
      return 2;
    }
  XSetErrorHandler (ignore_error);
  XSelectInput (display, DefaultRootWindow (display), SubstructureNotifyMask);
  XSync (display, False);

  started = g_get_monotonic_time ();
  pid = fork ();
  if (pid == 0)
    {
      execvp (argv[2], argv + 2);
      _exit (127);
    }
  window = wait_for_window (display, started + DEADLINE_USEC);
  mapped = g_get_monotonic_time ();
  while (window != None && g_get_monotonic_time () < started + DEADLINE_USEC)
    {
      if (count_changes (display, window) >= DRAWN_CHANGES)
        {
          drawn = g_get_monotonic_time ();
          break;
        }
      g_usleep (LOOK_EVERY_MS * 1000);
    }
  g_usleep ((gulong) (atof (argv[1]) * G_USEC_PER_SEC));
  rss_kib = read_rss_kib (pid);
  kill (pid, SIGTERM);
  waitpid (pid, NULL, 0);
  if (drawn == 0)
    {
      g_printerr ("window-clock: nothing was drawn\n");
      return 1;
    }
  g_print ("%.1f %.1f %ld\n", (double) (mapped - started) / 1000, (double) (drawn - started) / 1000, rss_kib);
  return 0;
}
