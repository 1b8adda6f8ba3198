"""Where things are, found without importing any of them."""

import importlib.util
import os
import re
import sys
import sysconfig
from importlib import metadata


def package(name):
    """Directory of an importable top-level package, or None."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    found = [p for p in (spec.submodule_search_locations or []) if os.path.isdir(p)] if spec else []
    return found[0] if found else None


def sites():
    """Directories that hold installed packages, in the order in which Python looks."""
    paths = sysconfig.get_paths()
    found = [p for p in sys.path if os.path.isdir(p) and p.endswith("-packages")]
    return list(dict.fromkeys(found + [p for p in (paths["purelib"], paths["platlib"]) if os.path.isdir(p)]))


def normal(name):
    """A distribution's name as PEP 503 normalises it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def distribution(name):
    """importlib.metadata's view of a distribution, or None."""
    for found in metadata.distributions():
        if normal(found.metadata["Name"] or "") == name:
            return found
    return None


def shared_objects(directory):
    """Paths of regular files in a directory tree that look like shared objects."""
    found = []
    for parent, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(parent, name)
            if re.search(r"\.so(\.|$)", name) and not os.path.islink(path):
                found.append(path)
    return sorted(found)
