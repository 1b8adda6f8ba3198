"""The image as its own user runs it: that user, its home and current directory, the image's environment."""

import os
import shutil

from . import entrypoint, imports, tools
from .as_imported import closed
from .child import failure


def identity():
    return {"uid": os.getuid(), "gid": os.getgid(), "home": os.environ.get("HOME"), "directory": os.getcwd()}


def would_import():
    return imports.imports(entrypoint.given())


def started():
    """Each tool with what it does when this user starts it."""
    commands = tools.TOOLS + (("ucx_info", ["-v"], None), ("ucx_perftest", ["-h"], None))
    return [{"command": command, "start": start(command, arguments, answer)} for command, arguments, answer in commands]


def start(command, arguments, answer):
    return tools.start(command, arguments, answer) if shutil.which(command) else failure(why_not_there(command))


def why_not_there(command):
    """What lies on the PATH and can't be reached by this user, as a link into a closed folder."""
    folders = [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    for path in (os.path.join(folder, command) for folder in folders):
        if os.path.lexists(path):
            return "permission denied: %s (%s)" % (path, closed(os.path.realpath(path)) or "not executable")
    shut = sorted({found for found in map(closed, folders) if found})
    return "%s is not on the PATH%s" % (command, ", of which %s can't be read" % ", ".join(shut) if shut else "")
