"""Resolves a module's imports by reading source: engines can't be imported without a GPU."""

from __future__ import annotations

import ast
import importlib.util
import os
from collections.abc import Iterator

from common.constants import ENGINES
from common.packages import package_directory
from common.source import Unreadable, bound_names, parse

OURS = ("aibrix_kvcache",)


def unresolved_import(dotted: str, seen: set[str] | None = None) -> str | None:
    """The first import of a module that does not resolve, in one line, or None.

    Imports of AIBrix's own modules are followed. A name from the engine must be defined, assigned
    or imported at the top level of the engine's module; a module that is compiled, has __getattr__
    or a star import could have any name. Other packages must be installed. Imports under `if
    TYPE_CHECKING:` or in a `try` do not count.
    """
    seen = set() if seen is None else seen
    if dotted in seen:
        return None
    seen.add(dotted)
    path = module_path(dotted)
    if path is None:
        return f"there is no module {dotted}"
    if not path.endswith(".py"):
        return None
    try:
        tree = parse(path)
    except Unreadable as error:
        return f"{path}: {error}"
    package = dotted if os.path.basename(path) == "__init__.py" else dotted.rpartition(".")[0]
    for module, name in imports(tree, package):
        found = unresolved(module, name)
        if found:
            return f"{dotted} imports {found}"
        if module.split(".")[0] in OURS:
            found = unresolved_import(module, seen)
            if found:
                return found
    return None


def imports(tree: ast.Module, package: str) -> Iterator[tuple[str, str | None]]:
    """(module, name or None) of the top-level imports of a module."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, None
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join(parents + ([node.module] if node.module else []))
            for alias in node.names:
                yield module, None if alias.name == "*" else alias.name


def unresolved(module: str, name: str | None) -> str | None:
    top = module.split(".")[0]
    if top in OURS + ENGINES:
        if module_path(module) is None:
            return f"{module}, which does not exist"
        if name is not None and not has(module, name):
            return f"{name} from {module}, which does not have it"
    elif importlib.util.find_spec(top) is None:
        return f"{top}, which is not installed"
    return None


def module_path(dotted: str) -> str | None:
    """Path of a module's file, or of the directory of a package without __init__.py, or None.

    Imports nothing.
    """
    top, _, rest = dotted.partition(".")
    directory = package_directory(top)
    if directory is None:
        return None
    path = os.path.join(directory, *rest.split(".")) if rest else directory
    for candidate in (os.path.join(path, "__init__.py"), f"{path}.py", f"{path}.abi3.so"):
        if os.path.isfile(candidate):
            return candidate
    parent, base = os.path.split(path)
    names = os.listdir(parent) if os.path.isdir(parent) else []
    if any(name.startswith(f"{base}.cpython-") and name.endswith(".so") for name in names):
        return f"{path}.so"
    return path if os.path.isdir(path) else None


def has(module: str, name: str) -> bool:
    """Whether a module has a name at its top level, as far as its source shows."""
    if module_path(f"{module}.{name}") is not None:
        return True
    path = module_path(module)
    if path is None or os.path.isdir(path):
        return False
    if not path.endswith(".py"):
        return True
    defined = set().union(*map(bound_names, ast.walk(parse(path))))
    return bool(defined & {name, "__getattr__", "*"})
