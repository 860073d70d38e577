"""Owns a service under the profiler: `python -m bench.profiled FILE MODULE`.

It is profiled from SIGUSR1 on, since its start is not what is asked about, by the processor's clock, by which it does
not matter how long it waits, and leaves the profile when it ends.
"""

import cProfile
import runpy
import signal
import sys
import time

BEGIN = signal.SIGUSR1


def main(file: str, module: str) -> None:
    """Run the service to its end."""
    profiler = cProfile.Profile(time.process_time)
    signal.signal(BEGIN, lambda _number, _frame: profiler.enable())
    sys.argv = [module]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        profiler.disable()
        profiler.dump_stats(file)


if __name__ == "__main__":
    main(*sys.argv[1:])
