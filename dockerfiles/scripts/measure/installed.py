"""Distributions, and the files that are theirs."""

import ast
import json
import os
import re
from urllib.parse import unquote, urlsplit

from .places import normal
from .source import assigned, parsed, read


class Installed:
    """A distribution, with what it owns: the files of its RECORD, or the folder of an editable install."""

    def __init__(self, name, version, distribution):
        self.name, self.version, self.distribution = normal(name), version or "unknown", distribution
        self.base = str(distribution.locate_file(""))
        self.record = self.text("RECORD")

    @classmethod
    def of(cls, distribution):
        try:
            name = distribution.metadata["Name"]
            return cls(name, distribution.version, distribution) if name else None
        except Exception:  # a distribution that is no more than a folder with a name
            return None

    def text(self, name):
        try:
            return self.distribution.read_text(name)
        except (OSError, ValueError):
            return None

    def owns(self, file, top):
        """top: the module's first name. It tells where a distribution has no list of files, as those of Debian have none."""
        for path, base in ((file, self.base), (os.path.realpath(file), os.path.realpath(self.base))):
            if not inside(path, base):
                continue
            if self.record is None:
                if top in (self.text("top_level.txt") or "").split() or normal(top) == self.name:
                    return True
                continue
            end = "/" if os.path.isdir(path) else '"?,'
            if re.search('(?m)^"?' + re.escape(os.path.relpath(path, base)) + end, self.record):
                return True
        real = os.path.realpath(file)
        return any(inside(real, os.path.realpath(folder)) or real == os.path.realpath(folder) + ".py" for folder in self.folders())

    def folders(self):
        """What an editable install names: by PEP 610, in its .pth, in the finder that setuptools writes."""
        try:
            given = json.loads(self.text("direct_url.json") or "{}")
            if given.get("dir_info", {}).get("editable"):
                yield unquote(urlsplit(given["url"]).path)
        except (ValueError, KeyError, AttributeError, TypeError):
            pass
        for name in re.findall(r'(?m)^"?([^/,"\n]+\.pth|[^/,"\n]*__editable__[^/,"\n]*finder\.py)"?,', self.record or ""):
            text = read(os.path.join(self.base, name)) or ""
            if name.endswith(".pth"):
                lines = (line.strip() for line in text.splitlines())
                yield from (os.path.join(self.base, line) for line in lines if line and not line.startswith(("#", "import ", "import\t")))
            else:
                yield from mapped(text)


def inside(path, folder):
    return path.startswith(folder.rstrip("/") + "/")


def mapped(text):
    """Paths in the MAPPING of setuptools' finder, module → folder or file without its `.py`."""
    for value in assigned(parsed(text), "MAPPING"):
        if isinstance(value, ast.Dict):
            yield from (one.value for one in value.values if isinstance(one, ast.Constant) and isinstance(one.value, str))
