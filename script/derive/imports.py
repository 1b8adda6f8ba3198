"""Whether a package has what a module imports of it, told from the sources of both."""

import ast

from common.source import Unreadable, last_name, parsed

DEEPEST = 5


def imported(text, package):
    """(module, name) of what a module always imports of a package: not in functions, under conditions or in `try`. Name: None for a
    module as a whole."""
    found = set()
    for node in parsed(text).body:
        if isinstance(node, ast.Import):
            found |= {(alias.name, None) for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found |= {(node.module, alias.name) for alias in node.names}
    return {one for one in found if one[0].split(".")[0] == package}


def lacking(wanted, read):
    """Those of (module, name) that a package has not, sorted. read: path in its folder → the file's bytes, None without it."""
    return sorted((module, name or "") for module, name in wanted if not has(module, name, read))


def has(module, name, read, depth=0):
    text = source_of(module, read)
    if text is None:
        return False
    if name in (None, "*") or source_of("%s.%s" % (module, name), read) is not None:
        return True
    try:
        tree = parsed(text)
    except Unreadable:
        return True
    for node in ast.walk(tree):
        if name in bound(node) or (name == "__getattr__" and depth > 0):
            return True
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names) and depth < DEEPEST:
            if has(absolute(node, module, read), name, read, depth + 1):
                return True
    return False


def source_of(module, read):
    path = module.replace(".", "/")
    text = read(path + ".py")
    return read(path + "/__init__.py") if text is None else text


def absolute(node, module, read):
    """The module that `from .parts import *` in a module means."""
    if node.level == 0:
        return node.module
    parts = module.split(".")
    is_package = read(module.replace(".", "/") + "/__init__.py") is not None
    above = parts[: len(parts) - node.level + is_package]
    return ".".join(above + ([node.module] if node.module else []))


def bound(node):
    """Names that a statement gives a meaning to."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {node.name}
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {alias.asname or alias.name for alias in node.names}
    if isinstance(node, ast.Assign):
        return set(map(last_name, node.targets))
    return {last_name(node.target)} if isinstance(node, ast.AnnAssign) else set()
