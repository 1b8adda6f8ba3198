"""Compiled parts of a package.

Measures whether they load, what they register with torch, and which symbols nothing provides.

A build machine has no GPU driver. Stubs take its place, so that what links it is judged like
everything else.
"""

from __future__ import annotations

import json
import re
import struct
import tempfile
from typing import Any

from . import driver
from .elf import Elf, NotElf, needed
from .fatbin import architectures
from .subprocesses import OK, failure, python

NAMESPACE = "_aibrix_C_cache_ops"

# The extension registers its operators when it is loaded. torch.ops can't list the operators of a
# namespace (it invents them on access); the dispatcher can. The last resort is to ask for the one
# that AIBrix itself uses.
AS_EXTENSION = f"""
    import torch
    namespace = "{NAMESPACE}"
    torch.ops.load_library(path)
    try:
        names = torch._C._dispatch_get_all_op_names()
        names = [name.partition("::")[2] for name in names if name.startswith(namespace + "::")]
    except AttributeError:
        space = getattr(torch.ops, namespace)
        names = list(getattr(space, "__dict__", {{}})) + dir(space)
        names = [name for name in names if not name.startswith("_") and name != "name"]
        names += [name for name in ["reshape_and_cache_multi_layer"] if hasattr(space, name)]
    told["operators"] = sorted({{name.partition(".")[0] for name in names}})
"""

# A library beside the extension may need parts of torch that it does not name.
AS_LIBRARY = """
    try:
        import torch
    except Exception:
        pass
    ctypes.CDLL(path)
"""

WITHOUT_ERROR = failure("it ends the process that loads it, without an error")

# If there is no stub of the driver either, undefined functions of the driver are no fault of the
# caller.
OF_THE_DRIVER = re.compile(r"^(cu[A-Z]|nvml[A-Z])")


def loading(code: str) -> str:
    """Python code that loads a file and then looks up symbols.

    One process loads the file as importing or using the package would, and then does what `ldd -r`
    does, with the libraries that `import torch` loaded: it gets names of symbols and returns those
    that neither the global scope nor the file with its dependencies provides (dlopen(3), dlsym(3)).
    Results are reported before anything that may crash.
    """
    return f"""
import ctypes
path, symbols, needed = sys.argv[1], json.load(open(sys.argv[2])), json.loads(sys.argv[3])
told, problem = {{"operators": [], "undefined": None}}, None
def tell(**more):
    told.update(more)
    answer(told)
try:
{code}
except BaseException as error:
    problem = error
tell()
scopes = [ctypes.CDLL(None)]
for name in [path] + needed:
    try:
        scopes.append(ctypes.CDLL(name))
    except OSError:
        pass
def provided(symbol):
    for scope in scopes:
        try:
            scope[symbol]
            return True
        except AttributeError:
            pass
    return False
tell(undefined=[symbol for symbol in symbols if not provided(symbol)])
if problem:
    raise problem
"""


def extension(path: str, package: str) -> tuple[dict[str, Any], dict[str, str]]:
    """(the extension with operators and kernels, the outcome of importing its package).

    One process measures both if both succeed, since importing torch takes seconds; otherwise each
    gets its own. The package is imported first, as a user would, so that the extension finds
    nothing that the package forgot to import.
    """
    operators, found = loaded(path, f"import {package}\n{loading(AS_EXTENSION)}")
    imported = OK
    if found["load"] != OK:
        together = found["load"]
        operators, found = loaded(path, loading(AS_EXTENSION))
        imported = importing(package)
        if found["load"] == imported == OK:
            imported = together
    code, partly, ptx = architectures(path)
    more = {"operators": operators, "machineCode": code, "partialMachineCode": partly, "ptx": ptx}
    return {**found, **more}, imported


def importing(package: str) -> dict[str, str]:
    """The outcome of importing a package."""
    answer, outcome = python(f"import {package}\nanswer(1)", env=driver.environment())
    return WITHOUT_ERROR if answer is None and outcome == OK else outcome


def library(path: str) -> dict[str, Any]:
    """Any other shared object."""
    return loaded(path, loading(AS_LIBRARY))[1]


def loaded(path: str, code: str) -> tuple[list[str], dict[str, Any]]:
    """(operators that the file registers, the facts of every compiled part).

    code: ends with that of `loading`.
    """
    stubs = driver.environment()
    symbols, unread = undefined(path, stubs is not None)
    names = needed(path)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(symbols, file)
        file.flush()
        told, load = python(code, path, file.name, json.dumps(names), env=stubs)
    if told is None and load == OK:
        load = WITHOUT_ERROR
    operators, missing = (told["operators"], told["undefined"]) if told else ([], None)
    looked_up = unread or (load if missing is None else OK)
    if load == OK and looked_up != OK:
        load = failure(f"it loads, but its symbols could not be looked up: {looked_up['error']}")
    return operators, {"path": path, "needed": names, "load": load, "undefinedSymbols": missing or []}


def undefined(path: str, with_driver: bool) -> tuple[list[str], dict[str, str] | None]:
    """(symbols that something else must provide, why they can't be read or None)."""
    try:
        symbols = Elf(path).undefined()
    except NotElf:
        return [], failure("it is no ELF file")
    except (OSError, struct.error, ValueError, IndexError, KeyError, OverflowError, MemoryError):
        return [], failure("it is an ELF file that can't be read")
    return symbols if with_driver else [name for name in symbols if not OF_THE_DRIVER.match(name)], None
