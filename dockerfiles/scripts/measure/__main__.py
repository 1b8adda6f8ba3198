"""Measures a base image or a finished image and writes the facts as JSON.

usage: python3 measure base|image FILE                    as root
       python3 measure running-base|running-image FILE    as the user that runs the image

Measures and never judges. Nothing that is missing or broken stops it: what can't be measured is
null, or has the reason in an `error` beside it. src/verify/facts.ts describes the format.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

sys.path[0] = os.path.dirname(sys.path[0])

from common import packages  # noqa: E402
from measure import (  # noqa: E402
    added_files,
    aibrix,
    base_files,
    cuda_links,
    demands,
    engine,
    entrypoint,
    environment,
    extra,
    imports,
    integration,
    kvcache,
    loopback,
    nixl,
    nixl_transfer,
    running,
    system,
    tools,
    ucx,
    user,
)

# The table of the base's files. The base's step writes it beside the facts; the image's step gets
# it here.
BASE_FILES = "/run/image-action/base-files.json"

UNKNOWN_SYSTEM = {"machine": "unknown", "distribution": "unknown", "glibc": "unknown", "libstdcxx": None}


def isolated(measurement: Callable[[], Any], fallback: Any) -> Any:
    """The result of a measurement, or `fallback`: one that fails does not fail the others."""
    try:
        return measurement()
    except Exception:  # a strange image may break a measurement in any way
        print("image-action: warning: a measurement failed", file=sys.stderr)
        traceback.print_exc()
        return fallback


def in_parallel(measurements: Mapping[str, tuple[Callable[[], Any], Any]]) -> dict[str, Any]:
    """The results by name of measurements, each with its fallback.

    Nearly all measurements wait for processes of their own, mostly for imports.
    """
    with ThreadPoolExecutor(len(measurements)) as pool:
        begun = {name: pool.submit(isolated, *measurement) for name, measurement in measurements.items()}
    return {name: future.result() for name, future in begun.items()}


def facts(finished: bool) -> dict[str, Any]:
    # Before anything is imported, since an import may write files
    compared = isolated(lambda: base_files.compared(BASE_FILES), None) if finished else None
    found = in_parallel({
        "system": (system.system, UNKNOWN_SYSTEM),
        "python": (system.python, {"version": "unknown", "executable": sys.executable, "externallyManaged": False}),
        "imports": (imports.imports, None),
        "engines": (engine.engines, []),
        "torch": (engine.torch, None),
        "toolkit": (engine.toolkit, None),
        "aibrix": (aibrix.aibrix, None),
        "nixl": (nixl.nixl, {"distributions": {}, "modules": []}),
        "bundledUcx": (nixl.bundled_ucx, None),
        "loaderUcx": (ucx.loader_ucx, None),
        "ucxTools": (ucx.ucx_tools, None),
        "cudaLinks": (links, None),
        "tools": (tools.tools, []),
        "demands": (demands.demands, None),
        "pip": (packages.installed, {}),
        "pipCheck": (environment.pip_check, None),
        "dpkg": (environment.dpkg, None),
        **(IN_A_FINISHED_IMAGE if finished else IN_A_BASE),
    })
    return {**NOTHING, **found, "format": 2, "baseFiles": compared}


def links() -> dict[str, Any]:
    """Which part links which CUDA."""
    linking = {
        "torch": cuda_links.torch,
        "nixl": cuda_links.nixl,
        "aibrix": cuda_links.aibrix,
        "ucxTools": cuda_links.ucx_tools,
    }
    return {name: isolated(measurement, None) for name, measurement in linking.items()}


NOTHING = {
    "user": None,
    "integration": None,
    "hooks": None,
    "conditions": [],
    "addedFiles": None,
    "extraPackages": None,
    "extraFiles": None,
}
IN_A_BASE = {"user": (user.user, None)}
IN_A_FINISHED_IMAGE = {
    "integration": (integration.integration, None),
    "hooks": (demands.hooks, None),
    "conditions": (demands.conditions, []),
    "addedFiles": (lambda: added_files.compared(BASE_FILES), None),
    "extraPackages": (extra.extra_packages, None),
    "extraFiles": (extra.extra_files, None),
}


def as_it_runs(finished: bool) -> dict[str, Any]:
    found = in_parallel({
        "entrypoint": (lambda: entrypoint.starts(twice=not finished), None),
        "imports": (running.would_import, None),
        "tools": (running.started, None),
        **(WORK_OF_A_FINISHED_IMAGE if finished else {}),
    })
    nothing = dict.fromkeys(WORK_OF_A_FINISHED_IMAGE)
    return {**nothing, **found, "identity": isolated(running.identity, None)}


WORK_OF_A_FINISHED_IMAGE = {
    "nixlTransfer": (nixl_transfer.nixl_transfer, None),
    "kvcacheRoundTrip": (kvcache.round_trip, None),
    "loopback": (loopback.loopback, None),
}

MEASUREMENTS = {
    "base": lambda: facts(False),
    "image": lambda: facts(True),
    "running-base": lambda: as_it_runs(False),
    "running-image": lambda: as_it_runs(True),
}


def create_directories(directory: str) -> None:
    """Creates the directory of the facts, and one in it for measurements as the image's user."""
    of_the_user = os.path.join(directory, "running")
    os.makedirs(of_the_user, exist_ok=True)
    os.chmod(of_the_user, 0o777)


def main() -> int:
    what = sys.argv[1] if len(sys.argv) == 3 else None
    if what not in MEASUREMENTS:
        print(f"image-action: error: usage: measure {'|'.join(MEASUREMENTS)} FILE", file=sys.stderr)
        return 2
    files = isolated(base_files.table, None) if what == "base" else None
    text = json.dumps(MEASUREMENTS[what](), indent=2, sort_keys=True) + "\n"
    if not what.startswith("running-"):
        create_directories(os.path.dirname(os.path.abspath(sys.argv[2])))
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write(text)
    if what == "base":
        with open(os.path.join(os.path.dirname(sys.argv[2]), "files.json"), "w", encoding="utf-8") as file:
            json.dump(files, file)
    return 0


sys.exit(main())
