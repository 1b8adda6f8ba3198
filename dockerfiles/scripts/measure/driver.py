"""The GPU driver's libraries, for loading what links them on a machine without a GPU.

Link-time stubs, whose functions all return an error, take their place: the toolkit's own, or those
that the ucx stage kept. Only measurements see them; at run time the host provides the driver's own
libraries.
"""

from __future__ import annotations

import atexit
import functools
import glob
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence

from common import cuda
from common.constants import DRIVER_LIBRARIES, DRIVER_STUBS, UCX_MOUNT, link_name

from .subprocesses import OK, python

# Kept under the names that a loader asks for; a toolkit's stubs have those that a linker asks for.
KEPT = f"{UCX_MOUNT}/{DRIVER_STUBS}"
FOLDERS = ("lib64", "lib", "targets/*/lib")

LOAD = """
import ctypes
def loads(library):
    try:
        ctypes.CDLL(library)
        return True
    except OSError:
        return False
answer([library for library in sys.argv[1:] if loads(library)])
"""


@functools.lru_cache(maxsize=None)
def environment() -> dict[str, str] | None:
    """Variables with which a process of its own can load what links the driver.

    Empty if the loader finds a driver; None if it finds none and there is no stub of libcuda.so.1
    either.
    """
    stubs_of = {soname: stubs(soname) for soname in DRIVER_LIBRARIES}
    # Names first: a stub that is loaded answers to its name
    loaded = loadable([*stubs_of, *(path for paths in stubs_of.values() for path in paths)])
    used = {soname: next(filter(loaded.__contains__, paths), None)
            for soname, paths in stubs_of.items() if soname not in loaded}
    if "libcuda.so.1" in used and used["libcuda.so.1"] is None:
        return None
    found = {soname: path for soname, path in used.items() if path}
    if not found:
        return {}
    folder = tempfile.mkdtemp(prefix="driver-stub-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for soname, path in found.items():
        os.symlink(path, os.path.join(folder, soname))
    # At the end, since the loader searches LD_LIBRARY_PATH in order
    given = os.environ.get("LD_LIBRARY_PATH")
    return {"LD_LIBRARY_PATH": f"{given}:{folder}" if given else folder}


def stubs(soname: str) -> list[str]:
    """Paths of the stubs of a library, the preferred ones first.

    A toolkit may have stubs for other machines, too.
    """
    patterns = [f"{home}/{folder}/stubs/{link_name(soname)}" for home in cuda.homes() for folder in FOLDERS]
    paths = [path for pattern in patterns for path in sorted(glob.glob(pattern))]
    return [path for path in [*paths, os.path.join(KEPT, soname)] if os.path.isfile(path)]


def loadable(libraries: Sequence[str]) -> set[str]:
    """Those that the loader takes, in another process. libraries: paths or names.

    If that process crashes, each library is loaded in its own.
    """
    answer, outcome = python(LOAD, *libraries, interpreter=[sys.executable, "-IS"])
    if outcome == OK or len(libraries) < 2:
        return set(answer or ())
    return {library for library in libraries if loadable([library])}
