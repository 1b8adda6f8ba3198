"""vLLM's two model runners: which there are, whether the second one can be what runs, and on which AIBrix acts."""

import ast
import os
import re

from .source import Unreadable, last_name, module_file, parse, text_of

CLASS = "GPUModelRunner"
RUNNERS = {"V1": "vllm.v1.worker.gpu_model_runner", "V2": "vllm.v1.worker.gpu.model_runner"}

SWITCH = "VLLM_USE_V2_MODEL_RUNNER"
CHOICE = "use_v2_model_runner"


def runners(top):
    """Facts of the engine's source in the directory `top`.

    there: the runners that it has. v2Default: whether V2 can run where a user sets nothing, None if that can't be told: the image
    itself may ask for it. switch: whether the variable is known. error: a file that can't be read, with the reason.
    """
    facts = {"there": [], "v2Default": None, "switch": False, "error": None}
    try:
        facts["there"] = [name for name, module in sorted(RUNNERS.items()) if class_in(top, module, CLASS) is not None]
        variable = default_of_variable(top)
        facts["switch"] = variable is not UNKNOWN
        asked = facts["switch"] and is_yes(os.environ.get(SWITCH, ""))
        facts["v2Default"] = "V2" in facts["there"] and (asked or can_be_default(top, variable))
    except Unreadable as error:
        facts["error"] = str(error)
    return facts


def read(top, path):
    """The tree of a file of the engine; the error names it."""
    try:
        return parse(path)
    except Unreadable as error:
        raise Unreadable("%s: %s" % (os.path.relpath(path, os.path.dirname(top)), error)) from error


def class_in(top, module, name):
    """The definition of a class in a module of the engine, or of the module that it is imported from; None without one."""
    for _ in range(5):
        path = module_file(top, module)
        if path is None:
            return None
        tree, found = read(top, path), None
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and node.name == name:
                return node
            if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                found = next(((node.module, a.name) for a in node.names if (a.asname or a.name) == name), found)
        if found is None:
            return None
        module, name = found
    return None


UNKNOWN = object()


def default_of_variable(top):
    """What vllm/envs.py takes for the variable where it is not set: True, False, None (then vLLM's configuration decides);
    UNKNOWN where it does not know the variable."""
    path = module_file(top, "vllm.envs")
    if path is None:
        return UNKNOWN
    known, tree = UNKNOWN, read(top, path)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and text_of(node.args[0]) == SWITCH:
            given = node.args[1:2] + [keyword.value for keyword in node.keywords if keyword.arg == "default"]
            value = given[0].value if given and isinstance(given[0], ast.Constant) else None
            refused = texts_that_mean_no(tree, node)
            return None if value is None else is_yes(value) if refused is None else str(value) not in refused
        if isinstance(node, ast.Dict) and any(key is not None and text_of(key) == SWITCH for key in node.keys):
            known = None
    return known


def texts_that_mean_no(tree, call):
    """What a value must not be, where all else is a yes: `os.getenv("…", "") not in ("0", "false")`; None where it is not so."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.NotEq, ast.NotIn)) and call in ast.walk(node.left):
            return {text_of(part) for part in ast.walk(node.comparators[0])}
    return None


def is_yes(value):
    """As a variable has it: `1`, `true`"""
    return str(value).strip().lower() in ("1", "true", "yes", "on")


def can_be_default(top, variable):
    """Whether VllmConfig's property can answer yes of its own accord, that is by more than the variable."""
    if variable is True:
        return True
    places = [module_file(top, "vllm.config.vllm"), module_file(top, "vllm.config")]
    for path in [place for place in places if place]:
        for node in ast.walk(read(top, path)):
            if isinstance(node, ast.FunctionDef) and node.name == CHOICE:
                return any(is_own_answer(value, node) for value in answers(node))
    for tree in (read(top, place) for place in places if place):
        given = values_of(tree, CHOICE)  # a field, which is no property
        if given:
            return any(is_own_answer(value, tree) for value in given)
    # Without it vLLM 0.21.0 asks the variable alone.
    return {UNKNOWN: None, None: True}.get(variable, False)


def answers(function):
    """The values that a function returns, not those of functions in it."""
    waiting = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Return) and node.value is not None:
            yield node.value
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            waiting.extend(ast.iter_child_nodes(node))


def values_of(tree, name):
    """What is given to a name, or to an attribute of that name."""
    kinds = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.NamedExpr)
    return [node.value for node in ast.walk(tree) if isinstance(node, kinds) and node.value is not None
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target]) if last_name(target) == name]


def is_own_answer(value, function, depth=0):
    """Whether what is returned can be yes where the variable is not set. What is not understood can be."""
    def own(part):
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


def of_patch(text):
    """Runners that a patch changes, as hooks."""
    files = {name: "%s.py" % module.replace(".", "/") for name, module in RUNNERS.items()}
    return [{"runner": name, "there": True, "missing": []} for name, path in sorted(files.items())
            if re.search(r"(?m)^\+\+\+ [^/\s]+/%s\s*$" % re.escape(path), text)]


def conditions(facts, hooks):
    """What has to be set so that the runner that runs is one on which AIBrix acts.

    facts: of `runners`. hooks: of hooks.py. None if no setting would do.
    """
    hooked = {hook["runner"] for hook in hooks}
    there = set(facts["there"])
    running = {name for name in there if name == "V1" or facts["v2Default"] is not False}
    if not hooked or running <= hooked:
        return []
    if not hooked & there or not facts["switch"]:
        return None
    kept = sorted(hooked & there)[0]
    name = "%s=%d" % (SWITCH, kept == "V2")
    other = "V1" if kept == "V2" else "V2"
    reason = "AIBrix acts on vLLM's model runner %s alone, and vLLM takes %s by default for models of many kinds" % (kept, other)
    return [{"kind": "environment", "name": name, "reason": reason}]
