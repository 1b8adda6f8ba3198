"""UCX besides NIXL's: what the loader could take instead of it, and the tools under their own prefix."""

import os
import re

from .child import OK, failure, run
from .loader import findable
from .nixl import transports

PREFIX = "/opt/aibrix/ucx"


def loader_ucx():
    return findable(re.compile(r"^libuc[ps](-[0-9a-f]+)?\.so"))


def ucx_tools():
    if not os.path.isdir(PREFIX):
        return None
    answer = run(["ucx_info", "-v"])
    # `# Library version: 1.19.0` since 1.14, `# Version 1.13.1`, `# UCT version=1.12.1` before
    version = re.search(r"(?m)^#.*ersion[ :=]+v?([0-9.]+)", answer.out)
    library = re.search(r"(?m)^#.*Library path: *(\S+)", answer.out)
    return {
        "prefix": PREFIX,
        "version": version.group(1) if answer.code == 0 and version else None,
        "error": None if answer.code == 0 and version else answer.why(),
        "library": library.group(1) if library else None,
        "perftest": outcome(["ucx_perftest", "-h"]),
        "devices": outcome(["ucx_info", "-d"]),
        "modules": transports(PREFIX + "/lib/ucx"),
    }


def outcome(argv):
    done = run(argv)
    return OK if done.code == 0 else failure(done.why())
