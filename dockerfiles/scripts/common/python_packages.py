"""pip, always as `python3 -m pip` of the image's own Python, and what it has installed."""

import functools
import glob
import os
import re
import shutil
import sys
from importlib import metadata

from . import package_index
from .failure import Failure
from .process import answer, ask_python, run
from .secrets_given import trust

# PEP 668's marker stays where it is; this only says that these calls know about it.
SETTINGS = {
    "PIP_BREAK_SYSTEM_PACKAGES": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_INPUT": "1",
    "PIP_ROOT_USER_ACTION": "ignore",
    "PIP_NO_PYTHON_VERSION_WARNING": "1",
    "PIP_PROGRESS_BAR": "off",
}

BORROWED = "/tmp/pip"

# Beside which an engine's venv may be
OTHERS = ("/usr/bin/python3", "/usr/local/bin/python3")


def pip_path():
    """A directory for PYTHONPATH that holds pip, or None if this Python has its own (a venv made by uv has none)."""
    return pip_path_of(sys.executable)


@functools.lru_cache(maxsize=None)
def pip_path_of(python):
    """Looked for once, since pip takes long to start."""
    if answer([python, "-m", "pip", "--version"]) is not None:
        return None
    if os.path.isdir(BORROWED):
        return BORROWED
    for borrow in (from_bundle, from_other_python, from_uv):
        shutil.rmtree(BORROWED, ignore_errors=True)
        if borrow() and answer([python, "-m", "pip", "--version"], env={"PYTHONPATH": BORROWED}) is not None:
            return BORROWED
    raise Failure(
        "%s has no pip, and neither ensurepip, uv nor another python3 could lend one; add pip to the base." % python)


def from_bundle():
    """Wheels of pip come with Python's ensurepip, and with Debian's python3-pip-whl."""
    places = ["/usr/share/python-wheels"]
    try:
        import ensurepip

        places.insert(0, os.path.join(os.path.dirname(ensurepip.__file__), "_bundled"))
    except ImportError:
        pass
    wheels = [found for place in places for found in sorted(glob.glob(place + "/pip-*.whl"))]
    for wheel in wheels[:1]:
        shutil.unpack_archive(wheel, BORROWED, "zip")
    return bool(wheels)


def from_other_python():
    """pip is pure Python: a venv can use the one of the Python beside it."""
    for other in OTHERS:
        place = ask_python(other, "import pip\nanswer(pip.__path__[0])", env={"PYTHONPATH": None})
        if place:
            os.makedirs(BORROWED)
            os.symlink(place, BORROWED + "/pip")
            return True
    return False


def from_uv():
    command = ["uv", "pip", "install", "-q", "--no-cache", "--python", sys.executable, "--target", BORROWED, "pip"]
    return shutil.which("uv") is not None and answer(command, env=dict(trust(), **package_index.settings())) is not None


def pip(arguments, what, env=None, online=True, cause_first=False):
    """Runs pip. The package index's address, which may hold a password, reaches no other process than this one.

    what: what it does, for the error. online: whether it may ask the package index.
    """
    extra = dict(SETTINGS, **trust())
    extra.update(env or {})
    borrowed = pip_path()
    if borrowed:
        extra["PYTHONPATH"] = ":".join(p for p in (extra.get("PYTHONPATH", os.environ.get("PYTHONPATH")), borrowed) if p)
    extra.update(package_index.settings() if online else package_index.nowhere())
    # The engine's own unmet requirements are no news of this step; `pip check` before and after is compared by a gate. (The
    # environment variable of this option means the opposite.)
    quiet = ["--no-warn-conflicts"] if arguments[0] == "install" else []
    try:
        run([sys.executable, "-B", "-m", "pip"] + arguments[:1] + quiet + arguments[1:], what, env=extra, cause_first=cause_first)
    except Failure as failure:
        refused = package_index.refusal(missing(str(failure))) if online else None
        if refused is None:
            raise
        sentence, _, hint = str(failure).rpartition(" (")
        raise Failure("%s (%s)" % (sentence if sentence and hint[:-1] in refused else failure, refused)) from failure


def missing(sentence):
    """The project that pip did not find, as its page in an index is named, or None."""
    found = re.search(r"(?:No matching distribution found for|satisfies the requirement) ([A-Za-z0-9][\w.-]*)", sentence)
    return normal(found.group(1)) if found else None


def vendored():
    """pip's own copies of `packaging` and `tomli`: the base need not have either."""
    borrowed = pip_path()
    if borrowed and borrowed not in sys.path:
        sys.path.append(borrowed)
    from pip import _vendor

    return _vendor


def normal(name):
    """A distribution's name as PEP 503 normalises it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed():
    """Normalised name → version of every distribution that this Python finds; the first on its path wins."""
    found = {}
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        if name and BORROWED not in str(distribution.locate_file("")):
            found.setdefault(normal(name), distribution.version)
    return found
