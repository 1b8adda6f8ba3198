"""What expressions in an engine's source always are: conditions, texts, versions, packages."""

from __future__ import annotations

import ast
import re
from collections import ChainMap
from typing import Any

from common.source import last_name, text_of

# Name → (the expression that it was set to, its meaning before that)
Names = ChainMap[str, Any]

VERSION = re.compile(r"^v?\d+\.\d[a-z0-9.+-]{0,60}$")

# Levels of expressions that are followed
DEEPEST = 10

WRAPPERS = {"Version", "parse", "parse_version", "LooseVersion", "StrictVersion", "str", "tuple"}
ASKING = {"version", "distribution", "get_distribution", "get_version"}
# Attributes of a version that are versions, too
PARTS = {"version", "public", "base_version", "release"}
NUMBERS = {"major", "minor", "micro"}

# Conditions that are false where AIBrix runs, and conditions that are true
ELSEWHERE = re.compile(r"^_?is_(rocm|hip|npu|xpu|tpu|hpu|musa|mps|cpu|out_of_tree)(_available)?$|^hip$|^TYPE_CHECKING$")
HERE = re.compile(r"^_?is_(cuda|cuda_alike|nvidia)(_available)?$")
# Values that a platform, a device or a module's own name is compared with and never has there
OTHERS = {
    "rocm", "hip", "npu", "xpu", "tpu", "hpu", "musa", "mps", "cpu", "darwin", "win32", "Darwin", "Windows", "__main__",
}


def known(test: ast.AST) -> bool | None:
    """What a condition always is on NVIDIA GPUs; None if it can be both."""
    if isinstance(test, ast.Constant):
        return bool(test.value)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        value = known(test.operand)
        return None if value is None else not value
    if isinstance(test, ast.BoolOp):
        values, decides = [known(value) for value in test.values], isinstance(test.op, ast.Or)
        if decides in values:
            return decides
        return None if None in values else not decides
    if isinstance(test, ast.Compare):
        return compares_elsewhere(test)
    name = last_name(test.func if isinstance(test, ast.Call) else test) or ""
    return False if ELSEWHERE.match(name) else True if HERE.match(name) else None


def compares_elsewhere(test: ast.Compare) -> bool | None:
    """`device == "rocm"` is always false, `torch.version.hip is None` always true."""
    operator, other = type(test.ops[0]), test.comparators[0]
    if len(test.ops) != 1 or not isinstance(other, ast.Constant):
        return None
    is_other = other.value in OTHERS
    is_nothing = other.value is None and ELSEWHERE.match(last_name(test.left) or "")
    if is_other and operator in (ast.Eq, ast.NotEq):
        return operator is ast.NotEq
    return operator is ast.Is if is_nothing and operator in (ast.Is, ast.IsNot) else None


def meaning(name: str, names: Names) -> tuple[Any, Names]:
    """What a name was set to, and the names for that.

    A name set from itself (`v = parse(v)`) meant something else before.
    """
    value, before = names[name]
    return value, ChainMap({name: before}, names)


def of_the_class(node: ast.AST) -> ast.AST:
    """The name of a method's class attribute: `MIN` for `self.MIN`"""
    own = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
    return ast.Name(node.attr) if own else node


def constant(node: ast.AST, names: Names, depth: int = 0) -> str | None:
    """The text that an expression always is; None if undetermined."""
    node = of_the_class(node)
    if isinstance(node, ast.Name) and names.get(node.id) and depth < DEEPEST:
        return constant(*meaning(node.id, names), depth + 1)
    if isinstance(node, ast.IfExp) and known(node.test) is not None:
        return constant(node.body if known(node.test) else node.orelse, names, depth + 1)
    return text_of(node)


def called(function: ast.AST, names: Names) -> str | None:
    """A function's name in its own module.

    It is `version` after `from importlib.metadata import version as installed`.
    """
    value, _ = (names.get(function.id) or (None, None)) if isinstance(function, ast.Name) else (None, None)
    return last_name(value if isinstance(value, ast.Name) else function)


def wanted(node: ast.AST, names: Names, depth: int = 0) -> str | None:
    """The version that an expression always is."""
    node = of_the_class(node)
    if depth > DEEPEST:
        return None
    if isinstance(node, ast.Name) and names.get(node.id):
        return wanted(*meaning(node.id, names), depth + 1)
    if isinstance(node, ast.IfExp) and known(node.test) is not None:
        return wanted(node.body if known(node.test) else node.orelse, names, depth + 1)
    if isinstance(node, ast.Call) and len(node.args) == 1 and last_name(node.func) in WRAPPERS:
        return wanted(node.args[0], names, depth + 1)
    if isinstance(node, ast.Attribute) and node.attr in PARTS:
        return wanted(node.value, names, depth + 1)
    if isinstance(node, (ast.Tuple, ast.List)) and node.elts:
        numbers = [part.value for part in node.elts if isinstance(part, ast.Constant) and type(part.value) is int]
        return ".".join(map(str, numbers)) if len(numbers) == len(node.elts) else None
    text = text_of(node)
    return text if text and VERSION.match(text) else None


def installed(node: ast.AST, names: Names, depth: int = 0) -> str | None:
    """The package whose installed version an expression is."""
    if depth > DEEPEST:
        return None
    if isinstance(node, ast.Name) and names.get(node.id):
        return installed(*meaning(node.id, names), depth + 1)
    if isinstance(node, ast.Attribute):
        if node.attr == "__version__":
            return last_name(node.value)
        return installed(node.value, names, depth + 1) if node.attr in PARTS else None
    if isinstance(node, ast.NamedExpr):
        return installed(node.value, names, depth + 1)
    if isinstance(node, ast.Tuple):
        is_version = all(isinstance(part, ast.Attribute) and part.attr in NUMBERS for part in node.elts)
        return installed(node.elts[0].value, names, depth + 1) if is_version and node.elts else None
    return installed_of_call(node, names, depth + 1) if isinstance(node, ast.Call) else None


def installed_of_call(call: ast.Call, names: Names, depth: int) -> str | None:
    if not call.args:
        if not isinstance(call.func, ast.Name) or not names.get(call.func.id):
            return None
        value, before = meaning(call.func.id, names)
        return installed(value.body, before, depth) if isinstance(value, ast.Lambda) else None
    if last_name(call.func) == "tuple":  # of numbers, out of the parts of a version
        return next(filter(None, (installed(part, names, depth) for part in ast.walk(call.args[0]))), None)
    if called(call.func, names) in ASKING and constant(call.args[0], names):
        return constant(call.args[0], names)
    return installed(call.args[0], names, depth) if last_name(call.func) in WRAPPERS else None
