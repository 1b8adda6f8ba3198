"""Whether the connection of engine and AIBrix holds."""

from __future__ import annotations

import json
import os
import re
from typing import Any

from common.constants import INTEGRATION_RECORD
from common.failure import Failure
from common.packages import package_directory
from common.system_packages import patch_program

from .engine import engine
from .subprocesses import OK, failure, python, run
from .unresolved_imports import unresolved_import

# Imports the connector and answers in whose file it failed, so that a missing part of the engine
# can be distinguished from a connector that does not fit the engine.
IMPORT = """
import importlib, traceback
try:
    importlib.import_module(sys.argv[1])
    answer(None)
except BaseException as error:
    frames = [f.filename for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith("<frozen")]
    answer({"file": frames[-1] if frames else "", "error": f"{type(error).__name__}: {error}"})
"""


def note() -> dict[str, Any] | None:
    """What the step recorded, or None."""
    if not os.path.isfile(INTEGRATION_RECORD):
        return None
    with open(INTEGRATION_RECORD, encoding="utf-8") as file:
        return json.load(file)


def integration() -> dict[str, Any] | None:
    noted = note()
    if noted is None:
        return None
    check = OK
    if noted["mode"] == "patch":
        check = patch(noted["evidence"], noted["engine"])
    elif noted["mode"] == "module":
        check = module(noted["evidence"])
    return {"mode": noted["mode"], "reason": noted["reason"], "evidence": noted["evidence"], "check": check}


def patched_files() -> set[str]:
    """Real paths of the files that the patch changed, added or removed.

    Empty if AIBrix is not integrated by a patch.
    """
    try:
        with open(INTEGRATION_RECORD, encoding="utf-8") as file:
            noted = json.load(file)
        found = engine(noted["engine"]) if noted["mode"] == "patch" else None
        if found is None:
            return set()
        path = os.path.join(os.path.dirname(INTEGRATION_RECORD), noted["evidence"])
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            heads = re.findall(r"(?m)^--- ([^\t\r\n]+).*\r?\n\+\+\+ ([^\t\r\n]+)", file.read())
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    folder = os.path.dirname(found["location"])
    names = {name.strip().partition("/")[2] for head in heads for name in head if not name.startswith("/")}
    return {os.path.realpath(os.path.join(folder, name)) for name in names if name}


def patch(name: str, of_engine: str) -> dict[str, str]:
    """Whether the patch of an engine applies in reverse, as a dry run."""
    path = os.path.join(os.path.dirname(INTEGRATION_RECORD), name)
    found = engine(of_engine)
    if found is None or not os.path.isfile(path):
        return failure(f"there is no {of_engine}, or not the patch {path}")
    try:
        program = patch_program()
    except Failure as error:
        return failure(f"there is no patch program to check with: {error}")
    folder = os.path.dirname(found["location"])
    done = run([program, "-p1", "-l", "-R", "--dry-run", "--force", "-d", folder, "-i", path])
    lines = [line for line in done.out.splitlines() if "FAILED" in line or "can't find" in line or "Unreversed" in line]
    return OK if done.code == 0 else failure(lines[0] if lines else done.why())


def module(dotted: str) -> dict[str, str]:
    """Whether the connector can be imported.

    An engine may not be importable here: its compiled parts need a GPU, a base for tests lacks its
    dependencies. Then the import must get as far as the engine's own files, and every name that the
    connector imports from the engine must exist in the engine's source (unresolved_imports.py).
    """
    broken, outcome = python(IMPORT, dotted)
    if outcome != OK:
        broken = {"file": "", "error": outcome["error"]}
    if broken is None:
        return OK
    own = package_directory(dotted.partition(".")[0])
    of_the_connector = dotted.startswith("aibrix_kvcache.") and own and broken["file"].startswith(own + os.sep)
    missing = unresolved_import(dotted)
    if missing is not None:
        return failure(missing)
    return failure(broken["error"]) if of_the_connector or not broken["file"] else OK
