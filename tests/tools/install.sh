#!/usr/bin/env bash
# Installs what the tests drive from outside and Python cannot bring: Debian's chromium (browser tests) and
# postfix (its smtp-sink is the SMTP server that Motet did not write). Does nothing when both are there.
set -euo pipefail

missing=()
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || missing+=(chromium fonts-dejavu-core)
# /usr/sbin is not on every user's PATH.
[ -x /usr/sbin/smtp-sink ] || command -v smtp-sink >/dev/null || missing+=(postfix)
[ "${#missing[@]}" -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
    echo "The tests need chromium and postfix's smtp-sink, and this system has no apt-get:" >&2
    echo "install them with its own package manager and run again." >&2
    exit 1
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "Run this once as root: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi

export DEBIAN_FRONTEND=noninteractive
# `env` carries the setting through sudo, which clears the environment.
run() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive "$@" </dev/null; }

if command -v debconf-set-selections >/dev/null; then
    # Postfix is installed for smtp-sink only: it gets no configuration, so that no mail server starts.
    echo "postfix postfix/main_mailer_type select No configuration" | "${as_root[@]}" debconf-set-selections
fi
echo "Installing ${missing[*]}"
run apt-get -qq update
run apt-get -qq -y --no-install-recommends install "${missing[@]}" >/dev/null
