#!/usr/bin/env bash
# Makes the pictures of the terminal in this folder anew, from the real program with the demo profile:
# docs/screenshots/terminal.sh [PATH OF devstack]. Needs tmux and python3, and the demo's ports.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
devstack=$(realpath "${1:-$here/../../build/release/devstack}")
columns=110 rows=30

directory=$(mktemp -d)
terminal() { env -u TMUX -u NO_COLOR LC_ALL=C.UTF-8 tmux -u -S "$directory/tmux" -f /dev/null "$@"; }
clean_up() {
    terminal kill-server 2>/dev/null || true
    (cd "$directory/demo" && "$devstack" down >/dev/null) || true
    rm -rf "$directory"
}
trap clean_up EXIT

# Waits until the screen shows a text.
await() {
    for _ in $(seq 300); do
        if terminal capture-pane -p | grep -qF -- "$1"; then return; fi
        sleep 0.1
    done
    echo "waited for \"$1\"; on the screen is" >&2
    terminal capture-pane -p >&2
    return 1
}
take() { terminal capture-pane -e -p | python3 "$here/terminal_svg.py" "$columns" >"$here/$1.svg"; }

mkdir "$directory/demo"
cd "$directory/demo"
"$devstack" up -d --wait demo >/dev/null
terminal new-session -d -x $columns -y $rows "$devstack" top
await 'services ready'
"$devstack" signal KILL api >/dev/null
await 'was killed by SIGKILL'
await 'api     * ready: '
await '5 of 5 services ready'
terminal send-keys Down Down
await ' api is ready'
take top
terminal send-keys y
await 'last events'
take top-why
