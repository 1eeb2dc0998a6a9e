#!/usr/bin/env bash
# predict and evaluate of an export, serve of a run; and evaluate says which weights it evaluates on which images.
. "$(dirname "$0")/../common.sh"
train --data "$base" --run "$work/run" >/dev/null || wrong "training failed"
want=$(lamina predict --run "$work/run" "$base/test/apple/0.png")
for p in run/export/1 run/export run/weights.safetensors; do
  [ "$(lamina predict --run "$work/$p" "$base/test/apple/0.png")" = "$want" ] || wrong "predict --run $p"
  out=$(lamina evaluate --run "$work/$p") || wrong "evaluate --run $p: $out"
  grep -q '^weights  .*of epoch 1 of 1' <<<"$out" && grep -q "^images .*12 test images of $base" <<<"$out" || wrong "evaluate --run $p: $out"
done
nice "$field/tools/lamina" serve "$work/run" --port 0 >"$work/log" 2>&1 & server=$!
until grep -q '^predict' "$work/log"; do kill -0 $server 2>/dev/null || wrong "serve: $(cat "$work/log")"; sleep 0.2; done
kill $server; wait $server
ok
