"""The GPU driver's libraries, for loading what links them on a machine that has no GPU.

Their place is taken by link-time stubs, whose functions all return an error: the toolkit's own, else those that the ucx
stage has kept. Only what is measured sees them; at run time the driver's own libraries come from the host.
"""

import atexit
import functools
import glob
import os
import shutil
import sys
import tempfile

from common import cuda

from .child import python

LIBRARIES = ("libcuda.so.1", "libnvidia-ml.so.1")

# What the ucx stage has kept, under the names that a loader asks for; a toolkit's stubs have those that a linker asks for.
KEPT = "/run/ucx/driver-stub"

LOAD = """
import ctypes
ctypes.CDLL(sys.argv[1])
answer(1)
"""


@functools.lru_cache(maxsize=None)
def environment():
    """Variables with which what links the driver can be loaded, for a process of its own.

    Empty where the loader finds a driver; None where it does not and there is no stub of libcuda.so.1 either.
    """
    stubs = {soname: stub(soname) for soname in LIBRARIES if not loads(soname)}
    if "libcuda.so.1" in stubs and stubs["libcuda.so.1"] is None:
        return None
    there = {soname: path for soname, path in stubs.items() if path}
    if not there:
        return {}
    folder = tempfile.mkdtemp(prefix="driver-stub-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for soname, path in there.items():
        os.symlink(path, os.path.join(folder, soname))
    # At the end, since a folder in it comes before all others where the loader looks
    given = os.environ.get("LD_LIBRARY_PATH")
    return {"LD_LIBRARY_PATH": "%s:%s" % (given, folder) if given else folder}


def stub(soname):
    """Path of the first stub of a library that loads here, since a toolkit can have those of other machines too; None without one."""
    name = soname.split(".so")[0] + ".so"
    toolkits = [path for home in cuda.homes() for folder in ("lib64", "lib", "targets/*/lib")
                for path in sorted(glob.glob("%s/%s/stubs/%s" % (home, folder, name)))]
    return next((path for path in toolkits + [os.path.join(KEPT, soname)] if os.path.isfile(path) and loads(path)), None)


def loads(library):
    """Whether the loader takes a library, in a process of its own. library: a path, or a name to look for."""
    return python(LOAD, library, interpreter=[sys.executable, "-IS"])[0] is not None
