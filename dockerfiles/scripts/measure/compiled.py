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

# One process loads, as importing or using the package would, and then does what `ldd -r` does with the libraries that `import torch` has
# loaded: names of symbols go in, those come back that neither the global scope nor the file with what it needs provides (dlopen(3),
# dlsym(3)). What is known is told before what may crash.
LOAD = """
import ctypes
path, symbols, needed = sys.argv[1], json.load(open(sys.argv[2])), json.loads(sys.argv[3])
told, problem = {"operators": [], "undefined": None}, None
def tell(**more):
    told.update(more)
    answer(told)
try:
%s
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

# The extension registers its operators while it is loaded. Operators of a namespace can't be listed through torch.ops,
# which makes them up when asked; the dispatcher knows them. The last resort is to ask for the one that AIBrix itself uses.
AS_EXTENSION = """
    import torch
    namespace = "%s"
    torch.ops.load_library(path)
    try:
        names = [name.partition("::")[2] for name in torch._C._dispatch_get_all_op_names() if name.startswith(namespace + "::")]
    except AttributeError:
        space = getattr(torch.ops, namespace)
        names = [name for name in list(getattr(space, "__dict__", {})) + dir(space) if not name.startswith("_") and name != "name"]
        names += [name for name in ["reshape_and_cache_multi_layer"] if hasattr(space, name)]
    told["operators"] = sorted({name.partition(".")[0] for name in names})
""" % NAMESPACE

# A library beside the extension may need of torch what it does not name.
AS_LIBRARY = """
    try:
        import torch
    except Exception:
        pass
    ctypes.CDLL(path)
"""

WITHOUT_A_WORD = failure("it ends the process that loads it, without an error")

# Where there is no stub of the driver either, its functions say nothing of the one who calls them.
OF_THE_DRIVER = re.compile(r"^(cu[A-Z]|nvml[A-Z])")


def extension(path, package):
    """(the extension that registers operators with torch and holds the kernels, how the import of its package ends).

    One process tells both where both are fine, since torch takes seconds to import; else each has one of its own. The package comes
    first, as whoever uses it has it, so that nothing is there that it forgot to import.
    """
    operators, found = loaded(path, "import %s\n" % package + LOAD % AS_EXTENSION)
    imported = OK
    if found["load"] != OK:
        together = found["load"]
        operators, found = loaded(path, LOAD % AS_EXTENSION)
        imported = importing(package)
        if found["load"] == imported == OK:
            imported = together
    code, partly, ptx = architectures(path)
    return dict(found, operators=operators, machineCode=code, partialMachineCode=partly, ptx=ptx), imported


def importing(package):
    """How the import of a package ends."""
    answer, outcome = python("import %s\nanswer(1)" % package, env=driver.environment())
    return WITHOUT_A_WORD if answer is None and outcome == OK else outcome


def library(path):
    """Any other shared object."""
    return loaded(path, LOAD % AS_LIBRARY)[1]


def loaded(path, code):
    """(operators that it registers, what every compiled part has), as code told that begins with LOAD."""
    stubs = driver.environment()
    symbols, unread = undefined(path, stubs is not None)
    names = needed(path)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(symbols, file)
        file.flush()
        told, load = python(code, path, file.name, json.dumps(names), env=stubs)
    if told is None and load == OK:
        load = WITHOUT_A_WORD
    operators, missing = (told["operators"], told["undefined"]) if told else ([], None)
    looked = unread or (load if missing is None else OK)
    if load == OK and looked != OK:
        load = failure("it loads, but its symbols could not be looked up: %s" % looked["error"])
    return operators, {"path": path, "needed": names, "load": load, "undefinedSymbols": missing or []}


def undefined(path, with_driver):
    """(symbols that something else has to provide, why they can't be read or None)."""
    try:
        symbols = Elf(path).undefined()
    except NotElf:
        return [], failure("it is no ELF file")
    except (OSError, struct.error, ValueError, IndexError, KeyError, OverflowError, MemoryError):
        return [], failure("it is an ELF file that can't be read")
    return symbols if with_driver else [name for name in symbols if not OF_THE_DRIVER.match(name)], None
