"""Requirements of one package, as metadata and requirement files have them."""

import re

from pip._vendor.packaging.markers import UndefinedEnvironmentName
from pip._vendor.packaging.requirements import InvalidRequirement, Requirement

# Where AIBrix runs; of the Pythons of the images all that metadata asks for is true.
PLATFORM = {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64", "os_name": "posix",
            "platform_python_implementation": "CPython", "implementation_name": "cpython"}


def of_metadata(text, extra=""):
    """The requirements of a METADATA or PKG-INFO that hold with an extra or without one."""
    return [found for line in re.findall(r"(?m)^Requires-Dist:\s*(.*)$", text) for found in applying(line, extra)]


def of_file(text):
    """The requirements of a file that pip installs from, without its options and comments."""
    lines = [re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines()]
    return [found for line in lines if line and not line.startswith("-") for found in applying(line)]


def applying(line, extra=""):
    try:
        requirement = Requirement(line)
        return [requirement] if requirement.marker is None or requirement.marker.evaluate({**PLATFORM, "extra": extra}) else []
    except (InvalidRequirement, UndefinedEnvironmentName):
        return []


def pinned(requirements, name):
    """The version that a package is pinned to; None if it may be one of several."""
    exact = {part.version for requirement in requirements if requirement.name.lower() == name
             for part in requirement.specifier if part.operator == "==" and "*" not in part.version}
    return exact.pop() if len(exact) == 1 else None
