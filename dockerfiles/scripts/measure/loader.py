"""Libraries that ld.so finds."""

from __future__ import annotations

import glob
import os
import re
import shutil

from .subprocesses import run

# ld.so(8); the multiarch directories are in Debian's and Ubuntu's own default
DEFAULT_DIRECTORIES = (
    "/lib", "/usr/lib", "/lib64", "/usr/lib64", "/lib/*-linux-gnu", "/usr/lib/*-linux-gnu", "/usr/local/lib",
)


def cached() -> list[tuple[str, str]]:
    """(soname, path) of every library in ld.so's cache, in the loader's order.

    Raises OSError if the cache can't be read, which differs from an empty one.
    """
    done = run([shutil.which("ldconfig") or "/sbin/ldconfig", "-p"])
    if done.code != 0:
        raise OSError(f"ldconfig: {done.why()}")
    return re.findall(r"^\s+(\S+) \(.*\) => (\S+)$", done.out, re.MULTILINE)


def findable(pattern: re.Pattern[str]) -> list[str]:
    """Resolved paths of the libraries that the loader can find and whose name matches."""
    found = {path for name, path in cached() if pattern.search(name)}
    directories = [path for path in os.environ.get("LD_LIBRARY_PATH", "").split(":") if path]
    directories += [path for default in DEFAULT_DIRECTORIES for path in glob.glob(default)]
    for directory in directories:
        if os.path.isdir(directory):
            found.update(os.path.join(directory, name) for name in os.listdir(directory) if pattern.search(name))
    return sorted({os.path.realpath(path) for path in found if os.path.exists(path)})
