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


def facts(finished):
    nothing = {"distributions": {}, "modules": []}
    unknown = {"machine": "unknown", "distribution": "unknown", "glibc": "unknown", "libstdcxx": None}
    return {
        "format": 2,
        # Before anything is imported, since that may write what it likes
        "baseFiles": isolated(lambda: base_files.compared(BASE_FILES), None) if finished else None,
        "system": isolated(system.system, unknown),
        "python": isolated(system.python, {"version": "unknown", "executable": sys.executable, "externallyManaged": False}),
        "user": None if finished else isolated(user.user, None),
        "imports": isolated(imports.imports, None),
        "engines": isolated(engine.engines, []),
        "torch": isolated(engine.torch, None),
        "toolkit": isolated(engine.toolkit, None),
        "aibrix": isolated(aibrix.aibrix, None),
        "nixl": isolated(nixl.nixl, nothing),
        "bundledUcx": isolated(nixl.bundled_ucx, None),
        "loaderUcx": isolated(ucx.loader_ucx, None),
        "ucxTools": isolated(ucx.ucx_tools, None),
        "cudaLinks": {
            "torch": isolated(cuda_links.torch, None),
            "nixl": isolated(cuda_links.nixl, None),
            "aibrix": isolated(cuda_links.aibrix, None),
            "ucxTools": isolated(cuda_links.ucx_tools, None),
        },
        "tools": isolated(tools.tools, []),
        "demands": isolated(demands.demands, None),
        "integration": isolated(integration.integration, None) if finished else None,
        "hooks": isolated(demands.hooks, None) if finished else None,
        "conditions": isolated(demands.conditions, []) if finished else [],
        "pip": isolated(environment.pip, {}),
        "pipCheck": isolated(environment.pip_check, None),
        "dpkg": isolated(environment.dpkg, None),
    }


# Each waits for processes of its own, most of the time for imports
IN_THE_IMAGE = {
    "nixlTransfer": nixl_transfer.nixl_transfer,
    "kvcacheRoundTrip": kvcache.round_trip,
    "loopback": loopback.loopback,
}


def as_it_runs(finished):
    wanted = {"entrypoint": entrypoint.starts, "imports": running.would_import, "tools": running.started}
    if finished:
        wanted.update(IN_THE_IMAGE)
    with ThreadPoolExecutor(len(wanted)) as pool:
        begun = {name: pool.submit(isolated, measurement, None) for name, measurement in wanted.items()}
    found = {name: future.result() for name, future in begun.items()}
    return dict(dict.fromkeys(IN_THE_IMAGE), **found, identity=isolated(running.identity, None))


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
