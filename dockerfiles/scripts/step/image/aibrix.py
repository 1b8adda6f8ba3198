"""Installs the wheel and what it needs that the base lacks. What the base has stays at its version."""

import glob
import os

from common.beside_the_base import pip_beside_the_base
from common.failure import Failure, say
from common.python_packages import pip
from common.requirements import runtime_requirements, sort_out

GIVEN = "/run/wheel"
QUIET = ["install", "-q", "--no-compile", "--no-cache-dir"]


def main():
    wheels = glob.glob(GIVEN + "/aibrix_kvcache-*.whl")
    if len(wheels) != 1:
        raise Failure("the wheel stage holds %d wheels of aibrix_kvcache; what was given as the named context wheel is not its result." % len(wheels))
    missing, unmet = sort_out(runtime_requirements(wheels[0]))
    for requirement in unmet:
        say("the engine's environment wins: aibrix_kvcache asks for " + requirement)
    if missing:
        say("aibrix_kvcache needs " + ", ".join(missing))
        pip_beside_the_base(QUIET + ["--only-binary=:all:", "--prefer-binary", "--find-links", GIVEN + "/dependencies"], missing,
                            "what aibrix_kvcache needs could not be installed beside the engine's packages")
    version = os.path.basename(wheels[0]).split("-")[1]
    # By name and not by path, so that pip writes no direct_url.json with a path of the build
    pip(QUIET + ["--no-deps", "--force-reinstall", "--find-links", GIVEN, "aibrix-kvcache==" + version],
        "aibrix_kvcache %s could not be installed" % version, online=False)
