#!/usr/bin/env bash
# Long.
# Turkish, German, French, Hindi JVMs: the same history, the same answer, points in numbers.
. "$(dirname "$0")/../common.sh"
train --data "$base" --run "$work/en" >/dev/null; want=$(cut -d, -f1-8 "$work/en/history.csv"); bad=0
for l in tr-TR de-DE fr-FR hi-IN; do export LAMINA_JAVA_OPTS="-Duser.language=${l%-*} -Duser.country=${l#*-}"; train --data "$base" --run "$work/$l" >/dev/null; [ "$(cut -d, -f1-8 "$work/$l/history.csv")" = "$want" ] && lamina predict --run "$work/$l" "$base/test/apple/0.png" | grep -q 'apple 0\.[0-9]\{4\}' || { bad=1; echo "WRONG $l"; }; done
[ $bad = 0 ] || exit 1
ok
