#!/usr/bin/env bash
# Nobody reads standard output. Right: quiet, with the status of SIGPIPE as other tools have it; a training is completed all the same.
. "$(dirname "$0")/../common.sh"
nice "$field/tools/lamina" summary --width 4 2>"$work/err" | true; rc=${PIPESTATUS[0]}
[ "$rc" = 141 ] && ! grep -q 'lamina:\|Exception' "$work/err" || wrong "summary: rc $rc, $(cat "$work/err")"
train --data "$base" --run "$work/run" | true
[ -e "$work/run/export/1/saved_model.pb" ] || wrong "training did not end"
err=$(nice "$field/tools/lamina" summary --width 4 2>&1 >&-); rc=$?
[ $rc != 0 ] && grep -q 'could not be written' <<<"$err" || wrong "closed output: rc $rc, $err"
ok
