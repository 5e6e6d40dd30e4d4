#!/bin/sh
# The verbs that answer questions: fields, explain, graph, new, and the manual pages.
csr=$(realpath "${CSR:-build/csr}") source=$(realpath "${CSR_SOURCE:-$(dirname "$0")/../..}")
work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 3
wrong=0 asked=0

# says STATUS PATTERN COMMAND…: exits so, and prints a line with the pattern ("" for any) on one of its outputs.
says() {
    status=$1 pattern=$2
    shift 2
    "$@" >out 2>&1
    got=$?
    asked=$((asked + 1))
    if [ "$got" -ne "$status" ] || { [ -n "$pattern" ] && ! grep -q -- "$pattern" out; }; then
        wrong=$((wrong + 1))
        echo "$*: exit status $got, $status is wanted; no line like '$pattern' in:"
        cat out
    fi
}

# ---- fields ----
says 0 '^principal.name  *text  *The caller' "$csr" fields
says 0 '^req\.' "$csr" fields
says 0 'cloudtrail  *first_of(only(raw.userIdentity.type' "$csr" fields principal.arn
says 0 'needs a database' "$csr" fields 'src.a*'
says 0 'requestParameters' "$csr" fields req
says 0 'Any parameter of the call' "$csr" fields req.roleName
says 0 'event. blocks alone' "$csr" fields disorder
says 0 '"name":"src.ip","type":"address"' "$csr" fields --format=json src.ip
says 1 'did you mean principal' "$csr" fields princpal
says 1 'did you mean principal.name' "$csr" fields principal.nmae
says 1 'no field is called zzzzzzzzzz$' "$csr" fields zzzzzzzzzz
says 2 'did you mean json' "$csr" fields --format=jsn
says 3 'nowhere.csr' "$csr" fields --rules=nowhere.csr
for name in $("$csr" fields --format=json | sed 's/^{"name":"\([^"]*\)".*/\1/'); do
    says 0 "^$name" "$csr" fields "${name%…}"
done

# ---- explain and graph ----
says 0 'A stolen key' "$csr" explain aws-core.stolen_key_to_miners
says 0 'A stolen key' "$csr" explain stolen_key_to_miners
says 2 'did you mean aws-core.stolen_key_to_miners' "$csr" explain stolen_key_to_miner
says 2 'no rule is called nowhere; --rules' "$csr" explain nowhere
says 0 '^E0203: ' "$csr" explain E0203
says 0 '^E0203: ' "$csr" explain e0203
says 2 'there is no diagnostic E9999' "$csr" explain E9999
says 3 'nowhere' "$csr" explain --rules=nowhere rule
says 2 'did you mean dot' "$csr" graph --format=dt stolen_key_to_miners
says 0 '◎' "$csr" graph stolen_key_to_miners

# Every community rule can be told and drawn.
for rule in $("$csr" dump --stage=ir "$source/rules" | sed -n 's/^rule //p'); do
    says 0 'What it costs' "$csr" explain "$rule"
    says 0 '^</svg>' "$csr" graph --format=svg "$rule"
done

# ---- new ----
"$csr" new rule mine >mine.csr
"$csr" new pack my-pack >one.csr
"$csr" new site >site.csr
"$csr" new site archive >other.csr
says 0 '^1 rule, 0 warnings' "$csr" check mine.csr
says 0 '^1 rule, 0 warnings' "$csr" check one.csr
says 0 ', 0 warnings' "$csr" check site.csr
says 0 ', 0 warnings' "$csr" check other.csr
says 0 '' "$csr" new pack my-pack --output=folder
says 0 '^1 rule, 0 warnings' "$csr" check folder
says 0 'my-pack.access_key_for_another' "$csr" explain --rules=folder access_key_for_another
if "$csr" help test >/dev/null 2>&1; then
    says 0 '' "$csr" test mine.csr one.csr
    says 0 '' "$csr" test folder
fi
echo kept >there.csr
says 3 'there.csr' "$csr" new rule mine --output=there.csr
says 0 '^kept' cat there.csr
says 3 'folder' "$csr" new pack my-pack --output=folder
says 2 'rule, pack or site' "$csr" new rul
says 2 'a name has letters' "$csr" new rule 'a b'
says 2 'E0103' "$csr" new rule where
says 2 'rule|pack|site' "$csr" new

# ---- manual pages ----
for verb in "" $("$csr" help | sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p'); do
    "$csr" help --man $verb >page || wrong=$((wrong + 1))
    sections="NAME SYNOPSIS VERBS"
    [ -z "$verb" ] || sections="NAME SYNOPSIS DESCRIPTION OPTIONS EXAMPLE"
    for section in $sections "EXIT STATUS"; do
        says 0 "^.SH $section" cat page
    done
    command -v mandoc >/dev/null && says 0 '' mandoc -T lint -W error page
done
command -v mandoc >/dev/null || echo "mandoc is not installed: manual pages were only looked through for their sections"
echo "$asked answers looked at, $wrong wrong"
[ "$wrong" -eq 0 ]
