"""Files of the base's Python packages: written down in the base, compared in the finished image.

What is written down is a file beside the facts of the base, which the measurement of the image is given: facts that are kept stay small,
and a file that differs has a name. Size and time (to the second) are compared, and RECORDs themselves by what they say: to read
gigabytes would take longer than building. A file that is written again with its size within its second is not told.
"""

import csv
import hashlib
import io
import json
import os
import re
import stat
import sys

from . import places
from .engine import ENGINES, editable_folder
from .integration import patched_files

# What the build replaces on purpose, and torch, which is measured for itself
ELSEWHERE = re.compile(r"^(nixl(-cu\d+)?|aibrix-kvcache|torch)$")
# These are not of the image while a step runs.
OUTSIDE = re.compile(r"^/(proc|sys|dev|run|tmp|var/log|var/cache/(apt|ldconfig)|var/lib/apt/lists)/|^/etc/(hosts|hostname|resolv\.conf)$")
MOST_NAMED = 3


def table():
    """What is written down: {"files": {path: [distribution, state]}, "folders": {path: distribution}}."""
    files, folders = {}, {}
    for record, name in records():
        if not ELSEWHERE.match(name):
            text = read(record)
            files[record] = [name, content(text)]
            for path in listed(text, os.path.dirname(os.path.dirname(record))):
                files.setdefault(path, [name, state(path)])
    for folder, name in source_folders():
        folders[folder] = name
        for path in tree(folder):
            files.setdefault(path, [name, state(path)])
    return {"files": files, "folders": folders}


def compared(path):
    """How many files were compared with a written table, and by distribution those that differ: how many, and the first of them."""
    with open(path, encoding="utf-8") as file:
        before = json.load(file)
    own = patched_files()
    found = [(name, file, kind) for name, file, kind in differences(before) if os.path.realpath(file) not in own]
    brought = owners({file for _, file, _ in found}, before["files"]) if found else {}
    differing = {}
    for name, file, kind in found:
        entry = differing.setdefault(name, {"count": 0, "first": []})
        entry["count"] += 1
        if len(entry["first"]) < MOST_NAMED:
            place = os.path.normpath(file)
            # A name can have any character, and this one is read in a log.
            entry["first"].append({"path": repr(place)[1:-1], "kind": kind, "owner": brought.get(place)})
    return {"compared": len(before["files"]), "differing": differing}


def differences(before):
    for path, (name, was) in sorted(before["files"].items()):
        now = content(read(path)) if path.endswith(".dist-info/RECORD") else state(path)
        if now != was:
            yield name, path, "vanished" if now is None else "came" if was is None else "changed"
    added = {path: name for folder, name in before["folders"].items() for path in tree(folder) if path not in before["files"]}
    for path, name in sorted(added.items()):
        yield name, path, "came"


def owners(paths, known):
    """{path: distribution} of those that a RECORD lists which the base had not, or had otherwise."""
    wanted = {os.path.normpath(path) for path in paths}
    found = {}
    for record, name in records():
        text = read(record)
        if known.get(record, [name, None])[1] != content(text):
            for path in listed(text, os.path.dirname(os.path.dirname(record))):
                if os.path.normpath(path) in wanted:
                    found.setdefault(os.path.normpath(path), name)
    return found


def records():
    """(path, normalised distribution) of the RECORD of every installed distribution, whether it is there or not."""
    for site in dict.fromkeys(path for path in sys.path if os.path.isdir(path)):
        for entry in sorted(os.listdir(site)):
            name, _, version = entry[: -len(".dist-info")].rpartition("-")
            if entry.endswith(".dist-info") and name and version:
                yield os.path.join(site, entry, "RECORD"), places.normal(name)


def read(path):
    """A RECORD's bytes as text; None if it is no file, or can't be read."""
    try:
        if not os.path.isfile(path):
            return None
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "surrogateescape")
    except (OSError, ValueError):
        return None


def content(text):
    return None if text is None else hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def listed(text, site):
    """Paths that a RECORD lists (PyPA, recording installed projects), which may be absolute, above `site`, quoted, or rubbish."""
    clean = (text or "").replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    csv.field_size_limit(max(len(clean), 1))
    for row in csv.reader(io.StringIO(clean)):
        path = os.path.join(site, row[0]) if row and row[0] else ""
        # Python writes bytecode again when it likes.
        if path and not path.endswith((".pyc", ".dist-info/RECORD")) and not OUTSIDE.match(os.path.normpath(path)):
            yield path


def state(path):
    """Size and time of a file; what it is where it is none; None if there is nothing."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return "%d %d" % (found.st_size, found.st_mtime) if stat.S_ISREG(found.st_mode) else "type %o" % stat.S_IFMT(found.st_mode)


def source_folders():
    """(folder, distribution) of the engines' packages, which a RECORD need not list, and of what is installed as editable."""
    for name in ENGINES:
        folder = places.package(name)
        if folder:
            yield folder, name
    for record, name in records():
        folder = editable_folder(os.path.dirname(record))
        # Who installs `/` as editable has more in it than a package.
        if folder and not ELSEWHERE.match(name) and not (sys.prefix + "/").startswith(folder.rstrip("/") + "/"):
            yield folder, name


def tree(folder):
    """Paths of the files in a folder, without bytecode and without git's own."""
    for parent, directories, names in os.walk(folder):
        directories[:] = [name for name in directories if name not in ("__pycache__", ".git")]
        for name in names:
            if not name.endswith(".pyc"):
                yield os.path.join(parent, name)
