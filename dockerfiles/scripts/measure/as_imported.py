"""What Python would import, and which distribution it is of. Imports none of it.

The Python of an image's ENTRYPOINT runs this, whichever that is, with its options (imports.py).
"""

import importlib.machinery
import importlib.util
import os
import re
import site
import sys
from importlib import metadata

from .installed import Installed
from .own_version import own_version
from .places import normal


def look(first, names):
    """What Python would import by these names, and by those of NIXL's variants.

    first: where it looks before anywhere else, '' for nowhere; `-c` itself has put the current folder there.
    """
    if sys.path and sys.path[0] == "":
        sys.path[:1] = [first] if first else []
    wanted = list(names) + variants()
    installed = [one for one in map(Installed.of, metadata.distributions()) if one]
    return {
        "interpreter": sys.executable,
        "first": first or None,
        "pythonPath": [] if sys.flags.ignore_environment else absolute(os.environ.get("PYTHONPATH", "").split(os.pathsep)),
        "userSite": site.getusersitepackages() if site.ENABLE_USER_SITE else None,
        "path": absolute(sys.path),
        "closed": closed_to_us(wanted, installed),
        "modules": [module(name, installed) for name in wanted],
    }


def absolute(entries):
    return [os.path.realpath(entry) for entry in entries if entry]


def variants():
    names = set()
    for entry in sys.path:
        try:
            names.update(re.match(r"(?:nixl_cu\d+)?", name).group() for name in os.listdir(entry or "."))
        except OSError:
            pass
    return sorted(names - {""})


def module(name, installed):
    """error: why it can't be had though Python was asked; None also where there just is none."""
    try:
        file = found(name)
        error = None if file is None or os.access(file, os.R_OK) else "permission denied: %s" % (closed(file) or file)
    except (Exception, SystemExit) as problem:  # whatever a finder of the image does
        file, error = None, "%s: %s" % (type(problem).__name__, problem)
    if file is None:
        return {"name": name, "file": None, "owners": [], "version": None, "mustAsk": False, "error": error}
    version, must_ask = (None, False) if error or "." in name else own_version(file)
    owners = [{"name": one.name, "version": one.version} for one in installed if one.owns(file, name.partition(".")[0])]
    return {"name": name, "file": os.path.realpath(file), "owners": owners, "version": version, "mustAsk": must_ask, "error": error}


def found(name):
    """Path of a module's file, of the folder of a package without one; None if there is none. What is above it is not imported."""
    top, _, rest = name.partition(".")
    spec = importlib.util.find_spec(top)
    if spec and rest:
        spec = importlib.machinery.PathFinder.find_spec(name, list(spec.submodule_search_locations or []))
    if spec is None:
        return None
    return spec.origin if spec.has_location else next(iter(spec.submodule_search_locations or []), None)


def closed(path):
    """The first on the way to a path that this user can't enter or read; None if all of it is open, or it is not there."""
    way = "/"
    for part in [part for part in os.path.abspath(path).split("/") if part]:
        if not os.access(way, os.X_OK):
            return way
        way = os.path.join(way, part)
        if not os.path.lexists(way):
            return None
    return None if os.access(way, os.R_OK | os.X_OK if os.path.isdir(way) else os.R_OK) else way


def closed_to_us(names, installed):
    """Folders and files in which this user can't look for the modules and for programs."""
    tops = {name.partition(".")[0] for name in names}
    places = [entry for entry in os.environ.get("PATH", "").split(os.pathsep) if entry]
    places += [folder for one in installed if one.name in {normal(top) for top in tops} for folder in one.folders()]
    for entry in sys.path:
        places += [entry] + [os.path.join(entry, top, *rest) for top in sorted(tops) for rest in ((), ("__init__.py",))]
    return sorted({found for found in map(closed, places) if found})
