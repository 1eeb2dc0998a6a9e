#!/usr/bin/env bash
# A relative link to a link, in a folder with a space, found on the PATH, with CDPATH set. Right: it runs as the script itself does.
. "$(dirname "$0")/../common.sh"
mkdir -p "$work/my bin" "$work/opt" "$work/other/tools"; ln -s "$field/tools/lamina" "$work/opt/lamina"; ln -s ../opt/lamina "$work/my bin/lamina"
cd "$work"
export CDPATH="$work/other:$work"
for run in "my bin/lamina" "./my bin/lamina"; do out=$("$run" --version 2>&1); [ "${out%% *}" = lamina ] || wrong "$run: $out"; done
out=$(PATH="$work/my bin:$PATH" command lamina --version 2>&1); [ "${out%% *}" = lamina ] || wrong "on the PATH: $out"
cd "$field"; out=$(CDPATH="$work/other" tools/lamina --version 2>&1); [ "${out%% *}" = lamina ] || wrong "CDPATH: $out"
ok
