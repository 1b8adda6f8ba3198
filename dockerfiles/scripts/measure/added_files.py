"""Files of the Python packages that the build added: whether they are what pip installed.

pip writes the hash of each file into the package's RECORD. A file that another step, or somebody later,
has changed has another one.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any

from . import base_files

# MD5 and SHA-1 must not be in a RECORD.
ALGORITHMS = ("sha256", "sha384", "sha512")


def compared(path: str) -> dict[str, Any]:
    """Compares the files with their RECORDs, of all packages that the table of the base does not have.

    compared: how many. differing: by distribution, how many differ, and the first of them.
    """
    with open(path, encoding="utf-8") as file:
        known = json.load(file)["records"]
    files = list(recorded(known))
    found = base_files.not_patched(differences(files))
    return {"compared": len(files), "differing": base_files.by_distribution(found, {})}


def recorded(known: dict[str, str | None]) -> Iterator[tuple[str, str, str]]:
    """(distribution, path, hash) of each file with a hash, of new and changed RECORDs."""
    for record, name in base_files.records():
        text = base_files.read(record)
        if known.get(record) != base_files.content(text):
            for path, digest in base_files.rows(text, base_files.site_of(record)):
                if digest.partition("=")[0] in ALGORITHMS:
                    yield name, path, digest


def differences(files: list[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    for name, path, digest in sorted(files):
        now = hashed(path, digest.partition("=")[0])
        if now is None:
            yield name, path, "vanished"
        elif now != digest.rstrip("="):
            yield name, path, "changed"


def hashed(path: str, algorithm: str) -> str | None:
    """A file's hash as a RECORD has it: `sha256=` and URL-safe base64; None if it can't be read."""
    found = hashlib.new(algorithm)
    try:
        with open(path, "rb") as file:
            while part := file.read(1 << 20):
                found.update(part)
    except (OSError, ValueError):
        return None
    return f"{algorithm}={base64.urlsafe_b64encode(found.digest()).decode('ascii').rstrip('=')}"
