#!/usr/bin/env bash
# Run once by the image, when the primary's data is made: somebody may follow.
set -euo pipefail
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --set password="$REPLICATION_PASSWORD" <<'SQL'
CREATE ROLE follower WITH REPLICATION LOGIN PASSWORD :'password';
SELECT pg_create_physical_replication_slot('replica');
SQL
echo "host replication follower all scram-sha-256" >>"$PGDATA/pg_hba.conf"
