"""Whether vLLM takes its second model runner if a user sets nothing, read from its source."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .source import last_name, module_file, parse_in, text_of

SWITCH = "VLLM_USE_V2_MODEL_RUNNER"
CHOICE = "use_v2_model_runner"

UNKNOWN = object()


def default_of_variable(top: str) -> object:
    """The variable's default in vllm/envs.py: True, False or None (vLLM's configuration decides).

    UNKNOWN if envs.py does not have the variable.
    """
    path = module_file(top, "vllm.envs")
    if path is None:
        return UNKNOWN
    known, tree = UNKNOWN, parse_in(top, path)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and text_of(node.args[0]) == SWITCH:
            return default_of_call(tree, node)
        if isinstance(node, ast.Dict) and any(key is not None and text_of(key) == SWITCH for key in node.keys):
            known = None
    return known


def default_of_call(tree: ast.Module, call: ast.Call) -> bool | None:
    """The default that a call such as `os.getenv("…", "0")` gives the variable."""
    given = call.args[1:2] + [keyword.value for keyword in call.keywords if keyword.arg == "default"]
    value = given[0].value if given and isinstance(given[0], ast.Constant) else None
    refused = texts_that_mean_no(tree, call)
    if value is None:
        return None
    return is_yes(value) if refused is None else str(value) not in refused


def texts_that_mean_no(tree: ast.Module, call: ast.Call) -> set[str | None] | None:
    """The values that mean no if all others mean yes: `os.getenv("…", "") not in ("0", "false")`.

    None for other forms.
    """
    for node in ast.walk(tree):
        is_refusal = isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.NotEq, ast.NotIn))
        if is_refusal and call in ast.walk(node.left):
            return {text_of(part) for part in ast.walk(node.comparators[0])}
    return None


def is_yes(value: object) -> bool:
    """Whether a variable's value means yes: `1`, `true`"""
    return str(value).strip().lower() in ("1", "true", "yes", "on")


def can_be_default(top: str, variable: object) -> bool | None:
    """Whether VllmConfig's property can be true for another reason than the variable."""
    if variable is True:
        return True
    paths = [path for path in (module_file(top, "vllm.config.vllm"), module_file(top, "vllm.config")) if path]
    for path in paths:
        for node in ast.walk(parse_in(top, path)):
            if isinstance(node, ast.FunctionDef) and node.name == CHOICE:
                return any(is_own_answer(value, node) for value in answers(node))
    for tree in (parse_in(top, path) for path in paths):
        given = values_of(tree, CHOICE)  # a field instead of a property
        if given:
            return any(is_own_answer(value, tree) for value in given)
    # Without either, vLLM 0.21.0 reads the variable alone.
    return {UNKNOWN: None, None: True}.get(variable, False)


def answers(function: ast.FunctionDef) -> Iterator[ast.expr]:
    """The values that a function returns, without those of functions in it."""
    waiting = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Return) and node.value is not None:
            yield node.value
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            waiting.extend(ast.iter_child_nodes(node))


def values_of(tree: ast.AST, name: str) -> list[ast.expr]:
    """The values assigned to a name, or to an attribute of that name."""
    kinds = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.NamedExpr)
    return [
        node.value for node in ast.walk(tree) if isinstance(node, kinds) and node.value is not None
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target]) if last_name(target) == name
    ]


def is_own_answer(value: ast.AST, function: ast.AST, depth: int = 0) -> bool:
    """Whether a returned value can be true if the variable is not set.

    A value that is not understood can be.
    """
    def own(part: ast.AST) -> bool:
        return depth > 20 or is_own_answer(part, function, depth + 1)

    if isinstance(value, ast.Constant):
        return is_yes(value.value)
    if isinstance(value, ast.Attribute):
        return value.attr != SWITCH
    if isinstance(value, ast.Name):
        meanings = values_of(function, value.id)
        return value.id != SWITCH and (not meanings or any(own(part) for part in meanings))
    if isinstance(value, ast.BoolOp):
        return (any if isinstance(value.op, ast.Or) else all)([own(part) for part in value.values])
    if isinstance(value, ast.IfExp):
        return own(value.body) or own(value.orelse)
    if isinstance(value, ast.Call) and value.args:
        if text_of(value.args[0]) == SWITCH:
            return any(own(default) for default in value.args[1:])
        if last_name(value.func) in ("bool", "int"):
            return own(value.args[0])
    return True
