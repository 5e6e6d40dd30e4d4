#!/bin/sh
# Thirty rules from thirty needs (docs/decisions/examples.md): none of their tests fails, and at least as many pass as the
# table says; and each has an IR and a plan.
#
# UPDATE=1 writes the table anew.
source=$(realpath "${CSR_SOURCE:-.}")
csr=$(realpath "${CSR:-build/csr}")
table=$source/docs/decisions/examples.md
cd "$source/tests/golden/examples" || exit 3
made=$(mktemp) || exit 3
trap 'rm -f "$made" "$made.one"' EXIT
wrong=0
# What these need stands in the schemas, so it cannot be refused: a test of theirs fails until it is executed.
fails_for() { case $1 in 29-miner-flow.csr) echo E0522 ;; esac; }

sed '/^| example/,$d' "$table" >"$made"
{
    echo "| example | passed | waits for |"
    echo "| --- | ---: | --- |"
} >>"$made"
for rules in [0-9]*.csr; do
    "$csr" test --format=json "$rules" >"$made.one" 2>"$made.errors"
    codes=
    if grep -q '"verdict":"failed"' "$made.one" && ! codes=$(fails_for "$rules" | grep .); then
        echo "$rules: a test fails"
        "$csr" test "$rules"
        wrong=$((wrong + 1))
    fi
    for stage in ir plan; do # what is not executed can be looked at all the same
        "$csr" dump --stage=$stage "$rules" 2>&1 >/dev/null | grep '^error' | grep -v 'E05' && wrong=$((wrong + 1))
    done
    passed=$(grep -c '"verdict":"passed"' "$made.one")
    codes=$codes$(grep -h -o '"code":"E[0-9]*"\|^error\[E[0-9]*\]' "$made.one" "$made.errors" | grep -o 'E[0-9]*' | sort -u | tr '\n' ' ')
    reasons=
    for code in $codes; do
        reasons="${reasons:+$reasons; }$code $("$csr" explain "$code" | sed -n '1s/^[^:]*: //p')"
    done
    echo "| ${rules%.csr} | $passed | ${reasons:-–} |" >>"$made"
done
rm -f "$made.errors"
if [ -n "${UPDATE:-}" ]; then
    cp "$made" "$table"
elif ! cmp -s "$table" "$made"; then
    # More passes than the table says: somebody made a construct run, and should write the table anew. Fewer is a mistake.
    diff -u "$table" "$made"
    echo "the table is not up to date: UPDATE=1 tests/golden/examples.test.sh"
    passed() { awk -F'|' '/^\| [0-9]/ { n += $3 } END { print n + 0 }' "$1"; }
    [ "$(passed "$made")" -ge "$(passed "$table")" ] || wrong=$((wrong + 1))
fi
[ "$wrong" -eq 0 ]
