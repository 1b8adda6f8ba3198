"""aibrix_kvcache and its compiled extension."""

import glob
import json
import os
import re
import tempfile

from . import places
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

# The driver's own functions; a build machine has no driver
DRIVER = re.compile(r"^(cu[A-Z]|nvml[A-Z])")


def aibrix():
    found = places.distribution("aibrix-kvcache")
    location = places.package("aibrix_kvcache")
    if found is None and location is None:
        return None
    _, imported = python("import aibrix_kvcache\nanswer(1)")
    return {"version": found.version if found else "unknown", "import": imported, "extension": extension(location)}


def extension(location):
    paths = sorted(glob.glob(os.path.join(location, "_aibrix_C*.so"))) if location else []
    if not paths:
        return None
    path = paths[0]
    operators, load = python(LOAD, path, NAMESPACE)
    missing, looked = undefined(path)
    if load == OK and looked != OK:
        load = failure("it loads, but its symbols could not be looked up: %s" % looked["error"])
    code, ptx = architectures(path)
    return {
        "path": path,
        "needed": needed(path),
        "load": load,
        "operators": operators or [],
        "undefinedSymbols": missing,
        "machineCode": code,
        "ptx": ptx,
    }


def undefined(path):
    """(symbols that nothing provides, outcome of looking them up)."""
    try:
        symbols = [name for name in Elf(path).undefined() if not DRIVER.match(name)]
    except NotElf:
        return [], failure("it is no ELF file")
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(symbols, file)
        file.flush()
        missing, looked = python(RESOLVE, path, json.dumps(needed(path)), file.name)
    return missing or [], OK if missing is not None else looked
