#!/bin/sh
# What `csr new` writes is laid out as `csr fmt` would, passes check and test, whatever the name; and rules that are switched
# off are told of as such.
csr=$(realpath "${CSR:-build/csr}")
folder=$(mktemp -d) || exit 3
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 3
wrong=0
fail() {
    echo "$1"
    wrong=1
}
for name in x a_much_longer_name_than_anybody_would_give_to_a_thing; do
    "$csr" new rule $name --output=rule-$name.csr || fail "rule $name"
    "$csr" new site $name --output=site-$name.csr || fail "site $name"
    "$csr" new pack $name --output=pack-$name || fail "pack $name"
    "$csr" fmt --check rule-$name.csr site-$name.csr pack-$name || fail "$name: not laid out"
    "$csr" check --deny-warnings rule-$name.csr 2>said || fail "$(cat said)"
    "$csr" test rule-$name.csr pack-$name | grep -q '^4 passed, 0 failed$' || fail "$name: tests"
done
printf 'use aws-core\n\ndisable aws-core.first_region reason "we open regions weekly"\n' >off.csr
for verb in explain graph; do
    "$csr" $verb --rules=off.csr first_region >said 2>&1
    [ $? -eq 1 ] || fail "$verb: exit status"
    grep -q 'aws-core.first_region is switched off here: we open regions weekly' said || fail "$(cat said)"
done
exit $wrong
