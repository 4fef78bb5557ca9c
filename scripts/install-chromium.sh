#!/bin/sh
# The browser that the tests of the dashboard look through: Debian's, if none is there yet.
# Elsewhere, install Chromium or Chrome and name it in CHROMIUM_PATH.
set -eu
for name in chromium chromium-browser google-chrome; do
  if command -v "$name" >/dev/null; then exit 0; fi
done
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install --yes --no-install-recommends chromium fonts-dejavu-core
