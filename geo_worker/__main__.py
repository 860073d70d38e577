"""`python -m geo_worker`.

On asyncio's own loop: its transports write to the socket at once, where uvloop waits for the end of the loop's turn,
and a geo worker asks whether it holds the right to ask right before it writes (`geo_worker.pace`).
"""

from geo_worker.app import geo_worker
from geo_worker.settings import GeoSettings
from shared.lifecycle import run

if __name__ == "__main__":
    run("geo_worker", GeoSettings, geo_worker)
