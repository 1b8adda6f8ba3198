"""The user's own packages and files, as they are in the finished image."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from typing import Any

from common.constants import EXTRA_FILES_RECORD, EXTRA_PACKAGES_RECORD

ROOT = "/"


def extra_packages() -> dict[str, Any] | None:
    """{"added": names, "leftOut": names} as the step recorded them, or None without that step."""
    return noted(EXTRA_PACKAGES_RECORD)


def extra_files() -> dict[str, Any] | None:
    """What is at each place that the step was given, or None without that step.

    digest: as the action computes it for the folder (src/system/folder.ts), of what is there now.
    """
    record = noted(EXTRA_FILES_RECORD)
    if record is None:
        return None
    found = [(path, *entry(os.path.join(ROOT, path))) for path in record["given"]]
    return {
        "digest": digest([(kind, mode, content, path) for path, kind, mode, content, _ in found]),
        "files": [{"path": f"/{path}", "bytes": size} for path, _, _, _, size in found],
        "covered": record["covered"],
    }


def noted(path: str) -> dict[str, Any] | None:
    if not os.path.isfile(path):
        return None
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def entry(path: str) -> tuple[str, str, str, int]:
    """(kind, permissions, sha256 of its content, bytes) of what is at a path."""
    try:
        found = os.lstat(path)
    except OSError:
        return "nothing", "-", "-", 0
    if stat.S_ISLNK(found.st_mode):
        return "link", "-", hashlib.sha256(os.fsencode(os.readlink(path))).hexdigest(), 0
    if stat.S_ISDIR(found.st_mode):
        return "directory", "-", "-", 0
    if not stat.S_ISREG(found.st_mode):
        return "other", "-", "-", 0
    content = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            content.update(block)
    return "file", f"{stat.S_IMODE(found.st_mode) & 0o777:03o}", content.hexdigest(), found.st_size


def digest(entries: list[tuple[str, str, str, str]]) -> str:
    """sha256 over (kind, permissions, sha256, path) of all entries, in the order of the paths' bytes."""
    lines = [f"{kind} {mode} {content} {path}\n" for kind, mode, content, path in entries]
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
