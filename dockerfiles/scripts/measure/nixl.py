"""NIXL's variants, and the UCX that they bring."""

import glob
import os
import re

from . import engine, places
from .child import python
from .environment import pip

VERSION = """
import ctypes
library = ctypes.CDLL(sys.argv[1])
library.ucp_get_version_string.restype = ctypes.c_char_p
answer(library.ucp_get_version_string().decode())
"""


def nixl():
    found = {name: version for name, version in pip().items() if re.match(r"^nixl(-cu\d+)?$", name)}
    return {"distributions": found, "modules": modules()}


def modules():
    names = {name for site in places.sites() for name in os.listdir(site) if re.match(r"^nixl_cu\d+$", name)}
    return sorted(names)


def directories():
    """Directories of NIXL's own files: packages, and the libraries beside them."""
    pattern = re.compile(r"^\.?nixl(_cu\d+)?(\.libs|\.mesonpy\.libs)?$")
    return [os.path.join(site, name) for site in places.sites() for name in sorted(os.listdir(site)) if pattern.match(name)]


def bundled_ucx():
    for directory in libraries():
        for library in sorted(glob.glob(directory + "/libucp-*.so*") + glob.glob(directory + "/libucp.so*")):
            version, outcome = python(VERSION, library)
            return {
                "library": library,
                "version": version,
                "error": None if version is not None else outcome.get("error", "no answer"),
                "modules": transports(directory + "/ucx"),
            }
    return None


def libraries():
    """Directories of bundled libraries, that of the variant that NIXL imports first."""
    found = sorted((d for d in directories() if d.endswith(".libs")), reverse=True)
    # 0.7.1 to 1.0.1 import nixl_cu13 before nixl_cu12, later releases that of torch's CUDA (nixl/__init__.py).
    release = re.match(r"^(\d+)\.(\d+)", pip().get("nixl", ""))
    if len(modules()) < 2 or not release or (int(release.group(1)), int(release.group(2))) < (1, 1):
        return found
    location = places.package("torch")
    cuda = engine.versions(location)[1] if location else None
    imported = "nixl_cu%s.libs" % (cuda or "").split(".")[0]
    return sorted(found, key=lambda directory: os.path.basename(directory) != imported)


def transports(directory):
    """Names of UCX's transport modules in a directory: libuct_<name>.so."""
    names = os.listdir(directory) if os.path.isdir(directory) else []
    return sorted({match.group(1) for match in (re.match(r"^libuct_(\w+)\.so", name) for name in names) if match})
