#!/bin/bash
# Checks the directions in which the folders of src/ include each other; src/README.md has the map and the reasons.
# Our own headers end in .hpp and are included as "folder/name.hpp"; PostgreSQL's end in .h.
set -euo pipefail
cd "$(dirname "$0")/../.."

failed=0
fail() { # LINES ADVICE
    printf '%s\n    -> %s\n' "$1" "$2"
    failed=1
}

lines() { # PATTERN FOLDER: the lines of its sources that match
    grep -srnE --include='*.cpp' --include='*.hpp' "$1" "src/$2" | sed 's|^src/\./|src/|' || true
}

only() { # FOLDER WHAT-IT-MAY-INCLUDE ADVICE
    local found
    found=$(lines '^\s*#\s*include' "$1" | grep -vE "#\s*include\s+($2)") || return 0
    fail "$found" "$3"
}

never() { # FOLDER PATTERN ADVICE
    local found
    found=$(lines "$2" "$1")
    [[ -z $found ]] || fail "$found" "$3"
}

library='<[^>]+>|"[^"]+\.h"'   # PostgreSQL's own headers: see the last rule
only model '<[a-z_0-9]+>|"model/[a-z_0-9/]+\.hpp"' \
    "src/model has the standard library and model/ alone, so that it is tested without a server; move what needs more to analyze/ or plan/"
only pg "$library|\"pg/[a-z_0-9/]+\.hpp\"" \
    "src/pg wraps PostgreSQL and knows nothing of TVIEWs; move what needs another folder out of pg/"
only analyze "$library|\"(model|pg|analyze)/[a-z_0-9/]+\.hpp\"" \
    "src/analyze sees model/, pg/ and itself; hand the result over as a value of model/"
only plan "$library|\"(model|pg|plan)/[a-z_0-9/]+\.hpp\"" \
    "src/plan sees model/, pg/ and itself; hand what it needs over as a value of model/"
never plan '\bQuery ?\*' \
    "src/plan never sees a query tree; let analyze/ extract what is needed into a value of model/"
only stats "$library|\"(pg|catalog|stats)/[a-z_0-9/]+\.hpp\"" \
    "src/stats is told what happens and asks nobody; hand it plain values"
never catalog '#\s*include\s+"stats/' \
    "src/catalog knows nothing of statistics; let it count, and src/stats ask"
never capture '#\s*include\s+"(refresh|ddl)/' \
    "src/capture only appends to queue/; let queue/ drive refresh/"
never . '#\s*include\s+"([^"/]+|\.\.?/[^"]*)\.hpp"' \
    "name the folder: #include \"folder/name.hpp\""

found=$(lines '#\s*include\s+"[^"]+\.h"' . | grep -v '^src/pg/' || true)
[[ -z $found ]] || fail "$found" "include pg/postgres.hpp instead and add the header there: it must stand in extern \"C\""

exit $failed
