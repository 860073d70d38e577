"""A service for tests of the fleet: ready when asked, appends its name to $LEDGER as it ends."""

import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path


class Probe(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()


def end(*_: object) -> None:
    with Path(os.environ["LEDGER"]).open("a") as ledger:
        ledger.write(f"{sys.argv[1]}\n")
    sys.exit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, end)
    sys.stderr.write(f"{sys.argv[1]} begins\n")
    if sys.argv[1] == os.environ.get("BROKEN"):
        sys.exit("RABBITMQ_URL: missing")
    HTTPServer(("127.0.0.1", int(os.environ["METRICS_PORT"])), Probe).serve_forever()
