#!/bin/sh
# csr trace: standard input, keys, formats, what is wrong; and that many keys cost little memory and no more passes.
csr=$(realpath "${CSR:-build/csr}")
source=$(realpath "${CSR_SOURCE:-.}")
folder=$(mktemp -d) || exit 3
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 3
wrong=0
fail() {
    echo "$1"
    wrong=1
}
cat >rules.csr <<'RULES'
use aws

rule chain {
    title    "x"
    severity low
    by       actor
    within   10m
    step a: iam:CreateUser (ok)
    step b: iam:CreateAccessKey (ok)
    match    a -> b
}
RULES
sample=$source/tests/golden/trace/chain.ndjson

# The same of a file, of standard input, of compressed bytes there.
"$csr" trace --rules=rules.csr chain "$sample" | sed "s|$sample|-|" >file
"$csr" trace --rules=rules.csr chain - <"$sample" >input
gzip -c "$sample" | "$csr" trace --rules=rules.csr chain - >packed
[ -s file ] || fail "nothing is said"
cmp file input || fail "standard input differs"
cmp file packed || fail "compressed standard input differs"

# Each line is an object; the last is of all.
"$csr" trace --rules=rules.csr --format=json chain "$sample" >lines || fail "json: $?"
while read -r line; do
    case $line in '{"type":"trace"'*'}' | '{"type":"summary"'*'}') ;; *) fail "no object: $line" ;; esac
done <lines
tail -1 lines | grep -q '^{"type":"summary","rule":"chain","records":13,' || fail "$(tail -1 lines)"

# Keys: whole or by a glob; one that fired is told with its witness.
[ "$("$csr" trace --rules=rules.csr --format=json --key='*:user/user-d' chain "$sample" | grep -c '"trace"')" -eq 1 ] ||
    fail "one key is wanted"
"$csr" trace --rules=rules.csr --key='arn:aws:iam::111122223333:user/user-c' chain "$sample" >said
grep -q 'fired     1 incident' said || fail "$(cat said)"
grep -q 'iam:CreateAccessKey  us-east-1' said || fail "no witness: $(cat said)"
"$csr" trace --rules=rules.csr --key=nobody chain "$sample" | grep -q '^no key$' || fail "nobody came"

# What is wrong.
"$csr" trace --rules=rules.csr chan "$sample" 2>said
[ $? -eq 2 ] && grep -q 'did you mean chain' said || fail "$(cat said)"
"$csr" trace --rules=rules.csr chain nowhere.ndjson 2>said
[ $? -eq 3 ] && grep -q 'nowhere.ndjson' said || fail "$(cat said)"
"$csr" trace --rules=rules.csr chain 2>/dev/null && fail "no path"

# Forty thousand keys, of which each came as far: ten are told, the others counted, the memory is bounded.
awk 'BEGIN { for (i = 0; i < 40000; i++)
    printf "{\"eventVersion\":\"1.09\",\"userIdentity\":{\"type\":\"IAMUser\",\"arn\":\"arn:aws:iam::111122223333:user/u%d\",\"accountId\":\"111122223333\",\"userName\":\"u%d\"},\"eventTime\":\"2026-03-01T12:%02d:%02dZ\",\"eventSource\":\"iam.amazonaws.com\",\"eventName\":\"CreateUser\",\"awsRegion\":\"us-east-1\",\"eventID\":\"e%d\",\"recipientAccountId\":\"111122223333\"}\n", i, i, i / 700, i % 60, i }' >many.ndjson
ldd "$csr" | grep -q 'lib[atu]*san' && most=unlimited || most=1500000 # KiB; sanitizers reserve more
(ulimit -v $most; "$csr" trace --rules=rules.csr --format=json chain many.ndjson) >lines 2>said || fail "$(cat said)"
[ "$(grep -c '"type":"trace"' lines)" -eq 10 ] || fail "ten keys are wanted"
grep -q '"keys":40000,"fired":0,"incidents":0,"told":10' lines || fail "$(tail -1 lines)"
exit $wrong
