"""Where AIBrix replaces functions of vLLM's model runners, read from AIBrix' source."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from typing import Any

from .runners import CLASS, RUNNERS, class_in
from .source import Unreadable, last_name, parse, parse_in, text_of

# Part of AIBrix' package that is for vLLM; importing a connector runs it.
VLLM_FOLDER = os.path.join("integration", "vllm")
# Levels of base classes that are searched
DEEPEST = 10
MODULE = re.compile(r"^vllm(\.\w+)+$")


def hooks(aibrix: str, engine: str) -> tuple[list[dict[str, Any]], str | None]:
    """The hooks, one per runner, and the file that could not be read (or None), with the reason.

    aibrix, engine: directories of the packages. there: whether the engine has the class. missing:
    methods that it lacks.
    """
    found: dict[str, set[str]] = {}
    error = None
    for path in sorted(files(os.path.join(aibrix, VLLM_FOLDER))):
        try:
            for name, methods in replaced(parse_in(aibrix, path)).items():
                found.setdefault(name, set()).update(methods)
        except Unreadable as problem:
            error = error or str(problem)
    try:
        return [checked(engine, name, sorted(methods)) for name, methods in sorted(found.items())], error
    except Unreadable as problem:
        return [], str(problem)


def files(directory: str) -> list[str]:
    walk = os.walk(directory)
    return [os.path.join(parent, name) for parent, _, names in walk for name in names if name.endswith(".py")]


def checked(engine: str, runner: str, methods: list[str]) -> dict[str, Any]:
    definition = class_in(engine, RUNNERS[runner], CLASS)
    missing = [] if definition is None else [name for name in methods if not has(engine, definition, name)]
    return {"runner": runner, "there": definition is not None, "missing": missing}


def has(engine: str, definition: ast.ClassDef, method: str, depth: int = 0) -> bool:
    """Whether a class has a method; true also if a base class that was not found may have it."""
    own = any(
        getattr(node, "name", None) == method or method in map(last_name, getattr(node, "targets", []))
        for node in definition.body
    )
    return own or any(inherits(engine, last_name(base), method, depth + 1) for base in definition.bases)


def inherits(engine: str, base: str | None, method: str, depth: int) -> bool:
    """Whether a base class has a method.

    Mixins of a runner are searched in the engine's folder of workers.
    """
    if base == "object":
        return False
    if base is None or depth > DEEPEST:
        return True
    for path in files(os.path.join(engine, "v1", "worker")):
        for node in ast.walk(parse(path)) if contains(path, f"class {base}") else []:
            if isinstance(node, ast.ClassDef) and node.name == base:
                return has(engine, node, method, depth)
    return True


def contains(path: str, text: str) -> bool:
    try:
        with open(path, "rb") as file:
            return text.encode("utf-8") in file.read()
    except OSError:
        return False


def replaced(tree: ast.Module) -> dict[str, set[str]]:
    """Runner → its methods that a module keeps and replaces, however the module got the class."""
    modules = {name for node in ast.walk(tree) for name in [text_of(node)] if name and MODULE.match(name)}
    imported, local = bindings(tree)
    stored, loaded = attributes_by_owner(tree)
    result, mentioned = {}, modules | {target[0] for target in imported.values()}
    for runner, module in RUNNERS.items():
        names = {name for name, target in imported.items() if target == (module, CLASS)}
        if module in mentioned:
            names |= local
        names = with_aliases(tree, names)
        replacing = set().union(*(stored.get(name, set()) for name in names))
        # The class itself, by another one
        having_class = {name for name, attributes in stored.items() if CLASS in attributes}
        owners = {name for name in having_class if imported.get(name, (module,))[0] == module}
        if replacing or (owners and module in mentioned):
            result[runner] = replacing & set().union(*(loaded.get(name, set()) for name in names))
    return result


def attributes_by_owner(tree: ast.Module) -> tuple[dict[str | None, set[str]], dict[str | None, set[str]]]:
    """(stored, loaded): owner's name → attributes that a module replaces in it and reads of it."""
    stored: dict[str | None, set[str]] = {}
    loaded: dict[str | None, set[str]] = {}
    for node in ast.walk(tree):
        for owner, attribute, is_stored in accesses(node):
            (stored if is_stored else loaded).setdefault(owner, set()).add(attribute)
    return stored, loaded


def bindings(tree: ast.Module) -> tuple[dict[str, tuple[str, str | None]], set[str]]:
    """(imported, local): a module's names → the (module, name) that they import, and names that
    hold the class of a module that is only known at run time.
    """
    imported: dict[str, tuple[str, str | None]] = {}
    local: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                imported[alias.asname or alias.name] = (node.module, alias.name)
                # A module of a package
                dotted = f"{node.module}.{alias.name}"
                imported.setdefault(dotted, (dotted, None))
        elif isinstance(node, ast.Import):
            for alias in node.names:
                imported[alias.asname or alias.name] = (alias.name, None)
        elif isinstance(node, ast.Assign) and is_class(node.value):
            local.update(filter(None, map(last_name, node.targets)))
    return imported, local | {CLASS} - {name for name, target in imported.items() if target[1] == CLASS}


def with_aliases(tree: ast.Module, names: set[str]) -> set[str]:
    """The names, and those that get their value.

    A name gets it by assignment, in a loop or as an argument of the module's functions.
    """
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    handed: list[tuple[ast.AST, ast.AST]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            handed += [(target, node.value) for target in node.targets]
        elif isinstance(node, (ast.For, ast.comprehension)):
            handed += [(node.target, item) for item in getattr(node.iter, "elts", [])]
        elif isinstance(node, ast.Call) and last_name(node.func) in functions:
            handed += zip(functions[last_name(node.func)].args.args, node.args)
    found, before = set(names), None
    while found != before:
        before = set(found)
        targets = [target for target, source in handed if last_name(source) in found]
        found |= {getattr(target, "arg", None) or last_name(target) for target in targets} - {None}
    return found


def is_class(node: ast.AST) -> bool:
    """`module.GPUModelRunner` or `getattr(module, "GPUModelRunner")`"""
    if isinstance(node, ast.Call) and last_name(node.func) == "getattr" and len(node.args) > 1:
        return text_of(node.args[1]) == CLASS
    return isinstance(node, ast.Attribute) and node.attr == CLASS


def accesses(node: ast.AST) -> Iterator[tuple[str | None, str, bool]]:
    """(owner's name, attribute, whether it is replaced) of what a node does with a class."""
    if isinstance(node, ast.Attribute):
        yield last_name(node.value), node.attr, isinstance(node.ctx, ast.Store)
    elif isinstance(node, ast.Call) and (last_name(node.func), len(node.args)) in (("setattr", 3), ("getattr", 2)):
        attribute = text_of(node.args[1])
        if attribute:
            yield last_name(node.args[0]), attribute, last_name(node.func) == "setattr"
