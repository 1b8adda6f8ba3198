"""The forms that a floor has in an engine's source: comparisons that end in an error, and calls that say what they check."""

import ast
import re
from collections import ChainMap

from common.source import last_name, text_of

VERSION = re.compile(r"^v?\d+\.\d[a-z0-9.+-]{0,60}$")
REQUIREMENT = re.compile(r"^([A-Za-z0-9][\w.-]*?)(?:\[[^\]]*\])?\s*([<>=!~].*)$")

VERBS = {"check", "assert", "require", "requires", "ensure", "verify", "validate", "enforce", "demand"}
# Words in the name of such a function that name no package
COMMON = {"version", "versions", "min", "minimum", "at", "least", "installed", "required", "supported", "compatible", "compatibility"}
ANY_PACKAGE = {"pkg", "package", "dist", "distribution", "module", "library", "lib", "dep", "dependency", "requirement"}
WRAPPERS = {"Version", "parse", "parse_version", "LooseVersion", "StrictVersion", "str", "tuple"}
ASKING = {"version", "distribution", "get_distribution", "get_version"}
# Attributes of a version that are one, too
PARTS = {"version", "public", "base_version", "release"}
NUMBERS = {"major", "minor", "micro"}
SPECIFIERS = {"SpecifierSet", "Specifier"}
LEAST = re.compile(r"^(>=|>|~=|==)\s*(v?\d[\w.+-]*)$")

# Conditions that are false where AIBrix runs, and such that are true
ELSEWHERE = re.compile(r"^_?is_(rocm|hip|npu|xpu|tpu|hpu|musa|mps|cpu|out_of_tree)(_available)?$|^hip$|^TYPE_CHECKING$")
HERE = re.compile(r"^_?is_(cuda|cuda_alike|nvidia)(_available)?$")
# What a platform, a device or a module's own name is compared with, and never is there
OTHERS = {"rocm", "hip", "npu", "xpu", "tpu", "hpu", "musa", "mps", "cpu", "darwin", "win32", "Darwin", "Windows", "__main__"}


def known(test):
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


def compares_elsewhere(test):
    """`device == "rocm"` is never so, `torch.version.hip is None` always."""
    operator, other = type(test.ops[0]), test.comparators[0]
    if len(test.ops) != 1 or not isinstance(other, ast.Constant):
        return None
    is_other = other.value in OTHERS
    is_nothing = other.value is None and ELSEWHERE.match(last_name(test.left) or "")
    if is_other and operator in (ast.Eq, ast.NotEq):
        return operator is ast.NotEq
    return operator is ast.Is if is_nothing and operator in (ast.Is, ast.IsNot) else None


def failing(test, when, names, line, depth=0):
    """Floors of a condition that ends in an error where it is `when`."""
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
        sides = [test.left] + test.comparators
        return [found for left, operator, right in zip(sides, test.ops, sides[1:])
                for found in compared(left, type(operator), right, when, names, line)]
    return []


# What an error on a comparison demands of its left side, by whether it comes where the comparison is true
DEMANDS = {(ast.Lt, True): ">=", (ast.LtE, True): ">", (ast.GtE, False): ">=", (ast.Gt, False): ">"}
MIRRORED = {ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Gt: ast.Lt, ast.GtE: ast.LtE}


def compared(left, operator, right, when, names, line):
    if (operator, when) in ((ast.NotIn, True), (ast.In, False)):
        return within(left, right, names, line)
    for one, other, meant in ((left, right, operator), (right, left, MIRRORED.get(operator))):
        package, version, bound = installed(one, names), wanted(other, names), DEMANDS.get((meant, when))
        if package and version and bound:
            return [(package, bound, version, line, "comparison")]
    return []


