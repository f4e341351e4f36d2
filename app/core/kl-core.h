/* SPDX-License-Identifier: GPL-3.0-or-later
 * Everything that the user interface needs of the core. */
#pragma once

#include "app/core/kl-account.h"
#include "app/core/kl-core-enums.h"
#include "app/core/kl-core-types.h"
#include "app/core/kl-directory.h"
#include "app/core/kl-group-call.h"
#include "app/core/kl-group-list.h"
#include "app/core/kl-group.h"
#include "app/core/kl-member-list.h"
#include "app/core/kl-member.h"
#include "app/core/kl-message-list.h"
#include "app/core/kl-message.h"
#include "app/core/kl-ring.h"
#include "app/core/kl-server.h"
#include "app/core/kl-session-calls.h"
#include "app/core/kl-session.h"
#include "app/core/kl-user.h"
