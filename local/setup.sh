#!/usr/bin/env bash
# Makes this project runnable on a machine that has only bash, git, make and Python: the virtual environment `.venv`
# from the locked requirements, and, on Debian as root, PostgreSQL, RabbitMQ, Redis, and for tests PgBouncer, Prometheus
# with the exporters of PostgreSQL and Redis, and libfaketime. It starts no server.
# A second run finds its stamp and does nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

VENV=.venv
STAMP=$VENV/.setup-stamp
APT_LOG=.local/apt.log
POLICY=/usr/sbin/policy-rc.d
CREATECLUSTER=/etc/postgresql-common/createcluster.conf

fail() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

# The first Python that is new enough and not too new; PYTHON=... chooses another.
find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    fail "Python 3.11, 3.12 or 3.13 is needed, and ${PYTHON:-python3} is $("${PYTHON:-python3}" --version 2>&1 || true)." \
        "Install one of them (Debian 12 has 3.11: apt-get install python3) or name it: PYTHON=/path/to/python3.12 make setup"
}

# Whatever the installation depends on, the folder included: a virtual environment does not move.
wanted_stamp() {
    { pwd; "$PYTHON_FOUND" --version; cat requirements.lock requirements-dev.lock pyproject.toml local/setup.sh; } | sha256sum
}

missing_packages() {
    [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || command -v rabbitmq-server >/dev/null || echo rabbitmq-server
    command -v redis-server >/dev/null || echo redis-server
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null || echo postgresql
    command -v pgbouncer >/dev/null || echo pgbouncer
    command -v promtool >/dev/null || echo prometheus
    command -v prometheus-postgres-exporter >/dev/null || echo prometheus-postgres-exporter
    command -v prometheus-redis-exporter >/dev/null || echo prometheus-redis-exporter
    compgen -G '/usr/lib/*/faketime/libfaketime.so.1' >/dev/null || echo libfaketime
    "$PYTHON_FOUND" -c 'import ensurepip' 2>/dev/null || echo python3-venv
    [ -e /etc/ssl/certs/ca-certificates.crt ] || [ ! -e /etc/debian_version ] || echo ca-certificates
}

# Packages ask this script before they start a server (invoke-rc.d(8)): 101 forbids it.
forbid_starting() {
    if [ -e $POLICY ]; then mv $POLICY $POLICY.before-setup; fi
    trap allow_starting EXIT
    printf '#!/bin/sh\nexit 101\n' >$POLICY
    chmod 755 $POLICY
    if [ ! -e $CREATECLUSTER ]; then
        mkdir -p "$(dirname $CREATECLUSTER)"
        echo 'create_main_cluster = false' >$CREATECLUSTER
        CREATECLUSTER_IS_OURS=yes
    fi
}

allow_starting() {
    rm -f $POLICY
    if [ -e $POLICY.before-setup ]; then mv $POLICY.before-setup $POLICY; fi
    # Debian's own defaults, so that a PostgreSQL installed later by a person behaves as usual.
    if [ "${CREATECLUSTER_IS_OURS:-}" ]; then
        cp /usr/share/postgresql-common/createcluster.conf $CREATECLUSTER 2>/dev/null || rm -f $CREATECLUSTER
    fi
}

install_packages() {
    [ $# -gt 0 ] || return 0
    command -v apt-get >/dev/null || fail "missing: $*." \
        "There is no apt-get here. Install these (their names on Debian) in your system's own way, then run make setup again."
    [ "$(id -u)" = 0 ] || fail "missing: $*." "Only root may install them: sudo apt-get install --no-install-recommends $*" \
        "(Debian then starts these servers on their usual ports; this project uses neither them nor those ports)"
    echo "setup: installing the Debian packages $* (their servers are not started)"
    forbid_starting
    export DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 LC_ALL=C.UTF-8
    if ! { apt-get update && apt-get install -y --no-install-recommends "$@"; } </dev/null >$APT_LOG 2>&1; then
        tail -n 20 $APT_LOG >&2
        fail "apt-get could not install $*; all it said is in $APT_LOG"
    fi
    # Nor at the next boot of the machine.
    if command -v systemctl >/dev/null; then
        for package in "$@"; do
            case $package in
            rabbitmq-server | redis-server | postgresql | pgbouncer | prometheus*) systemctl disable --quiet "$package" ;;
            esac
        done
    fi
    allow_starting
    trap - EXIT
}

install_python() {
    local version
    version=$("$PYTHON_FOUND" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    # One that works here is brought up to date; one that was moved, or is another Python's, is made anew.
    if ! grep -qsF "$PWD/$VENV" $VENV/bin/pip || ! [ -x $VENV/bin/python"$version" ]; then
        echo "setup: making $VENV with Python $version"
        "$PYTHON_FOUND" -m venv --clear $VENV
    fi
    echo "setup: installing the locked Python packages into $VENV"
    local pip=($VENV/bin/python -m pip --disable-pip-version-check --quiet --no-input install)
    "${pip[@]}" --require-hashes -r requirements-dev.lock
    "${pip[@]}" --no-deps --no-build-isolation -e .
}

# Two at once in one folder would install into each other's way.
mkdir -p .local
exec 9>.local/setup.lock
flock 9

PYTHON_FOUND=$(find_python)
mapfile -t MISSING < <(missing_packages)
WANTED=$(wanted_stamp)
if [ ${#MISSING[@]} -eq 0 ] && [ "$(cat $STAMP 2>/dev/null)" = "$WANTED" ]; then exit 0; fi

echo "setup: needs ${MISSING[*]:+the Debian packages ${MISSING[*]}, and }the Python packages of requirements-dev.lock in $VENV"
install_packages "${MISSING[@]}"
install_python
echo "$WANTED" >$STAMP
echo "setup: done"
