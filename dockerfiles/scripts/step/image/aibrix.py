"""Installs the wheel."""

from __future__ import annotations

import glob
import os

from common.failure import Failure
from common.run_pip import pip

GIVEN = "/run/wheel"


def main() -> None:
    wheels = glob.glob(f"{GIVEN}/aibrix_kvcache-*.whl")
    if len(wheels) != 1:
        raise Failure(
            f"the wheel stage holds {len(wheels)} wheels of aibrix_kvcache; "
            "what was given as the named context wheel is not its result."
        )
    version = os.path.basename(wheels[0]).split("-")[1]
    options = ["-q", "--no-compile", "--no-cache-dir", "--no-deps", "--force-reinstall", "--find-links", GIVEN]
    # By name and not by path, so that pip writes no direct_url.json with a path of the build
    pip(["install", *options, f"aibrix-kvcache=={version}"],
        f"aibrix_kvcache {version} could not be installed", online=False)
