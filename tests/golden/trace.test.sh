#!/bin/sh
# What `csr trace` says of each rule of a file, over the records beside it, is what it said when it was last read.
#
#   tests/golden/trace/NAME.csr, NAME.ndjson    rules, and records
#   tests/golden/trace/NAME.txt|json            what csr prints of each rule, one after the other
#
# UPDATE=1 writes anew what is there. Read the difference before you commit it.
here=$(dirname "$0")/trace
csr=$(realpath "${CSR:-build/csr}")
cd "$here" || exit 3
made=$(mktemp) || exit 3
trap 'rm -f "$made"' EXIT
wrong=0 compared=0
for rules in *.csr; do
    for format in txt json; do
        golden=${rules%.csr}.$format
        [ -e "$golden" ] || continue
        for rule in $(sed -n 's/^rule \([a-z_]*\).*/\1/p' "$rules"); do
            echo "== $rule"
            NO_COLOR=1 "$csr" trace --rules="$rules" --format="$(echo $format | sed s/txt/text/)" "$rule" \
                "${rules%.csr}.ndjson" 2>&1
            echo "exit status $?"
        done >"$made"
        if [ -n "${UPDATE:-}" ]; then
            cp "$made" "$golden"
        elif ! diff -u "$golden" "$made"; then
            wrong=$((wrong + 1))
        fi
        compared=$((compared + 1))
    done
done
echo "$compared outputs compared, $wrong differ"
[ "$compared" -gt 0 ] && [ "$wrong" -eq 0 ]
