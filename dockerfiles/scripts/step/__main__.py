"""Runs one build step: python3 step NAME. On failure the last line is `image-action: error: <one sentence>`."""

import importlib
import os
import sys

sys.path[0] = os.path.dirname(sys.path[0])

from step.failure import Failure, explain  # noqa: E402

# Name on the command line → module of this package with a main() without arguments.
STEPS = {
    "install-build-tools": "build_tools",
    "build-ucx": "build_ucx",
    "build-wheel": "build_wheel",
    "install-debug-tools": "debug_tools",
    "install-ucx-tools": "ucx_tools",
    "install-nixl": "nixl",
    "install-aibrix": "aibrix",
    "integrate": "integrate",
}


def main():
    name = sys.argv[1] if len(sys.argv) == 2 else ""
    if name not in STEPS:
        explain("there is no step %r; there are %s" % (name, ", ".join(STEPS)))
        return 2
    try:
        importlib.import_module("step." + STEPS[name]).main()
    except Failure as failure:
        explain(str(failure))
        return 1
    except OSError as error:
        explain("%s: %s" % (name, error))
        return 1
    return 0


sys.exit(main())
