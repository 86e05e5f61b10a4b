#!/bin/bash
# Checks that every function the install script creates carries a comment and stands in the function reference, and that
# the reference names no other.  A function counts as documented where a heading, list item or table row begins with its name and "(".
set -euo pipefail
cd "$(dirname "$0")/../.."

version=$(sed -n "s/^default_version *= *'\(.*\)'.*/\1/p" pg_tviews.control)
script=sql/pg_tviews--$version.sql
reference=docs/reference/functions.md
for file in "$script" "$reference"; do
    [[ -e $file ]] || { echo "$file is missing"; echo "    -> write it"; exit 1; }
done

names() { # START FILE: the distinct names that follow START and stand before a parenthesis
    { grep -oiE "^ *($1) *[\`\"]?(@extschema@\.)?[a-z_0-9]+ *\(" "$2" || true; } | grep -oE '[a-z_0-9]+ *\($' | tr -d ' (' | sort -u
}
created=$(names 'CREATE( OR REPLACE)? (FUNCTION|PROCEDURE|AGGREGATE)' "$script")
commented=$(names 'COMMENT ON (FUNCTION|PROCEDURE|AGGREGATE)' "$script")
documented=$(names '#+|[-*|]' "$reference")

failed=0
report() { # NAMES WHAT ADVICE
    [[ -n $1 ]] || return 0
    while read -r name; do echo "$name(): $2"; done <<<"$1"
    echo "    -> $3"
    failed=1
}
report "$(comm -23 <(echo "$created") <(echo "$commented"))" "no comment in $script" \
    "add COMMENT ON FUNCTION to the install script: psql's \\df+ shows it"
report "$(comm -23 <(echo "$created") <(echo "$documented"))" "not in $reference" \
    "add a section with signature, parameters and an example"
report "$(comm -13 <(echo "$created") <(echo "$documented"))" "in $reference, but not created by $script" \
    "remove it from the reference, or create it"
exit $failed
