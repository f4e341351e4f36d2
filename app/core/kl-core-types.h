/* SPDX-License-Identifier: GPL-3.0-or-later
 * The enumerations and the error domain of the client's core. Values that the wire has carry its words
 * (docs/protocol.md) as their nicks. */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* What is known of a person's presence. UNKNOWN: nothing is (we are offline, or share no group). */
typedef enum
{
  KL_USER_STATUS_UNKNOWN,
  KL_USER_STATUS_OFFLINE,
  KL_USER_STATUS_AWAY,
  KL_USER_STATUS_DND,
  KL_USER_STATUS_ONLINE,
} KlUserStatus;

/* NONE: not a member (any more). */
typedef enum
{
  KL_ROLE_NONE,
  KL_ROLE_MEMBER,
  KL_ROLE_ADMIN,
  KL_ROLE_OWNER,
} KlRole;

typedef enum
{
  KL_VISIBILITY_PRIVATE,
  KL_VISIBILITY_PUBLIC,
} KlVisibility;

typedef enum
{
  KL_GROUP_KIND_GROUP,
  KL_GROUP_KIND_DIRECT,
} KlGroupKind;

typedef enum
{
  KL_NOTIFY_ALL,
  KL_NOTIFY_MENTIONS,
  KL_NOTIFY_NONE,
} KlNotify;

typedef enum
{
  KL_MESSAGE_KIND_TEXT,
  KL_MESSAGE_KIND_MEDIA,
  KL_MESSAGE_KIND_SYSTEM,
} KlMessageKind;

/* NONE: not a system message. UNKNOWN: an event of a later version. */
typedef enum
{
  KL_SYSTEM_EVENT_NONE,
  KL_SYSTEM_EVENT_CREATED,
  KL_SYSTEM_EVENT_JOINED,
  KL_SYSTEM_EVENT_LEFT,
  KL_SYSTEM_EVENT_REMOVED,
  KL_SYSTEM_EVENT_RENAMED,
  KL_SYSTEM_EVENT_TOPIC,
  KL_SYSTEM_EVENT_CALL,
  KL_SYSTEM_EVENT_UNKNOWN,
} KlSystemEvent;

/* PENDING: on this computer's disk, on its way. FAILED: the server has refused it; it waits for "try again" or
 * "discard". SENT: stored by the server. READ: another has read it (own messages only). */
typedef enum
{
  KL_MESSAGE_STATE_PENDING,
  KL_MESSAGE_STATE_FAILED,
  KL_MESSAGE_STATE_SENT,
  KL_MESSAGE_STATE_READ,
} KlMessageState;

/* Where a member stands in the list of people. */
typedef enum
{
  KL_MEMBER_SECTION_HERE,
  KL_MEMBER_SECTION_ONLINE,
  KL_MEMBER_SECTION_OFFLINE,
} KlMemberSection;

/* What the banner says. STOPPED: not started, or signed out. CONNECTING: also while the first sync is under way.
 * WAITING: the next attempt comes by itself (KlSession:retry-in). OFFLINE: this computer has no network; we connect
 * as soon as it has. REFUSED: the session has ended on the server (signed out elsewhere, password changed); sign in
 * again. */
typedef enum
{
  KL_CONNECTION_STATE_STOPPED,
  KL_CONNECTION_STATE_CONNECTING,
  KL_CONNECTION_STATE_ONLINE,
  KL_CONNECTION_STATE_WAITING,
  KL_CONNECTION_STATE_OFFLINE,
  KL_CONNECTION_STATE_REFUSED,
} KlConnectionState;

typedef enum
{
  KL_REGISTRATION_OPEN,
  KL_REGISTRATION_INVITE,
  KL_REGISTRATION_CLOSED,
} KlRegistration;

/* Where the token of an account is kept between two starts. */
typedef enum
{
  KL_KEEP_IN_SECRET_SERVICE,
  KL_KEEP_IN_FILE,     /* in the account's folder, readable by the owner alone */
  KL_KEEP_NOWHERE,     /* ask for the password each time */
} KlKeep;

/* The core's errors. Those from BAD_REQUEST to INTERNAL are the server's own codes; their message is the server's
 * sentence, and kl_error_get_field() tells the field that it concerns. */
#define KL_CORE_ERROR (kl_core_error_quark ())

typedef enum
{
  KL_CORE_ERROR_BAD_REQUEST,
  KL_CORE_ERROR_UNAUTHORIZED,
  KL_CORE_ERROR_FORBIDDEN,
  KL_CORE_ERROR_NOT_FOUND,
  KL_CORE_ERROR_CONFLICT,
  KL_CORE_ERROR_TOO_LARGE,
  KL_CORE_ERROR_RATE_LIMITED,
  KL_CORE_ERROR_UNAVAILABLE,
  KL_CORE_ERROR_INTERNAL,
  KL_CORE_ERROR_BAD_ADDRESS,       /* what was typed is no server address */
  KL_CORE_ERROR_UNREACHABLE,       /* nobody answers there */
  KL_CORE_ERROR_UNTRUSTED,         /* its certificate is not good */
  KL_CORE_ERROR_NOT_KLATCH,        /* somebody answers, but it is no Klatch server */
  KL_CORE_ERROR_OFFLINE,           /* not connected now */
  KL_CORE_ERROR_TIMED_OUT,         /* no answer in time */
  KL_CORE_ERROR_NO_SECRET_SERVICE, /* the token cannot be kept there; offer KL_KEEP_IN_FILE or KL_KEEP_NOWHERE */
  KL_CORE_ERROR_STORAGE,           /* the disk: full, read-only, or a file of a newer version */
  KL_CORE_ERROR_LEFT,              /* one was no longer in the group when it should have been sent */
} KlCoreError;

GQuark kl_core_error_quark (void);

/* The name of the field that a KL_CORE_ERROR concerns ("name", "password", "slug" …), or NULL. */
const char *kl_error_get_field (const GError *error);

/* How long the server asks to wait before another try, in milliseconds; 0 where it said nothing. */
gint64 kl_error_get_retry_after_ms (const GError *error);

G_END_DECLS
