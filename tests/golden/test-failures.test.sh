#!/bin/sh
# What `csr test` says of tests that fail, in each of its formats, is what it said when it was last read.
#
#   tests/golden/test-failures/NAME.csr           tests that fail in ways that belong together
#   tests/golden/test-failures/NAME.txt|json|junit    what csr prints of them, and its exit status; coverage in text and json
#
# UPDATE=1 writes anew what is there. Read the difference before you commit it.
here=$(dirname "$0")/test-failures
csr=$(realpath "${CSR:-build/csr}")
cd "$here" || exit 3
made=$(mktemp) || exit 3
trap 'rm -f "$made"' EXIT
wrong=0 compared=0
for rules in *.csr; do
    for format in txt json junit; do
        golden=${rules%.csr}.$format
        [ -e "$golden" ] || continue
        NO_COLOR=1 "$csr" test --coverage --format="$(echo $format | sed s/txt/text/)" "$rules" >"$made" 2>&1
        echo "exit status $?" >>"$made"
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
