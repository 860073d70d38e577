#!/usr/bin/env bash
# Builds stand-ins for images, each named on the command line as target=image: build.sh postgres=postgres:17.12 ...
# As root on Debian, with an engine at DOCKER_HOST. ROOT is a folder for trixie's files, which is reused if it is there.
set -euo pipefail
cd "$(dirname "$0")"
ROOT=${ROOT:?"say a folder for the root filesystem"}
# The classic builder: Debian's engine comes without the other one.
export DOCKER_BUILDKIT=0

if [ ! -e "$ROOT/.whole" ]; then
    rm -rf "$ROOT"
    debootstrap --variant=minbase --include=ca-certificates trixie "$ROOT" http://deb.debian.org/debian
    # What this machine trusts, a build in a container trusts too.
    cp /etc/ssl/certs/ca-certificates.crt "$ROOT/etc/ssl/certs/ca-certificates.crt"
    rm -rf "$ROOT"/var/cache/apt/archives/*.deb
    touch "$ROOT/.whole"
fi
tar -C "$ROOT" --numeric-owner -c . | docker import - trixie >/dev/null
for pair in "$@"; do
    docker build --quiet --target "${pair%%=*}" --tag "${pair#*=}" .
done
