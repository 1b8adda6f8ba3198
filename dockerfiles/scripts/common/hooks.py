"""Where AIBrix puts functions of its own in place of those of vLLM's model runners, read from AIBrix' source."""

import ast
import os
import re

from .runners import CLASS, RUNNERS, class_in
from .source import Unreadable, last_name, parse, text_of

# Part of AIBrix' package that is for vLLM; importing a connector runs it.
PLACE = os.path.join("integration", "vllm")
# Classes above a class
DEEPEST = 10
MODULE = re.compile(r"^vllm(\.\w+)+$")


def hooks(aibrix, engine):
    """The hooks, one for each runner, and a file that could not be read (else None), with the reason.

    aibrix, engine: directories of the packages. there: whether the engine has the class. missing: methods that it lacks.
    """
    found, error = {}, None
    for path in sorted(files(os.path.join(aibrix, PLACE))):
        try:
            for name, methods in replaced(parse(path)).items():
                found.setdefault(name, set()).update(methods)
        except Unreadable as problem:
            error = error or "%s: %s" % (os.path.relpath(path, os.path.dirname(aibrix)), problem)
    try:
        return [checked(engine, name, sorted(methods)) for name, methods in sorted(found.items())], error
    except Unreadable as problem:
        return [], str(problem)


def files(directory):
    return [os.path.join(parent, name) for parent, _, names in os.walk(directory) for name in names if name.endswith(".py")]


def checked(engine, runner, methods):
    definition = class_in(engine, RUNNERS[runner], CLASS)
    missing = [] if definition is None else [name for name in methods if not has(engine, definition, name)]
    return {"runner": runner, "there": definition is not None, "missing": missing}


def has(engine, definition, method, depth=0):
    """Whether a class has a method, or a base of it that is not found beside it may have."""
    own = any(getattr(node, "name", None) == method or method in map(last_name, getattr(node, "targets", []))
              for node in definition.body)
    return own or any(inherits(engine, last_name(base), method, depth + 1) for base in definition.bases)


def inherits(engine, base, method, depth):
    """Whether a base brings a method. Mixins that a runner is made of are looked for beside it."""
    if base == "object":
        return False
    if base is None or depth > DEEPEST:
        return True
    for path in files(os.path.join(engine, "v1", "worker")):
        for node in ast.walk(parse(path)) if contains(path, "class " + base) else []:
            if isinstance(node, ast.ClassDef) and node.name == base:
                return has(engine, node, method, depth)
    return True


def contains(path, text):
    try:
        with open(path, "rb") as file:
            return text.encode("utf-8") in file.read()
    except OSError:
        return False


def replaced(tree):
    """Runner → methods of it that are kept and replaced by a module, whatever way it came to the class."""
    modules = {name for node in ast.walk(tree) for name in [text_of(node)] if name and MODULE.match(name)}
    imported, local = bindings(tree)
    stored, loaded = {}, {}
    for node in ast.walk(tree):
        for owner, attribute, is_stored in accesses(node):
            (stored if is_stored else loaded).setdefault(owner, set()).add(attribute)
    result, mentioned = {}, modules | {target[0] for target in imported.values()}
    for runner, module in RUNNERS.items():
        names = {name for name, target in imported.items() if target == (module, CLASS)}
        if module in mentioned:
            names |= local
        names = with_aliases(tree, names)
        replacing = set().union(*(stored.get(name, set()) for name in names))
        # The class itself, by another one
        owners = {name for name, attributes in stored.items() if CLASS in attributes and imported.get(name, (module,))[0] == module}
        if replacing or (owners and module in mentioned):
            result[runner] = replacing & set().union(*(loaded.get(name, set()) for name in names))
    return result


def bindings(tree):
    """Names under which a module has what it imported, as (module, name), and those that hold the class of a module that is
    only known when it runs."""
    imported, local = {}, set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                imported[alias.asname or alias.name] = (node.module, alias.name)
                # A module out of its package
                imported.setdefault("%s.%s" % (node.module, alias.name), ("%s.%s" % (node.module, alias.name), None))
        elif isinstance(node, ast.Import):
            for alias in node.names:
                imported[alias.asname or alias.name] = (alias.name, None)
        elif isinstance(node, ast.Assign) and is_class(node.value):
            local.update(filter(None, map(last_name, node.targets)))
    return imported, local | {CLASS} - {name for name, target in imported.items() if target[1] == CLASS}


def with_aliases(tree, names):
    """The names, and those to which a module hands what they hold: by assignment, in a loop, as an argument of its functions."""
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    handed = []
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
        found |= {getattr(target, "arg", None) or last_name(target) for target, source in handed if last_name(source) in found} - {None}
    return found


def is_class(node):
    """`module.GPUModelRunner` or `getattr(module, "GPUModelRunner")`"""
    if isinstance(node, ast.Call) and last_name(node.func) == "getattr" and len(node.args) > 1:
        return text_of(node.args[1]) == CLASS
    return isinstance(node, ast.Attribute) and node.attr == CLASS


def accesses(node):
    """(owner's name, attribute, whether it is replaced) of what a node does with a class."""
    if isinstance(node, ast.Attribute):
        yield last_name(node.value), node.attr, isinstance(node.ctx, ast.Store)
    elif isinstance(node, ast.Call) and (last_name(node.func), len(node.args)) in (("setattr", 3), ("getattr", 2)):
        attribute = text_of(node.args[1])
        if attribute:
            yield last_name(node.args[0]), attribute, last_name(node.func) == "setattr"
