#!/bin/sh
# Tuning as an operator sees it: what exceptions took, which rules are off, who changed what and until when.
csr=$(realpath "${CSR:-build/csr}") source=$(realpath "${CSR_SOURCE:-$(dirname "$0")/../..}")
work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 3
wrong=0 asked=0

# says PATTERN COMMAND…: prints a line with the pattern on one of its outputs.
says() {
    pattern=$1
    shift
    "$@" >out 2>&1
    asked=$((asked + 1))
    grep -q -- "$pattern" out || { wrong=$((wrong + 1)); echo "$*: no line like '$pattern' in:"; cut -c1-200 out | head -20; }
}

rules=$source/tests/replay/exceptions/rules.csr events=$source/tests/replay/exceptions/events.ndjson
cat "$events" "$events" >twice.ndjson
for threads in 1 3; do
    for input in "$events" twice.ndjson; do
        says '^4 events swallowed by terraform of probed_then_made$' "$csr" replay -j "$threads" -r "$rules" "$input"
        says '^1 match swallowed by one_only of probed_then_made$' "$csr" replay -j "$threads" -r "$rules" "$input"
        says '^1 match swallowed by old of probed_then_made$' "$csr" replay -j "$threads" -r "$rules" "$input"
        says '^2 events swallowed by rotation of key_for_another$' "$csr" replay -j "$threads" -r "$rules" "$input"
    done
done

# Nothing is said where nothing was taken.
head -n 1 "$events" >first.ndjson
asked=$((asked + 1))
"$csr" replay -r "$rules" first.ndjson 2>&1 | grep -c swallowed | grep -qx 1 || { wrong=$((wrong + 1)); echo "one line is wanted"; }

says 'How it is tuned here' "$csr" explain -r "$rules" probed_then_made
says 'storm = 3, where the rule says 2 (.*rules.csr:[0-9]*)' "$csr" explain -r "$rules" probed_then_made
says 'on match, until' "$csr" explain -r "$rules" probed_then_made
says 'the exception one_only, which takes a match if' "$csr" explain -r "$rules" probed_then_made

cat >site.csr <<'END'
use aws-core
disable aws-core.first_region reason "we open regions weekly"
tune aws-core.recon_burst { respond off }
END
says '^switched off: aws-core.first_region (we open regions weekly)$' "$csr" check site.csr
says 'aws-core.first_region is switched off here: we open regions weekly' "$csr" explain -r site.csr aws-core.first_region
asked=$((asked + 1))
"$csr" explain -r site.csr recon_burst | grep -q 'What it proposes' && { wrong=$((wrong + 1)); echo "respond off proposes"; }

echo "$asked asked, $wrong wrong"
[ "$wrong" -eq 0 ]
