"""The C++ standard that torch requires of extensions, read from its headers and CMake files.

Nothing is imported.
"""

from __future__ import annotations

import os
import re

from .source import read_text

# The standard's short name → its value of __cplusplus
STANDARDS = {11: 201103, 14: 201402, 17: 201703, 20: 202002, 23: 202302}

# Each begins with an #error for older standards.
HEADERS = ("include/torch/csrc/api/include/torch/all.h", "include/ATen/ATen.h", "include/c10/util/C++17.h")
CMAKE = "share/cmake/Torch/TorchConfig.cmake"

CONTINUED = re.compile(r"\\\r?\n")
COMMENTS = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
DIRECTIVE = re.compile(r"^[ \t]*#[ \t]*(\w+)(.*)$", re.MULTILINE)
OLDER = re.compile(r"\b__cplusplus\s*(<=?)\s*(\d{6})L?\b")
NAMED = re.compile(r"\bC\+\+ ?([1-8]\d)\b")
CMAKE_COMMENTS = re.compile(r"#[^\n]*")
# A property of the target, a compile feature or an option; not the variable CMAKE_CXX_STANDARD
CMAKE_STANDARD = re.compile(r"(?<!\w)CXX_STANDARD\s+([1-8]\d)\b|\bcxx_std_([1-8]\d)\b|-std=(?:c|gnu)\+\+([1-8]\d)\b")


def required_by(torch: str) -> int | None:
    """`17` or `20`; None if no file of torch's directory says it.

    The highest of all: torch 2.12 and 2.13 are compiled as C++20, which their CMake file and their
    own builder of extensions require, while their headers refuse only what is older than C++17.
    """
    texts = [read_text(os.path.join(torch, header)) or "" for header in HEADERS]
    found = [number for text in texts for number in of_header(text)]
    return max(found + of_cmake(read_text(os.path.join(torch, CMAKE)) or ""), default=None)


def of_header(text: str) -> list[int]:
    """The standards without which a header ends in an #error."""
    directives = DIRECTIVE.findall(COMMENTS.sub(" ", CONTINUED.sub(" ", text)))
    found: list[int] = []
    for (name, condition), (following, message) in zip(directives, directives[1:]):
        if following == "error" and name in ("if", "elif", "else"):
            found.extend(of_error(condition, message))
    return found


def of_error(condition: str, message: str) -> list[int]:
    """The standard by the number in the condition, or else by the message.

    The message is for other forms of conditions, and for standards newer than the list.
    """
    bounds = [int(number) + (operator == "<=") for operator, number in OLDER.findall(condition)]
    known = [name for name, value in STANDARDS.items() if bounds and value >= max(bounds)]
    return [min(known)] if known else [int(name) for name in NAMED.findall(message)[:1]]


def of_cmake(text: str) -> list[int]:
    """The standards that torch's CMake file sets for what links it."""
    found = CMAKE_STANDARD.findall(CMAKE_COMMENTS.sub("", text))
    return [int(number) for numbers in found for number in numbers if number]
