"""Requirements on one package, from metadata and requirement files."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pip._vendor.packaging.markers import UndefinedEnvironmentName
from pip._vendor.packaging.requirements import InvalidRequirement, Requirement

# Where AIBrix runs. Conditions on the version of Python use that of this script; the images'
# Pythons meet all of them.
PLATFORM = {
    "sys_platform": "linux",
    "platform_system": "Linux",
    "platform_machine": "x86_64",
    "os_name": "posix",
    "platform_python_implementation": "CPython",
    "implementation_name": "cpython",
}


def of_metadata(text: str, extra: str = "") -> list[Requirement]:
    """The requirements of a METADATA or PKG-INFO that apply with an extra or without one."""
    lines = re.findall(r"(?m)^Requires-Dist:\s*(.*)$", text)
    return [found for line in lines for found in applying(line, extra)]


def of_file(text: str) -> list[Requirement]:
    """The requirements of a file that pip installs from, without its options and comments."""
    lines = [re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines()]
    return [found for line in lines if line and not line.startswith("-") for found in applying(line)]


def applying(line: str, extra: str = "") -> list[Requirement]:
    try:
        requirement = Requirement(line)
        applies = requirement.marker is None or requirement.marker.evaluate({**PLATFORM, "extra": extra})
    except (InvalidRequirement, UndefinedEnvironmentName):
        return []
    return [requirement] if applies else []


def pinned(requirements: Iterable[Requirement], name: str) -> str | None:
    """The version that a package is pinned to; None if several are possible."""
    parts = [part for requirement in requirements if requirement.name.lower() == name for part in requirement.specifier]
    exact = {part.version for part in parts if part.operator == "==" and "*" not in part.version}
    return exact.pop() if len(exact) == 1 else None
