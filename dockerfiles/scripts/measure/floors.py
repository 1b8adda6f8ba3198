"""Versions that an engine demands of other packages at run time, read from its source.

A floor is a call whose name says so (`check_nixl_version("1.5.0")`, `assert_pkg_version("nixl",
"1.5.0", why)`), a requirement (`require_version("nixl>=1.5.0")`) or a comparison of the installed
version that ends in an error. Not a floor: a comparison that chooses between two ways, one whose
error an `except` swallows, one that NVIDIA GPUs exclude.
"""

from __future__ import annotations

import ast
import re
from collections import ChainMap
from collections.abc import Iterable, Iterator, Sequence

from common.source import last_name

from .floor_forms import Floor, demanded, failing
from .floor_values import Names, known

# Exceptions that an installed package that is too old does not raise
HARMLESS = {"PackageNotFoundError", "ModuleNotFoundError", "InvalidVersion", "DistributionNotFound"}

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

# A version in quotes, alone or in a requirement
WRITTEN = re.compile(
    rb"[\"'](?:[\w.-]{0,99}(?:\[[^\]]{0,99}\])?\s{0,9}[<>=!~][\w.<>=!~ ,]{0,99}?)?v?\d{1,9}\.\d"
)
# A version in numbers, which may be many other things, too
NUMBERS = re.compile(rb"\(\s{0,9}\d{1,9}\s{0,9},\s{0,9}\d{1,9}\s{0,9}[,)]")
ASKED = re.compile(rb"version\(\s{0,99}[\"']|__version__|distribution\(|import version as")


def might_have(text: bytes) -> bool:
    """Whether the bytes of a file could hold a floor: to parse all files would take too long."""
    return b"ersion" in text and (WRITTEN.search(text) or (ASKED.search(text) and NUMBERS.search(text))) is not None


def floors(tree: ast.Module) -> list[Floor]:
    """The floors in a module, by line, with the packages' names as in the source."""
    return sorted(Reader().block(tree.body, ChainMap()), key=lambda floor: floor[3])


class Reader:
    """Reads statements in order, with what each name was last set to."""

    def block(self, statements: Sequence[ast.AST], names: Names) -> list[Floor]:
        found: list[Floor] = []
        for function in statements:
            if isinstance(function, ast.FunctionDef) and returned(function):
                names[function.name] = (ast.Lambda(function.args, returned(function)), None)
        for place, statement in enumerate(statements):
            # What follows an early return runs if its condition was false.
            if leaves(statement) and raises(statements[place + 1:]):
                found += failing(statement.test, False, names, statement.lineno)
        # A function runs after everything beside it is defined.
        for statement in sorted(statements, key=lambda one: isinstance(one, FUNCTIONS)):
            found += self.statement(statement, names)
        return found

    def statement(self, node: ast.AST, names: Names) -> list[Floor]:
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            assign(node, names)
            return []
        if isinstance(node, ast.ImportFrom):
            import_names(node, names)
            return []
        if isinstance(node, (ast.With, ast.AsyncWith)) and any(suppresses(item.context_expr) for item in node.items):
            return []
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            return self.block(node.body, names.new_child())
        if isinstance(node, ast.If):
            return self.condition(node, names)
        if isinstance(node, ast.Try):
            return self.attempt(node, names)
        if isinstance(node, ast.Expr):
            return demanded(node.value, names, node.lineno)
        if isinstance(node, ast.Assert):
            return failing(node.test, False, names, node.lineno)
        return self.block(list(blocks(node)), names)

    def condition(self, node: ast.If, names: Names) -> list[Floor]:
        found: list[Floor] = []
        # A loop, since a long chain of elif is nested as deeply.
        while True:
            value = known(node.test)
            if value is not False:
                found += failing(node.test, True, names, node.lineno) if raises(node.body) else []
                found += self.block(node.body, names)
            if value is True:
                return found
            found += failing(node.test, False, names, node.lineno) if raises(node.orelse) else []
            if len(node.orelse) != 1 or not isinstance(node.orelse[0], ast.If):
                return found + self.block(node.orelse, names)
            node = node.orelse[0]

    def attempt(self, node: ast.Try, names: Names) -> list[Floor]:
        found = self.block(node.body + node.orelse, names)
        if any(swallows(handler) for handler in node.handlers):
            found = []
        # Names that a handler sets have other values if nothing fails.
        found += self.block([part for handler in node.handlers for part in handler.body], names.new_child())
        return found + self.block(node.finalbody, names)


def assign(node: ast.Assign | ast.AnnAssign, names: Names) -> None:
    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
        if isinstance(target, ast.Name) and node.value is not None:
            names[target.id] = (node.value, names.get(target.id))


def import_names(node: ast.ImportFrom, names: Names) -> None:
    for alias in node.names:
        if alias.name == "__version__" and node.module:
            names[alias.asname or alias.name] = (ast.Attribute(ast.Name(node.module), alias.name), None)
        elif alias.asname:
            names[alias.asname] = (ast.Name(alias.name), None)


def blocks(node: ast.AST) -> Iterator[ast.stmt]:
    """Statements in a statement: of loops, `with`, `match`."""
    for name in ("body", "orelse", "cases"):
        for part in getattr(node, name, None) or []:
            if isinstance(part, ast.stmt):
                yield part
            else:
                yield from blocks(part)


def raises(statements: Iterable[ast.AST]) -> bool:
    return any(isinstance(one, ast.Raise) or exits(one) for one in statements)


def leaves(statement: ast.AST) -> bool:
    """Whether a statement is an early return under a condition."""
    return isinstance(statement, ast.If) and not statement.orelse and isinstance(statement.body[-1], ast.Return)


def exits(statement: ast.AST) -> bool:
    is_call = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
    return is_call and last_name(statement.value.func) in ("exit", "_exit")


def returned(function: ast.FunctionDef) -> ast.expr | None:
    """What a function without arguments returns if it does nothing else; otherwise None."""
    body = [part for part in function.body if not is_constant(part)]
    is_plain = len(body) == 1 and isinstance(body[0], ast.Return) and not function.args.args
    return body[0].value if is_plain else None


def is_constant(statement: ast.AST) -> bool:
    """Whether a statement is a docstring or another expression without effect."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def suppresses(expression: ast.AST) -> bool:
    return isinstance(expression, ast.Call) and last_name(expression.func) == "suppress"


def swallows(handler: ast.ExceptHandler) -> bool:
    if any(isinstance(node, ast.Raise) for part in handler.body for node in ast.walk(part)) or raises(handler.body):
        return False
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return not all(last_name(kind) in HARMLESS for kind in kinds)
