"""Whether what connects engine and AIBrix holds."""

import json
import os
import re

from common.failure import Failure
from common.system_packages import patch_program

from . import places
from .child import OK, failure, python, run
from .engine import engine
from .names import problem

RECORD = "/opt/aibrix/integration.json"

# Imports the connector; says in whose file it broke, so that a missing part of the engine can be told from a connector that
# does not fit the engine.
IMPORT = """
import importlib, traceback
try:
    importlib.import_module(sys.argv[1])
    answer(None)
except BaseException as error:
    frames = [f.filename for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith("<frozen")]
    answer({"file": frames[-1] if frames else "", "error": "%s: %s" % (type(error).__name__, error)})
"""


def note():
    """What the step wrote down; None if it did not."""
    if not os.path.isfile(RECORD):
        return None
    with open(RECORD, encoding="utf-8") as file:
        return json.load(file)


def integration():
    noted = note()
    if noted is None:
        return None
    check = OK
    if noted["mode"] == "patch":
        check = patch(noted["evidence"], noted["engine"])
    elif noted["mode"] == "module":
        check = module(noted["evidence"])
    return {"mode": noted["mode"], "reason": noted["reason"], "evidence": noted["evidence"], "check": check}


def patched_files():
    """Real paths of the files that a patch has changed, added or removed; none where it is not by a patch that AIBrix is integrated."""
    try:
        with open(RECORD, encoding="utf-8") as file:
            noted = json.load(file)
        found = engine(noted["engine"]) if noted["mode"] == "patch" else None
        if found is None:
            return set()
        with open(os.path.join(os.path.dirname(RECORD), noted["evidence"]), encoding="utf-8", errors="surrogateescape") as file:
            heads = re.findall(r"(?m)^--- ([^\t\r\n]+).*\r?\n\+\+\+ ([^\t\r\n]+)", file.read())
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    place = os.path.dirname(found["location"])
    names = {name.strip().partition("/")[2] for head in heads for name in head if not name.startswith("/")}
    return {os.path.realpath(os.path.join(place, name)) for name in names if name}


def patch(name, of_engine):
    """The patch of an engine applies in reverse, as a dry run."""
    path = os.path.join(os.path.dirname(RECORD), name)
    found = engine(of_engine)
    if found is None or not os.path.isfile(path):
        return failure("there is no %s, or not the patch %s" % (of_engine, path))
    try:
        program = patch_program()
    except Failure as error:
        return failure("there is no patch program to look with: %s" % error)
    done = run([program, "-p1", "-l", "-R", "--dry-run", "--force", "-d", os.path.dirname(found["location"]), "-i", path])
    lines = [line for line in done.out.splitlines() if "FAILED" in line or "can't find" in line or "Unreversed" in line]
    return OK if done.code == 0 else failure(lines[0] if lines else done.why())


def module(dotted):
    """The connector can be imported; or, where the engine can't be (its compiled parts want a GPU, a base for tests lacks
    its dependencies), the import got as far as the engine's own files, and every name that the connector takes from the
    engine is there, read from the engine's source (names.py).
    """
    broken, outcome = python(IMPORT, dotted)
    if outcome != OK:
        broken = {"file": "", "error": outcome["error"]}
    if broken is None:
        return OK
    own = places.package(dotted.partition(".")[0])
    of_the_connector = dotted.startswith("aibrix_kvcache.") and own and broken["file"].startswith(own + os.sep)
    missing = problem(dotted)
    if missing is not None:
        return failure(missing)
    return failure(broken["error"]) if of_the_connector or not broken["file"] else OK
