"""vLLM's two model runners.

Tells which exist, whether the second can be the one that runs, and on which AIBrix acts.
"""

from __future__ import annotations

import ast
import os
import re
from typing import Any

from .runner_default import SWITCH, UNKNOWN, can_be_default, default_of_variable, is_yes
from .source import Unreadable, module_file, parse_in

CLASS = "GPUModelRunner"
RUNNERS = {"V1": "vllm.v1.worker.gpu_model_runner", "V2": "vllm.v1.worker.gpu.model_runner"}


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


def class_in(top: str, module: str, name: str) -> ast.ClassDef | None:
    """The definition of a class in a module, or in the module that it is imported from, or None."""
    for _ in range(5):
        path = module_file(top, module)
        if path is None:
            return None
        tree, found = parse_in(top, path), None
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
