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

from common import cuda
from common.constants import DRIVER_LIBRARIES, DRIVER_STUBS, UCX_MOUNT, link_name

from .subprocesses import python

# Kept under the names that a loader asks for; a toolkit's stubs have those that a linker asks for.
KEPT = f"{UCX_MOUNT}/{DRIVER_STUBS}"
FOLDERS = ("lib64", "lib", "targets/*/lib")

LOAD = """
import ctypes
ctypes.CDLL(sys.argv[1])
answer(1)
"""


@functools.lru_cache(maxsize=None)
def environment() -> dict[str, str] | None:
    """Variables with which a process of its own can load what links the driver.

    Empty if the loader finds a driver; None if it finds none and there is no stub of libcuda.so.1
    either.
    """
    stubs = {soname: stub(soname) for soname in DRIVER_LIBRARIES if not loads(soname)}
    if "libcuda.so.1" in stubs and stubs["libcuda.so.1"] is None:
        return None
    found = {soname: path for soname, path in stubs.items() if path}
    if not found:
        return {}
    folder = tempfile.mkdtemp(prefix="driver-stub-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for soname, path in found.items():
        os.symlink(path, os.path.join(folder, soname))
    # At the end, since the loader searches LD_LIBRARY_PATH in order
    given = os.environ.get("LD_LIBRARY_PATH")
    return {"LD_LIBRARY_PATH": f"{given}:{folder}" if given else folder}


def stub(soname: str) -> str | None:
    """Path of the first stub of a library that loads here, or None.

    A toolkit may have stubs for other machines, too.
    """
    patterns = [f"{home}/{folder}/stubs/{link_name(soname)}" for home in cuda.homes() for folder in FOLDERS]
    stubs = [path for pattern in patterns for path in sorted(glob.glob(pattern))]
    stubs.append(os.path.join(KEPT, soname))
    return next((path for path in stubs if os.path.isfile(path) and loads(path)), None)


def loads(library: str) -> bool:
    """Whether the loader takes a library, in a process of its own. library: a path or a name."""
    return python(LOAD, library, interpreter=[sys.executable, "-IS"])[0] is not None
