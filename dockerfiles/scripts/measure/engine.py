"""Engine, torch, CUDA toolkit."""

import ast
import hashlib
import json
import os
from urllib.parse import unquote, urlsplit

from common import cuda, cxx_standard

from . import places
from .child import python
from .source import assigned, parsed, read

ENGINES = ("vllm", "sglang")


def engines():
    """Each engine that is there: some images of SGLang have vLLM, too, and who builds on one says which is meant."""
    return [found for found in map(engine, ENGINES) if found]


def engine(name):
    found = places.distribution(name)
    if found is None:
        return None
    location = places.package(name) or str(found.locate_file(name))
    return {"name": name, "version": found.version, "location": location, "editable": editable(found, location)}


def editable(found, location):
    """PEP 610 says it; an older kind of editable install just lies elsewhere."""
    try:
        text = found.read_text("direct_url.json")
        if text and json.loads(text).get("dir_info", {}).get("editable"):
            return True
    except (OSError, ValueError):
        pass
    return not any(location.startswith(site + os.sep) for site in places.sites())


def editable_folder(dist_info):
    """The folder that an editable install is of, by its PEP 610 record; None for any other install."""
    try:
        with open(os.path.join(dist_info, "direct_url.json"), encoding="utf-8") as file:
            origin = json.load(file)
        url = urlsplit(origin["url"] if origin["dir_info"]["editable"] is True else "")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    folder = unquote(url.path) if url.scheme == "file" else ""
    return folder if os.path.isdir(folder) else None


def torch():
    location = places.package("torch")
    if location is None:
        return None
    version, for_cuda = versions(location)
    found = places.distribution("torch")
    if version is None and found is None:
        return None
    return {
        "version": str(version or found.version),
        "cuda": for_cuda,
        "cxxStandard": cxx_standard.asked_by(location),
        "record": record(found),
        "location": location,
    }


def versions(location):
    """[version, CUDA] of the torch there, each None if nothing says it. torch is imported, which takes seconds, where its source does not say both."""
    return declared(location) or python("import torch\nanswer([torch.__version__, torch.version.cuda])")[0] or [None, None]


def declared(location):
    """What torch/version.py assigns, where all of it is plain: `cuda: Optional[str] = '13.0'`, or None for a torch without."""
    tree = parsed(read(os.path.join(location, "version.py")) or "")
    values = [plain(tree, name) for name in ("__version__", "cuda")]
    if None in values or not isinstance(values[0].value, str) or not isinstance(values[1].value, (str, type(None))):
        return None
    return [found.value for found in values]


def plain(tree, name):
    """The constant that a module gives a name, where nothing else in it may give it another; else None."""
    at_the_top = [node for node in tree.body if isinstance(node, (ast.Assign, ast.AnnAssign))]
    found = list(assigned(ast.Module(at_the_top, []), name))
    nodes = list(ast.walk(tree))
    bound = [node for node in nodes if isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load)]
    names = {alias.asname or alias.name for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom)) for alias in node.names}
    names |= {node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    reaches = {node.id for node in nodes if isinstance(node, ast.Name)} & {"globals", "vars", "locals", "exec", "eval", "setattr"}
    if len(found) != 1 or len(bound) != 1 or {name, "*"} & names or reaches:
        return None
    return found[0] if isinstance(found[0], ast.Constant) else None


def record(found):
    """sha256 over torch's RECORD and, for each file in it, size and time: reading gigabytes would take longer than building."""
    text = found.read_text("RECORD") if found is not None else None
    if text is None:
        return None
    digest = hashlib.sha256(text.encode("utf-8"))
    for path in sorted(line.split(",")[0].strip('"') for line in text.splitlines()):
        # Python writes these again when it likes.
        if not path.endswith(".pyc"):
            digest.update(stamp(found.locate_file(path)).encode("utf-8"))
    return digest.hexdigest()


def stamp(path):
    try:
        status = os.stat(path)
    except OSError as error:
        return "%s %s\n" % (path, error.strerror)
    return "%s %d %d\n" % (path, status.st_size, status.st_mtime)


def toolkit():
    found = cuda.toolkit()
    return {"home": found[0], "version": found[1], "architectures": cuda.architectures(found[0])} if found else None
