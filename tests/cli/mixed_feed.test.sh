#!/bin/sh
# Records of a source that ships and that no rule uses are counted and no mistake; what nobody knows is set aside, and so is
# a line of a flow log with other values than its file names.
csr=$(realpath "${CSR:-build/csr}")
folder=$(mktemp -d) || exit 3
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 3
wrong=0

cat >rules.csr <<'END'
use aws

## A user is made.
rule made { title "{req.userName}" severity low attack T1136.003 falsepos "Work" on iam:CreateUser (ok) }
END
cat >feed.ndjson <<'END'
{"eventTime":"2026-01-05T09:00:00Z","eventSource":"iam.amazonaws.com","eventName":"CreateUser","eventID":"1","recipientAccountId":"111122223333","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/ann"},"requestParameters":{"userName":"x"}}
{"published":"2026-01-05T09:00:01Z","eventType":"user.session.start","outcome":{"result":"SUCCESS"}}
{"kind":"Event","auditID":"a","verb":"get","requestURI":"/healthz","requestReceivedTimestamp":"2026-01-05T09:00:02Z"}
2 111122223333 eni-1 10.0.0.7 198.51.100.4 44312 443 6 10 8000 1767603600 1767603659 ACCEPT OK
END
cat >strange.ndjson <<'END'
interface-id srcaddr dstaddr start action
eni-1 10.0.0.7 198.51.100.4 1767603600
{"what":"is this"}
END

expect() { # STATUS FILE WORDS...
    status=$1 file=$2
    shift 2
    "$csr" replay --format=json --threads=1 --rules=rules.csr "$file" >out.json 2>said
    got=$?
    [ "$got" -eq "$status" ] || { echo "$file: exit status $got, not $status"; wrong=$((wrong + 1)); }
    for words; do
        grep -q "$words" said || { echo "$file: \"$words\" is not in:"; cat said; wrong=$((wrong + 1)); }
    done
}
expect 0 feed.ndjson "4 evaluated, 0 late, 0 duplicate, 0 set aside; 1 incident" "3 of the evaluated are of a source that no rule uses"
expect 1 strange.ndjson "2 set aside" "strange.ndjson:2: set aside: other values than its file names" \
    "strange.ndjson:3: set aside: of no known kind"
printf '{"Records":[{"what":"is this"},"a,text",{"nor":"this"}]}' >one-line.json
expect 1 one-line.json "3 set aside" "one-line.json:1: set aside: of no known kind (record 2)" \
    "one-line.json:1: set aside: of no known kind (record 3)"
sed -i 's/use aws/use aws, okta, k8s, vpcflow/' rules.csr
expect 0 feed.ndjson "4 evaluated, 0 late, 0 duplicate, 0 set aside; 1 incident"
if grep -q "no rule uses" said; then
    echo "every source is used, and it says:"
    cat said
    wrong=$((wrong + 1))
fi
echo "$wrong wrong"
[ "$wrong" -eq 0 ]
