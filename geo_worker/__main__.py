"""`python -m geo_worker`."""

import uvloop

from geo_worker.app import geo_worker
from geo_worker.settings import GeoSettings
from shared.lifecycle import run

if __name__ == "__main__":
    run("geo_worker", GeoSettings, geo_worker, uvloop.new_event_loop)
