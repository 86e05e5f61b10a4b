#!/bin/bash
# Checks that every source file says at its top what it is, and that none grows beyond what one reads at a sitting.
set -euo pipefail
cd "$(dirname "$0")/../.."

most=600
failed=0
while read -r file; do
    if [[ $(head -c 3 "$file") != '// ' ]]; then
        echo "$file does not begin with a // comment"
        echo "    -> say in the first lines what the file is, what goes in and out, and what is not in it"
        failed=1
    fi
    lines=$(wc -l <"$file")
    if ((lines > most)); then
        echo "$file has $lines lines, more than $most"
        echo "    -> split it by verb or noun into files of their own"
        failed=1
    fi
done < <(find src -name '*.cpp' -o -name '*.hpp' | sort)
exit $failed
