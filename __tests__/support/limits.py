"""Time limits that are short for what hangs, and do not run out early on a busy machine."""

import time
from unittest import mock

from measure.subprocesses import Child

LONGEST_SECONDS = 60


def limit_begins(case, said):
    """Starts the time limit of a program when it has printed `said`, or has ended."""
    end = Child.end

    def end_later(child, seconds):
        until = time.monotonic() + LONGEST_SECONDS
        while said not in bytes(child.out.kept) and child.is_running() and time.monotonic() < until:
            time.sleep(0.01)
        return end(child, seconds)

    given = mock.patch.object(Child, "end", end_later)
    given.start()
    case.addCleanup(given.stop)
