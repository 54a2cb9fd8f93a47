#!/usr/bin/env bash
# The program in the README is part of a sample that is compiled: every line of its code block stands there, in order.
set -eu
readme=$1 sample=$2
block=$(mktemp)
trap 'rm -f "$block"' EXIT
awk '/^```cpp$/ {on = 1; next} /^```$/ {on = 0} on' "$readme" >"$block"
[ -s "$block" ] || { echo "no code block in $readme"; exit 1; }
compare() {
  awk 'NR == FNR {want[++n] = $0; next} $0 == want[at + 1] {at++} END {if (at < n) {print "not in the sample: " want[at + 1]; exit 1}}' "$block" "$sample"
}
compare
echo "PASS: $(wc -l <"$block") lines of the README stand in the sample"
