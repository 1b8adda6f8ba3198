"""Whether the base's USER can be started.

Measured as root: if it can't, BuildKit ends a step of that user with its own error.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

from .subprocesses import OK, failure, run


def user() -> dict[str, Any]:
    """USER and WORKDIR of the image's configuration.

    USER is `user[:group]`, each a name or a number. common/run passes WORKDIR.
    """
    name, directory = os.environ.get("BASE_USER", ""), os.environ.get("IMAGE_WORKDIR", "/")
    account, _, group = name.partition(":")
    entry = find("/etc/passwd", account or "0", 7)
    members = groups_of(entry[0]) if entry and not group else []
    group_entry = find("/etc/group", group, 4)
    uid = number(entry[2] if entry else account)
    gid = number(group_entry[2] if group_entry else group or (entry[3] if entry else "0"))
    known = OK if entry or not account else failure(f"/etc/passwd has no entry for {account}")
    grouped = OK if gid is not None else failure(f"/etc/group has no entry for {group}")
    enter = python = failure("the user is not known")
    if uid is not None and gid is not None:
        enter, python = try_as(uid, gid, members, entry[5] if entry else "/", directory)
    return {"name": name, "directory": directory, "entry": known, "group": grouped, "enter": enter, "python": python}


def lines_of(path: str, fields: int) -> list[list[str]]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            rows = [line.strip().split(":") for line in file]
    except OSError:
        return []
    return [row for row in rows if len(row) >= fields]


def find(path: str, wanted: str, fields: int) -> list[str] | None:
    """The entry of a name or a number, looked up as Docker does: in the file alone."""
    return next((row for row in lines_of(path, fields) if wanted and wanted in (row[0], row[2])), None)


def groups_of(name: str) -> list[int]:
    rows = lines_of("/etc/group", 4)
    return [number(row[2]) for row in rows if name in row[3].split(",") and number(row[2]) is not None]


def number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and int(text) < 2 ** 32 else None


def try_as(uid: int, gid: int, groups: Sequence[int], home: str, directory: str) -> list[dict[str, str]]:
    """Outcomes of entering the directory and starting Python there, in a process of this user."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            answer = as_user(uid, gid, groups, home, directory)
            os.write(writing, json.dumps(answer).encode("utf-8"))
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, encoding="utf-8") as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else [failure("it could not be tried")] * 2


def as_user(uid: int, gid: int, groups: Sequence[int], home: str, directory: str) -> list[dict[str, str]]:
    try:
        os.setgroups(groups)
        os.setgid(gid)
        os.setuid(uid)
        os.chdir(directory)
    except OSError as error:
        return [failure(f"{directory}: {error.strerror}"), OK]
    return [OK, run(["python3", "-c", ""], env={"HOME": home}).outcome()]
