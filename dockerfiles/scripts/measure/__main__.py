"""Measures a base image or a finished image and writes the facts as JSON: python3 measure base|image FILE as root, and
python3 measure running-base|running-image FILE as the user that runs it.

Measures and never judges. Nothing that is missing or broken stops it: what can't be measured is null, or says why in an
`error` beside it. src/verify/facts.ts describes the format.
"""

import json
import os
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor

sys.path[0] = os.path.dirname(sys.path[0])

from measure import (  # noqa: E402
    aibrix,
    base_files,
    cuda_links,
    demands,
    engine,
    entrypoint,
    environment,
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

# What was written down in the base; its step writes it beside the facts, that of the image is given it here.
BASE_FILES = "/run/image-action/base-files.json"


def isolated(measurement, fallback):
    """The result of a measurement, or `fallback`: one that breaks does not take the others with it."""
    try:
        return measurement()
    except Exception:  # whatever a strange image does to a measurement
        print("image-action: warning: a measurement failed", file=sys.stderr)
        traceback.print_exc()
        return fallback


def at_once(measurements):
    """{name: result} of {name: (measurement, fallback)}, side by side: nearly all wait for processes of their own, for imports above all."""
    with ThreadPoolExecutor(len(measurements)) as pool:
        begun = {name: pool.submit(isolated, *measurement) for name, measurement in measurements.items()}
    return {name: future.result() for name, future in begun.items()}


def facts(finished):
    # Before anything is imported, since that may write what it likes
    compared = isolated(lambda: base_files.compared(BASE_FILES), None) if finished else None
    found = at_once({
        "system": (system.system, {"machine": "unknown", "distribution": "unknown", "glibc": "unknown", "libstdcxx": None}),
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
        "pip": (environment.pip, {}),
        "pipCheck": (environment.pip_check, None),
        "dpkg": (environment.dpkg, None),
        **(IN_A_FINISHED_IMAGE if finished else IN_A_BASE),
    })
    nothing = {"user": None, "integration": None, "hooks": None, "conditions": []}
    return {**nothing, **found, "format": 2, "baseFiles": compared}


def links():
    """Who links which CUDA."""
    linking = {"torch": cuda_links.torch, "nixl": cuda_links.nixl, "aibrix": cuda_links.aibrix, "ucxTools": cuda_links.ucx_tools}
    return {name: isolated(measurement, None) for name, measurement in linking.items()}


IN_A_BASE = {"user": (user.user, None)}
IN_A_FINISHED_IMAGE = {
    "integration": (integration.integration, None),
    "hooks": (demands.hooks, None),
    "conditions": (demands.conditions, []),
}


def as_it_runs(finished):
    found = at_once({
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


def writable_for_the_user(directory):
    """Makes the directory of the facts, and one in it for what is measured as the image's user."""
    of_the_user = os.path.join(directory, "running")
    os.makedirs(of_the_user, exist_ok=True)
    os.chmod(of_the_user, 0o777)


def main():
    what = sys.argv[1] if len(sys.argv) == 3 else None
    if what not in MEASUREMENTS:
        print("image-action: error: usage: measure %s FILE" % "|".join(MEASUREMENTS), file=sys.stderr)
        return 2
    files = isolated(base_files.table, None) if what == "base" else None
    text = json.dumps(MEASUREMENTS[what](), indent=2, sort_keys=True) + "\n"
    if not what.startswith("running-"):
        writable_for_the_user(os.path.dirname(os.path.abspath(sys.argv[2])))
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write(text)
    if what == "base":
        with open(os.path.join(os.path.dirname(sys.argv[2]), "files.json"), "w", encoding="utf-8") as file:
            json.dump(files, file)
    return 0


sys.exit(main())
