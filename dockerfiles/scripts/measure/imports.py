"""What Python would import, for root (as in all other measurements) and for the ENTRYPOINT."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Sequence
from typing import Any

from common.constants import ENGINES

from .subprocesses import python

NAMES = (*ENGINES, "torch", "nixl", "aibrix_kvcache", "aibrix_kvcache._aibrix_C")

# `look` is imported before it measures, so that it sees the path without our scripts. The current
# folder is left out for that import: it may hold a `token.py`, which no program that starts in
# another folder meets.
LOOK = """
path = list(sys.path)
sys.path[:] = [sys.argv[1]] + [entry for entry in path if entry]
from measure.as_imported import look
sys.path[:] = path
answer(look(sys.argv[2], sys.argv[3:]))
"""
VERSION = """
if sys.path and sys.path[0] == "":
    sys.path[:1] = [sys.argv[1]] if sys.argv[1] else []
import importlib
version = getattr(importlib.import_module(sys.argv[2]), "__version__", None)
answer(version if isinstance(version, str) else None)
"""

# Importing an engine takes some seconds.
LONGEST_IMPORT_SECONDS = 60


def imports(command: Sequence[str] | None = None) -> dict[str, Any]:
    """What Python would import.

    command: words of an ENTRYPOINT; None for this Python, in no folder of its own.
    """
    here = current_folder()
    interpreter, options, first = (started(command, here) if command else None) or (sys.executable, [], "")
    call = {"interpreter": [interpreter, *options], "directory": here if command is not None else "/"}
    found, outcome = python(LOOK, os.path.dirname(os.path.dirname(os.path.abspath(__file__))), first, *NAMES, **call)
    if found is None:
        nothing = {"first": None, "pythonPath": [], "userSite": None, "path": [], "closed": [], "modules": []}
        return {**nothing, "interpreter": interpreter, "error": outcome.get("error", "no answer")}
    for module in found["modules"]:
        if module.pop("mustAsk"):
            module["version"], _ = python(VERSION, first, module["name"], seconds=LONGEST_IMPORT_SECONDS, **call)
    return {**found, "error": None}


def current_folder() -> str:
    try:
        return os.getcwd()
    except OSError:
        return "/"


def started(words: Sequence[str], here: str, depth: int = 3) -> tuple[str, list[str], str] | None:
    """(interpreter, options, folder that it searches first) of the Python that a command starts.

    None if it starts no Python that can be recognised.

    A Python that runs a script searches the script's folder first, with `-m` the current one. What
    precedes it is skipped: an init, `env`, a shell with `-c`; also an init that is a Python script,
    if an engine or a Python follows.
    """
    words = [part for word in words for part in split(word)]
    first = None
    for position, word in enumerate(words):
        path = shutil.which(word)
        if path is None:
            continue
        if re.match(r"(?:python|pypy)[\d.]*t?$", os.path.basename(path)):
            return as_python(path, words[position + 1:], here)
        shebang = interpreter_of(path)
        found = started([*shebang, path], here, depth - 1) if shebang and depth else None
        if found and os.path.basename(path) in ENGINES:
            return found
        first = first or found
    return first


def split(word: str) -> list[str]:
    try:
        return shlex.split(word) if re.search(r"\s", word) else [word]
    except ValueError:
        return [word]


def as_python(path: str, arguments: Sequence[str], here: str) -> tuple[str, list[str], str]:
    options: list[str] = []
    rest = list(arguments)
    while rest and rest[0].startswith("-"):
        word = rest.pop(0)
        for position, letter in enumerate(word[1:] if not word.startswith("--") else ""):
            if letter in "mc":
                return path, options, here
            if letter in "WX":  # they take a value, here or as the next word
                rest = rest[1:] if position == len(word) - 2 else rest
                break
            options += [f"-{letter}"] if letter in "EIPsS" else []
    return path, options, os.path.dirname(os.path.realpath(os.path.join(here, rest[0]))) if rest else ""


def interpreter_of(path: str) -> list[str]:
    """Words of a script's first line without `env`.

    If that would be too long, pip writes the interpreter into the second line.
    """
    try:
        with open(path, "rb") as file:
            lines = file.read(4096).decode("utf-8", "replace").splitlines()
    except OSError:
        return []
    if not lines or not lines[0].startswith("#!"):
        return []
    words = split(f"{lines[0][2:].strip()} ")
    if len(lines) > 1 and lines[1].startswith("'''exec' "):
        words = split(lines[1])[1:2]
    return [word for word in words if os.path.basename(word) != "env" and word != "-S" and "=" not in word]
