"""Installed Python packages, found without importing any of them."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
import sysconfig
from importlib import metadata

# A pip that run_pip.py borrowed for this step; it is not part of the image.
BORROWED_PIP = "/tmp/pip"


def normalized(name: str) -> str:
    """A distribution's name as PEP 503 normalizes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def package_directory(name: str) -> str | None:
    """Directory of an importable top-level package, or None."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    found = [path for path in (spec.submodule_search_locations or []) if os.path.isdir(path)] if spec else []
    return found[0] if found else None


def site_directories() -> list[str]:
    """Directories that hold installed packages, in the order in which Python looks."""
    paths = sysconfig.get_paths()
    found = [path for path in sys.path if os.path.isdir(path) and path.endswith("-packages")]
    return list(dict.fromkeys(found + [path for path in (paths["purelib"], paths["platlib"]) if os.path.isdir(path)]))


def distribution(name: str) -> metadata.Distribution | None:
    """importlib.metadata's view of a distribution (normalized name), or None."""
    for found in metadata.distributions():
        if normalized(found.metadata["Name"] or "") == name:
            return found
    return None


def installed() -> dict[str, str]:
    """Normalized name → version of every distribution; the first on Python's path wins."""
    found: dict[str, str] = {}
    for one in metadata.distributions():
        name = one.metadata["Name"]
        if name and BORROWED_PIP not in str(one.locate_file("")):
            found.setdefault(normalized(name), one.version or "unknown")
    return found


def shared_objects(directory: str) -> list[str]:
    """Paths of regular files in a directory tree that look like shared objects."""
    found = []
    for parent, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(parent, name)
            if re.search(r"\.so(\.|$)", name) and not os.path.islink(path):
                found.append(path)
    return sorted(found)
