#!/usr/bin/env bash
# Brings the acceptance lab's healthy stacks up and down with devstack, and shows what became of it.
#
#   tests/lab/run.sh [STACK…]        without a name: all that are meant to be healthy
#   DEVSTACK_LAB   the lab; default: ../shared/lab beside this repository
#   DEVSTACK       the binary; default: build/release/devstack
#
# The lab needs root (namespaces, PostgreSQL) and installs Debian and npm packages. One that is not
# installed is copied to build/lab and installed there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/find_lab.sh"

# All but those whose one service is meant to fail, or whose backend is somebody else's.
healthy=(sora sora-full nano keyserver fastapi sse-both misc-ok misc-orphans misc-fd misc-leak
    misc-zombies misc-tally misc-avatars)

export LAB_UP="/usr/bin/python3 '$here/up.py'" LAB_DOWN="/usr/bin/python3 '$here/down.py'"
results=$(mktemp -d /tmp/devstack-lab-results.XXXXXX)
stacks=("$@")
[ $# -gt 0 ] || stacks=("${healthy[@]}")

failed=()
printf '%-16s %8s %8s   %-10s %s\n' stack ready down leftovers problems
for stack in "${stacks[@]}"; do
    export DEVSTACK_LAB_REPORT=$results/$stack
    mkdir -p "$DEVSTACK_LAB_REPORT"
    "$lab/run_fault.sh" --healthy "$stack" --record "$DEVSTACK_LAB_REPORT/lab.json" \
        >"$DEVSTACK_LAB_REPORT/output" 2>&1 || true
    /usr/bin/python3 "$here/judge.py" "$stack" "$DEVSTACK_LAB_REPORT" || failed+=("$stack")
done

if [ ${#failed[@]} -gt 0 ]; then
    echo "failed: ${failed[*]}; what was said is in $results/STACK/output"
    exit 1
fi
rm -rf "$results"
