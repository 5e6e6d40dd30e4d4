#!/bin/sh
# Compares what `csr explain` says of the rules of explain/rules.csr with what it said when it was last read.
#
# Whether a rule is executed yet is not compared.
#
#   tests/golden/explain/RULE.txt   what it costs stands on one line with N for numbers of bytes: they belong to the machine
#
# UPDATE=1 writes the texts anew. Read the difference before you commit it.
here=$(dirname "$0")
csr=$(realpath "${CSR:-build/csr}")
cd "$here" || exit 3
made=$(mktemp) && said=$(mktemp) || exit 3
trap 'rm -f "$made" "$said"' EXIT
wrong=0 compared=0
for rule in $(sed -n 's/^rule \([a-z_]*\) {.*/\1/p' explain/rules.csr); do
    "$csr" explain --rules=explain/rules.csr "$rule" >"$said" 2>/dev/null
    awk 'costs { sub(/^ */, " "); printf "%s", $0; next } { print } /^What it costs/ { costs = 1 } END { print "" }' "$said" |
        sed '/^  This rule cannot be loaded/d; s/[0-9][0-9]* bytes/N bytes/g' >"$made"
    awk -v most=100 'length($0) > most + 10 { exit 1 }' "$said" || { # bytes: some signs have several
        echo "$rule: a line is too long"
        wrong=$((wrong + 1))
    }
    if [ -n "${UPDATE:-}" ]; then
        cp "$made" "explain/$rule.txt"
    elif ! diff -u "explain/$rule.txt" "$made"; then
        wrong=$((wrong + 1))
    fi
    compared=$((compared + 1))
done
echo "$compared rules compared, $wrong differ"
[ "$compared" -gt 0 ] && [ "$wrong" -eq 0 ]
