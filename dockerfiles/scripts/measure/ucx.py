"""UCX besides NIXL's: libraries that the loader could take instead, and the installed tools."""

from __future__ import annotations

import os
import re
from typing import Any

from common.constants import UCX_PREFIX

from .loader import findable
from .nixl import transports
from .subprocesses import run


def loader_ucx() -> list[str]:
    return findable(re.compile(r"^libuc[ps](-[0-9a-f]+)?\.so"))


def ucx_tools() -> dict[str, Any] | None:
    if not os.path.isdir(UCX_PREFIX):
        return None
    done = run(["ucx_info", "-v"])
    # `# Library version: 1.19.0` since 1.14, `# Version 1.13.1`, `# UCT version=1.12.1` before
    version = re.search(r"(?m)^#.*ersion[ :=]+v?([0-9.]+)", done.out)
    library = re.search(r"(?m)^#.*Library path: *(\S+)", done.out)
    return {
        "prefix": UCX_PREFIX,
        "version": version.group(1) if done.code == 0 and version else None,
        "error": None if done.code == 0 and version else done.why(),
        "library": library.group(1) if library else None,
        "perftest": run(["ucx_perftest", "-h"]).outcome(),
        "devices": run(["ucx_info", "-d"]).outcome(),
        "modules": transports(f"{UCX_PREFIX}/lib/ucx"),
    }
