"""Wheels of the runtime requirements that an image may be unable to install from the package index."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence

from common.beside_the_base import pip_beside_the_base
from common.constants import REQUIREMENTS
from common.failure import Failure, say, warn
from common.packages import normalized
from common.requirements import parse, present, split_by_installed
from common.run_pip import pip, project_not_found

DOWNLOAD = "/tmp/download"
RESOLVED = "/tmp/resolved.json"


def add_dependencies(required: Sequence[str], folder: str) -> None:
    """Builds wheels of the runtime requirements that the base lacks, into `folder`, and notes all.

    For example, netifaces has no wheel on PyPI, and the image no compiler.

    Another base with the same torch and Python may reuse the result and lack what this base has. So
    a requirement that this base has is built, too, if the package index has no wheel of it; torch
    is in every base that the wheel fits.
    """
    os.makedirs(folder)
    with open(f"{folder}/{REQUIREMENTS}", "w", encoding="utf-8") as file:
        file.writelines(f"{text}\n" for text in required)
    missing, _ = split_by_installed(required)
    command = ["wheel", "-q", "--prefer-binary", "--no-deps", "--no-cache-dir", "-w", folder]
    if missing:
        what = "wheels of the runtime requirements of aibrix_kvcache could not be downloaded or built"
        pip_beside_the_base(command, [*missing, *required_by(missing)], what)
    for requirement in without_wheel(present(required, missing)):
        try:
            pip([*command, requirement], f"no wheel of {requirement} could be built")
        except Failure as failure:
            warn(f"{failure}; this matters only to a base that lacks it.")


def required_by(requirements: Sequence[str]) -> list[str]:
    """What pip would install for requirements besides themselves, `name==version` each.

    Empty if this pip can't tell: --report is new in pip 22.2. An image then asks the package index.
    """
    named = {normalized(parse(text).name) for text in requirements}
    options = ["-q", "--dry-run", "--prefer-binary", "--no-cache-dir", "--report", RESOLVED]
    try:
        pip_beside_the_base(["install", *options], requirements, "the runtime requirements could not be resolved")
    except Failure as failure:
        say(f"only wheels of the requirements themselves are kept: {failure}")
        return []
    with open(RESOLVED, encoding="utf-8") as file:
        found = [each["metadata"] for each in json.load(file)["install"]]
    os.unlink(RESOLVED)
    return [f"{each['name']}=={each['version']}" for each in found if normalized(each["name"]) not in named]


def without_wheel(requirements: Sequence[str]) -> list[str]:
    """The requirements of which the package index has no wheel for this Python.

    All are requested at once, since each call of pip takes a second. It ends at the first without a
    wheel, which it names.
    """
    found: list[str] = []
    left = list(requirements)
    while left:
        failure = failure_to_download(left)
        if failure is None:
            break
        project = project_not_found(str(failure))
        named = [text for text in left if normalized(parse(text).name) == project]
        if not named:
            found += [text for text in left if failure_to_download([text])]
            break
        found += named
        left = [text for text in left if text not in named]
    return [text for text in requirements if text in found]


def failure_to_download(requirements: Sequence[str]) -> Failure | None:
    """How the download of wheels of all requirements failed, if it did."""
    options = ["-q", "--only-binary=:all:", "--no-deps", "--no-cache-dir", "-d", DOWNLOAD]
    try:
        pip(["download", *options, *requirements], f"there is no wheel of {', '.join(requirements)}")
    except Failure as failure:
        return failure
    finally:
        shutil.rmtree(DOWNLOAD, ignore_errors=True)
    return None
