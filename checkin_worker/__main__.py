"""`python -m checkin_worker`."""

import uvloop

from checkin_worker.app import checkin_worker
from checkin_worker.settings import WorkerSettings
from shared.lifecycle import run

if __name__ == "__main__":
    run("checkin_worker", WorkerSettings, checkin_worker, uvloop.new_event_loop)
