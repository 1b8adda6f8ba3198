"""Installs the user's own packages, with what they need, beside those of the image."""

from __future__ import annotations

import importlib
import json
import os

from common.beside_the_base import pip_beside_the_base
from common.constants import EXTRA_PACKAGES_RECORD
from common.failure import Failure, say
from common.packages import installed, normalized
from common.requirements import parse, split_by_installed


def main() -> None:
    wanted, left_out = [], []
    for line in filter(None, map(str.strip, os.environ["EXTRA_PACKAGES"].splitlines())):
        requirement = required(line)
        if requirement is None:
            left_out.append(line)
            say(f"extra-packages: {line} is not for this Python")
        else:
            wanted.append(line)
    _, unmet = split_by_installed(wanted)
    if unmet:
        raise Failure(
            f"the engine's environment wins, so extra-packages can't have {', '.join(unmet)}; "
            "choose versions that fit, or another engine version."
        )
    before = installed()
    if wanted:
        # Wheels where there are some: openai-whisper, which vllm-omni needs, has none.
        options = ["install", "-q", "--no-compile", "--no-cache-dir", "--prefer-binary"]
        pip_beside_the_base(options, wanted, "extra-packages could not be installed beside the engine's packages")
    importlib.invalidate_caches()
    added = {name: version for name, version in installed().items() if name not in before}
    shown = ", ".join(f"{name} {version}" for name, version in sorted(added.items()))
    say(f"extra-packages: added {shown or 'nothing'}")
    os.makedirs(os.path.dirname(EXTRA_PACKAGES_RECORD), exist_ok=True)
    with open(EXTRA_PACKAGES_RECORD, "w", encoding="utf-8") as file:
        json.dump({"added": sorted(added), "leftOut": sorted(map(name_of, left_out))}, file)


def required(line: str) -> object:
    """A requirement, or None if its marker excludes this Python. Raises Failure if it is none."""
    try:
        return parse(line)
    except ValueError as error:
        raise Failure(f"extra-packages: {line!r} is not a requirement: {error}") from error


def name_of(line: str) -> str:
    """The normalized name in a requirement whose marker excludes this Python."""
    return normalized(parse(line.partition(";")[0]).name)
