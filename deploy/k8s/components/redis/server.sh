#!/bin/sh
# A server of the three: it leads, or follows whoever does.
set -eu
. /scripts/leader.sh
umask 077
{
    echo "dir /data"
    echo "requirepass $password"
    echo "masterauth $password"
    echo "replica-announce-ip $me"
    # What the container's restart may keep, and a lost node may not.
    echo "appendonly yes"
    echo "save ''"
    # Addresses and marks of what went out expire by themselves; the oldest go first if there is no room.
    echo "maxmemory 192mb"
    echo "maxmemory-policy volatile-lru"
    if [ "$leader" != "$me" ]; then echo "replicaof $leader 6379"; fi
} >/data/valkey.conf
exec valkey-server /data/valkey.conf
