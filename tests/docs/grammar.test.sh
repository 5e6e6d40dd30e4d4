#!/bin/sh
# docs/grammar.md is what the parser's rules and the lexer's patterns give.
#
# UPDATE=1 writes it anew.
source=${CSR_SOURCE:-$(dirname "$0")/../..}
page=$source/docs/grammar.md
made=$(mktemp) || exit 3
trap 'rm -f "$made"' EXIT
python3 "$source/tools/gen/grammar.py" "$source/grammar" >"$made" || exit 3
# A rule that got lost on the way would be used and not told.
told=$(sed -n 's/^\([a-z_]*\) *= .*/\1/p' "$made")
for used in $(sed -n '/^```ebnf/,/^```$/p' "$made" | sed 's/"[^"]*"//g; s/(\*.*\*)//' | grep -o '\b[a-z_][a-z_]*\b' | grep -v '^ebnf$' | sort -u); do
    echo "$told" | grep -qx "$used" || { echo "\`$used\` is used and not told"; exit 1; }
done
[ -z "${UPDATE:-}" ] || cp "$made" "$page"
diff -u "$page" "$made" || { echo "docs/grammar.md is old: UPDATE=1 $0"; exit 1; }
