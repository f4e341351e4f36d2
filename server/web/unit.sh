#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The unit tests of the browser client, as TAP.
set -eu
"$1/../../.ci/npm-modules" "$1"
cd "$1"
exec node_modules/.bin/vitest run --configLoader native --reporter=tap-flat
