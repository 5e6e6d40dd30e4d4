#!/bin/sh
# Compares the drawings of the rules of explain/rules.csr with what they were when they were last looked at.
#
#   tests/golden/graph/RULE.txt, RULE.dot   each rule
#   tests/golden/graph/RULE.svg             some
#
# Where graphviz is installed it must understand the DOT form; where Python is, it must read the SVG.
# UPDATE=1 writes the drawings anew. Look at them before you commit them.
here=$(dirname "$0")
csr=$(realpath "${CSR:-build/csr}")
cd "$here" || exit 3
made=$(mktemp) || exit 3
trap 'rm -f "$made"' EXIT
wrong=0 compared=0
compare() { # FORMAT FILE
    "$csr" graph --rules=explain/rules.csr --format="$1" "$rule" >"$made" 2>/dev/null
    if [ -n "${UPDATE:-}" ]; then
        cp "$made" "$2"
    elif ! diff -u "$2" "$made"; then
        wrong=$((wrong + 1))
    fi
    compared=$((compared + 1))
}
for rule in $(sed -n 's/^rule \([a-z_]*\) {.*/\1/p' explain/rules.csr); do
    compare text "graph/$rule.txt"
    compare dot "graph/$rule.dot"
    if command -v dot >/dev/null; then
        dot -Tsvg "$made" >/dev/null || { echo "$rule: graphviz refuses it"; wrong=$((wrong + 1)); }
    fi
    "$csr" graph --rules=explain/rules.csr --format=svg "$rule" >"$made" 2>/dev/null
    if command -v python3 >/dev/null; then
        python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$made" ||
            { echo "$rule: the SVG is no XML"; wrong=$((wrong + 1)); }
    fi
done
for rule in stolen_key two_steps any_order first_seen forbidden; do compare svg "graph/$rule.svg"; done
command -v dot >/dev/null || echo "graphviz is not installed: DOT was compared, not drawn"
echo "$compared drawings compared, $wrong differ"
[ "$compared" -gt 0 ] && [ "$wrong" -eq 0 ]
