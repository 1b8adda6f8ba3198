"""Installs UCX's tools under their own prefix, with links in a folder of the PATH."""

from __future__ import annotations

import os
import shutil

from common.constants import DRIVER_STUBS, UCX_MOUNT, UCX_PREFIX
from common.failure import Failure, say

LINKS = "/usr/local/bin"

# source.json is for those who store the stage's result. The stubs of the driver are for
# measurements: in an image they could be mistaken for a driver.
NOT_FOR_THE_IMAGE = {"source.json", DRIVER_STUBS}


def main() -> None:
    if not os.listdir(UCX_MOUNT):
        say("the image gets no UCX tools")
        return
    if not os.path.isdir(f"{UCX_MOUNT}/bin"):
        raise Failure(
            "the ucx stage holds no bin directory; what was given as the named context ucx is not its result."
        )

    def ignored(folder: str, _: list[str]) -> set[str]:
        return NOT_FOR_THE_IMAGE if folder == UCX_MOUNT else set()

    shutil.copytree(UCX_MOUNT, UCX_PREFIX, symlinks=True, ignore=ignored)
    for tool in sorted(os.listdir(f"{UCX_PREFIX}/bin")):
        link = f"{LINKS}/{tool}"
        if os.path.lexists(link):
            os.unlink(link)
        os.symlink(f"{UCX_PREFIX}/bin/{tool}", link)
