"""What a project says of itself before it is compiled."""

from __future__ import annotations

import glob
import os
import shutil
import sys
from collections.abc import Mapping

from common.process import output_of
from common.requirements import required_in

CHECKOUT = "aibrix"


def stated_requirements(project: str, work: str, environment: Mapping[str, str]) -> list[str] | None:
    """The runtime requirements in the metadata that setuptools makes; None if it can't make them.

    Reads a copy of the checkout, since setup.py may write files that the compiling build reads.

    project: the project's folder in the checkout `work`/aibrix. environment: as for its build.
    """
    copy, result = f"{work}/metadata/{CHECKOUT}", f"{work}/metadata/result"
    shutil.copytree(f"{work}/{CHECKOUT}", copy, symlinks=True)
    os.makedirs(result)
    command = [sys.executable, "-B", "setup.py", "-q", "dist_info", "--output-dir", result]
    output = output_of(command, env=environment, cwd=f"{copy}/{os.path.relpath(project, f'{work}/{CHECKOUT}')}")
    found = glob.glob(f"{result}/*.dist-info/METADATA")
    if output is None or len(found) != 1:
        return None
    with open(found[0], encoding="utf-8") as file:
        return required_in(file.read())
