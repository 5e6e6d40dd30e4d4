#!/bin/sh
# Compares what each stage of the compiler prints with what it printed when it was last read.
#
#   tests/golden/NAME.csr      rules
#   tests/golden/NAME.STAGE    what `csr dump --stage=STAGE` prints of them: tokens, ast, ir or plan
#
# UPDATE=1 writes the stages anew that are there. Read the difference before you commit it.
here=$(dirname "$0")
csr=$(realpath "${CSR:-build/csr}")
cd "$here" || exit 3
made=$(mktemp) || exit 3
trap 'rm -f "$made"' EXIT
wrong=0 compared=0
for rules in *.csr; do
    for stage in tokens ast ir plan; do
        golden=${rules%.csr}.$stage
        [ -e "$golden" ] || continue
        "$csr" dump --stage="$stage" "$rules" >"$made"
        if [ -n "${UPDATE:-}" ]; then
            cp "$made" "$golden"
        elif ! diff -u "$golden" "$made"; then
            wrong=$((wrong + 1))
        fi
        compared=$((compared + 1))
    done
done
echo "$compared stages compared, $wrong differ"
[ "$compared" -gt 0 ] && [ "$wrong" -eq 0 ]
