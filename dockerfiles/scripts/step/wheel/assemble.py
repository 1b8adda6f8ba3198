"""Makes the wheel of a commit with the compiled files of another commit that has the same sources.

setuptools takes what lies in its build folder for finished, and `bdist_wheel --skip-build` packs it:
name, version, metadata and the Python files come from the project's own build of this commit.
"""

from __future__ import annotations

import glob
import os
import sys
import zipfile
from collections.abc import Mapping

from common.process import run

from .project import WORK, Project

SETUP = "setup.py"


def assemble(project: Project, compiled: str, environment: Mapping[str, str], result: str) -> str:
    """Returns the path of the new wheel in the folder `result`.

    compiled: path of the other commit's wheel. environment: as for a build that compiles.
    """
    library = f"{WORK}/library"
    extract_compiled(compiled, library)
    configuration = f"{WORK}/build.cfg"
    with open(configuration, "w", encoding="utf-8") as file:
        file.write(f"[build]\nbuild_lib = {library}\n")
    commands = ["build_py", "bdist_wheel", "--skip-build", "--dist-dir", result]
    run(
        [sys.executable, "-B", SETUP, "-q", *commands],
        project.failed(f"aibrix_kvcache {project.ref} could not be packed"),
        # Read like a user's configuration (setuptools, distutils/dist.py, find_config_files)
        env={**environment, "DIST_EXTRA_CONFIG": configuration},
        cwd=project.folder,
    )
    return glob.glob(f"{result}/*.whl")[0]


def extract_compiled(wheel: str, folder: str) -> None:
    """Writes what a build compiled: all of a wheel but Python files and metadata."""
    os.makedirs(folder)
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if not name.endswith(".py") and ".dist-info/" not in name:
                archive.extract(name, folder)
