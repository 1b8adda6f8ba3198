"""Installs the wheel and what it needs that the base lacks.

What the base has stays at its version.
"""

from __future__ import annotations

import glob
import os

from common.beside_the_base import pip_beside_the_base
from common.failure import Failure, say
from common.requirements import runtime_requirements, split_by_installed
from common.run_pip import pip

GIVEN = "/run/wheel"
QUIET = ["install", "-q", "--no-compile", "--no-cache-dir"]


def main() -> None:
    wheels = glob.glob(f"{GIVEN}/aibrix_kvcache-*.whl")
    if len(wheels) != 1:
        raise Failure(
            f"the wheel stage holds {len(wheels)} wheels of aibrix_kvcache; "
            "what was given as the named context wheel is not its result."
        )
    missing, unmet = split_by_installed(runtime_requirements(wheels[0]))
    for requirement in unmet:
        say(f"the engine's environment wins: aibrix_kvcache requires {requirement}")
    if missing:
        say(f"aibrix_kvcache needs {', '.join(missing)}")
        options = ["--only-binary=:all:", "--prefer-binary", "--find-links", f"{GIVEN}/dependencies"]
        what = "what aibrix_kvcache needs could not be installed beside the engine's packages"
        pip_beside_the_base([*QUIET, *options], missing, what)
    version = os.path.basename(wheels[0]).split("-")[1]
    # By name and not by path, so that pip writes no direct_url.json with a path of the build
    pip([*QUIET, "--no-deps", "--force-reinstall", "--find-links", GIVEN, f"aibrix-kvcache=={version}"],
        f"aibrix_kvcache {version} could not be installed", online=False)
