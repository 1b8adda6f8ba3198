"""Whether a package has what a module imports from it, read from the sources of both."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import Optional, Union

from common.source import Unreadable, bound_names, parsed

# Levels of star imports that are followed
DEEPEST = 5

# Path in a package's folder → the file's bytes, or None
Read = Callable[[str], Optional[bytes]]


def imported(text: Union[str, bytes], package: str) -> set[tuple[str, str | None]]:
    """(module, name) of what a module always imports from a package.

    name: None for a module as a whole.

    Imports in functions, under conditions or in `try` do not count.
    """
    found: set[tuple[str, str | None]] = set()
    for node in parsed(text).body:
        if isinstance(node, ast.Import):
            found |= {(alias.name, None) for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found |= {(node.module, alias.name) for alias in node.names}
    return {one for one in found if one[0].split(".")[0] == package}


def lacking(wanted: Iterable[tuple[str, str | None]], read: Read) -> list[tuple[str, str]]:
    """Those of (module, name) that a package lacks, sorted."""
    return sorted((module, name or "") for module, name in wanted if not has(module, name, read))


def has(module: str, name: str | None, read: Read, depth: int = 0) -> bool:
    text = source_of(module, read)
    if text is None:
        return False
    if name in (None, "*") or source_of(f"{module}.{name}", read) is not None:
        return True
    try:
        tree = parsed(text)
    except Unreadable:
        return True
    for node in ast.walk(tree):
        if name in bound_names(node) or (name == "__getattr__" and depth > 0):
            return True
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names) and depth < DEEPEST:
            if has(absolute(node, module, read), name, read, depth + 1):
                return True
    return False


def source_of(module: str, read: Read) -> bytes | None:
    path = module.replace(".", "/")
    text = read(f"{path}.py")
    return read(f"{path}/__init__.py") if text is None else text


def absolute(node: ast.ImportFrom, module: str, read: Read) -> str:
    """The module that `from .parts import *` in a module means."""
    if node.level == 0:
        return node.module
    parts = module.split(".")
    is_package = read(f"{module.replace('.', '/')}/__init__.py") is not None
    above = parts[: len(parts) - node.level + is_package]
    return ".".join(above + ([node.module] if node.module else []))
