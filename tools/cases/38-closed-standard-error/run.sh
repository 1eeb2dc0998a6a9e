#!/usr/bin/env bash
# Started without standard input and error, as by some schedulers. Right: the same answers. The next files that Java opened had their
# numbers, and the process crashed.
. "$(dirname "$0")/../common.sh"
train --data "$base" --run "$work/run" >"$work/out" || wrong "train: $(tail -1 "$work/out")"
image=$(find "$base" -name '*.png' | sort | head -1)
expected=$(nice "$field/tools/lamina" predict --run "$work/run" "$image" 2>/dev/null)
out=$(nice "$field/tools/lamina" predict --run "$work/run" "$image" <&- 2>&-); rc=$?
[ $rc = 0 ] && [ -n "$out" ] && [ "$out" = "$expected" ] || wrong "predict: rc $rc, $out"
nice "$field/tools/lamina" train --data "$base" --width 4 --epochs 1 --run "$work/closed" <&- >&- 2>&-; rc=$?
[ -e "$work/closed/export/1/saved_model.pb" ] || wrong "train: rc $rc, no export"
ok
