#!/usr/bin/env bash
# Makes `.local/load-tools` from its lock: locust. Apart from `.venv`, since locust brings gevent and a plug-in for
# pytest, which would be in every test run. A second run finds its stamp and does nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."

TOOLS=.local/load-tools
WANTED=$({ pwd; .venv/bin/python --version; cat tests/load/requirements.lock; } | sha256sum)
mkdir -p .local
exec 9>.local/load-tools.lock
flock 9
if [ "$(cat $TOOLS/.stamp 2>/dev/null)" = "$WANTED" ]; then exit 0; fi

echo "load: installing the locked tools into $TOOLS"
.venv/bin/python -m venv --clear $TOOLS
$TOOLS/bin/python -m pip --disable-pip-version-check --quiet --no-input install --require-hashes \
    -r tests/load/requirements.lock
echo "$WANTED" >$TOOLS/.stamp
