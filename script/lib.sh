# Sourced by script/test, script/demo and script/bench: builds and installs the extension and runs a throwaway PostgreSQL server.
#
# The server lives in a new directory under /tmp, belongs to user postgres (initdb refuses root), listens on a unix socket
# only, and is stopped and removed when the script ends, however it ends.  Everything that runs as postgres runs in a copy of
# the tree next to it, since postgres may not be able to read the tree itself.
#
# Sets: root (the repository), bindir (the server's programs), scratch (the new directory), tree (the copy in it), as_postgres
# (the words to put before a command).  Not here: which tests there are (script/test).

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
scratch='' tree='' child=''
as_postgres=()
((EUID != 0)) || as_postgres=(runuser -u postgres --)
as_root=()
((EUID == 0)) || as_root=(sudo --preserve-env=PG_CONFIG)

# The caller's own server and locale must not leak in.
for name in ${!PG@}; do
    [[ $name == PG_CONFIG ]] || unset "$name"
done
export LC_ALL=C.UTF-8 PG_CONFIG=${PG_CONFIG:-/usr/lib/postgresql/15/bin/pg_config}

# Runs when the script ends.  Stops every server under the scratch directory, those that tests left behind too.
finish() {
    local status=$? pidfile
    trap '' INT TERM
    [[ -z $child ]] || { kill "$child" && wait "$child"; } 2>/dev/null || true
    [[ -n $scratch ]] || exit "$status"
    while read -r pidfile; do
        "${as_postgres[@]}" "$bindir/pg_ctl" -D "${pidfile%/*}" -m fast -t 20 stop >/dev/null 2>&1 ||
            "${as_postgres[@]}" "$bindir/pg_ctl" -D "${pidfile%/*}" -m immediate -t 20 stop >/dev/null 2>&1 || true
    done < <(find "$scratch" -name postmaster.pid)
    rm -rf "$scratch"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

heading() { printf '\n== %s\n' "$*"; }

die() {
    echo "$*" >&2
    exit 1
}

# limited SECONDS COMMAND...: runs a program (no shell function) for at most so long.  Waits in a way that lets Ctrl-C through.
limited() {
    local status=0
    timeout -k 10 "$@" </dev/null &
    child=$!
    wait "$child" || status=$?
    child=''
    ((status != 124)) || echo "Stopped after $1 seconds: ${*:2}" >&2
    return "$status"
}

build() {
    bindir=$("$PG_CONFIG" --bindir)
    limited 1200 make -s -j2 -C "$root"
    limited 60 "${as_root[@]}" make -s -C "$root" install >/dev/null
}

# Makes the scratch directory and goes there: user postgres may not be allowed where the caller stands.  Comes after build.
open_scratch() {
    scratch=$(mktemp -d /tmp/pg_tviews.XXXXXX)
    tree=$scratch/tree
    chmod 755 "$scratch"
    ((EUID != 0)) || chown postgres: "$scratch"
    export HOME=$scratch TMPDIR=$scratch
    cd "$scratch"
}

copy_tree() {
    mkdir "$tree"
    tar -C "$root" --exclude=./.git -cf - . | tar -C "$tree" -xf -
    ((EUID != 0)) || chown -R postgres: "$tree"
}

# start_server [SETTING...]: starts the private server; psql, createdb and pg_regress find it through the environment.
start_server() {
    export PGHOST=$scratch PGUSER=postgres PGDATABASE=postgres
    limited 60 "${as_postgres[@]}" "$bindir/initdb" -D "$scratch/data" -U postgres -A trust -N -E UTF8 --locale=C.UTF-8 \
        >"$scratch/initdb.log" 2>&1 || { cat "$scratch/initdb.log"; return 1; }
    printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$scratch'" "$@" \
        >>"$scratch/data/postgresql.conf"
    limited 60 "${as_postgres[@]}" "$bindir/pg_ctl" -D "$scratch/data" -l "$scratch/server.log" -w start >/dev/null ||
        { cat "$scratch/server.log"; return 1; }
}

# in_tree SECONDS COMMAND...: runs a program as postgres inside the copy of the tree.
in_tree() { limited "$1" "${as_postgres[@]}" env -C "$tree" "${@:2}"; }

# sql [psql's arguments]: psql that stops at the first error and prints bare values.
sql() { "$bindir/psql" -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }
