#!/bin/sh
# docs/diagnostics.md is what the table of diagnostics gives, and has every code.
#
# UPDATE=1 writes it anew.
source=${CSR_SOURCE:-$(dirname "$0")/../..}
page=$source/docs/diagnostics.md
made=$(mktemp) || exit 3
trap 'rm -f "$made"' EXIT
"${CSR_BUILD:-build}/csr-diagnostics" >"$made" || exit 3
codes=$(grep -c '^DIAG(' "$source/grammar/base/diag.def")
[ "$(grep -c '^### ' "$made")" -eq "$codes" ] || { echo "the page has not all $codes codes"; exit 1; }
[ -z "${UPDATE:-}" ] || cp "$made" "$page"
diff -u "$page" "$made" || { echo "docs/diagnostics.md is old: UPDATE=1 $0"; exit 1; }
