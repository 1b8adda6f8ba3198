"""What Python would import, and which distribution it belongs to. Imports none of it.

The Python of an image's ENTRYPOINT runs this, whichever that is, with its options (imports.py).
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import re
import site
import sys
from collections.abc import Iterable, Sequence
from importlib import metadata
from typing import Any

from common.packages import normalized

from .installed import Installed
from .own_version import own_version


def look(first: str, names: Sequence[str]) -> dict[str, Any]:
    """What Python would import by these names, and by those of NIXL's variants.

    first: the folder that it searches first, '' for none; `-c` itself has put the current folder
    there.
    """
    if sys.path and sys.path[0] == "":
        sys.path[:1] = [first] if first else []
    wanted = [*names, *variants()]
    installed = [one for one in map(Installed.of, metadata.distributions()) if one]
    python_path = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return {
        "interpreter": sys.executable,
        "first": first or None,
        "pythonPath": [] if sys.flags.ignore_environment else absolute(python_path),
        "userSite": site.getusersitepackages() if site.ENABLE_USER_SITE else None,
        "path": absolute(sys.path),
        "closed": closed_to_user(wanted, installed),
        "modules": [module(name, installed) for name in wanted],
    }


def absolute(entries: Iterable[str]) -> list[str]:
    return [os.path.realpath(entry) for entry in entries if entry]


def variants() -> list[str]:
    names = set()
    for entry in sys.path:
        try:
            names.update(re.match(r"(?:nixl_cu\d+)?", name).group() for name in os.listdir(entry or "."))
        except OSError:
            pass
    return sorted(names - {""})


def module(name: str, installed: Sequence[Installed]) -> dict[str, Any]:
    """One module.

    error: why it can't be imported, though Python found it; None also if it does not exist.
    """
    try:
        file = found(name)
        error = None if file is None or os.access(file, os.R_OK) else f"permission denied: {closed(file) or file}"
    except (Exception, SystemExit) as problem:  # a finder of the image may raise anything
        file, error = None, f"{type(problem).__name__}: {problem}"
    if file is None:
        return {"name": name, "file": None, "owners": [], "version": None, "mustAsk": False, "error": error}
    version, must_ask = (None, False) if error or "." in name else own_version(file)
    top = name.partition(".")[0]
    return {
        "name": name,
        "file": os.path.realpath(file),
        "owners": [{"name": one.name, "version": one.version} for one in installed if one.owns(file, top)],
        "version": version,
        "mustAsk": must_ask,
        "error": error,
    }


def found(name: str) -> str | None:
    """Path of a module's file, or of the folder of a package without one, or None.

    Parents are not imported.
    """
    top, _, rest = name.partition(".")
    spec = importlib.util.find_spec(top)
    if spec and rest:
        spec = importlib.machinery.PathFinder.find_spec(name, list(spec.submodule_search_locations or []))
    if spec is None:
        return None
    return spec.origin if spec.has_location else next(iter(spec.submodule_search_locations or []), None)


def closed(path: str) -> str | None:
    """The first part of a path that this user can't enter or read.

    None if all is open, or the path does not exist.
    """
    way = "/"
    for part in [part for part in os.path.abspath(path).split("/") if part]:
        if not os.access(way, os.X_OK):
            return way
        way = os.path.join(way, part)
        if not os.path.lexists(way):
            return None
    return None if os.access(way, os.R_OK | os.X_OK if os.path.isdir(way) else os.R_OK) else way


def closed_to_user(names: Iterable[str], installed: Iterable[Installed]) -> list[str]:
    """Folders and files in which this user can't look for the modules or for programs."""
    tops = sorted({name.partition(".")[0] for name in names})
    distributions = {normalized(top) for top in tops}
    paths = [entry for entry in os.environ.get("PATH", "").split(os.pathsep) if entry]
    paths += [folder for one in installed if one.name in distributions for folder in one.folders()]
    for entry in sys.path:
        paths += [entry] + [os.path.join(entry, top, *rest) for top in tops for rest in ((), ("__init__.py",))]
    return sorted({shut for shut in map(closed, paths) if shut})
