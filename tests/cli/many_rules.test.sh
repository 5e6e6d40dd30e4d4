#!/bin/sh
# The made-up rule sets that speed is measured with compile, without a warning, and are the same each time.
csr=$(realpath "${CSR:-build/csr}")
source=${CSR_SOURCE:-.}
work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT
make_rules="python3 $source/tools/gen/many_rules.py"
$make_rules 300 "$work/a" && $make_rules 300 "$work/b" && $make_rules --seed 2 300 "$work/c" || exit 1
diff -r "$work/a" "$work/b" || { echo "the same seed gives other rules"; exit 1; }
diff -rq "$work/a" "$work/c" >/dev/null && { echo "another seed gives the same rules"; exit 1; }
for rules in a c; do
    "$csr" check --deny-warnings --quick "$work/$rules" || exit 1
    "$csr" check --deny-warnings "$work/$rules" || exit 1
done
