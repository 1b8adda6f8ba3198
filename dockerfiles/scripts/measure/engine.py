"""Engine, torch, CUDA toolkit."""

from __future__ import annotations

import ast
import hashlib
import json
import os
from importlib import metadata
from typing import Any
from urllib.parse import unquote, urlsplit

from common import cuda, cxx_standard, packages
from common.constants import ENGINES
from common.source import assigned, read_text, tree_or_empty

from .subprocesses import python

# Names through which a module may change its own variables
REFLECTION = {"globals", "vars", "locals", "exec", "eval", "setattr"}


def engines() -> list[dict[str, Any]]:
    """All installed engines.

    Some images of SGLang have vLLM, too, and the build says which one is meant.
    """
    return [found for found in map(engine, ENGINES) if found]


def engine(name: str) -> dict[str, Any] | None:
    found = packages.distribution(name)
    if found is None:
        return None
    location = packages.package_directory(name) or str(found.locate_file(name))
    return {"name": name, "version": found.version, "location": location, "editable": editable(found, location)}


def editable(found: metadata.Distribution, location: str) -> bool:
    """Whether an install is editable.

    PEP 610 says so; older kinds of editable installs just lie elsewhere.
    """
    try:
        text = found.read_text("direct_url.json")
        if text and json.loads(text).get("dir_info", {}).get("editable"):
            return True
    except (OSError, ValueError):
        pass
    return not any(location.startswith(site + os.sep) for site in packages.site_directories())


def editable_folder(dist_info: str) -> str | None:
    """The folder of an editable install, by its PEP 610 record; None for any other install."""
    try:
        with open(os.path.join(dist_info, "direct_url.json"), encoding="utf-8") as file:
            origin = json.load(file)
        url = urlsplit(origin["url"] if origin["dir_info"]["editable"] is True else "")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    folder = unquote(url.path) if url.scheme == "file" else ""
    return folder if os.path.isdir(folder) else None


def torch() -> dict[str, Any] | None:
    location = packages.package_directory("torch")
    if location is None:
        return None
    version, for_cuda = versions(location)
    found = packages.distribution("torch")
    if version is None and found is None:
        return None
    return {
        "version": str(version or found.version),
        "cuda": for_cuda,
        "cxxStandard": cxx_standard.required_by(location),
        "record": record(found),
        "location": location,
    }


def versions(location: str) -> list[str | None]:
    """[version, CUDA] of torch, each None if undetermined.

    torch is imported, which takes seconds, only if its source does not state both.
    """
    ask = "import torch\nanswer([torch.__version__, torch.version.cuda])"
    return declared(location) or python(ask)[0] or [None, None]


def declared(location: str) -> list[str | None] | None:
    """[version, CUDA] that torch/version.py assigns as plain constants, or None.

    `cuda: Optional[str] = '13.0'`; None for a torch without CUDA.
    """
    tree = tree_or_empty(read_text(os.path.join(location, "version.py")) or "")
    version, for_cuda = plain(tree, "__version__"), plain(tree, "cuda")
    if version is None or for_cuda is None:
        return None
    if not isinstance(version.value, str) or not isinstance(for_cuda.value, (str, type(None))):
        return None
    return [version.value, for_cuda.value]


def plain(tree: ast.Module, name: str) -> ast.Constant | None:
    """The constant that a module assigns to a name; None if it may assign another, too."""
    at_the_top = [node for node in tree.body if isinstance(node, (ast.Assign, ast.AnnAssign))]
    found = list(assigned(ast.Module(at_the_top, []), name))
    nodes = list(ast.walk(tree))
    used = [node for node in nodes if isinstance(node, ast.Name)]
    bound = [node for node in used if node.id == name and not isinstance(node.ctx, ast.Load)]
    imports = [node for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom))]
    names = {alias.asname or alias.name for node in imports for alias in node.names}
    names |= {node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    if len(found) != 1 or len(bound) != 1 or {name, "*"} & names or {node.id for node in used} & REFLECTION:
        return None
    return found[0] if isinstance(found[0], ast.Constant) else None


def record(found: metadata.Distribution | None) -> str | None:
    """sha256 over torch's RECORD, and size and time of each file in it.

    To read gigabytes would take longer than building.
    """
    text = found.read_text("RECORD") if found is not None else None
    if text is None:
        return None
    digest = hashlib.sha256(text.encode("utf-8"))
    for path in sorted(line.split(",")[0].strip('"') for line in text.splitlines()):
        # Python may rewrite bytecode at any time.
        if not path.endswith(".pyc"):
            digest.update(stamp(found.locate_file(path)).encode("utf-8"))
    return digest.hexdigest()


def stamp(path: os.PathLike[str]) -> str:
    try:
        status = os.stat(path)
    except OSError as error:
        return f"{path} {error.strerror}\n"
    return f"{path} {status.st_size} {int(status.st_mtime)}\n"


def toolkit() -> dict[str, Any] | None:
    found = cuda.toolkit()
    return {"home": found[0], "version": found[1], "architectures": cuda.architectures(found[0])} if found else None
