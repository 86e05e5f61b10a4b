#!/bin/bash
# Checks that every setting that the library defines has a section of its own in the reference of settings, which says its default, and
# that the reference names no other.
set -euo pipefail
cd "$(dirname "$0")/../.."

source=src/catalog/settings.cpp
reference=docs/reference/settings.md
defined=$(grep -oE 'Variable\("pg_tviews\.[a-z_]+' "$source" | grep -oE 'pg_tviews\.[a-z_]+' | sort -u)
documented=$(grep -oE '^## pg_tviews\.[a-z_]+' "$reference" | cut -c4- | sort -u)
with_default=$(awk '/^## /{name = $2} /default/{print name}' "$reference" | grep '^pg_tviews' | sort -u)

failed=0
report() { # NAMES WHAT ADVICE
    [[ -n $1 ]] || return 0
    while read -r name; do echo "$name: $2"; done <<<"$1"
    echo "    -> $3"
    failed=1
}
report "$(comm -23 <(echo "$defined") <(echo "$documented"))" "not in $reference" \
    "add a section: type, unit, default, who may set it, when to change it"
report "$(comm -13 <(echo "$defined") <(echo "$documented"))" "in $reference, but not in $source" "remove it from the reference, or define it"
report "$(comm -23 <(echo "$documented") <(echo "$with_default"))" "its section says no default" "say it"
exit $failed
