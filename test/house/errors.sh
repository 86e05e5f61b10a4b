#!/bin/bash
# Checks that docs/reference/errors.md lists what the source can raise, with SQLSTATE, cause and remedy.
#
#   test/house/errors.sh [--accept]     --accept: writes the page; read the difference
set -euo pipefail
cd "$(dirname "$0")/../.."
exec python3 test/house/errors.py "$@"
