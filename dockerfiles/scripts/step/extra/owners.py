"""Which package has a file."""

from __future__ import annotations

import glob
import os
from importlib import metadata

from common.packages import normalized

DPKG_LISTS = "/var/lib/dpkg/info/*.list"


def owner_of(path: str) -> str | None:
    """Name of the Python or Debian package whose list has the file, or None."""
    return python_owner(path) or debian_owner(path)


def python_owner(path: str) -> str | None:
    for distribution in metadata.distributions():
        folder = os.path.realpath(str(distribution.locate_file("")))
        name = f"{os.path.relpath(path, folder)},"
        lines = (distribution.read_text("RECORD") or "").splitlines()
        if any(line.startswith(name) for line in lines):
            return normalized(distribution.metadata["Name"] or "") or None
    return None


def debian_owner(path: str) -> str | None:
    for listed in sorted(glob.glob(DPKG_LISTS)):
        try:
            with open(listed, encoding="utf-8", errors="surrogateescape") as file:
                if any(line.rstrip("\n") == path for line in file):
                    return os.path.basename(listed)[: -len(".list")].split(":")[0]
        except OSError:
            continue
    return None
