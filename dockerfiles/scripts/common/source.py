"""Reads Python source without running any of it."""

from __future__ import annotations

import ast
import functools
import os
from collections.abc import Iterator

# A file of an engine has some 300 KB; a much larger one is data, and takes gigabytes to parse.
LONGEST_BYTES = 4_000_000


class Unreadable(Exception):
    """A file can't be read as Python. The text is the reason, without the file."""


@functools.lru_cache(maxsize=16)
def parse(path: str) -> ast.Module:
    """The tree of a file. Raises Unreadable."""
    try:
        with open(path, "rb") as file:
            text = file.read(LONGEST_BYTES + 1)
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from error
    return parsed(text)


def parsed(text: bytes) -> ast.Module:
    """The tree of a file's bytes, since a file can name its own encoding. Raises Unreadable."""
    if len(text) > LONGEST_BYTES:
        raise Unreadable(f"it is longer than {LONGEST_BYTES // 1_000_000} MB")
    try:
        return ast.parse(text)
    except SyntaxError as error:
        raise Unreadable(f"line {error.lineno}: {error.msg}") from error
    except ValueError as error:
        raise Unreadable(str(error)) from error
    except (RecursionError, MemoryError) as error:
        raise Unreadable("it is nested too deeply") from error


def parse_in(top: str, path: str) -> ast.Module:
    """The tree of a file of the package in `top`. Raises Unreadable, which names the file."""
    try:
        return parse(path)
    except Unreadable as error:
        raise Unreadable(f"{os.path.relpath(path, os.path.dirname(top))}: {error}") from error


def tree_or_empty(text: str) -> ast.Module:
    """The tree of a text; an empty one if it is no Python."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def read_text(path: str) -> str | None:
    """A file's text, or None if it can't be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return None


def module_file(top: str, dotted: str) -> str | None:
    """Path of a module's file below the directory `top` of its top-level package, or None."""
    path = os.path.join(top, *dotted.split(".")[1:])
    found = [one for one in (f"{path}.py", os.path.join(path, "__init__.py")) if os.path.isfile(one)]
    return found[0] if found else None


def last_name(node: ast.AST | None) -> str | None:
    """`b` of `a.b` and of `b`; None for a node that is no name."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None


def text_of(node: ast.AST | None) -> str | None:
    """The string that a node is, or None."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def bound_names(node: ast.AST) -> set[str]:
    """Names that a single node binds, without those of nodes in it."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {node.name}
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return {node.id} if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else set()


def assigned(tree: ast.AST, name: str) -> Iterator[ast.expr]:
    """The expressions that are assigned to a name."""
    for node in ast.walk(tree):
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
        if any(isinstance(target, ast.Name) and target.id == name for target in targets) and node.value is not None:
            yield node.value
