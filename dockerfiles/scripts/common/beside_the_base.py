"""Runs pip for what the base lacks, and leaves what the base has at its version."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import metadata
from typing import Any

from .constants import is_replaced
from .failure import Failure, say
from .packages import installed, normalized
from .requirements import parse
from .run_pip import pip, vendored

CONSTRAINTS = "/tmp/constraints.txt"

# `===` takes any text, which a constraints file may read otherwise.
PLAIN = re.compile(r"^(?!.*===)[\w.,<>=!~*+]+$")


def pip_beside_the_base(arguments: Sequence[str], requirements: Sequence[str], what: str) -> None:
    """Runs pip for requirements that the base lacks, constrained to the versions that it has.

    What the base's packages require of packages that the base lacks counts, too, if pip finds such
    versions: vllm 0.33.0 pins nvtx, of which AIBrix takes any.

    what: as in `pip`.
    """
    held, required = installed_constraints(), required_of_absent()
    say(f"constraints: {len(held)} versions of the base are held")
    while True:
        write_constraints(held + [name + versions for name, versions in required])
        try:
            return pip([*arguments, "-c", CONSTRAINTS, *requirements], what)
        except Failure as failure:
            if not required:
                raise
            required = without_named(required, str(failure))
            say(f"again, without unavailable requirements of the base's packages: {failure}")


def pip_offline_beside_the_base(arguments: Sequence[str], requirements: Sequence[str], what: str) -> None:
    """Does the same without a package index: `arguments` name a folder that may have all there is to install."""
    write_constraints(installed_constraints() + [name + versions for name, versions in required_of_absent()])
    pip([*arguments, "-c", CONSTRAINTS, *requirements], what, online=False)


def write_constraints(lines: Sequence[str]) -> None:
    with open(CONSTRAINTS, "w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)


def without_named(required: list[tuple[str, str]], sentence: str) -> list[tuple[str, str]]:
    """The requirements that a failure of pip does not name; empty if it names none of them."""
    named = {normalized(word.rstrip(".-")) for word in re.findall(r"[A-Za-z0-9][\w.-]*", sentence)}
    left = [one for one in required if one[0] not in named]
    return left if len(left) < len(required) else []


def installed_constraints() -> list[str]:
    """Constraints that hold everything installed at its version.

    Versions that are not PEP 440 (some of Ubuntu's own packages) are left out: pip would refuse all
    constraints for one.
    """
    vendored()
    from pip._vendor.packaging.version import InvalidVersion, Version

    lines = []
    for name, version in sorted(installed().items()):
        try:
            Version(version)
        except (InvalidVersion, TypeError):
            continue
        lines.append(f"{name}=={version}")
    return lines


def required_of_absent() -> list[tuple[str, str]]:
    """(normalized name, versions) of what installed packages require and the base lacks.

    Requirements of extras do not count, nor those of the base's own AIBrix and NIXL, which are
    replaced.
    """
    have, seen, found = installed(), set(), set()
    for distribution in metadata.distributions():
        name = normalized(distribution.metadata["Name"] or "")
        if name in seen or is_replaced(name):
            continue
        seen.add(name)
        for text in distribution.requires or ():
            try:
                requirement = parse(text)
                usable = requirement is not None and is_plain(requirement)
            except ValueError:  # older packages may have requirements that are not PEP 508
                continue
            if usable and normalized(requirement.name) not in have:
                found.add((normalized(requirement.name), str(requirement.specifier)))
    return sorted(found)


def is_plain(requirement: Any) -> bool:
    """Whether a requirement is a range of versions alone.

    pip would download from an address, and a pre-release would admit others.
    """
    versions = str(requirement.specifier)
    return not requirement.url and bool(PLAIN.match(versions)) and not requirement.specifier.prereleases
