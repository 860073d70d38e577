"""What holds for all tests. The project is installed, so they import it as anyone would."""

import signal

from hypothesis import HealthCheck, settings

# How long an example takes is the machine's affair, and no test is about that.
settings.register_profile("fleet", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("fleet")

# A shell starts what runs in the background deaf to Ctrl-C, children inherit that, and some tests press it.
signal.signal(signal.SIGINT, signal.default_int_handler)
