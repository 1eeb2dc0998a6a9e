#!/usr/bin/env bash
# A Java heap that is too small. Right: one line that says how to give it more, status 2; and options beside the launcher's own.
. "$(dirname "$0")/../common.sh"
out=$(LAMINA_JAVA_OPTS=-Xmx40m lamina train --width 4 --epochs 1 --run "$work/run"); rc=$?
trace "$out" && wrong "rc $rc: $(grep -m1 Error <<<"$out")"
[ $rc = 2 ] && grep -q 'lamina: out of memory .*LAMINA_JAVA_OPTS=-Xmx' <<<"$out" || wrong "rc $rc: $(tail -1 <<<"$out")"
out=$(LAMINA_JAVA_OPTS="-Xmx300m -XX:+UseG1GC" lamina summary --width 4); rc=$?
[ $rc = 0 ] && ! grep -qi 'conflict\|multiple' <<<"$out" || wrong "another collector: rc $rc: $out"
ok
