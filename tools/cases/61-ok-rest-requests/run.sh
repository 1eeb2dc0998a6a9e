#!/usr/bin/env bash
# The forms that clients of TensorFlow Serving send: rows, columns, named inputs, b64, with line breaks, byte order mark, chunked; and wrong ones, answered with 400.
. "$(dirname "$0")/../common.sh"
command -v curl >/dev/null || skip "no curl"
train --data "$base" --run "$work/run" >/dev/null || wrong "training failed"
nice "$field/tools/lamina" serve "$work/run/export" --port 0 >"$work/log" 2>&1 & server=$!
trap 'kill $server; wait $server; rm -rf "$work"' EXIT
until grep -q '^predict' "$work/log"; do kill -0 $server 2>/dev/null || wrong "serve: $(cat "$work/log")"; sleep 0.2; done
url=$(sed -n 's/^predict *//p' "$work/log"); img=$base/test/apple/0.png; b=$(base64 -w0 "$img"); bad=0
row=$(printf '[0,0,0],%.0s' $(seq 16)); im=$(printf "[${row%,}],%.0s" $(seq 16)); im="[${im%,}]"
t() { want=$1 what=$2; shift 2; got=$(curl -s -m 20 -o "$work/body" -w '%{http_code}' "$@" "$url"); [ "$got" = "$want" ] || { bad=1; echo "WRONG $what: $got $(head -c 200 "$work/body")"; }; }
put() { printf '%s' "$1" >"$work/q"; }
put "{\"instances\":[$im]}"; t 200 rows -d @"$work/q"; t 200 chunked -H 'Transfer-Encoding: chunked' -d @"$work/q"
put "{\"instances\":[{\"images\":$im},{\"images\":$im}]}"; t 200 named -d @"$work/q"; put "{\"inputs\":{\"images\":[$im]}}"; t 200 columns -d @"$work/q"
put $'\xef\xbb\xbf'"{\"instances\":[$im]}"; t 200 bom --data-binary @"$work/q"
put "{\"signature_name\":\"from_encoded\",\"instances\":[{\"b64\":\"$b\"}]}"; t 200 b64 -d @"$work/q"; put "{\"signature_name\":\"from_encoded\",\"inputs\":{\"image_bytes\":[{\"b64\":\"$b\"}]}}"; t 200 "b64 columns" -d @"$work/q"
put "{\"signature_name\":\"from_encoded\",\"instances\":[{\"b64\":\"$(base64 -w76 "$img" | sed ':a;N;$!ba;s/\n/\\n/g')\"}]}"; t 200 "b64 in lines" -d @"$work/q"
put "{\"instances\":[${im//0,0,0/0.5,0,0}]}"; t 400 fractions -d @"$work/q"; put '{"instances":[]}'; t 400 none -d @"$work/q"; put "{\"instances\":$im}"; t 400 "no batch" -d @"$work/q"; put "{\"instances\":[{\"input_1\":$im}]}"; t 400 "other name" -d @"$work/q"
t 405 GET
[ $bad = 0 ] || exit 1
ok
