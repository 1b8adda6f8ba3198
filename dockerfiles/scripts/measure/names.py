"""Resolves a module's imports by reading source, for engines that can't be imported without a GPU."""

import ast
import importlib.util
import os

from . import places

OURS = ("aibrix_kvcache",)
ENGINES = ("vllm", "sglang")


def problem(dotted, seen=None):
    """One line about the first import of a module that does not resolve; None if all do.

    Follows the imports into AIBrix's own modules. A name from the engine has to be defined, assigned or imported at the top
    level of the engine's module; a module that is compiled, has __getattr__ or a star import could have any name. Other
    packages have to be there. What is under `if TYPE_CHECKING:` or in a `try` does not count.
    """
    seen = set() if seen is None else seen
    if dotted in seen:
        return None
    seen.add(dotted)
    path = source(dotted)
    if path is None:
        return "there is no module %s" % dotted
    if not path.endswith(".py"):
        return None
    try:
        tree = parse(path)
    except SyntaxError as error:
        return "%s: %s" % (path, error)
    package = dotted if os.path.basename(path) == "__init__.py" else dotted.rpartition(".")[0]
    for module, name in imports(tree, package):
        found = unresolved(module, name)
        if found:
            return "%s imports %s" % (dotted, found)
        if module.split(".")[0] in OURS:
            found = problem(module, seen)
            if found:
                return found
    return None


def parse(path):
    with open(path, encoding="utf-8") as file:
        return ast.parse(file.read(), path)


def imports(tree, package):
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


def unresolved(module, name):
    top = module.split(".")[0]
    if top in OURS + ENGINES:
        if source(module) is None:
            return "%s, which is not there" % module
        if name is not None and not has(module, name):
            return "%s from %s, which does not have it" % (name, module)
    elif importlib.util.find_spec(top) is None:
        return "%s, which is not installed" % top
    return None


def source(dotted):
    """Path of a module's file, a directory for a package without __init__.py; None if there is none. Imports nothing."""
    top, _, rest = dotted.partition(".")
    directory = places.package(top)
    if directory is None:
        return None
    path = os.path.join(directory, *rest.split(".")) if rest else directory
    for candidate in (os.path.join(path, "__init__.py"), path + ".py", path + ".abi3.so"):
        if os.path.isfile(candidate):
            return candidate
    parent, base = os.path.split(path)
    if os.path.isdir(parent) and any(n.startswith(base + ".cpython-") and n.endswith(".so") for n in os.listdir(parent)):
        return path + ".so"
    return path if os.path.isdir(path) else None


def has(module, name):
    """Whether a module has a name at its top level, as far as its source tells."""
    if source(module + "." + name) is not None:
        return True
    path = source(module)
    if path is None or os.path.isdir(path):
        return False
    if not path.endswith(".py"):
        return True
    defined = set()
    for node in ast.walk(parse(path)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            defined.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            defined.add(node.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            defined.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
    return name in defined or "__getattr__" in defined or "*" in defined
