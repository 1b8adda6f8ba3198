"""The C++ standard that torch asks of what is compiled against it, read from its headers and CMake files: nothing is imported."""

import importlib.util
import os
import re

# What __cplusplus is in each standard, by the standard's short name
STANDARDS = {11: 201103, 14: 201402, 17: 201703, 20: 202002, 23: 202302}

# Each of them begins with an #error for an older standard.
HEADERS = ("include/torch/csrc/api/include/torch/all.h", "include/ATen/ATen.h", "include/c10/util/C++17.h")
CMAKE = "share/cmake/Torch/TorchConfig.cmake"

CONTINUED = re.compile(r"\\\r?\n")
COMMENTS = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
DIRECTIVE = re.compile(r"^[ \t]*#[ \t]*(\w+)(.*)$", re.MULTILINE)
OLDER = re.compile(r"\b__cplusplus\s*(<=?)\s*(\d{6})L?\b")
NAMED = re.compile(r"\bC\+\+ ?([1-8]\d)\b")
CMAKE_COMMENTS = re.compile(r"#[^\n]*")
# A property of the target, a feature that it asks for, an option; not the variable CMAKE_CXX_STANDARD
CMAKE_STANDARD = re.compile(r"(?<!\w)CXX_STANDARD\s+([1-8]\d)\b|\bcxx_std_([1-8]\d)\b|-std=(?:c|gnu)\+\+([1-8]\d)\b")


def torch_directory():
    """Where Python would import torch from; None if there is none."""
    try:
        spec = importlib.util.find_spec("torch")
    except (ImportError, ValueError):
        return None
    places = [path for path in (spec.submodule_search_locations or []) if os.path.isdir(path)] if spec else []
    return places[0] if places else None


def asked_by(torch):
    """`17` or `20`; None where no file says it.

    The highest of all: torch 2.12 and 2.13 are compiled as C++20, which their CMake file and their own builder of extensions ask
    for, while their headers refuse only what is older than C++17.
    """
    found = [number for header in HEADERS for number in of_header(text_of(os.path.join(torch, header)))]
    return max(found + of_cmake(text_of(os.path.join(torch, CMAKE))), default=None)


def text_of(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def of_header(text):
    """The standards without which a header ends in an #error."""
    directives = DIRECTIVE.findall(COMMENTS.sub(" ", CONTINUED.sub(" ", text)))
    found = []
    for (name, condition), (following, message) in zip(directives, directives[1:]):
        if following == "error" and name in ("if", "elif", "else"):
            found.extend(of_error(condition, message))
    return found


def of_error(condition, message):
    """By the number in the condition, else by the message: in another form of condition, or of a standard that is newer than the list."""
    bounds = [int(number) + (operator == "<=") for operator, number in OLDER.findall(condition)]
    known = [name for name, value in STANDARDS.items() if bounds and value >= max(bounds)]
    return [min(known)] if known else [int(name) for name in NAMED.findall(message)[:1]]


def of_cmake(text):
    """The standards that torch's CMake file sets for what links it."""
    return [int(number) for found in CMAKE_STANDARD.findall(CMAKE_COMMENTS.sub("", text)) for number in found if number]
