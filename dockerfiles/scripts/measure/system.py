"""The machine, the distribution, the C and C++ libraries, Python."""

from __future__ import annotations

import os
import platform
import re
import sys
import sysconfig
from typing import Any

from .loader import cached


def system() -> dict[str, str | None]:
    return {"machine": platform.machine(), "distribution": distribution(), "glibc": glibc(), "libstdcxx": libstdcxx()}


def distribution() -> str:
    fields = {}
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        if os.path.isfile(path):
            with open(path, encoding="utf-8", errors="replace") as file:
                fields = dict(line.strip().partition("=")[::2] for line in file if "=" in line)
            break
    return " ".join(fields.get(name, "").strip("\"'") for name in ("ID", "VERSION_ID")).strip() or "unknown"


def glibc() -> str:
    try:
        text = os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (ValueError, OSError):
        text = ""
    return text.rpartition(" ")[2] or "unknown"


def libstdcxx() -> str | None:
    """Highest GLIBCXX version that the loader's libstdc++ provides, or None without one."""
    try:
        libraries = cached()
    except OSError:
        return None
    for name, path in libraries:
        if name == "libstdc++.so.6" and os.path.exists(path):
            with open(path, "rb") as file:
                found = re.findall(rb"GLIBCXX_(\d+(?:\.\d+)+)", file.read())
            versions = {tuple(map(int, text.split(b"."))) for text in found}
            return ".".join(map(str, max(versions))) if versions else None
    return None


def python() -> dict[str, Any]:
    # PEP 668: the marker counts outside of virtual environments only
    marker = os.path.join(sysconfig.get_paths()["stdlib"], "EXTERNALLY-MANAGED")
    managed = os.path.isfile(marker) and sys.prefix == sys.base_prefix
    return {"version": platform.python_version(), "executable": sys.executable, "externallyManaged": managed}
