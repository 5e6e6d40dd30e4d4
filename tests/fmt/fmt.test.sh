#!/bin/sh
# csr fmt as a command: the rules that ship are laid out; files are replaced whole, once, with their mode; what has
# mistakes stays as it is; comments that silence warnings silence the same ones afterwards.
csr=$(realpath "${CSR:-build/csr}")
cd "${CSR_SOURCE:-$(dirname "$0")/../..}" || exit 3
folder=$(mktemp -d) || exit 3
trap 'rm -rf "$folder"' EXIT
wrong=0

say() {
    echo "wrong: $*"
    wrong=$((wrong + 1))
}

# is STATUS WHAT COMMAND…
is() {
    wanted=$1 what=$2
    shift 2
    "$@" >"$folder/out" 2>"$folder/talk"
    got=$?
    [ "$got" -eq "$wanted" ] || say "$what: exit status $got, not $wanted: $(cat "$folder/out" "$folder/talk")"
}

holds() {
    printf '%s' "$2" | cmp -s - "$1" || say "$3: $1 holds $(cat "$1")"
}

# ---- what ships ----

is 0 "the rules that ship are laid out" "$csr" fmt --check rules stdlib tests/replay
[ ! -s "$folder/out" ] || say "these are not: $(cat "$folder/out")"

# ---- files ----

mkdir -p "$folder/set/inner" "$folder/set/.hidden"
plain='use   aws
'
right='use aws
'
for name in a.csr inner/b.csr inner/c.txt .hidden/d.csr; do printf '%s' "$plain" >"$folder/set/$name"; done
chmod 640 "$folder/set/a.csr"
is 1 "--check finds what is laid out otherwise" "$csr" fmt --check "$folder/set"
printf '%s\n' "$folder/set/a.csr" "$folder/set/inner/b.csr" | cmp -s - "$folder/out" || say "--check: $(cat "$folder/out")"
holds "$folder/set/a.csr" "$plain" "--check writes nothing"

is 0 "a folder" "$csr" fmt "$folder/set"
holds "$folder/set/a.csr" "$right" "a file is laid out"
holds "$folder/set/inner/b.csr" "$right" "one further down, too"
holds "$folder/set/inner/c.txt" "$plain" "other files are left alone"
holds "$folder/set/.hidden/d.csr" "$plain" "hidden folders, too"
[ "$(stat -c %a "$folder/set/a.csr")" = 640 ] || say "the mode is lost"
[ "$(ls "$folder/set" | wc -l)" -eq 2 ] || say "something is left: $(ls "$folder/set")"
is 0 "it is laid out now" "$csr" fmt --check "$folder/set"

before=$(stat -c '%i %Y' "$folder/set/a.csr")
is 0 "a second time" "$csr" fmt "$folder/set"
[ "$(stat -c '%i %Y' "$folder/set/a.csr")" = "$before" ] || say "a file that is right was written"

printf '%s' "$plain" >"$folder/real.csr"
ln -s real.csr "$folder/link.csr"
is 0 "a link" "$csr" fmt "$folder/link.csr"
[ -L "$folder/link.csr" ] || say "the link was replaced"
holds "$folder/real.csr" "$right" "the file behind the link is laid out"

# ---- streams ----

printf '%s' "$plain" | "$csr" fmt - >"$folder/out" || say "standard input"
holds "$folder/out" "$right" "standard output"
printf '%s' "$plain" | "$csr" fmt --check - >"$folder/out" && say "standard input was right"
holds "$folder/out" '-
' "its name"

# ---- mistakes ----

mistake='rule a { titel "x" }
'
printf '%s' "$mistake" >"$folder/mistake.csr"
printf '%s' "$plain" >"$folder/other.csr"
is 1 "a mistake" "$csr" fmt "$folder/mistake.csr" "$folder/other.csr"
holds "$folder/mistake.csr" "$mistake" "it is not touched"
holds "$folder/other.csr" "$right" "the other file is laid out all the same"
grep -q 'E0102' "$folder/talk" || say "no diagnostic"
is 3 "a missing file" "$csr" fmt "$folder/missing.csr"
is 2 "nothing named" "$csr" fmt

# ---- warnings ----

for file in tests/diag/[WN]*.csr; do
    cp "$file" "$folder/warned.csr"
    "$csr" check --format=json "$folder/warned.csr" 2>/dev/null | grep -o '"code":"[A-Z0-9]*"' | sort >"$folder/before"
    "$csr" fmt "$folder/warned.csr" || say "$file"
    "$csr" check --format=json "$folder/warned.csr" 2>/dev/null | grep -o '"code":"[A-Z0-9]*"' | sort >"$folder/after"
    cmp -s "$folder/before" "$folder/after" || say "$file has other warnings afterwards: $(diff "$folder/before" "$folder/after")"
done

echo "$wrong wrong"
[ "$wrong" -eq 0 ]
