#!/bin/sh
# All benchmarks, as ratios to a bare baseline in the same run: bench/run.sh BUILD_DIR
set -eu
cd "$(dirname "$0")/.."
python3 bench/supervision.py "$1" --peers
python3 bench/log_search.py "$1"
for program in "$1"/bench/*_bench; do
    [ -x "$program" ] && "$program"
done
"$1"/bench/streams "$(readlink -f "$1"/devstack)"
