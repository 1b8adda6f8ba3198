"""The image as its own user runs it, in that user's directories and the image's environment."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from typing import Any

from . import entrypoint, imports, tools
from .as_imported import closed
from .subprocesses import failure

UCX_TOOLS = (("ucx_info", ["-v"], None), ("ucx_perftest", ["-h"], None))


def identity() -> dict[str, Any]:
    return {"uid": os.getuid(), "gid": os.getgid(), "home": os.environ.get("HOME"), "directory": os.getcwd()}


def would_import() -> dict[str, Any]:
    return imports.imports(entrypoint.given())


def started() -> list[dict[str, Any]]:
    """Each tool, and its outcome when this user starts it."""
    commands = tools.TOOLS + UCX_TOOLS
    return [{"command": command, "start": start(command, arguments, answer)} for command, arguments, answer in commands]


def start(command: str, arguments: Sequence[str], answer: str | None) -> dict[str, str]:
    return tools.start(command, arguments, answer) if shutil.which(command) else failure(why_not_there(command))


def why_not_there(command: str) -> str:
    """Why this user does not find a command.

    A command may be on the PATH and out of reach, as a link into a closed folder.
    """
    folders = [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    for path in (os.path.join(folder, command) for folder in folders):
        if os.path.lexists(path):
            return f"permission denied: {path} ({closed(os.path.realpath(path)) or 'not executable'})"
    shut = sorted({found for found in map(closed, folders) if found})
    unreadable = f", of which {', '.join(shut)} can't be read" if shut else ""
    return f"{command} is not on the PATH{unreadable}"
