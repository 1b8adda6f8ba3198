"""Leaves exactly one NIXL: the requested version for torch's CUDA major, or the base's own."""

from __future__ import annotations

import os
import re
import shutil
import sys
import sysconfig
from collections.abc import Mapping
from typing import Any

from common import torch_version
from common.constants import NIXL_DISTRIBUTION, NIXL_VARIANT
from common.failure import Failure, say
from common.packages import installed, package_directory
from common.process import ask_python
from common.run_pip import pip, vendored

# The first release with one package per CUDA major; before, there is `nixl` alone
FIRST_WITH_VARIANTS = "0.7.1"

LEFTOVER = re.compile(r"^\.?nixl(_cu\d+)?(\.libs|\.mesonpy\.libs|-[^/]*\.dist-info)?$")

# As NIXL_VERSION: the base's own stays
OF_THE_BASE = "base"


def main() -> None:
    version = os.environ["NIXL_VERSION"]
    before = {name: number for name, number in installed().items() if NIXL_DISTRIBUTION.match(name)}
    if version == OF_THE_BASE:
        if not before:
            raise Failure("the base has no NIXL that could stay; set nixl-version (NIXL_VERSION) to a version.")
        say(f"NIXL stays as the base has it: {shown(before)}")
        return
    wanted = {name: version for name in distributions(version)}
    if before == wanted and variants() <= set(wanted):
        say(f"NIXL stays as the base has it: {shown(before)}")
        return
    if before:
        what = f"the base's NIXL ({shown(before)}) could not be removed"
        pip(["uninstall", "-y", "-q", *sorted(before)], what, online=False)
    remove_leftovers()
    options = ["-q", "--no-deps", "--no-compile", "--no-cache-dir", "--only-binary=:all:"]
    requirements = [f"{name}=={number}" for name, number in sorted(wanted.items())]
    pip(["install", *options, *requirements], f"NIXL {version} could not be installed")
    say(f"NIXL: {shown(before)} → {shown(wanted)}")


def distributions(version: str) -> list[str]:
    """The distributions that make one NIXL."""
    vendored()
    from pip._vendor.packaging.version import InvalidVersion, Version

    try:
        if Version(version) < Version(FIRST_WITH_VARIANTS):
            return ["nixl"]
    except InvalidVersion as error:
        raise Failure(f"nixl-version: {version!r} is not a version.") from error
    cuda = cuda_of_torch() or ""
    if not re.match(r"^\d+\.", cuda):
        raise Failure(
            "the base's torch names no CUDA version, so NIXL's variant can't be chosen; "
            "choose versions whose base is for NVIDIA GPUs."
        )
    return ["nixl", f"nixl-cu{cuda.split('.')[0]}"]


def cuda_of_torch() -> Any:
    """torch's CUDA. torch is imported only if its source does not state it."""
    location = package_directory("torch")
    stated = torch_version.stated(location) if location else None
    return stated[1] if stated else ask_python(sys.executable, "import torch\nanswer(torch.version.cuda)")


def variants() -> set[str]:
    """Names of the distributions whose packages Python finds, whoever owns them."""
    folders = [path for path in sys.path if os.path.isdir(path)]
    return {name.replace("_", "-") for path in folders for name in os.listdir(path) if NIXL_VARIANT.match(name)}


def remove_leftovers() -> None:
    """Removes what an uninstall left.

    NIXL imports the first variant that it finds, whoever owns it.
    """
    paths = sysconfig.get_paths()
    sites = {paths["purelib"], paths["platlib"]} | {path for path in sys.path if path.endswith("-packages")}
    for site in sites:
        for name in os.listdir(site) if os.path.isdir(site) else []:
            if LEFTOVER.match(name):
                remove(os.path.join(site, name))


def remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def shown(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in sorted(versions.items())) or "none"
