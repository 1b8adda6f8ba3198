"""Compares requirements with what the base has."""

from __future__ import annotations

import zipfile
from collections.abc import Collection, Iterable
from email.parser import HeaderParser
from typing import Any

from .constants import REQUIREMENTS
from .packages import installed, normalized
from .run_pip import vendored

# A module of Python itself; PyPI's `asyncio` is a copy from Python 3.3 that would shadow it.
SHADOWS = {"asyncio"}


def parse(text: str) -> Any:
    """A requirement (PEP 508), parsed by pip, or None if its marker excludes this Python."""
    vendored()
    from pip._vendor.packaging.requirements import Requirement

    requirement = Requirement(text)
    if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
        return None
    return requirement


def split_by_installed(texts: Iterable[str]) -> tuple[list[str], list[str]]:
    """(missing, unmet): requirements that the base lacks, or has at another version (described).

    The engine's environment wins, so unmet requirements are only reported.
    """
    have = installed()
    missing, unmet = [], []
    for text in texts:
        requirement = parse(text)
        if requirement is None or normalized(requirement.name) in SHADOWS:
            continue
        version = have.get(normalized(requirement.name))
        if version is None:
            requirement.marker = None
            missing.append(str(requirement))
        elif not requirement.specifier.contains(version, prereleases=True):
            unmet.append(f"{text.split(';')[0].strip()} (the base has {version})")
    return missing, unmet


def present(texts: Iterable[str], missing: Collection[str]) -> list[str]:
    """The requirements that the base has in some version, except torch."""
    kept = []
    for text in texts:
        requirement = parse(text)
        if requirement is None or normalized(requirement.name) in SHADOWS | {"torch"}:
            continue
        requirement.marker = None
        if str(requirement) not in missing:
            kept.append(str(requirement))
    return kept


def build_requirements(pyproject: str, of_the_base: Collection[str] = ("torch", "numpy")) -> list[str]:
    """What a project's pyproject.toml needs for its build, without what must be the base's own.

    torch is always the base's; numpy is if the base has it.
    """
    have = installed()
    needed = []
    for text in read_toml(pyproject).get("build-system", {}).get("requires", ["setuptools", "wheel"]):
        requirement = parse(text)
        if requirement is None:
            continue
        name = normalized(requirement.name)
        if name == "torch" or (name in of_the_base and name in have):
            continue
        needed.append(text)
    return needed


def read_toml(path: str) -> dict[str, Any]:
    try:
        import tomllib as toml
    except ImportError:
        vendored()
        from pip._vendor import tomli as toml
    with open(path, "rb") as file:
        return toml.load(file)


def runtime_requirements(wheel: str) -> list[str]:
    """The Requires-Dist lines of a wheel, without those of its extras."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return required_in(archive.read(name).decode("utf-8"))


def required_in(metadata: str) -> list[str]:
    """The Requires-Dist lines of a METADATA file, without those of its extras."""
    lines = HeaderParser().parsestr(metadata).get_all("Requires-Dist") or []
    return [line for line in lines if "extra ==" not in line.replace("extra==", "extra ==")]


def noted_requirements(folder: str) -> list[str]:
    """The runtime requirements that the wheel stage has noted among AIBrix' dependencies."""
    with open(f"{folder}/{REQUIREMENTS}", encoding="utf-8") as file:
        return file.read().splitlines()
