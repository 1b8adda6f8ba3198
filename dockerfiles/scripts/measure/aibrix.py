"""aibrix_kvcache and its compiled parts."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from typing import Any

from common import packages

from . import compiled, driver
from .subprocesses import python

PACKAGE, EXTENSION = "aibrix_kvcache", "aibrix_kvcache._aibrix_C"

# The last resort, since it imports the package that the extension is in
FIND = """
import importlib.util
spec = importlib.util.find_spec(sys.argv[1])
answer(spec and spec.origin)
"""


def aibrix() -> dict[str, Any] | None:
    found = packages.distribution("aibrix-kvcache")
    location = packages.package_directory(PACKAGE)
    if found is None and location is None:
        return None
    path = extension_file()
    extension, imported = compiled.extension(path, PACKAGE) if path else (None, compiled.importing(PACKAGE))
    return {
        "version": found.version if found else "unknown",
        "import": imported,
        "extension": extension,
        "libraries": [compiled.library(other) for other in libraries(location, path)],
    }


def extension_file() -> str | None:
    """Path of the file that Python imports as the extension, or None; several may exist."""
    try:
        package = importlib.util.find_spec(PACKAGE)
        where = package.submodule_search_locations if package else None
        found = (finder.find_spec(EXTENSION, where) for finder in sys.meta_path) if where else ()
        path = next((spec.origin for spec in found if spec and spec.origin), None)
    except Exception:  # a finder of an editable install may raise anything
        path = None
    return path or python(FIND, EXTENSION, env=driver.environment())[0]


def libraries(location: str | None, extension: str | None) -> list[str]:
    """The other shared objects of the package: `.so`, with or without version numbers."""
    paths = packages.shared_objects(location) if location else []
    own = os.path.realpath(extension) if extension else None
    return [path for path in paths if re.search(r"\.so(\.\d+)*$", path) and os.path.realpath(path) != own]
