#!/usr/bin/env bash
# `tools.sh deploy` or `load`: makes `.local/NAME-tools` from the lock in tests/NAME: what `make deploy-check` judges with, or
# locust. Apart from `.venv`: checkov alone drags in a hundred packages, and locust brings gevent and a plug-in for pytest,
# which would be in every test run. A second run finds its stamp and does nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

NAME=$1
TOOLS=.local/$NAME-tools
LOCK=tests/$NAME/requirements.lock
WANTED=$({ pwd; .venv/bin/python --version; cat "$LOCK"; } | sha256sum)
mkdir -p .local
exec 9>"$TOOLS.lock"
flock 9
if [ "$(cat "$TOOLS/.stamp" 2>/dev/null)" = "$WANTED" ]; then exit 0; fi

echo "$NAME: installing the locked tools into $TOOLS"
.venv/bin/python -m venv --clear "$TOOLS"
"$TOOLS/bin/python" -m pip --disable-pip-version-check --quiet --no-input install --require-hashes -r "$LOCK"
echo "$WANTED" >"$TOOLS/.stamp"
