"""Runs all unit tests of the scripts in parallel: most of the time they wait for processes.

    python3 -B -m __tests__.python
"""

import io
import multiprocessing
import os
import sys
import tempfile
import time
import unittest

from . import ROOT

# More than cores, for tests that wait for a time-out
AT_A_TIME = (os.cpu_count() or 1) + 2
COUNTED = ("failures", "errors", "skipped", "expectedFailures", "unexpectedSuccesses")


def tests(suite):
    """Its tests; a module that can't be loaded is one that fails."""
    return [test for part in suite for test in (tests(part) if isinstance(part, unittest.TestSuite) else [part])]


def carry_out(number):
    """Runs one test. Returns how many ran, the counts of COUNTED, and the messages."""
    result = unittest.TextTestResult(unittest.runner._WritelnDecorator(io.StringIO()), True, 0)
    unittest.TestSuite([ALL[number]]).run(result)
    result.printErrors()
    return result.testsRun, [len(getattr(result, name)) for name in COUNTED], result.stream.getvalue()


def main():
    """Prints what unittest does; script/count-tests.ts reads the last lines."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        # For files of processes that are killed
        os.environ["TMPDIR"] = tempfile.tempdir = place
        # Forked, so that modules are loaded once
        with multiprocessing.get_context("fork").Pool(AT_A_TIME) as pool:
            done = list(pool.imap_unordered(carry_out, range(len(ALL))))
    ran = sum(one[0] for one in done)
    ended = dict(zip(COUNTED, map(sum, zip(*(one[1] for one in done)))))
    bad = [name for name in ("failures", "errors", "unexpectedSuccesses") if ended[name]]
    print("".join(sorted(one[2] for one in done)) + "-" * 70)
    print(f"Ran {ran} test{'' if ran == 1 else 's'} in {time.monotonic() - start:.3f}s\n")
    names = {"expectedFailures": "expected failures", "unexpectedSuccesses": "unexpected successes"}
    numbers = ", ".join(f"{names.get(name, name)}={number}" for name, number in ended.items() if number)
    print(("FAILED" if bad or not ran else "OK") + (f" ({numbers})" if numbers else ""))
    return 1 if bad or not ran else 0


ALL = tests(unittest.defaultTestLoader.discover(os.path.dirname(os.path.abspath(__file__)), top_level_dir=ROOT))
if __name__ == "__main__":
    sys.exit(main())
