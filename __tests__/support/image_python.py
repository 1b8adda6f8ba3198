"""The Python of an image for a test: with packages, programs and answers until the test ends."""

import contextlib
import functools
import importlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from unittest import mock

import pip  # noqa: F401 (scripts take parsers from it, also while the packages beside it are hidden)

from common import build_secrets
from common.marked import MARK
from common.source import parse

# Kept until this process ends
KEPT = []
OF_THIS_MACHINE = [path for path in sys.path if path.endswith("-packages")]


def folder(case):
    """A folder that is gone after the test."""
    made = tempfile.TemporaryDirectory()
    case.addCleanup(made.cleanup)
    return os.path.realpath(made.name)


def write(path, content=""):
    """Writes text or bytes into a file, with the folders above it."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


class SitePackages:
    """The folder in which this Python finds packages, instead of this machine's own.

    The last of several is searched first.
    """

    def __init__(self, case):
        self.path = os.path.join(folder(case), "site-packages")
        os.makedirs(self.path)
        paths = [self.path] + [path for path in sys.path if path not in OF_THIS_MACHINE]
        given = mock.patch.object(sys, "path", paths)
        given.start()
        case.addCleanup(importlib.invalidate_caches)
        case.addCleanup(given.stop)

    def add(self, name, content=""):
        """Adds a file; returns its path."""
        path = write(os.path.join(self.path, name), content)
        importlib.invalidate_caches()
        parse.cache_clear()
        return path

    def install(self, name, version, **files):
        """Adds a distribution as pip leaves it, `files` beside its METADATA: RECORD, direct_url."""
        info = "{}-{}.dist-info".format(name.replace("-", "_"), version)
        for file, content in files.items():
            self.add(f"{info}/{file}", content)
        self.add(info + "/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


def secret(case, name, text):
    """Gives a build secret; returns its path."""
    path = write(os.path.join(folder(case), name), text)
    given = mock.patch.object(build_secrets, "DIRECTORY", os.path.dirname(path))
    given.start()
    case.addCleanup(given.stop)
    return path


def environment(case):
    """Creates a virtual environment with pip alone; returns its folder.

    With packages of this machine each start would take long.
    """
    path = folder(case)
    venv.EnvBuilder(symlinks=True).create(path)
    os.symlink(os.path.dirname(pip.__file__), site_of(path) + "/pip")
    return path


def site_of(place):
    """Where a virtual environment, or a user, has the packages of this Python."""
    major, minor = sys.version_info[:2]
    return f"{place}/lib/python{major}.{minor}/site-packages"


def library(path, source, *options):
    """Compiles C source into a shared library at a path, with the folders above it."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return shutil.copy(compiled(source, options), path)


@functools.lru_cache(maxsize=None)
def compiled(source, options):
    place = tempfile.TemporaryDirectory()
    KEPT.append(place)
    path = place.name + "/library.so"
    command = ["gcc", "-shared", "-fPIC", "-fno-builtin", "-o", path, "-x", "c", "-", "-x", "none"]
    subprocess.run(command + list(options), input=source, encoding="utf-8", check=True)
    return path


def program(case, name, script):
    """Puts a shell script first on the PATH; returns its path."""
    path = write(os.path.join(folder(case), name), f"#!/bin/sh\n{script}\n")
    os.chmod(path, 0o755)
    given = mock.patch.dict(os.environ, PATH="{}:{}".format(os.path.dirname(path), os.environ["PATH"]))
    given.start()
    case.addCleanup(given.stop)
    return path


def python_answers(case, value):
    """Replaces sys.executable by a Python with a banner that gives the same answer to every question.

    The scripts ask it for pip before each use, which takes half a second with a real one.
    """
    path = program(case, "python3", f"echo 'Good morning'\necho '{MARK}{json.dumps(value)}'")
    given = mock.patch.object(sys, "executable", path)
    given.start()
    case.addCleanup(given.stop)


@contextlib.contextmanager
def printed():
    """What is printed within, to both outputs in turn."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
        yield text
