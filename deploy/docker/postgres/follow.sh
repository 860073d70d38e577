#!/usr/bin/env bash
# The replica: a copy of the primary at its first start, then a server that follows.
set -euo pipefail
export PGPASSFILE=/tmp/pgpass
(umask 077 && echo "postgres:5432:*:follower:$REPLICATION_PASSWORD" >$PGPASSFILE)
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    # What an interrupted copy left would be in the way of the next.
    find "$PGDATA" -mindepth 1 -delete
    pg_basebackup --dbname "host=postgres user=follower passfile=$PGPASSFILE" --pgdata "$PGDATA" \
        --checkpoint fast --write-recovery-conf --slot replica
    chmod 700 "$PGDATA"
fi
exec postgres -c hot_standby=on -c max_connections=300
