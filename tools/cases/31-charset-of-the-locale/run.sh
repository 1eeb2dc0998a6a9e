#!/usr/bin/env bash
# Classes and folders with names beyond ASCII where the locale is C, POSIX, not installed or not set. Right: the same output, in UTF-8.
. "$(dirname "$0")/../common.sh"
mkdir "$work/grün"; cp -r "$base" "$work/grün/d"; for p in train test; do mv "$work/grün/d/$p/apple" "$work/grün/d/$p/Äpfel"; done
train --data "$work/grün/d" --run "$work/grün/läuft" >/dev/null || wrong "training failed"
want=$(lamina predict --run "$work/grün/läuft" "$work/grün/d/test/Äpfel/0.png"); grep -q 'Äpfel 0' <<<"$want" || wrong "$want"
unset LC_ALL LANG LC_CTYPE
for set in LC_ALL=C LC_ALL=POSIX LC_ALL=en_XX.UTF-8 LANG=C LC_CTYPE=; do
  got=$(export "$set"; lamina predict --run "$work/grün/läuft" "$work/grün/d/test/Äpfel/0.png")
  [ "$got" = "$want" ] || wrong "$set: $got"
done
ok
