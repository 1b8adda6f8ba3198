"""Files of the base's Python packages: recorded in the base, compared in the finished image.

The table is a file beside the facts of the base, which the measurement of the image gets: stored
facts stay small, and a file that differs has a name. Size and time (to the second) are compared,
and RECORDs by their content: to read gigabytes would take longer than building. A file that is
rewritten within its second with its size goes unnoticed.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from common.constants import ENGINES, is_replaced
from common.packages import normalized, package_directory

from .engine import editable_folder
from .integration import patched_files

# These are not part of the image while a step runs.
OUTSIDE = re.compile(
    r"^/(proc|sys|dev|run|tmp|var/log|var/cache/(apt|ldconfig)|var/lib/apt/lists)/|^/etc/(hosts|hostname|resolv\.conf)$"
)
MOST_NAMED = 3


def is_compared(name: str) -> bool:
    """Not what the build replaces on purpose, nor torch, which has a measurement of its own."""
    return name != "torch" and not is_replaced(name)


def table() -> dict[str, Any]:
    """What the image is compared with.

    files: {path: [distribution, state]}. folders: {path: distribution}. records: {path: content} of every
    distribution.
    """
    files: dict[str, list[str | None]] = {}
    folders: dict[str, str] = {}
    known: dict[str, str | None] = {}
    for record, name in records():
        text = read(record)
        known[record] = content(text)
        if is_compared(name):
            files[record] = [name, known[record]]
            for path in listed(text, site_of(record)):
                files.setdefault(path, [name, state(path)])
    for folder, name in source_folders():
        folders[folder] = name
        for path in tree(folder):
            files.setdefault(path, [name, state(path)])
    return {"files": files, "folders": folders, "records": known}


def compared(path: str) -> dict[str, Any]:
    """Compares the files with the table in a file.

    compared: how many. differing: by distribution, how many differ, and the first of them.
    """
    with open(path, encoding="utf-8") as file:
        before = json.load(file)
    found = not_patched(differences(before))
    new_owners = owners({file for _, file, _ in found}, before["files"]) if found else {}
    return {"compared": len(before["files"]), "differing": by_distribution(found, new_owners)}


def not_patched(found: Iterable[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Without the files that AIBrix' patch changes."""
    patched = patched_files()
    return [(name, file, kind) for name, file, kind in found if os.path.realpath(file) not in patched]


def by_distribution(found: Iterable[tuple[str, str, str]], new_owners: dict[str, str]) -> dict[str, Any]:
    """How many files of each distribution differ, and the first of them."""
    differing: dict[str, dict[str, Any]] = {}
    for name, file, kind in found:
        entry = differing.setdefault(name, {"count": 0, "first": []})
        entry["count"] += 1
        if len(entry["first"]) < MOST_NAMED:
            normal_path = os.path.normpath(file)
            # A file name can have any character, and this one is shown in a log.
            entry["first"].append({"path": repr(normal_path)[1:-1], "kind": kind, "owner": new_owners.get(normal_path)})
    return differing


def differences(before: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(distribution, path, kind) of each file that differs."""
    for path, (name, was) in sorted(before["files"].items()):
        now = content(read(path)) if path.endswith(".dist-info/RECORD") else state(path)
        if now != was:
            yield name, path, "vanished" if now is None else "came" if was is None else "changed"
    known = before["files"]
    added = {path: name for folder, name in before["folders"].items() for path in tree(folder) if path not in known}
    for path, name in sorted(added.items()):
        yield name, path, "came"


def owners(paths: Iterable[str], known: dict[str, list[str | None]]) -> dict[str, str]:
    """{path: distribution} of the paths that a new or changed RECORD lists."""
    wanted = {os.path.normpath(path) for path in paths}
    found: dict[str, str] = {}
    for record, name in records():
        text = read(record)
        if known.get(record, [name, None])[1] != content(text):
            for path in map(os.path.normpath, listed(text, site_of(record))):
                if path in wanted:
                    found.setdefault(path, name)
    return found


def records() -> Iterator[tuple[str, str]]:
    """(path, normalized distribution) of the RECORD of every distribution; it need not exist."""
    for site in dict.fromkeys(path for path in sys.path if os.path.isdir(path)):
        for entry in sorted(os.listdir(site)):
            name, _, version = entry[: -len(".dist-info")].rpartition("-")
            if entry.endswith(".dist-info") and name and version:
                yield os.path.join(site, entry, "RECORD"), normalized(name)


def site_of(record: str) -> str:
    return os.path.dirname(os.path.dirname(record))


def read(path: str) -> str | None:
    """A RECORD's bytes as text; None if it is no file, or can't be read."""
    try:
        if not os.path.isfile(path):
            return None
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "surrogateescape")
    except (OSError, ValueError):
        return None


def content(text: str | None) -> str | None:
    return None if text is None else hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def listed(text: str | None, site: str) -> Iterator[str]:
    """Paths that a RECORD lists."""
    return (path for path, _ in rows(text, site))


def rows(text: str | None, site: str) -> Iterator[tuple[str, str]]:
    """(path, hash) that a RECORD lists (PyPA, recording installed projects); the hash may be empty.

    Paths may be absolute, above `site`, quoted or rubbish.
    """
    clean = (text or "").replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    csv.field_size_limit(max(len(clean), 1))
    for row in csv.reader(io.StringIO(clean)):
        path = os.path.join(site, row[0]) if row and row[0] else ""
        # Python may rewrite bytecode at any time.
        if path and not path.endswith((".pyc", ".dist-info/RECORD")) and not OUTSIDE.match(os.path.normpath(path)):
            yield path, row[1] if len(row) > 1 else ""


def state(path: str) -> str | None:
    """A file's size and time, or the type of what is no file; None if the path does not exist."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    if stat.S_ISREG(found.st_mode):
        return f"{found.st_size} {int(found.st_mtime)}"
    return f"type {stat.S_IFMT(found.st_mode):o}"


def source_folders() -> Iterator[tuple[str, str]]:
    """(folder, distribution) of the engines' packages and of editable installs.

    A RECORD need not list their files.
    """
    for name in ENGINES:
        folder = package_directory(name)
        if folder:
            yield folder, name
    for record, name in records():
        folder = editable_folder(os.path.dirname(record))
        # An editable install of `/` has more in it than a package.
        if folder and is_compared(name) and not f"{sys.prefix}/".startswith(f"{folder.rstrip('/')}/"):
            yield folder, name


def tree(folder: str) -> Iterator[str]:
    """Paths of the files in a folder, without bytecode and git's own files."""
    for parent, directories, names in os.walk(folder):
        directories[:] = [name for name in directories if name not in ("__pycache__", ".git")]
        for name in names:
            if not name.endswith(".pyc"):
                yield os.path.join(parent, name)
