"""Whether the base's USER can be started. Looked at as root: where it can't, BuildKit ends a step of that user with an error of its own."""

import json
import os

from .child import OK, failure, run


def user():
    """USER as the image's configuration has it, `user[:group]`, each a name or a number, and its WORKDIR: common/run names it."""
    name, directory = os.environ.get("BASE_USER", ""), os.environ.get("IMAGE_WORKDIR", "/")
    who, _, group = name.partition(":")
    entry = find("/etc/passwd", who or "0", 7)
    members = groups_of(entry[0]) if entry and not group else []
    group_entry = find("/etc/group", group, 4)
    uid = number(entry[2] if entry else who)
    gid = number(group_entry[2] if group_entry else group or (entry[3] if entry else "0"))
    known = OK if entry or not who else failure("/etc/passwd has no entry for %s" % who)
    grouped = OK if gid is not None else failure("/etc/group has no entry for %s" % group)
    unknown = failure("the user is not known")
    enter, python = try_as(uid, gid, members, entry[5] if entry else "/", directory) if None not in (uid, gid) else (unknown, unknown)
    return {"name": name, "directory": directory, "entry": known, "group": grouped, "enter": enter, "python": python}


def lines_of(path, fields):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            rows = [line.strip().split(":") for line in file]
    except OSError:
        return []
    return [row for row in rows if len(row) >= fields]


def find(path, wanted, fields):
    """The entry of a name or a number, as Docker looks it up: in the file, not in what else the system may ask."""
    return next((row for row in lines_of(path, fields) if wanted and wanted in (row[0], row[2])), None)


def groups_of(name):
    rows = lines_of("/etc/group", 4)
    return [number(row[2]) for row in rows if name in row[3].split(",") and number(row[2]) is not None]


def number(text):
    return int(text) if text.isascii() and text.isdigit() and int(text) < 2 ** 32 else None


def try_as(uid, gid, groups, home, directory):
    """Outcomes of going into the directory, and of starting Python there, in a process that is this user's."""
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


def as_user(uid, gid, groups, home, directory):
    try:
        os.setgroups(groups)
        os.setgid(gid)
        os.setuid(uid)
        os.chdir(directory)
    except OSError as error:
        return [failure("%s: %s" % (directory, error.strerror)), OK]
    done = run(["python3", "-c", ""], env={"HOME": home})
    return [OK, OK if done.code == 0 else failure(done.why())]
