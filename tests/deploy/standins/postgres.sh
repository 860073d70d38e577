#!/usr/bin/env bash
# What the image's own script does, as far as we rely on it: makes the data by POSTGRES_*, and runs docker-entrypoint-initdb.d.
set -euo pipefail
if [ "$1" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
    (umask 077 && echo "$POSTGRES_PASSWORD" >/tmp/password)
    initdb --username "$POSTGRES_USER" --pwfile /tmp/password --auth-host scram-sha-256 --auth-local trust \
        --encoding UTF8 --locale C.UTF-8 --pgdata "$PGDATA"
    rm /tmp/password
    echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
    echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"
    pg_ctl --pgdata "$PGDATA" --options "-c listen_addresses=''" --wait start
    if [ "$POSTGRES_DB" != postgres ]; then createdb --username "$POSTGRES_USER" "$POSTGRES_DB"; fi
    for script in /docker-entrypoint-initdb.d/*.sh; do
        if [ -x "$script" ]; then "$script"; fi
    done
    pg_ctl --pgdata "$PGDATA" --mode fast --wait stop
fi
exec "$@"
