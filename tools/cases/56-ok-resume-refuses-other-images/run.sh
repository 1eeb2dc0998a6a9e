#!/usr/bin/env bash
# Long.
# A run goes on after two images changed places, after one more came, after a class got another name: refused each time; and not with the same images.
. "$(dirname "$0")/../common.sh"
cp -r "$base" "$work/d"; train --data "$work/d" --run "$work/run" >/dev/null || wrong "training failed"
cd "$work"; cp -r d swap; mv swap/train/apple/0.png x.png; mv swap/train/pear/0.png swap/train/apple/0.png; mv x.png swap/train/pear/0.png
cp -r d more; cp more/train/pear/0.png more/train/pear/zz.png; cp -r d name; for p in train test; do mv name/$p/apple name/$p/quince; done
bad=0; for k in swap more name; do out=$(lamina train --resume run --epochs 2 --data $k); rc=$?; [ $rc = 2 ] && grep -q 'images must be' <<<"$out" || { bad=1; echo "WRONG $k, rc $rc: $(tail -1 <<<"$out")"; }; done
mv d moved; lamina train --resume run --epochs 2 --data moved >/dev/null || { bad=1; echo "WRONG: the same images elsewhere were refused"; }
[ "$(cut -d, -f1 run/history.csv | tr '\n' ' ')" = 'epoch 1 2 ' ] || { bad=1; echo "WRONG history: $(cat run/history.csv)"; }
[ $bad = 0 ] || exit 1
ok
