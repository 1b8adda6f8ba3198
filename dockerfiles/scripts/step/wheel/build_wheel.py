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

from common.failure import say
from common.requirements import noted_requirements, runtime_requirements

from ..builder.toolkit import Toolkit
from ..builder.variables import remove_others
from .assemble import assemble
from .dependencies import add_dependencies
from .project import WORK, Project, tools_environment

EXTENSION = "/run/extension"
RESULT = "/wheel"


def main() -> None:
    remove_others()
    os.makedirs(RESULT)
    with open(f"{EXTENSION}/source.json", encoding="utf-8") as file:
        compiled = json.load(file)
    source = copy_wheel(compiled) if is_wanted(compiled) else make_wheel(compiled)
    wheel = glob.glob(f"{RESULT}/*.whl")[0]
    shutil.copytree(f"{EXTENSION}/patches", f"{RESULT}/patches")
    required = runtime_requirements(wheel)
    if required == noted_requirements(f"{EXTENSION}/dependencies"):
        shutil.copytree(f"{EXTENSION}/dependencies", f"{RESULT}/dependencies")
    else:
        add_dependencies(required, f"{RESULT}/dependencies")
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
