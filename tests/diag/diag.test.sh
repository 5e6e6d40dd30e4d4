#!/bin/sh
# Every diagnostic has a file that provokes it, and says what it said when it was last read.
#
#   tests/diag/CODE-name.csr  a file that is wrong in this one way, as a stranger would write it
#   tests/diag/*.csr          others show several mistakes together
#   tests/diag/*.txt          what `csr check` prints for the file beside it, and its exit status
#
# UPDATE=1 writes the texts anew. Read the difference before you commit it.
here=$(dirname "$0")
csr=$(realpath "${CSR:-build/csr}")
cd "$here" || exit 3
made=$(mktemp) || exit 3
trap 'rm -f "$made"' EXIT
wrong=0 compared=0
for rules in *.csr; do
    code=${rules%.csr}
    NO_COLOR=1 "$csr" check "$rules" >"$made" 2>&1
    echo "exit status $?" >>"$made"
    if [ -n "${UPDATE:-}" ]; then
        cp "$made" "$code.txt"
    elif ! diff -u "$code.txt" "$made"; then
        wrong=$((wrong + 1))
    fi
    case $code in
    [EWN][0-9]*)
        grep -q "\[${code%%-*}\]" "$made" || { echo "$rules does not provoke its code"; wrong=$((wrong + 1)); } ;;
    esac
    compared=$((compared + 1))
done
echo "$compared diagnostics compared, $wrong differ"
[ "$compared" -gt 0 ] && [ "$wrong" -eq 0 ]
