"""aibrix_kvcache and its compiled parts."""

import importlib.util
import os
import re
import sys

from . import compiled, driver, places
from .child import python

PACKAGE, EXTENSION = "aibrix_kvcache", "aibrix_kvcache._aibrix_C"

# The last resort, since it imports the package that the extension is in
FIND = """
import importlib.util
spec = importlib.util.find_spec(sys.argv[1])
answer(spec and spec.origin)
"""


def aibrix():
    found = places.distribution("aibrix-kvcache")
    location = places.package(PACKAGE)
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


def extension_file():
    """Path of what Python imports as the extension: of several that are there only one is. None without any."""
    try:
        package = importlib.util.find_spec(PACKAGE)
        where = package.submodule_search_locations if package else None
        found = (finder.find_spec(EXTENSION, where) for finder in sys.meta_path) if where else ()
        path = next((spec.origin for spec in found if spec and spec.origin), None)
    except Exception:  # whatever a finder of an editable install does
        path = None
    return path or python(FIND, EXTENSION, env=driver.environment())[0]


def libraries(location, extension):
    """The other shared objects of the package; version numbers may follow, and nothing else."""
    paths = places.shared_objects(location) if location else []
    own = os.path.realpath(extension) if extension else None
    return [path for path in paths if re.search(r"\.so(\.\d+)*$", path) and os.path.realpath(path) != own]
