#!/usr/bin/env bash
# Long.
# A last batch of one image, one image of each class, fewer images than a batch, 8 x 8 images with one value a channel in the last batch norm, 34 to 2.
. "$(dirname "$0")/../common.sh"
bad=0
t() { out=$(lamina train --width 4 --epochs 2 "$@" --run "$work/r$RANDOM"); rc=$?; [ $rc = 0 ] && ! grep -qi 'nan' <<<"$out" || { bad=1; echo "WRONG $*, rc $rc: $(tail -1 <<<"$out")"; }; }
t --data "$base" --batch-size 11; t --data "$base" --batch-size 64
for p in train test; do for k in apple pear; do mkdir -p "$work/one/$p/$k"; cp "$base/$p/$k/0.png" "$work/one/$p/$k"; done; done; t --data "$work/one" --batch-size 1; t --data "$work/one"
cp -r "$base" "$work/imb"; for i in $(seq 30); do cp "$base/train/pear/0.png" "$work/imb/train/pear/x$i.png"; done; rm "$work"/imb/train/apple/[2-5].png; t --data "$work/imb" --batch-size 8 --label-smoothing 0.1
t --data "$here/input" --batch-size 3
[ $bad = 0 ] || exit 1
ok
