/* SPDX-License-Identifier: GPL-3.0-or-later
 * The data of call:signal, read and written (docs/protocol.md, "Calls"). Pure. */
#pragma once

#include <glib.h>

#include "app/call/kl-call-types.h"

G_BEGIN_DECLS

typedef enum
{
  KL_CALL_MESSAGE_OFFER,
  KL_CALL_MESSAGE_ANSWER,
  KL_CALL_MESSAGE_CANDIDATE,
  KL_CALL_MESSAGE_LAST_CANDIDATE, /* there will be no more */
  KL_CALL_MESSAGE_RENEW,          /* whoever offered is to offer a new connection */
} KlCallMessageKind;

typedef struct
{
  KlCallMessageKind kind;
  char *session;
  char *sdp;       /* OFFER, ANSWER */
  char *candidate; /* CANDIDATE: "candidate:…" */
  char *mid;       /* CANDIDATE: may be NULL, if line is not -1 */
  int line;        /* CANDIDATE: the m-line's index, or -1 */
} KlCallMessage;

/* NULL for whatever is none of these; that is ignored. */
KlCallMessage *kl_call_message_parse (const char *data, gssize length_bytes);
void kl_call_message_free (KlCallMessage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlCallMessage, kl_call_message_free)

char *kl_call_message_write_sdp (const char *session, KlCallMessageKind kind, const char *sdp);
/* CANDIDATE NULL: there will be no more. */
char *kl_call_message_write_candidate (const char *session, const char *candidate, const char *mid, int line);
char *kl_call_message_write_renew (const char *session);

G_END_DECLS
