"""The forms of floors in an engine's source.

They are comparisons that end in an error, and calls that name what they check.
"""

from __future__ import annotations

import ast
import re

from common.source import last_name

from .floor_values import VERSION, Names, constant, installed, known, meaning, wanted

# (package, `>=` or `>`, version, line, `call` or `comparison`)
Floor = tuple[str, str, str, int, str]

REQUIREMENT = re.compile(r"^([A-Za-z0-9][\w.-]*?)(?:\[[^\]]*\])?\s*([<>=!~].*)$")

VERBS = {"check", "assert", "require", "requires", "ensure", "verify", "validate", "enforce", "demand"}
# Words in such a function's name that name no package
COMMON = {
    "version", "versions", "min", "minimum", "at", "least", "installed", "required", "supported",
    "compatible", "compatibility",
}
ANY_PACKAGE = {"pkg", "package", "dist", "distribution", "module", "library", "lib", "dep", "dependency", "requirement"}
SPECIFIERS = {"SpecifierSet", "Specifier"}
LEAST = re.compile(r"^(>=|>|~=|==)\s*(v?\d[\w.+-]*)$")

# (comparison, whether it is true when the error comes) → what that demands of its left side
DEMANDS = {(ast.Lt, True): ">=", (ast.LtE, True): ">", (ast.GtE, False): ">=", (ast.Gt, False): ">"}
MIRRORED = {ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Gt: ast.Lt, ast.GtE: ast.LtE}


def failing(test: ast.AST, when: bool, names: Names, line: int, depth: int = 0) -> list[Floor]:
    """Floors of a condition that ends in an error if it is `when`."""
    if known(test) is not None or depth > 10:
        return []
    if isinstance(test, ast.Name) and names.get(test.id):
        value, before = meaning(test.id, names)
        return failing(value, when, before, line, depth + 1)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return failing(test.operand, not when, names, line)
    if isinstance(test, ast.BoolOp):
        return [found for value in test.values for found in failing(value, when, names, line)]
    if isinstance(test, ast.Call):
        return [] if when else contained(test, names, line) or demanded(test, names, line)
    if isinstance(test, ast.Compare) and (len(test.ops) == 1 or not when):
        sides = [test.left, *test.comparators]
        pairs = zip(sides, test.ops, sides[1:])
        return [
            found for left, operator, right in pairs
            for found in compared(left, type(operator), right, when, names, line)
        ]
    return []


def compared(
    left: ast.AST, operator: type[ast.cmpop], right: ast.AST, when: bool, names: Names, line: int
) -> list[Floor]:
    if (operator, when) in ((ast.NotIn, True), (ast.In, False)):
        return within(left, right, names, line)
    for one, other, meant in ((left, right, operator), (right, left, MIRRORED.get(operator))):
        package, version, bound = installed(one, names), wanted(other, names), DEMANDS.get((meant, when))
        if package and version and bound:
            return [(package, bound, version, line, "comparison")]
    return []


def within(node: ast.AST, specifiers: ast.AST, names: Names, line: int) -> list[Floor]:
    """The floor of `version("nixl") in SpecifierSet(">=1.5.0")`"""
    package = installed(node, names)
    if isinstance(specifiers, ast.Name) and names.get(specifiers.id):
        specifiers, names = meaning(specifiers.id, names)
    if not isinstance(specifiers, ast.Call) or not specifiers.args or last_name(specifiers.func) not in SPECIFIERS:
        return []
    bounds = least(constant(specifiers.args[0], names) or "") if package else []
    return [(package, *bound, line, "comparison") for bound in bounds]


def least(specifiers: str) -> list[tuple[str, str]]:
    """The first lower bound of `<2,>=1.5.0`: [(`>=` or `>`, version)], or an empty list."""
    matches = [LEAST.match(part.strip()) for part in specifiers.split(",")]
    return [(">" if match.group(1) == ">" else ">=", match.group(2)) for match in matches if match][:1]


def contained(call: ast.Call, names: Names, line: int) -> list[Floor]:
    """The floor of `SpecifierSet(">=1.5.0").contains(version("nixl"))`"""
    if not call.args or getattr(call.func, "attr", None) != "contains":
        return []
    return within(call.args[0], call.func.value, names, line)


def demanded(call: ast.AST, names: Names, line: int) -> list[Floor]:
    """The floor that a call states by its name and arguments."""
    if isinstance(call, ast.Await):
        call = call.value
    if not isinstance(call, ast.Call) or not last_name(call.func):
        return []
    words = re.findall(r"[a-z0-9]+", re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", last_name(call.func)).lower())
    if not VERBS & set(words):
        return []
    values = call.args + [keyword.value for keyword in call.keywords]
    texts = [text for text in (constant(value, names) for value in values) if text is not None]
    matches = [REQUIREMENT.match(text) for text in texts[:1]]
    if matches and matches[0] and "require" in "".join(words):
        package, specifiers = matches[0].groups()
        return [(package, *bound, line, "call") for bound in least(specifiers)]
    versions = [text for text in (re.sub(r"^>=\s*", "", text) for text in texts) if VERSION.match(text)]
    named = [word for word in words if word not in VERBS | COMMON]
    if not versions or not {"version", "versions"} & set(words):
        return []
    if not named or set(named) <= ANY_PACKAGE:
        others = [text for text in texts if re.match(r"^[A-Za-z][\w.-]*$", text) and text not in versions]
        return [(others[0], ">=", versions[0], line, "call")] if others else []
    return [("-".join(named), ">=", versions[0], line, "call")]
