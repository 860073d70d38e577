"""`python -m ingress`."""

import uvloop

from ingress.app import ingress
from ingress.settings import IngressSettings
from shared.lifecycle import run

if __name__ == "__main__":
    run("ingress", IngressSettings, ingress, uvloop.new_event_loop)
