#!/bin/sh
# Datasets: each form is a list like any other, found from the folder of the file that names it.
csr=$(realpath "${CSR:-build/csr}") source=$(realpath "${CSR_SOURCE:-$(dirname "$0")/../..}")
work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT
mkdir "$work/site" "$work/site/mine" || exit 3
cd "$work/site" || exit 3
cp "$source/tests/diag/data/nets.csv" "$source/tests/diag/data/members.json" .
printf '# who may\n\n  eve  \nmallory*\n' >names.txt
printf '[22, 3389, 1.5]' >ports.json
printf '\357\273\277id\r\ndora\r\n"fred"' >windows.csv
cat >rules.csr <<'END'
use aws

dataset nets    = csv("nets.csv", "net") reload 1h
dataset owners  = csv("nets.csv")
dataset names   = lines("names.txt")
dataset ports   = json("ports.json")
dataset members = json("members.json", "ip")
dataset windows = csv("windows.csv", "id")
list owners += { "added" }

## A test for each form.
rule found {
    title    "Found"
    severity low
    attack   T1078
    falsepos "none known"
    on iam:CreateUser (src.ip in nets or src.ip in members or principal.name like names or principal.name in windows or req.userName in owners
                       or raw.requestParameters.port in ports)
}

test found "network of a table" {
    at 0s iam:CreateUser from 10.1.2.3
    expect incident once
}
test found "network in quotes" {
    at 0s iam:CreateUser from 192.0.2.9
    expect incident once
}
test found "member of an object" {
    at 0s iam:CreateUser from "2001:db8::1"
    expect incident once
}
test found "line" {
    as    user/eve in 111122223333
    at 0s iam:CreateUser
    expect incident once
}
test found "pattern in a line" {
    as    user/mallory-2 in 111122223333
    at 0s iam:CreateUser
    expect incident once
}
test found "line of another system, behind a byte order mark" {
    as    user/dora in 111122223333
    at 0s iam:CreateUser
    expect incident once
}
test found "last line, without its end" {
    as    user/fred in 111122223333
    at 0s iam:CreateUser
    expect incident once
}
test found "a comma in quotes" {
    at 0s iam:CreateUser { requestParameters.userName: "Doe, J" }
    expect incident once
}
test found "a quotation mark in quotes" {
    at 0s iam:CreateUser { requestParameters.userName: "say \"hi\"" }
    expect incident once
}
test found "added to a dataset" {
    at 0s iam:CreateUser { requestParameters.userName: "added" }
    expect incident once
}
test found "number" {
    at 0s iam:CreateUser { requestParameters.port: 3389 }
    expect incident once
}
test found "neither a comment nor another network" {
    at 0s iam:CreateUser { requestParameters.userName: "# who may" }
    at 1s iam:CreateUser from 10.2.0.1
    expect none
}
END
wrong=0
cd "$work" || exit 3
"$csr" check --deny-warnings site/rules.csr >out 2>&1 || { wrong=1; cat out; }
"$csr" test site/rules.csr >out 2>&1 || { wrong=1; cat out; }
grep -q '^12 passed' out || { wrong=1; cat out; }

# The digest of a set is also of its data; the rules are not changed by it.
digest() { "$csr" dump site/rules.csr | grep -A1 fingerprint | cksum; }
before=$(digest)
echo bob >>site/names.txt
[ "$(digest)" = "$before" ] || { wrong=1; echo "a value of a dataset changes the rule"; }

# A pack reads nothing outside of its folder.
cat >site/mine/pack.csr <<'END'
pack { name = "mine" version = "1.0.0" author = "a" license = "l" }
use aws
dataset up   = lines("../names.txt")
dataset away = lines("/etc/hostname")
END
"$csr" check site/mine >out 2>&1 && { wrong=1; echo "a pack may read elsewhere"; }
[ "$(grep -c 'E0250' out)" -eq 2 ] || { wrong=1; cat out; }
echo "$wrong wrong"
[ "$wrong" -eq 0 ]
