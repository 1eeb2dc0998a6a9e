#!/usr/bin/env bash
# Long.
# A JVM whose locale writes numbers in digits of its own (Egypt, Iran, Bangladesh, Thailand with its digits).
# Right: training works as in any other locale.
. "$(dirname "$0")/../common.sh"
bad=0
for l in "ar EG" "fa IR" "bn BD" "ne NP" "mr IN"; do
  set -- $l
  export LAMINA_JAVA_OPTS="-Duser.language=$1 -Duser.country=$2"
  out=$(train --data "$base" --run "$work/$1"); rc=$?
  [ $rc = 0 ] || { bad=1; echo "WRONG $1-$2: rc $rc: $(tail -1 <<<"$out")"; }
done
[ $bad = 0 ] || exit 1
ok
