"""torch's version and CUDA, read from its source: to import torch takes seconds."""

from __future__ import annotations

import ast
import os

from .source import assigned, read_text, tree_or_empty

# Names through which a module may change its own variables
REFLECTION = {"globals", "vars", "locals", "exec", "eval", "setattr"}


def stated(location: str) -> list[str | None] | None:
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
