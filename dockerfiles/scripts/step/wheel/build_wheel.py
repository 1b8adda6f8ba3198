"""Makes the wheel of aibrix_kvcache from the compiled extension. The result is /wheel:

    aibrix_kvcache-*.whl      dependencies/*.whl (runtime requirements that the base lacks)
    patches/*.patch           source.json (ref, commit, version, architectures)
"""

from __future__ import annotations

import glob
import json
import os
import shutil
from typing import Any

from common.beside_the_base import pip_beside_the_base
from common.failure import Failure, say, warn
from common.requirements import present, runtime_requirements, split_by_installed
from common.run_pip import pip

from ..builder.toolkit import Toolkit
from ..builder.variables import remove_others
from .assemble import assemble
from .project import WORK, Project, tools_environment

EXTENSION = "/run/extension"
RESULT = "/wheel"


def main() -> None:
    remove_others()
    os.makedirs(f"{RESULT}/dependencies")
    with open(f"{EXTENSION}/source.json", encoding="utf-8") as file:
        compiled = json.load(file)
    source = copy_wheel(compiled) if is_wanted(compiled) else make_wheel(compiled)
    wheel = glob.glob(f"{RESULT}/*.whl")[0]
    shutil.copytree(f"{EXTENSION}/patches", f"{RESULT}/patches")
    add_dependencies(wheel)
    with open(f"{RESULT}/source.json", "w", encoding="utf-8") as file:
        json.dump(source, file)
    say(f"{os.path.basename(wheel)}, {os.path.getsize(wheel) // 1024} kB")


def is_wanted(compiled: dict[str, Any]) -> bool:
    """Whether the extension was compiled at the wanted commit, so that its wheel is the wanted one.

    A build by hand need not name the commit. Its extension is then compiled in the same build.
    """
    commit = os.environ.get("AIBRIX_COMMIT", "")
    return compiled["ref"] == os.environ["AIBRIX_BRANCH"] and commit in ("", compiled["commit"])


def copy_wheel(compiled: dict[str, Any]) -> dict[str, Any]:
    """Takes the wheel as it was compiled; returns what it was made of."""
    for wheel in glob.glob(f"{EXTENSION}/*.whl"):
        shutil.copy(wheel, RESULT)
    return compiled


def make_wheel(compiled: dict[str, Any]) -> dict[str, Any]:
    """Makes a wheel of the wanted commit's Python files; returns what it was made of."""
    project = Project()
    say(f"the extension is that of {compiled['ref']} ({compiled['commit'][:9]}), which has the same sources")
    environment = tools_environment(project.folder, Toolkit())
    wheel = assemble(project, glob.glob(f"{EXTENSION}/*.whl")[0], environment, RESULT)
    shutil.rmtree(WORK)
    version = os.path.basename(wheel).split("-")[1]
    return {**compiled, "ref": project.ref, "commit": project.commit, "version": version}


def add_dependencies(wheel: str) -> None:
    """Builds wheels of the runtime requirements that the base lacks.

    For example, netifaces has no wheel on PyPI, and the image no compiler.

    Another base with the same torch and Python may reuse the result and lack what this base has. So
    a requirement that this base has is built, too, if the package index has no wheel of it; torch
    is in every base that the wheel fits.
    """
    required = runtime_requirements(wheel)
    missing, _ = split_by_installed(required)
    folder = f"{RESULT}/dependencies"
    command = ["wheel", "-q", "--prefer-binary", "--no-deps", "--no-cache-dir", "-w", folder]
    if missing:
        what = "wheels of the runtime requirements of aibrix_kvcache could not be downloaded or built"
        pip_beside_the_base(command, missing, what)
    for requirement in [text for text in present(required, missing) if not has_wheel(text)]:
        try:
            pip([*command, requirement], f"no wheel of {requirement} could be built")
        except Failure as failure:
            warn(f"{failure}; this matters only to a base that lacks it.")


def has_wheel(requirement: str) -> bool:
    """Whether the package index has a wheel of a requirement for this Python."""
    options = ["-q", "--only-binary=:all:", "--no-deps", "--no-cache-dir", "-d", "/tmp/download"]
    try:
        pip(["download", *options, requirement], f"there is no wheel of {requirement}")
    except Failure:
        return False
    finally:
        shutil.rmtree("/tmp/download", ignore_errors=True)
    return True
