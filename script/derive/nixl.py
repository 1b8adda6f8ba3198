"""What is in a NIXL's published wheels: their Pythons and CUDA, and the UCX that they bundle."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from typing import Any

from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.version import Version

from common.constants import NIXL_DISTRIBUTION

from .failure import Failure
from .git import Repository
from .index import File, Index

PLATFORMS = ("x86_64", "aarch64")
# Up to 0.7.0 there is `nixl` alone, linked with CUDA 12. Later ones hold no binary and require
# their variants.
FIRST_CUDA = "12"
REFERENCE = re.compile(r"(?m)^\s*ARG\s+UCX_REF=[\"']?([^\s\"']+)")
BUILD_FILE = "contrib/Dockerfile.manylinux"
ASK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ask_libucp.py")
SOURCE = "its wheels"

# What a libucp from 1.23 on logs about the commit that it was built from
LOGGED = b"git branch %s, revision %s)"


def read(index: Index, version: Version, files: Sequence[File]) -> tuple[dict[str, Any], str | None] | None:
    """(ucx, python, cuda and source of a version, start of its UCX's commit if known).

    None if it is not all published.
    files: of the project `nixl`.
    """
    variants = variants_of(index, version, files)
    pythons = None if variants is None else common_pythons(variants.values())
    if not pythons:
        return None
    ucx = {bundled_ucx(index, wheel_for_this_machine(found)) for found in variants.values()}
    if len(ucx) != 1:
        releases = ", ".join(sorted(release for release, _ in ucx))
        raise Failure(f"the variants of NIXL {version} bundle different UCX: {releases}")
    ((release, revision),) = ucx
    python = f">=3.{pythons[0]},<3.{pythons[-1] + 1}"
    return {"ucx": release, "python": python, "cuda": list(variants), "source": SOURCE}, revision


def variants_of(index: Index, version: Version, files: Sequence[File]) -> dict[str, Sequence[File]] | None:
    """CUDA → wheels of a version; None if a required variant is not published for all platforms."""
    meta = [file for file in files if file.tags and any(tag.platform == "any" for tag in file.tags)]
    found: dict[str, Sequence[File]] = {FIRST_CUDA: files}
    if meta:
        lines = re.findall(r"(?m)^Requires-Dist:\s*(.*)$", index.metadata(meta[0]))
        names = {Requirement(line).name for line in lines}
        suffixes = {match.group(1) for match in map(NIXL_DISTRIBUTION.match, names) if match} - {None}
        numbers = {suffix[len("-cu"):] for suffix in suffixes}
        found = {
            cuda: [file for file in index.files(f"nixl-cu{cuda}") if file.version == version]
            for cuda in sorted(numbers, key=int)
        }
    is_complete = all(pythons_of(wheels, machine) for wheels in found.values() for machine in PLATFORMS)
    return found if found and is_complete else None


def pythons_of(files: Iterable[File], machine: str) -> set[int]:
    """Minor versions of Python 3 that have a wheel for a machine."""
    tags = [tag for file in files for tag in file.tags or () if tag.platform.endswith(f"_{machine}")]
    matches = [re.fullmatch(r"cp3(\d+)", tag.interpreter) for tag in tags]
    return {int(match.group(1)) for match in matches if match}


def common_pythons(variants: Iterable[Sequence[File]]) -> list[int]:
    """The Pythons for which all variants have wheels on all platforms; they must be consecutive."""
    found = sorted(set.intersection(*(pythons_of(files, machine) for files in variants for machine in PLATFORMS)))
    if found and found != list(range(found[0], found[-1] + 1)):
        pythons = ", ".join(f"3.{minor}" for minor in found)
        raise Failure(f"the catalogue can't say that NIXL has wheels for these Pythons alone: {pythons}")
    return found


def wheel_for_this_machine(files: Sequence[File]) -> File:
    suffix = f"_{platform.machine()}"
    found = [file for file in files if any(tag.platform.endswith(suffix) for tag in file.tags or ())]
    if not found:
        raise Failure(f"NIXL has no wheel whose libucp runs on a machine that is {platform.machine()}")
    return sorted(found, key=lambda file: file.link.filename)[0]


def bundled_ucx(index: Index, file: File) -> tuple[str, str | None]:
    """(the version that the wheel's own libucp reports, the start of the commit that it names or
    None).
    """
    with tempfile.TemporaryDirectory() as folder:
        with index.wheel(file) as wheel:
            names = [name for name in wheel.namelist() if re.match(r"[^/]+\.libs/libuc[a-z]+[-.]", name)]
            wheel.extractall(folder, names)
            texts = [wheel.read(name) for name in names if "/libucp" in name]
        # A process of its own, since a process takes only one libucp. It gets no variables: some
        # may be secret.
        asked = subprocess.run([sys.executable, ASK, folder], capture_output=True, text=True, env={})
        if asked.returncode != 0:
            reason = asked.stderr.strip().split("\n")[-1]
            raise Failure(f"libucp of {file.link.filename} does not answer: {reason}")
        return asked.stdout.strip(), revision_in(texts[0])


def revision_in(library: bytes) -> str | None:
    """`65e342a`: the only text of that form in a libucp that logs its revision."""
    found = set(re.findall(rb"\0([0-9a-f]{7,40})\0", library)) - {b"0000000"} if LOGGED in library else set()
    return found.pop().decode() if len(found) == 1 else None


def tools_of(
    version: str, ucx: str, revision: str | None, nixl_repository: Repository, ucx_repository: Repository
) -> dict[str, str]:
    """What the catalogue says about the tools of a bundled UCX besides its version.

    Nothing if UCX has that release; else the commit that NIXL's build files name, or the one that
    libucp names, if it is on UCX' branch of that release; else why there is none.
    """
    if f"v{ucx}" in ucx_repository.tags:
        return {}
    named = reference(version, nixl_repository)
    if named and re.fullmatch(r"[0-9a-f]{40}", named):
        return {"ucxCommit": named}
    branch = f"v{ucx.rpartition('.')[0]}.x"
    commit = ucx_repository.commit(branch, revision) if revision else None
    if commit:
        return {"ucxCommit": commit}
    lacking = f"bundles UCX {ucx}, of which there is no release"
    if revision:
        return {"note": f"{lacking}, and no commit {revision} on its branch {branch}"}
    return {"note": f"{lacking}, and NIXL names no commit of it{f' but {named}' if named else ''}"}


def reference(version: str, repository: Repository) -> str | None:
    """The commit, tag or branch of UCX in NIXL's build file at a version's tag.

    None without that tag.
    """
    tag = next((tag for tag in (f"v{version}", version) if tag in repository.tags), None)
    if tag is None:
        return None
    repository.fetch(tag)
    found = REFERENCE.search(repository.read(tag, BUILD_FILE))
    return found and found.group(1)
