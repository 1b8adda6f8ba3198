"""Puts UCX's tools under their own prefix, and two links where a person's PATH finds them."""

import os
import shutil

from common.failure import Failure, say

GIVEN = "/run/ucx"
PREFIX = "/opt/aibrix/ucx"
LINKS = "/usr/local/bin"

# What the stage says of itself is for those who keep its result, and the stubs of the driver are for measuring: in an image they could
# be taken for a driver.
NOT_FOR_THE_IMAGE = {"source.json", "driver-stub"}


def main():
    if not os.listdir(GIVEN):
        say("the image gets no UCX tools")
        return
    if not os.path.isdir(GIVEN + "/bin"):
        raise Failure("the ucx stage holds no bin directory; what was given as the named context ucx is not its result.")
    shutil.copytree(GIVEN, PREFIX, symlinks=True, ignore=lambda folder, _: NOT_FOR_THE_IMAGE if folder == GIVEN else set())
    for tool in sorted(os.listdir(PREFIX + "/bin")):
        link = LINKS + "/" + tool
        if os.path.lexists(link):
            os.unlink(link)
        os.symlink(PREFIX + "/bin/" + tool, link)
