"""Distributions, and the files that they own."""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Iterator
from importlib import metadata
from urllib.parse import unquote, urlsplit

from common.packages import normalized
from common.source import assigned, read_text, tree_or_empty

# Files of a RECORD that name the folders of an editable install
EDITABLE = re.compile(r'(?m)^"?([^/,"\n]+\.pth|[^/,"\n]*__editable__[^/,"\n]*finder\.py)"?,')


class Installed:
    """A distribution, which owns the files of its RECORD or the folder of an editable install."""

    def __init__(self, name: str, version: str | None, distribution: metadata.Distribution) -> None:
        self.name, self.version, self.distribution = normalized(name), version or "unknown", distribution
        self.base = str(distribution.locate_file(""))
        self.record = self.text("RECORD")

    @classmethod
    def of(cls, distribution: metadata.Distribution) -> Installed | None:
        try:
            name = distribution.metadata["Name"]
            return cls(name, distribution.version, distribution) if name else None
        except Exception:  # a distribution may be no more than a folder with a name
            return None

    def text(self, name: str) -> str | None:
        try:
            return self.distribution.read_text(name)
        except (OSError, ValueError):
            return None

    def owns(self, file: str, top: str) -> bool:
        """Whether a file is this distribution's.

        top: the module's first name. It decides for a distribution without a list of files, such as
        Debian's.
        """
        real = os.path.realpath(file)
        if any(self.lists(path, base, top) for path, base in ((file, self.base), (real, os.path.realpath(self.base)))):
            return True
        folders = map(os.path.realpath, self.folders())
        return any(inside(real, folder) or real == f"{folder}.py" for folder in folders)

    def lists(self, path: str, base: str, top: str) -> bool:
        """Whether the RECORD of this distribution, whose folder is `base`, has a file."""
        if not inside(path, base):
            return False
        if self.record is None:
            return top in (self.text("top_level.txt") or "").split() or normalized(top) == self.name
        end = "/" if os.path.isdir(path) else '"?,'
        return re.search('(?m)^"?' + re.escape(os.path.relpath(path, base)) + end, self.record) is not None

    def folders(self) -> Iterator[str]:
        """Folders of an editable install, from PEP 610, .pth files and setuptools' finders."""
        try:
            given = json.loads(self.text("direct_url.json") or "{}")
            if given.get("dir_info", {}).get("editable"):
                yield unquote(urlsplit(given["url"]).path)
        except (ValueError, KeyError, AttributeError, TypeError):
            pass
        for name in EDITABLE.findall(self.record or ""):
            text = read_text(os.path.join(self.base, name)) or ""
            if name.endswith(".pth"):
                lines = [line.strip() for line in text.splitlines()]
                folders = [line for line in lines if line and not line.startswith(("#", "import ", "import\t"))]
                yield from (os.path.join(self.base, folder) for folder in folders)
            else:
                yield from mapped(text)


def inside(path: str, folder: str) -> bool:
    return path.startswith(f"{folder.rstrip('/')}/")


def mapped(text: str) -> Iterator[str]:
    """Paths in the MAPPING of setuptools' finder: module → folder, or file without its `.py`."""
    for value in assigned(tree_or_empty(text), "MAPPING"):
        if isinstance(value, ast.Dict):
            constants = (one.value for one in value.values if isinstance(one, ast.Constant))
            yield from (path for path in constants if isinstance(path, str))
