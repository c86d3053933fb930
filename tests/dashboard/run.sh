#!/bin/sh
# run.sh TEST…: installs the packages that the tests need, once, and runs them.
set -eu
here=$(dirname "$(readlink -f "$0")")
mkdir -p "$PACKAGES"
(
    flock 9
    cmp -s "$here/package-lock.json" "$PACKAGES/installed.json" || {
        cp "$here/package.json" "$here/package-lock.json" "$PACKAGES/"
        (cd "$PACKAGES" && npm ci --ignore-scripts --no-audit --no-fund)
        cp "$here/package-lock.json" "$PACKAGES/installed.json"
    }
) 9>"$PACKAGES/lock"
cd "$here"
exec node --test --test-reporter=spec "$@"
