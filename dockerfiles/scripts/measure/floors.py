"""Versions that an engine demands of other packages when it runs, read from its source.

A floor is a call whose name says so (`check_nixl_version("1.5.0")`, `assert_pkg_version("nixl", "1.5.0", why)`), a requirement
(`require_version("nixl>=1.5.0")`) or a comparison of what is installed with a version, where it ends in an error. Comparisons
that choose between two ways are none, nor is what an `except` swallows, or a condition excludes on NVIDIA GPUs.
"""

import ast
import re
from collections import ChainMap

from common.source import last_name

from .floor_forms import demanded, failing, known

# What an installed package that is too old does not raise
HARMLESS = {"PackageNotFoundError", "ModuleNotFoundError", "InvalidVersion", "DistributionNotFound"}


# A version in quotes, alone or in a requirement
WRITTEN = re.compile(rb"[\"'](?:[\w.-]{0,99}(?:\[[^\]]{0,99}\])?\s{0,9}[<>=!~][\w.<>=!~ ,]{0,99}?)?v?\d{1,9}\.\d")
# One in numbers, which many other things are, too
NUMBERS = re.compile(rb"\(\s{0,9}\d{1,9}\s{0,9},\s{0,9}\d{1,9}\s{0,9}[,)]")
ASKED = re.compile(rb"version\(\s{0,99}[\"']|__version__|distribution\(|import version as")


def might_have(text):
    """Whether the bytes of a file could hold a floor: parsing all files would take too long."""
    return b"ersion" in text and (WRITTEN.search(text) or (ASKED.search(text) and NUMBERS.search(text))) is not None


def floors(tree):
    """(package, `>=` or `>`, version, line, `call` or `comparison`) of each floor in a module, as the source names the package."""
    return sorted(Reader().block(tree.body, ChainMap()), key=lambda floor: floor[3])


class Reader:
    """Goes through statements in their order, with what names were last set to."""

    def block(self, statements, names):
        found = []
        for function in statements:
            if isinstance(function, ast.FunctionDef) and returned(function):
                names[function.name] = (ast.Lambda(function.args, returned(function)), None)
        for place, statement in enumerate(statements):
            # What comes behind a way out is for all who did not take it.
            leaves = isinstance(statement, ast.If) and not statement.orelse and isinstance(statement.body[-1], ast.Return)
            if leaves and raises(statements[place + 1:]):
                found += failing(statement.test, False, names, statement.lineno)
        # A function runs when all beside it is there.
        for statement in sorted(statements, key=lambda one: isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef))):
            found += self.statement(statement, names)
        return found

    def statement(self, node, names):
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name) and node.value is not None:
                    names[target.id] = (node.value, names.get(target.id))
            return []
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if alias.name == "__version__" and node.module:
                    names[alias.asname or alias.name] = (ast.Attribute(ast.Name(node.module), alias.name), None)
                elif alias.asname:
                    names[alias.asname] = (ast.Name(alias.name), None)
            return []
        if isinstance(node, (ast.With, ast.AsyncWith)) and any(suppresses(item.context_expr) for item in node.items):
            return []
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
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

    def condition(self, node, names):
        found = []
        # A long chain of elif is nested as deeply.
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

    def attempt(self, node, names):
        found = self.block(node.body + node.orelse, names)
        if any(swallows(handler) for handler in node.handlers):
            found = []
        # What is set where something failed is not what it is where nothing did.
        found += self.block([part for handler in node.handlers for part in handler.body], names.new_child())
        return found + self.block(node.finalbody, names)


def blocks(node):
    """Statements in a statement: of loops, `with`, `match`."""
    for name in ("body", "orelse", "cases"):
        for part in getattr(node, name, None) or []:
            if isinstance(part, ast.stmt):
                yield part
            else:
                yield from blocks(part)


def raises(statements):
    return any(isinstance(s, ast.Raise) or (isinstance(s, ast.Expr) and isinstance(s.value, ast.Call) and last_name(s.value.func) in ("exit", "_exit"))
               for s in statements)


def returned(function):
    """What a function without arguments returns, where that is all that it does; else None."""
    body = [part for part in function.body if not (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))]
    is_plain = len(body) == 1 and isinstance(body[0], ast.Return) and not function.args.args
    return body[0].value if is_plain else None


def suppresses(expression):
    return isinstance(expression, ast.Call) and last_name(expression.func) == "suppress"


def swallows(handler):
    if any(isinstance(node, ast.Raise) for part in handler.body for node in ast.walk(part)) or raises(handler.body):
        return False
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return not all(last_name(kind) in HARMLESS for kind in kinds)
