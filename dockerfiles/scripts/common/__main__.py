"""Runs one build step: python3 common NAME [ENGINE].

On failure the last line is `image-action: error: <one sentence>`.
"""

from __future__ import annotations

import importlib
import os
import sys

sys.path[0] = os.path.dirname(sys.path[0])

from common.failure import Failure, explain  # noqa: E402

# Name on the command line → module of `step` with a main(), which gets the engine if the Dockerfile
# names it. Each step has only the packages that it needs mounted, so that a change of one step does
# not run the others again.
STEPS = {
    "install-build-tools": "builder.build_tools",
    "build-ucx": "ucx.build_ucx",
    "build-extension": "wheel.build_extension",
    "build-wheel": "wheel.build_wheel",
    "install-debug-tools": "image.debug_tools",
    "install-ucx-tools": "image.ucx_tools",
    "install-nixl": "image.nixl",
    "install-aibrix-dependencies": "image.aibrix_dependencies",
    "install-aibrix": "image.aibrix",
    "integrate": "image.integrate",
    "install-extra-packages": "extra.packages",
    "add-extra-files": "extra.files",
}


def main() -> int:
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in STEPS:
        explain(f"there is no step {name!r}; the steps are {', '.join(STEPS)}")
        return 2
    try:
        importlib.import_module(f"step.{STEPS[name]}").main(*sys.argv[2:])
    except Failure as failure:
        explain(str(failure))
        return 1
    except OSError as error:
        explain(f"{name}: {error}")
        return 1
    return 0


sys.exit(main())
