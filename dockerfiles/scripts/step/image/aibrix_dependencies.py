"""Installs what AIBrix needs and the base lacks.

What the base has stays at its version. The wheels beside AIBrix's own, which were resolved for a base
with the same torch and Python, save the package index unless an image must be newer than another.
"""

from __future__ import annotations

import os

from common.beside_the_base import pip_beside_the_base, pip_offline_beside_the_base
from common.constants import REQUIREMENTS
from common.failure import Failure, say
from common.requirements import noted_requirements, split_by_installed

GIVEN = "/run/dependencies"


def main() -> None:
    missing, unmet = split_by_installed(required())
    for requirement in unmet:
        say(f"the engine's environment wins: aibrix_kvcache requires {requirement}")
    if missing:
        say(f"aibrix_kvcache needs {', '.join(missing)}")
        install(missing)


def install(missing: list[str]) -> None:
    options = ["-q", "--no-compile", "--no-cache-dir", "--only-binary=:all:", "--prefer-binary"]
    arguments = ["install", *options, "--find-links", GIVEN]
    what = "what aibrix_kvcache needs could not be installed beside the engine's packages"
    if not os.environ.get("NEWER_THAN"):
        try:
            return pip_offline_beside_the_base(arguments, missing, what)
        except Failure:
            say("this base needs more than the wheel stage holds, so the package index is asked")
    pip_beside_the_base(arguments, missing, what)


def required() -> list[str]:
    try:
        return noted_requirements(GIVEN)
    except FileNotFoundError as error:
        raise Failure(
            f"the wheel stage holds no dependencies/{REQUIREMENTS}; "
            "what was given as the named context wheel is not its result."
        ) from error
