#!/bin/bash
# Checks that docs/reference/shapes.md is what the regression test writes_matrix expects to print.
#
#   test/house/shapes.sh [--accept]     --accept: writes the page from expected/writes_matrix.out
set -euo pipefail
cd "$(dirname "$0")/../.."

page=docs/reference/shapes.md
printed() { sed -n '/^# Shapes and writes$/,$p' expected/writes_matrix.out; }

if [[ ${1:-} == --accept ]]; then
    printed >"$page"
elif ! diff -u "$page" <(printed); then
    echo "$page is not what expected/writes_matrix.out ends with"
    echo "    -> read the difference, then run test/house/shapes.sh --accept"
    exit 1
fi
