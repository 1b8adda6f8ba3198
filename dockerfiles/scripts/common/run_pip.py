"""Runs pip, always as `python3 -m pip` of the image's own Python."""

from __future__ import annotations

import functools
import glob
import os
import re
import shutil
import sys
import types
from collections.abc import Mapping, Sequence

from . import package_index
from .build_secrets import trust
from .failure import Failure
from .packages import BORROWED_PIP, normalized
from .process import ask_python, output_of, run

# PEP 668's marker file stays in place; this setting only says that these calls know about it.
SETTINGS = {
    "PIP_BREAK_SYSTEM_PACKAGES": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_INPUT": "1",
    "PIP_ROOT_USER_ACTION": "ignore",
    "PIP_NO_PYTHON_VERSION_WARNING": "1",
    "PIP_PROGRESS_BAR": "off",
}

# An engine's venv may be beside one of these
OTHER_PYTHONS = ("/usr/bin/python3", "/usr/local/bin/python3")


def pip_path() -> str | None:
    """A directory for PYTHONPATH that holds pip, or None if this Python has its own.

    A venv made by uv has none.
    """
    return pip_path_of(sys.executable)


@functools.lru_cache(maxsize=None)
def pip_path_of(python: str) -> str | None:
    """Cached, since pip takes long to start."""
    if output_of([python, "-m", "pip", "--version"]) is not None:
        return None
    if os.path.isdir(BORROWED_PIP):
        return BORROWED_PIP
    for borrow in (from_bundle, from_other_python, from_uv):
        shutil.rmtree(BORROWED_PIP, ignore_errors=True)
        if borrow() and output_of([python, "-m", "pip", "--version"], env={"PYTHONPATH": BORROWED_PIP}) is not None:
            return BORROWED_PIP
    raise Failure(
        f"{python} has no pip, and neither ensurepip, uv nor another python3 could lend one; add pip to the base."
    )


def from_bundle() -> bool:
    """Borrows a wheel of pip from Python's ensurepip or Debian's python3-pip-whl."""
    folders = ["/usr/share/python-wheels"]
    try:
        import ensurepip

        folders.insert(0, os.path.join(os.path.dirname(ensurepip.__file__), "_bundled"))
    except ImportError:
        pass
    wheels = [found for folder in folders for found in sorted(glob.glob(f"{folder}/pip-*.whl"))]
    for wheel in wheels[:1]:
        shutil.unpack_archive(wheel, BORROWED_PIP, "zip")
    return bool(wheels)


def from_other_python() -> bool:
    """Borrows the pip of the Python beside a venv: pip is pure Python."""
    for other in OTHER_PYTHONS:
        folder = ask_python(other, "import pip\nanswer(pip.__path__[0])", env={"PYTHONPATH": None})
        if folder:
            os.makedirs(BORROWED_PIP)
            os.symlink(folder, f"{BORROWED_PIP}/pip")
            return True
    return False


def from_uv() -> bool:
    command = ["uv", "pip", "install", "-q", "--no-cache", "--python", sys.executable, "--target", BORROWED_PIP, "pip"]
    if shutil.which("uv") is None:
        return False
    return output_of(command, env={**trust(), **package_index.settings()}) is not None


def pip(
    arguments: Sequence[str],
    what: str,
    env: Mapping[str, str | None] | None = None,
    online: bool = True,
    cause_first: bool = False,
) -> None:
    """Runs pip.

    The package index's address, which may hold a password, reaches no other process than pip.

    what, cause_first: as in `run`. online: whether pip may use the package index.
    """
    extra = {**SETTINGS, **trust(), **(env or {})}
    borrowed = pip_path()
    if borrowed:
        own = extra.get("PYTHONPATH", os.environ.get("PYTHONPATH"))
        extra["PYTHONPATH"] = ":".join(path for path in (own, borrowed) if path)
    extra.update(package_index.settings() if online else package_index.no_index())
    # The engine's own unmet requirements are not this step's: a gate compares `pip check` before
    # and after. (This option's environment variable means the opposite.)
    quiet = ["--no-warn-conflicts"] if arguments[0] == "install" else []
    command = [sys.executable, "-B", "-m", "pip", *arguments[:1], *quiet, *arguments[1:]]
    try:
        run(command, what, env=extra, cause_first=cause_first)
    except Failure as failure:
        refused = package_index.refusal(project_not_found(str(failure))) if online else None
        if refused is None:
            raise
        sentence, _, hint = str(failure).rpartition(" (")
        raise Failure(f"{sentence if sentence and hint[:-1] in refused else failure} ({refused})") from failure


def project_not_found(sentence: str) -> str | None:
    """The project that pip did not find, named as on its page in an index, or None."""
    pattern = r"(?:No matching distribution found for|satisfies the requirement) ([A-Za-z0-9][\w.-]*)"
    found = re.search(pattern, sentence)
    return normalized(found.group(1)) if found else None


def vendored() -> types.ModuleType:
    """pip's own copies of `packaging` and `tomli`: the base need not have either."""
    borrowed = pip_path()
    if borrowed and borrowed not in sys.path:
        sys.path.append(borrowed)
    from pip import _vendor

    return _vendor
