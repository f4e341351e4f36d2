/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every limit of the wire contract, by name. Units stand in the names; lengths in characters are Unicode code points.
 * Those that an administrator can change ([limits] in the settings) are the defaults. */
#pragma once

/* Text */
#define KL_LIMIT_BODY_BYTES (16 * 1024)
#define KL_LIMIT_GROUP_NAME_CHARS 100
#define KL_LIMIT_DISPLAY_NAME_CHARS 64
#define KL_LIMIT_TOPIC_CHARS 1000
#define KL_LIMIT_STATUS_TEXT_CHARS 140
#define KL_LIMIT_DEVICE_CHARS 64
#define KL_LIMIT_QUERY_CHARS 200
#define KL_LIMIT_EMOJI_BYTES 64
#define KL_LIMIT_PASSWORD_MIN_BYTES 8
#define KL_LIMIT_PASSWORD_MAX_BYTES 1024
#define KL_LIMIT_CLIENT_ID_CHARS 64
#define KL_LIMIT_ID_CHARS 64
#define KL_LIMIT_ADDRESS_BYTES 3071
#define KL_LIMIT_USER_NAME_MIN_CHARS 2
#define KL_LIMIT_USER_NAME_MAX_CHARS 32
#define KL_LIMIT_SLUG_MIN_CHARS 2
#define KL_LIMIT_SLUG_MAX_CHARS 48
#define KL_LIMIT_PREVIEW_CUT_CHARS 200 /* the body of last_message */
#define KL_LIMIT_HUE_MAX 7

/* Packets and JSON */
#define KL_LIMIT_PACKET_BYTES (1024 * 1024)
#define KL_LIMIT_JSON_DEPTH 32
#define KL_LIMIT_SIGNAL_BYTES (256 * 1024)
#define KL_LIMIT_UPLOAD_BYTES (100 * 1024 * 1024)
#define KL_LIMIT_QUEUE_BYTES (4 * 1024 * 1024)

/* Pages */
#define KL_LIMIT_PAGE_MIN 1
#define KL_LIMIT_PAGE_MAX 100
#define KL_LIMIT_PAGE_DEFAULT 50
#define KL_LIMIT_USERS_PER_REQUEST 100
#define KL_LIMIT_SYNC_CHANGES 500
#define KL_LIMIT_SYNC_ANSWER_BYTES (512 * 1024)
#define KL_LIMIT_OPEN_PEOPLE 200     /* here, online and reads in the answer to group:open */
#define KL_LIMIT_PRESENCE_GROUP 200  /* members up to which a group's people are told by name */
#define KL_LIMIT_READS_GROUP 50      /* members up to which read marks are told */
#define KL_LIMIT_UNREAD_EXACT 999    /* one more means "more" */

/* Counts */
#define KL_LIMIT_MEMBERS_PER_GROUP 10000
#define KL_LIMIT_GROUPS_PER_USER 1000
#define KL_LIMIT_OPEN_GROUPS_PER_CONNECTION 16
#define KL_LIMIT_CONNECTIONS_PER_USER 64
#define KL_LIMIT_CONNECTIONS_UNSIGNED 256
#define KL_LIMIT_MEDIA_PER_MESSAGE 20
#define KL_LIMIT_REACTIONS_PER_MESSAGE 20
#define KL_LIMIT_PINS_PER_GROUP 20
#define KL_LIMIT_MESH_PEERS 6

/* Rates */
#define KL_LIMIT_MESSAGES_PER_SECOND 20
#define KL_LIMIT_MESSAGE_BURST 40
#define KL_LIMIT_READS_PER_SECOND 50
#define KL_LIMIT_READ_BURST 100
#define KL_LIMIT_SIGN_INS_PER_MINUTE 10
#define KL_LIMIT_FAILURES_PER_MINUTE 10

/* Times */
#define KL_LIMIT_UNSIGNED_MS (10 * 1000)
#define KL_LIMIT_PING_INTERVAL_MS (15 * 1000)
#define KL_LIMIT_PING_TIMEOUT_MS (10 * 1000)
#define KL_LIMIT_TYPING_MS (6 * 1000)
#define KL_LIMIT_SESSION_MS (90LL * 24 * 3600 * 1000)
#define KL_LIMIT_INVITE_DEFAULT_MS (7LL * 24 * 3600 * 1000)
#define KL_LIMIT_INVITE_DEFAULT_USES 100
#define KL_LIMIT_MEDIA_ORPHAN_MS (24LL * 3600 * 1000)
#define KL_LIMIT_SLOW_CONSUMER_CLOSE_MS (5 * 1000)

/* Integers on the wire stay exact in a JavaScript number. */
#define KL_LIMIT_INTEGER_MAX 9007199254740991LL
