"""Compiles aibrix_kvcache against the base's own torch, CUDA and Python. The result is /extension:

    aibrix_kvcache-*.whl      the wheel of AIBrix' own build, with the extension
    dependencies/*.whl (runtime requirements that the base lacks)
    patches/*.patch           source.json (ref, commit, version, architectures)

The requirements are among the sources of the extension, so any wheel that is made of it has the same.
"""

from __future__ import annotations

import glob
import json
import os
import shutil
import time
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from common import cxx_standard
from common.failure import say, warn
from common.packages import package_directory
from common.requirements import runtime_requirements
from common.run_pip import pip, pip_path

from ..builder.toolkit import Toolkit
from ..builder.variables import remove_others
from . import cxx_compilers
from .dependencies import add_dependencies
from .metadata import stated_requirements
from .project import WORK, Project, compiler_environment, tools_environment

RESULT = "/extension"
DEPENDENCIES = f"{RESULT}/dependencies"


def main() -> None:
    remove_others()
    toolkit = Toolkit()
    architectures = toolkit.chosen(os.environ["GPU_ARCHITECTURES"])
    torch = package_directory("torch")
    standard = torch and cxx_standard.required_by(torch)
    compilers = cxx_compilers.environment(standard, toolkit.nvcc, f"{WORK}/compiler")
    project = Project()
    environment = {
        **tools_environment(project.folder, toolkit),
        **compiler_environment(project.folder, toolkit, architectures, compilers),
    }
    os.makedirs(f"{RESULT}/patches")
    say(f"compiling for {' '.join(architectures)}")
    start = time.monotonic()
    # Before both threads ask for it
    pip_path()
    with ThreadPoolExecutor(max_workers=1) as meanwhile:
        downloaded = meanwhile.submit(download_stated, project, environment)
        wheel = compile_wheel(project, environment)
    say(f"compiled in {time.monotonic() - start:.0f} s")
    check(wheel)
    required = runtime_requirements(wheel)
    if downloaded.result() != required:
        shutil.rmtree(DEPENDENCIES, ignore_errors=True)
        add_dependencies(required, DEPENDENCIES)
    for path in glob.glob(f"{project.folder}/integration/vllm/patches/*.patch"):
        shutil.copy(path, f"{RESULT}/patches")
    source = {
        "ref": project.ref,
        "commit": project.commit,
        "version": os.path.basename(wheel).split("-")[1],
        "gpuArchitectures": architectures,
    }
    with open(f"{RESULT}/source.json", "w", encoding="utf-8") as file:
        json.dump(source, file)
    shutil.rmtree(WORK)


def compile_wheel(project: Project, environment: Mapping[str, str]) -> str:
    """Compiles the project and returns the wheel's path."""
    what = project.failed(f"aibrix_kvcache {project.ref} could not be compiled")
    options = ["-v", "--no-build-isolation", "--no-deps", "--no-cache-dir"]
    pip(["wheel", *options, "-w", RESULT, project.folder], what, env=environment, online=False, cause_first=True)
    return glob.glob(f"{RESULT}/*.whl")[0]


def download_stated(project: Project, environment: Mapping[str, str]) -> list[str] | None:
    """Adds the dependencies that the project states, and returns them; None if it states none yet."""
    stated = stated_requirements(project.folder, WORK, environment)
    if stated is not None:
        add_dependencies(stated, DEPENDENCIES)
    return stated


def check(wheel: str) -> None:
    """Warns about a wheel without its extension; a gate judges it in the finished image."""
    with zipfile.ZipFile(wheel) as archive:
        names = [os.path.basename(name) for name in archive.namelist()]
    if not any(name.startswith("_aibrix_C") and name.endswith(".so") for name in names):
        warn(
            f"{os.path.basename(wheel)} has no compiled extension (_aibrix_C*.so): "
            "its build did not see the base's CUDA."
        )
