"""Copies the user's own files into the image, where nothing is yet.

A file that would cover one of the image is left out and recorded; a gate judges that.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections import Counter

from common.constants import EXTRA_FILES_RECORD
from common.failure import Failure, say, warn

from .owners import owner_of

GIVEN = "/run/extra-files"
ROOT = "/"
# Whoever unpacks a layer removes what such a name marks (OCI image specification, layer.md).
WHITEOUT = ".wh."


def main() -> None:
    given = entries(GIVEN)
    if not given:
        raise Failure(
            "EXTRA_FILES is set, and the named context extra-files holds nothing; give a folder with files."
        )
    for path in given:
        if any(part.startswith(WHITEOUT) for part in path.split("/")):
            raise Failure(f"extra-files: /{path} would remove a file of the image; choose names without {WHITEOUT}.")
    targets = {path: place_of(path) for path in given}
    wanted = Counter(targets.values())
    crossed = places_on_the_way(targets)
    conflicts = [
        (path, place)
        for path, place in targets.items()
        if wanted[place] > 1 or not crossed.isdisjoint([place, *parents(place)]) or covers(path, place)
    ]
    covered = [{"path": f"/{path}", "owner": owner_of(place)} for path, place in conflicts]
    left_out = {one["path"] for one in covered}
    for one in covered:
        warn(f"extra-files: {one['path']} is in the image already ({one['owner'] or 'of no package'}) and stays")
    for path, place in targets.items():
        if f"/{path}" not in left_out:
            copy(os.path.join(GIVEN, path), place)
    say(f"extra-files: {len(given) - len(covered)} of {len(given)} were added")
    os.makedirs(os.path.dirname(EXTRA_FILES_RECORD), exist_ok=True)
    with open(EXTRA_FILES_RECORD, "w", encoding="utf-8") as file:
        json.dump({"given": given, "covered": covered}, file)


def entries(folder: str) -> list[str]:
    """Paths below a folder of its files, links and empty folders, sorted by their bytes."""
    found = []
    for parent, directories, names in os.walk(folder):
        links = [name for name in directories if os.path.islink(os.path.join(parent, name))]
        inside = [*names, *links]
        found += [os.path.relpath(os.path.join(parent, name), folder) for name in inside]
        if not inside and not directories and parent != folder:
            found.append(os.path.relpath(parent, folder))
    return sorted(found, key=os.fsencode)


def place_of(path: str) -> str:
    """Where it goes: through links to folders, such as /lib, and not through one at its own name."""
    parent, name = os.path.split(os.path.join(ROOT, path))
    return os.path.join(os.path.realpath(parent), name)


def parents(place: str) -> list[str]:
    """The folders above a place, up to the root."""
    parent = os.path.dirname(place)
    return [parent] if parent == os.path.dirname(parent) else [parent, *parents(parent)]


def places_on_the_way(targets: dict[str, str]) -> set[str]:
    """Places of files and links that others would go through: lib/a, a link, and usr/lib/a/passwd."""
    solid = {place for path, place in targets.items() if not is_folder(os.path.join(GIVEN, path))}
    return solid & {parent for place in targets.values() for parent in parents(place)}


def covers(path: str, place: str) -> bool:
    """Whether something else is at its place, or a file where it needs a folder."""
    if is_folder(os.path.join(GIVEN, path)) and is_folder(place):
        return False
    parent = os.path.dirname(place)
    while not os.path.lexists(parent):
        parent = os.path.dirname(parent)
    return os.path.lexists(place) or not os.path.isdir(parent)


def is_folder(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)


def copy(given: str, place: str) -> None:
    """Copies one entry: the bytes and permissions of a file, a link as a link. root owns it."""
    os.makedirs(os.path.dirname(place), exist_ok=True)
    if os.path.islink(given):
        os.symlink(os.readlink(given), place)
    elif os.path.isdir(given):
        os.makedirs(place, exist_ok=True)
    else:
        shutil.copyfile(given, place)
        os.chmod(place, stat.S_IMODE(os.lstat(given).st_mode) & 0o777)
