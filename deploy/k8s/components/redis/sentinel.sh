#!/bin/sh
# A sentinel of the three: two of them that miss the leader choose another.
set -eu
. /scripts/leader.sh
umask 077
{
    echo "port 26379"
    echo "dir /tmp"
    # The same after a restart, so that the others do not count it twice.
    echo "sentinel myid $(echo "$HOSTNAME" | sha1sum | cut -c 1-40)"
    echo "sentinel announce-ip $me"
    echo "sentinel monitor fleet $leader 6379 2"
    echo "sentinel auth-pass fleet $password"
    echo "sentinel down-after-milliseconds fleet 5000"
    echo "sentinel failover-timeout fleet 15000"
    echo "sentinel parallel-syncs fleet 2"
} >/tmp/sentinel.conf
exec valkey-server /tmp/sentinel.conf --sentinel
