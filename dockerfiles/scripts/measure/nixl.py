"""NIXL's variants, and the UCX that they bundle."""

from __future__ import annotations

import glob
import os
import re
from typing import Any

from common.constants import NIXL_DISTRIBUTION, NIXL_VARIANT
from common.packages import installed, package_directory, site_directories

from . import engine
from .subprocesses import python

# NIXL's own packages, and the libraries beside them
DIRECTORY = re.compile(r"^\.?nixl(_cu\d+)?(\.libs|\.mesonpy\.libs)?$")

# From this release on NIXL imports the variant of torch's CUDA; 0.7.1 to 1.0.1 import nixl_cu13
# before nixl_cu12 (nixl/__init__.py).
FIRST_BY_TORCH = (1, 1)

VERSION = """
import ctypes
library = ctypes.CDLL(sys.argv[1])
library.ucp_get_version_string.restype = ctypes.c_char_p
answer(library.ucp_get_version_string().decode())
"""


def nixl() -> dict[str, Any]:
    found = {name: version for name, version in installed().items() if NIXL_DISTRIBUTION.match(name)}
    return {"distributions": found, "modules": modules()}


def modules() -> list[str]:
    return sorted({name for site in site_directories() for name in os.listdir(site) if NIXL_VARIANT.match(name)})


def directories() -> list[str]:
    """Directories of NIXL's own files."""
    sites = site_directories()
    return [os.path.join(site, name) for site in sites for name in sorted(os.listdir(site)) if DIRECTORY.match(name)]


def bundled_ucx() -> dict[str, Any] | None:
    for directory in libraries():
        for library in sorted(glob.glob(f"{directory}/libucp-*.so*") + glob.glob(f"{directory}/libucp.so*")):
            version, outcome = python(VERSION, library)
            return {
                "library": library,
                "version": version,
                "error": None if version is not None else outcome.get("error", "no answer"),
                "modules": transports(f"{directory}/ucx"),
            }
    return None


def libraries() -> list[str]:
    """Directories of bundled libraries; first that of the variant that NIXL imports."""
    found = sorted((path for path in directories() if path.endswith(".libs")), reverse=True)
    release = re.match(r"^(\d+)\.(\d+)", installed().get("nixl", ""))
    if len(modules()) < 2 or not release or tuple(map(int, release.groups())) < FIRST_BY_TORCH:
        return found
    location = package_directory("torch")
    cuda = engine.versions(location)[1] if location else None
    imported = f"nixl_cu{(cuda or '').split('.')[0]}.libs"
    return sorted(found, key=lambda directory: os.path.basename(directory) != imported)


def transports(directory: str) -> list[str]:
    """Names of UCX's transport modules in a directory: libuct_<name>.so."""
    names = os.listdir(directory) if os.path.isdir(directory) else []
    return sorted({match.group(1) for match in (re.match(r"^libuct_(\w+)\.so", name) for name in names) if match})
