"""What holds for all tests. The project is installed, so they import it as anyone would."""

from hypothesis import HealthCheck, settings

# How long an example takes is the machine's affair, and no test is about that.
settings.register_profile("fleet", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("fleet")
