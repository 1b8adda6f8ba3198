"""The version that a module states for itself, read from its source if possible."""

from __future__ import annotations

import ast
import os

from common.source import assigned, read_text, text_of, tree_or_empty


def own_version(file: str) -> tuple[str | None, bool]:
    """(`__version__` as far as it can be read, whether the module must be imported to know it)."""
    folder = os.path.dirname(file)
    text = read_text(file) if file.endswith(".py") else None
    if text is None or "__version__" not in text:
        return None, False
    version = written(file, set())
    for name in ("version.py", "_version.py") if os.path.basename(file) == "__init__.py" else ():
        version = version or written(os.path.join(folder, name), set())
    return version, version is None


def written(path: str, seen: set[str]) -> str | None:
    """`__version__` in a file, or in the file of the same package that it is imported from."""
    tree = tree_or_empty(read_text(path) or "")
    seen.add(path)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and any(alias.name == "__version__" for alias in node.names):
            source = file_in_package(node, os.path.dirname(path))
            version = written(source, seen) if source not in seen | {None} else None
            if version:
                return version
    return next((text for text in map(text_of, assigned(tree, "__version__")) if text is not None), None)


def file_in_package(node: ast.ImportFrom, folder: str) -> str | None:
    """File of the module that `from … import` names, if it is in this package."""
    parts = (node.module or "__init__").split(".")
    if node.level == 1:
        return f"{os.path.join(folder, *parts)}.py"
    is_absolute = node.level == 0 and parts[1:] and parts[0] == os.path.basename(folder)
    return f"{os.path.join(folder, *parts[1:])}.py" if is_absolute else None
