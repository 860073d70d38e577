#!/usr/bin/env bash
# At each start, before the migration: the roles, whose rights `fleet migrate` gives, and of each one login, with the
# password that .env says now. So data of a release without them gets them too.
set -euo pipefail
psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 <<'SQL'
\getenv worker WORKER_PASSWORD
\getenv geo GEO_PASSWORD
\getenv ops OPS_PASSWORD
\getenv reader READER_PASSWORD
\getenv exporter EXPORTER_PASSWORD
SET client_min_messages = warning;
BEGIN;
SELECT format('CREATE ROLE %I', name) FROM unnest(ARRAY['fleet_worker', 'fleet_geo', 'fleet_ops', 'fleet_reader',
    'checkin_worker', 'geo_worker', 'operator', 'replica_reader', 'exporter']) AS name
WHERE name NOT IN (SELECT rolname FROM pg_roles) \gexec
ALTER ROLE checkin_worker LOGIN PASSWORD :'worker';
ALTER ROLE geo_worker LOGIN PASSWORD :'geo';
ALTER ROLE operator LOGIN PASSWORD :'ops';
ALTER ROLE replica_reader LOGIN PASSWORD :'reader';
ALTER ROLE exporter LOGIN PASSWORD :'exporter';
GRANT fleet_worker TO checkin_worker;
GRANT fleet_geo TO geo_worker;
GRANT fleet_ops TO operator;
GRANT fleet_reader TO replica_reader;
-- It sees how the server is, and nothing that is stored.
GRANT pg_monitor TO exporter;
-- On the replica: whom it follows (docs/databases.md).
GRANT pg_read_all_stats TO fleet_reader;
COMMIT;
SQL
