#!/usr/bin/env bash
# Plots and the contact sheet cannot be written. Right: a warning, and the run ends as it would with them.
. "$(dirname "$0")/../common.sh"
train --data "$base" --run "$work/run" >/dev/null || wrong "training failed"
rm -r "$work/run/plots"; touch "$work/run/plots"
out=$(lamina train --resume "$work/run" --epochs 2); rc=$?
[ $rc = 0 ] && grep -q 'could not be drawn' <<<"$out" && grep -q '^test accuracy' <<<"$out" && ! trace "$out" || wrong "rc $rc: $out"
ok
