#!/bin/bash
# Checks that no install script that has been released was edited: those in upgrades/ are what upgrades/frozen.sha256 says.
set -euo pipefail
cd "$(dirname "$0")/../../upgrades"

failed=0
if ! sha256sum --quiet --strict -c frozen.sha256; then
    echo "    -> databases have these objects already: restore the file, and write the change into the script that upgrades from it"
    failed=1
fi
for file in pg_tviews--*.sql; do
    [[ $file == *--*--* ]] || grep -q "  $file\$" frozen.sha256 || {
        echo "upgrades/$file has no checksum"
        echo "    -> cd upgrades && sha256sum $file >>frozen.sha256"
        failed=1
    }
done
exit $failed
