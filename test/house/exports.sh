#!/bin/bash
# Checks that the library shows exactly the symbols PostgreSQL looks up: the list in the exports file agrees with the
# functions in src/, and the built library agrees with the list.
set -euo pipefail
cd "$(dirname "$0")/../.."

list=$(sed -n 's/^SHLIB_EXPORTS *= *//p' Makefile)
library=pg_tviews.so
for file in "$list" "$library"; do
    [[ -e $file ]] || { echo "$file is missing"; echo "    -> run make"; exit 1; }
done

sources() { grep -rhoE --include='*.cpp' "$1" src || true; }
functions=$(sources '^TVIEWS_FUNCTION\(\w+\)' | sed -E 's/.*\((\w+)\)/\1\npg_finfo_\1/')
others=$(sources '\bPGDLLEXPORT\s+\w+\s+\w+\(' | sed -E 's/.*\s(\w+)\(/\1/')   # such as a worker's main function
wanted=$(printf '%s\n' Pg_magic_func _PG_init $functions $others | sort -u)
listed=$(awk '!/^#/ && NF { print $1 }' "$list" | sort)
shown=$(nm -D --defined-only "$library" | awk '{ print $NF }' | sort)

failed=0
report() { # NAMES WHAT ADVICE
    [[ -n $1 ]] || return 0
    while read -r name; do echo "$name: $2"; done <<<"$1"
    echo "    -> $3"
    failed=1
}
report "$(comm -23 <(echo "$wanted") <(echo "$listed"))" "not in $list" \
    "add it; a TVIEWS_FUNCTION needs two lines, its name and pg_finfo_ with its name"
report "$(comm -13 <(echo "$wanted") <(echo "$listed"))" "in $list, but not in src/" \
    "remove it, or define it with TVIEWS_FUNCTION in a .cpp file"
report "$(comm -23 <(echo "$listed") <(echo "$shown"))" "not in $library" \
    "build again; if it stays away, its definition is missing or not extern \"C\""
report "$(comm -13 <(echo "$listed") <(echo "$shown"))" "in $library, but not in $list" \
    "the library must be linked with the exports file (SHLIB_EXPORTS in the Makefile)"
exit $failed
