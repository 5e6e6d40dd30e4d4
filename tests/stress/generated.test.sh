#!/bin/sh
# The community rules over made-up CloudTrail records (tools/gen/cloudtrail.c): the same bytes for 1, 2, 3 and 8 threads.
# STREAM_BYTES says how much: 20M, 200M for each commit (.ci/run), 10G now and then. Nothing is kept on the disk.
set -eu
bytes=${STREAM_BYTES:-20M}
digest() { # THREADS BYTES LATE
    "$CSR_BUILD/csr-cloudtrail" --bytes="$2" --seed=7 --late="$3" |
        "$CSR_BUILD/csr" replay --threads="$1" --format=json --rules="$CSR_SOURCE/rules" - 2>"$said" | sha256sum
}
said=$(mktemp)
trap 'rm -f "$said"' EXIT

compare() { # BYTES LATE
    want=
    for threads in 1 2 3 8; do
        got=$(digest "$threads" "$@")
        told=$(tail -1 "$said")
        echo "$threads threads: $told"
        case $told in *" 0 incidents"* | "") echo "there is nothing to compare"; exit 1 ;; esac
        [ "${want:=$got}" = "$got" ] || { echo "other incidents, or in another order, than with one thread"; exit 1; }
    done
    echo "$1, up to $2 s late, the same bytes: ${want%% *}"
}
compare 2M 240 # shuffled, as delivered
compare "$bytes" 0
