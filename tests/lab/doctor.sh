#!/usr/bin/env bash
# Runs the acceptance lab's faults, and shows what `devstack doctor` makes of each.
#
#   tests/lab/doctor.sh [FAULT…]           without a name: all
#   tests/lab/doctor.sh --healthy [STACK…] healthy stacks under load: there must be no finding
#   DEVSTACK_LAB   the lab; default: as run.sh has it
#   DEVSTACK       the binary; default: build/release/devstack
#   RESULTS        where what was said is kept; default: a new folder in /tmp
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/find_lab.sh"
export LAB_UP="/usr/bin/python3 '$here/up.py'" LAB_DOWN="/usr/bin/python3 '$here/down.py'"
# What is broken does not become ready by waiting longer.
export DEVSTACK_LAB_UP_LIMIT=${DEVSTACK_LAB_UP_LIMIT:-12}
export LAB_DOCTOR="/usr/bin/python3 '$here/doctor.py'"
results=${RESULTS:-$(mktemp -d /tmp/devstack-lab-doctor.XXXXXX)}
mkdir -p "$results"
faults=("$@")
if [ "${1-}" = --healthy ]; then
    shift
    export DEVSTACK_LAB_LOAD=1 DEVSTACK_LAB_UP_LIMIT=28
    [ $# -gt 0 ] || set -- sora sora-full nano keyserver fastapi sse-both misc-ok misc-orphans \
        misc-fd misc-leak misc-tally misc-avatars
    for stack in "$@"; do
        export DEVSTACK_LAB_REPORT=$results/$stack
        mkdir -p "$DEVSTACK_LAB_REPORT"
        "$lab/run_fault.sh" --healthy "$stack" --record "$DEVSTACK_LAB_REPORT/lab.json" \
            >"$DEVSTACK_LAB_REPORT/output" 2>&1 || true
        /usr/bin/python3 "$here/judge_doctor.py" row "$DEVSTACK_LAB_REPORT"
    done
    exit
fi
mapfile -t all < <("$lab/run_fault.sh" --list | awk '{ sub(":", "", $2); print $2 }')
[ $# -gt 0 ] || faults=("${all[@]}")
for wish in "${faults[@]}"; do
    # By id, slug or name, as the lab has it.
    fault=$(printf '%s\n' "${all[@]}" | grep -m1 -E "^($wish|$wish-.*|[0-9]+-$wish)\$") || {
        echo "there is no fault $wish" >&2
        exit 2
    }
    export DEVSTACK_LAB_REPORT=$results/$fault
    rm -rf "$DEVSTACK_LAB_REPORT"
    mkdir -p "$DEVSTACK_LAB_REPORT"
    "$lab/run_fault.sh" "$fault" --record "$DEVSTACK_LAB_REPORT/lab.json" \
        >"$DEVSTACK_LAB_REPORT/output" 2>&1 || true
    /usr/bin/python3 "$here/judge_doctor.py" row "$DEVSTACK_LAB_REPORT"
done
/usr/bin/python3 "$here/judge_doctor.py" sum "$results"
echo "what was said is in $results/FAULT/output"
