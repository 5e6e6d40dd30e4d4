#!/bin/sh
# What ships and what the scenarios use gives no warning: each is mended or says why it is meant.
csr=$(realpath "${CSR:-build/csr}")
cd "${CSR_SOURCE:-$(dirname "$0")/../..}" || exit 3
wrong=0 checked=0
for rules in rules/* tests/replay/*/; do
    [ "$(find "$rules" -name '*.csr' | head -n 1)" ] || continue
    NO_COLOR=1 "$csr" check --deny-warnings "$rules" >/dev/null 2>&1 || {
        echo "$rules:"
        NO_COLOR=1 "$csr" check --deny-warnings "$rules"
        wrong=$((wrong + 1))
    }
    checked=$((checked + 1))
done
echo "$checked sets of rules checked, $wrong with warnings"
[ "$checked" -gt 10 ] && [ "$wrong" -eq 0 ]
