#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# build.sh SOURCE BUILD C_FILE DEPFILE: checks and bundles the browser client
# and writes it as a GResource in C; called by meson.
set -eu
source=$1 build=$2 output=$(realpath "$3") depfile=$(realpath -m "$4")
"$source/../../.ci/npm-modules" "$source"
cd "$source"
node_modules/.bin/tsc --noEmit -p tsconfig.json
node_modules/.bin/vite build --configLoader native --logLevel warn --emptyOutDir --outDir "$build/dist"
cd "$build/dist"
{
  echo '<?xml version="1.0" encoding="UTF-8"?>'
  echo '<gresources><gresource prefix="/chat/klatch/web">'
  find index.html assets -type f | sort | sed 's|.*|<file>&</file>|'
  echo '</gresource></gresources>'
} >../web.gresource.xml
glib-compile-resources --generate-source --c-name kl_web --sourcedir . --target "$output" ../web.gresource.xml
printf '%s: %s\n' "$3" "$(find "$source/src" "$source/../../app/ui/art" "$source/../../po/web" -type f | sort | paste -sd' ' -)" >"$depfile"
