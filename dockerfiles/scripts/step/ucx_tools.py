"""Puts UCX's tools under their own prefix, and two links where a person's PATH finds them."""

import os
import shutil

from .failure import Failure

GIVEN = "/run/ucx"
PREFIX = "/opt/aibrix/ucx"


def main():
    if not os.path.isdir(GIVEN + "/bin"):
        raise Failure("the ucx stage holds no bin directory; what was given as the named context ucx is not its result.")
    shutil.copytree(GIVEN, PREFIX, symlinks=True)
    for tool in sorted(os.listdir(PREFIX + "/bin")):
        link = "/usr/local/bin/" + tool
        if os.path.lexists(link):
            os.unlink(link)
        os.symlink(PREFIX + "/bin/" + tool, link)