def within(node, specifiers, names, line):
    """The floor of `version("nixl") in SpecifierSet(">=1.5.0")`."""
    package = installed(node, names)
    if isinstance(specifiers, ast.Name) and names.get(specifiers.id):
        specifiers, names = meaning(specifiers.id, names)
    if not isinstance(specifiers, ast.Call) or not specifiers.args or last_name(specifiers.func) not in SPECIFIERS:
        return []
    return [(package, *bound, line, "comparison") for bound in least(constant(specifiers.args[0], names) or "") if package]


def least(specifiers):
    """The first of `<2,>=1.5.0` that says what is the least: (`>=` or `>`, version) in a list, or an empty one."""
    matches = [LEAST.match(part.strip()) for part in specifiers.split(",")]
    return [(">" if match.group(1) == ">" else ">=", match.group(2)) for match in matches if match][:1]


def contained(call, names, line):
    """The same, as `SpecifierSet(">=1.5.0").contains(version("nixl"))`."""
    return within(call.args[0], call.func.value, names, line) if call.args and getattr(call.func, "attr", None) == "contains" else []


def demanded(call, names, line):
    """The floor that a call's name and arguments say."""
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
    if not versions or not ({"version", "versions"} & set(words)):
        return []
    if not named or set(named) <= ANY_PACKAGE:
        others = [text for text in texts if re.match(r"^[A-Za-z][\w.-]*$", text) and text not in versions]
        return [(others[0], ">=", versions[0], line, "call")] if others else []
    return [("-".join(named), ">=", versions[0], line, "call")]


def meaning(name, names):
    """What a name was set to, and names for that: what is set from itself (`v = parse(v)`) was something else before."""
    value, before = names[name]
    return value, ChainMap({name: before}, names)


def of_the_class(node):
    """The name of what a method has of its class: `MIN` of `self.MIN`"""
    own = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
    return ast.Name(node.attr) if own else node


def constant(node, names, depth=0):
    """The text that an expression always is; None if that can't be told."""
    node = of_the_class(node)
    if isinstance(node, ast.Name) and names.get(node.id) and depth < 10:
        return constant(*meaning(node.id, names), depth + 1)
    if isinstance(node, ast.IfExp) and known(node.test) is not None:
        return constant(node.body if known(node.test) else node.orelse, names, depth + 1)
    return text_of(node)


def called(function, names):
    """The name by which a function is known where it is from: `version` of `from importlib.metadata import version as installed`"""
    value, _ = (names.get(function.id) or (None, None)) if isinstance(function, ast.Name) else (None, None)
    return last_name(value if isinstance(value, ast.Name) else function)


def wanted(node, names, depth=0):
    """The version that an expression always is."""
    node = of_the_class(node)
    if depth > 10:
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


def installed(node, names, depth=0):
    """The package whose installed version an expression is."""
    if depth > 10:
        return None
    if isinstance(node, ast.Name) and names.get(node.id):
        return installed(*meaning(node.id, names), depth + 1)
    if isinstance(node, ast.Attribute):
        if node.attr == "__version__":
            return last_name(node.value)
        return installed(node.value, names, depth + 1) if node.attr in PARTS else None
    if isinstance(node, ast.NamedExpr):
        return installed(node.value, names, depth + 1)
    if isinstance(node, ast.Tuple) and all(isinstance(part, ast.Attribute) and part.attr in NUMBERS for part in node.elts):
        return installed(node.elts[0].value, names, depth + 1) if node.elts else None
    if isinstance(node, ast.Call) and not node.args and isinstance(node.func, ast.Name) and names.get(node.func.id):
        value, before = meaning(node.func.id, names)
        return installed(value.body, before, depth + 1) if isinstance(value, ast.Lambda) else None
    if isinstance(node, ast.Call) and node.args:
        if last_name(node.func) == "tuple":  # of numbers, out of the parts of a version
            return next(filter(None, (installed(part, names, depth + 1) for part in ast.walk(node.args[0]))), None)
        if called(node.func, names) in ASKING and constant(node.args[0], names):
            return constant(node.args[0], names)
        if last_name(node.func) in WRAPPERS:
            return installed(node.args[0], names, depth + 1)
    return None
