"""Compiled parts of a package: whether they load, what they register with torch, and which symbols nothing provides.

A GPU's driver, which a build machine does not have, is stood in for by its stubs, so that what links it is judged like all else.
"""

import json
import re
import struct
import tempfile

from . import driver
from .child import OK, failure, python
from .elf import Elf, NotElf, needed
from .fatbin import architectures

NAMESPACE = "_aibrix_C_cache_ops"

# The extension registers its operators while it is loaded. Operators of a namespace can't be listed through torch.ops,
# which makes them up when asked; the dispatcher knows them. The last resort is to ask for the one that AIBrix itself uses.
LOAD = """
import torch
path, namespace = sys.argv[1:]
torch.ops.load_library(path)
try:
    names = [name.partition("::")[2] for name in torch._C._dispatch_get_all_op_names() if name.startswith(namespace + "::")]
except AttributeError:
    space = getattr(torch.ops, namespace)
    names = [name for name in list(getattr(space, "__dict__", {})) + dir(space) if not name.startswith("_") and name != "name"]
    names += [name for name in ["reshape_and_cache_multi_layer"] if hasattr(space, name)]
answer(sorted({name.partition(".")[0] for name in names}))
"""

# Loads a library beside the extension, as importing or using the package would.
LOAD_LIBRARY = """
import ctypes
try:
    import torch
except Exception:
    pass
ctypes.CDLL(sys.argv[1])
answer(1)
"""

# What `ldd -r` does, with the libraries that `import torch` has loaded, as it is at run time: names of symbols go in, those
# come back that neither the global scope nor the extension with what it needs provides (dlopen(3), dlsym(3)).
RESOLVE = """
import ctypes
try:
    import torch
except Exception:
    pass
path, needed = sys.argv[1], json.loads(sys.argv[2])
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
answer([symbol for symbol in json.load(open(sys.argv[3])) if not provided(symbol)])
"""

# Where there is no stub of the driver either, its functions say nothing of the one who calls them.
OF_THE_DRIVER = re.compile(r"^(cu[A-Z]|nvml[A-Z])")


def extension(path):
    """The extension that registers operators with torch and holds the kernels."""
    operators, load = python(LOAD, path, NAMESPACE, env=driver.environment())
    code, partly, ptx = architectures(path)
    return dict(linked(path, load), operators=operators or [], machineCode=code, partialMachineCode=partly, ptx=ptx)


def library(path):
    """Any other shared object."""
    _, load = python(LOAD_LIBRARY, path, env=driver.environment())
    return linked(path, load)


def linked(path, load):
    """What every compiled part has. load: outcome of loading it."""
    missing, looked = undefined(path)
    if load == OK and looked != OK:
        load = failure("it loads, but its symbols could not be looked up: %s" % looked["error"])
    return {"path": path, "needed": needed(path), "load": load, "undefinedSymbols": missing}


def undefined(path):
    """(symbols that nothing provides, outcome of looking them up)."""
    try:
        symbols = Elf(path).undefined()
    except NotElf:
        return [], failure("it is no ELF file")
    except (OSError, struct.error, ValueError, IndexError, KeyError, OverflowError, MemoryError):
        return [], failure("it is an ELF file that can't be read")
    stubs = driver.environment()
    if stubs is None:
        symbols = [name for name in symbols if not OF_THE_DRIVER.match(name)]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(symbols, file)
        file.flush()
        missing, looked = python(RESOLVE, path, json.dumps(needed(path)), file.name, env=stubs)
    return missing or [], OK if missing is not None else looked
