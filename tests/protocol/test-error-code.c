/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "protocol/kl-error-code.h"

static void
test_round_trip (void)
{
  static const struct
  {
    const char *word;
    unsigned status;
  } cases[] = {
    { "bad_request", 400 }, { "unauthorized", 401 }, { "forbidden", 403 },   { "not_found", 404 }, { "conflict", 409 },
    { "too_large", 413 },   { "rate_limited", 429 }, { "unavailable", 503 }, { "internal", 500 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      KlErrorCode code = kl_error_code_from_string (cases[i].word);

      g_assert_cmpstr (kl_error_code_to_string (code), ==, cases[i].word);
      g_assert_cmpuint (kl_error_code_to_http_status (code), ==, cases[i].status);
    }
  g_assert_cmpint (kl_error_code_from_string (NULL), ==, KL_ERROR_CODE_NONE);
  g_assert_null (kl_error_code_to_string (KL_ERROR_CODE_NONE));
  g_assert_cmpint (kl_error_code_from_string ("from_the_future"), ==, KL_ERROR_CODE_INTERNAL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/protocol/error-code/round-trip", test_round_trip);
  return g_test_run ();
}
