"""What ld.so finds."""

import glob
import os
import re
import shutil

from .child import run

# ld.so(8); the multiarch directories are in Debian's and Ubuntu's own default
DEFAULT_DIRECTORIES = ("/lib", "/usr/lib", "/lib64", "/usr/lib64", "/lib/*-linux-gnu", "/usr/lib/*-linux-gnu", "/usr/local/lib")


def cached():
    """(soname, path) of every library in ld.so's cache, in the order in which the loader takes them.

    Raises OSError if the cache can't be read, which is not the same as an empty one.
    """
    done = run([shutil.which("ldconfig") or "/sbin/ldconfig", "-p"])
    if done.code != 0:
        raise OSError("ldconfig: " + done.why())
    return re.findall(r"^\s+(\S+) \(.*\) => (\S+)$", done.out, re.MULTILINE)


def findable(pattern):
    """Resolved paths of the libraries whose name matches (a compiled expression) and that the loader can find."""
    found = {path for name, path in cached() if pattern.search(name)}
    directories = [d for d in os.environ.get("LD_LIBRARY_PATH", "").split(":") if d]
    for place in directories + [d for default in DEFAULT_DIRECTORIES for d in glob.glob(default)]:
        if os.path.isdir(place):
            found.update(os.path.join(place, name) for name in os.listdir(place) if pattern.search(name))
    return sorted({os.path.realpath(path) for path in found if os.path.exists(path)})
