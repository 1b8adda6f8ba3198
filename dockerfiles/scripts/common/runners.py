"""vLLM's two model runners.

Tells which exist, whether the second can be the one that runs, and on which AIBrix acts.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from typing import Any

from .source import Unreadable, last_name, module_file, parse, text_of

CLASS = "GPUModelRunner"
RUNNERS = {"V1": "vllm.v1.worker.gpu_model_runner", "V2": "vllm.v1.worker.gpu.model_runner"}

SWITCH = "VLLM_USE_V2_MODEL_RUNNER"
CHOICE = "use_v2_model_runner"

UNKNOWN = object()


def runners(top: str) -> dict[str, Any]:
    """Facts of the engine's source in the directory `top`.

    there: its runners. v2Default: whether V2 can run if a user sets nothing, None if undetermined:
    the image itself may ask for it. switch: whether the variable is known. error: a file that can't
    be read, with the reason.
    """
    facts: dict[str, Any] = {"there": [], "v2Default": None, "switch": False, "error": None}
    try:
        facts["there"] = [name for name, module in sorted(RUNNERS.items()) if class_in(top, module, CLASS) is not None]
        variable = default_of_variable(top)
        facts["switch"] = variable is not UNKNOWN
        asked = facts["switch"] and is_yes(os.environ.get(SWITCH, ""))
        facts["v2Default"] = "V2" in facts["there"] and (asked or can_be_default(top, variable))
    except Unreadable as error:
        facts["error"] = str(error)
    return facts


def read(top: str, path: str) -> ast.Module:
    """The tree of a file of the engine. Raises Unreadable, which names the file."""
    try:
        return parse(path)
    except Unreadable as error:
        raise Unreadable(f"{os.path.relpath(path, os.path.dirname(top))}: {error}") from error


def class_in(top: str, module: str, name: str) -> ast.ClassDef | None:
    """The definition of a class in a module, or in the module that it is imported from, or None."""
    for _ in range(5):
        path = module_file(top, module)
        if path is None:
            return None
        tree, found = read(top, path), None
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and node.name == name:
                return node
            if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                sources = ((node.module, alias.name) for alias in node.names if (alias.asname or alias.name) == name)
                found = next(sources, found)
        if found is None:
            return None
        module, name = found
    return None


def default_of_variable(top: str) -> object:
    """The variable's default in vllm/envs.py: True, False or None (vLLM's configuration decides).

    UNKNOWN if envs.py does not have the variable.
    """
    path = module_file(top, "vllm.envs")
    if path is None:
        return UNKNOWN
    known, tree = UNKNOWN, read(top, path)
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
        for node in ast.walk(read(top, path)):
            if isinstance(node, ast.FunctionDef) and node.name == CHOICE:
                return any(is_own_answer(value, node) for value in answers(node))
    for tree in (read(top, path) for path in paths):
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


def of_patch(text: str) -> list[dict[str, Any]]:
    """The runners that a patch changes, as hooks."""
    files = {name: f"{module.replace('.', '/')}.py" for name, module in RUNNERS.items()}
    changed = [
        name for name, path in sorted(files.items())
        if re.search(rf"(?m)^\+\+\+ [^/\s]+/{re.escape(path)}\s*$", text)
    ]
    return [{"runner": name, "there": True, "missing": []} for name in changed]


def conditions(facts: dict[str, Any], hooks: list[dict[str, Any]]) -> list[dict[str, str]] | None:
    """What must be set so that the runner that runs is one on which AIBrix acts.

    None if no setting would do.
    facts: of `runners`. hooks: of hooks.py.
    """
    hooked = {hook["runner"] for hook in hooks}
    there = set(facts["there"])
    running = {name for name in there if name == "V1" or facts["v2Default"] is not False}
    if not hooked or running <= hooked:
        return []
    if not hooked & there or not facts["switch"]:
        return None
    kept = sorted(hooked & there)[0]
    other = "V1" if kept == "V2" else "V2"
    reason = (
        f"AIBrix acts on vLLM's model runner {kept} alone, and vLLM takes {other} by default for models of many kinds"
    )
    return [{"kind": "environment", "name": f"{SWITCH}={int(kept == 'V2')}", "reason": reason}]
