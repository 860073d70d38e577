#!/usr/bin/env bash
# Makes `.local/deploy-tools` from its lock: what `make deploy-check` judges with. Apart from `.venv`, since checkov alone
# drags in a hundred packages. A second run finds its stamp and does nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."

TOOLS=.local/deploy-tools
WANTED=$({ pwd; .venv/bin/python --version; cat tests/deploy/requirements.lock; } | sha256sum)
mkdir -p .local
exec 9>.local/deploy-tools.lock
flock 9
if [ "$(cat $TOOLS/.stamp 2>/dev/null)" = "$WANTED" ]; then exit 0; fi

echo "deploy-check: installing the locked tools into $TOOLS"
.venv/bin/python -m venv --clear $TOOLS
$TOOLS/bin/python -m pip --disable-pip-version-check --quiet --no-input install --require-hashes \
    -r tests/deploy/requirements.lock
echo "$WANTED" >$TOOLS/.stamp
