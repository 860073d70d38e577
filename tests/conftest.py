"""What holds for all tests. The project is installed, so they import it as anyone would."""

import os
import signal

from hypothesis import HealthCheck, settings

from local.ports import take_share

# How long an example takes is the machine's affair, and no test is about that.
settings.register_profile("fleet", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("fleet")

# Of the processes in which pytest-xdist runs tests, each has engines of its own.
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    os.environ.pop("COLUMNS", None)  # how wide a table is must not hang on who runs the test
    take_share(int(worker.removeprefix("gw")), int(os.environ["PYTEST_XDIST_WORKER_COUNT"]))

# A shell starts what runs in the background deaf to Ctrl-C, children inherit that, and some tests press it.
signal.signal(signal.SIGINT, signal.default_int_handler)
