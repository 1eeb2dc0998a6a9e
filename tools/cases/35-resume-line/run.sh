#!/usr/bin/env bash
# A training in a folder with a space, started through a link, is interrupted. Right: the line that it prints resumes it there.
. "$(dirname "$0")/../common.sh"
lamina --version >/dev/null; mkdir "$work/my bin" "$work/it's here"; ln -s "$field/tools/lamina" "$work/my bin/lamina"; cd "$work/it's here"
cp -r "$base" data
PATH="$work/my bin:$PATH" bash -c 'exec lamina train --data data --width 4 --batch-size 4 --epochs 100000 --run "my run"' >out 2>err & pid=$!
until grep -q '^epoch' err; do kill -0 $pid 2>/dev/null || wrong "$(tail -1 err)"; sleep 0.1; done
kill -TERM $pid; wait $pid; rc=$?
[ $rc = 143 ] || wrong "rc $rc: $(tail -1 err)"
line=$(sed -n 's/^resume *//p' out); [ -n "$line" ] || wrong "no line: $(cat out)"
done=$(($(wc -l <"my run/history.csv") - 1))
eval "nice $line --epochs $((done + 1))" >out2 2>&1 || wrong "$line: $(tail -1 out2)"
grep -q '^test accuracy' out2 || wrong "$line: $(tail -1 out2)"
ok
