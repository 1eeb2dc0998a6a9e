#!/usr/bin/env bash
# Two trainings without --run, started at once. Right: two run folders, both complete.
. "$(dirname "$0")/../common.sh"
lamina --version >/dev/null; cd "$work"
for i in 1 2 3; do train --data "$base" >"log$i" & done; wait
n=$(ls -d runs/*/export/1 | wc -l)
[ "$n" = 3 ] || wrong "$n of 3 runs: $(tail -qn 1 log?)"
ok
