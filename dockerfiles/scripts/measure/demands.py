"""What the engine demands of the parts around it, read from its source and never by importing it."""

import ast
import os
from importlib import metadata

from common import hooks as hook_reader
from common import runners as runner_reader
from common.source import LONGEST_BYTES, Unreadable, last_name, module_file, parse, parsed, text_of

from . import places
from .engine import engines
from .environment import pip
from .floors import floors, might_have
from .integration import RECORD, note

FACTORIES = {
    "vllm": ("vllm.distributed.kv_transfer.kv_connector.factory", "register_connector"),
    "sglang": ("sglang.srt.mem_cache.storage.backend_factory", "register_backend"),
}

# Directories of what no server runs, or none with an NVIDIA GPU
BESIDE = {"__pycache__", "test", "tests", "benchmark", "benchmarks", "rocm", "hip", "npu", "xpu", "tpu", "hpu", "musa", "mps", "mlx"}


def demands():
    return {found["name"]: of_engine(found["name"], found["location"]) for found in engines()}


def of_engine(name, top):
    found, unread = all_floors(top)
    module, function = FACTORIES[name]
    return {
        "floors": found,
        "unread": unread,
        "connectors": registered(top, module, function),
        "runners": runner_reader.runners(top) if name == "vllm" else None,
    }


def all_floors(top):
    """Floors in all files of an engine, and the files that could hold some and can't be read."""
    found, unread, names = [], [], Names()
    for path in sources(top):
        file = os.path.relpath(path, os.path.dirname(top))
        try:
            with open(path, "rb") as source:
                text = source.read(LONGEST_BYTES + 1)
            if not might_have(text):
                continue
            for package, bound, version, line, form in floors(parsed(text)):
                found.append({"distribution": names.distribution(package), "bound": bound, "version": version, "file": file,
                              "line": line, "form": form})
        except (OSError, Unreadable, RecursionError) as error:
            unread.append({"file": file, "error": str(error)})
    return found, unread


def sources(top):
    found = []
    for parent, directories, names in os.walk(top):
        directories[:] = sorted(set(directories) - BESIDE)
        found += [os.path.join(parent, name) for name in sorted(names) if name.endswith(".py")]
    return found


class Names:
    """Names of distributions: a source may have that of a module instead."""

    def __init__(self):
        self.installed, self.owners = pip(), None

    def distribution(self, text):
        name = places.normal(text)
        if name in self.installed:
            return name
        if self.owners is None:
            self.owners = dict(owners())
        return self.owners.get(name, name)


def owners():
    """(module, distribution), both normalised, of what pip has installed."""
    for distribution in metadata.distributions():
        try:
            modules, name = distribution.read_text("top_level.txt") or "", distribution.metadata["Name"]
        except (OSError, ValueError):
            continue
        for module in modules.split() if name else []:
            yield places.normal(module), places.normal(name)


def registered(top, module, function):
    """Names under which a factory has connectors; empty if there is no such factory."""
    path = module_file(top, module)
    try:
        tree = parse(path) if path else None
    except Unreadable:
        return []
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)] if tree else []
    names = {text_of(call.args[0]) for call in calls if call.args and last_name(call.func) == function}
    return sorted(names - {None})


def hooks():
    """Where AIBrix acts on the engine's model runners: by its own code, or by the patch that is applied. Null without either."""
    noted, engine, aibrix = note(), places.package("vllm"), places.package("aibrix_kvcache")
    if noted is None or noted["engine"] != "vllm" or engine is None:
        return None
    if noted["mode"] == "patch":
        with open(os.path.join(os.path.dirname(RECORD), noted["evidence"]), encoding="utf-8", errors="replace") as file:
            return {"found": runner_reader.of_patch(file.read()), "error": None}
    if noted["mode"] != "module" or aibrix is None:
        return None
    found, error = hook_reader.hooks(aibrix, engine)
    return {"found": found, "error": error}


def conditions():
    """What /opt/aibrix/integration.json says that a user has to set, and what the image's own environment sets of it."""
    noted = note() or {}
    return [dict(condition, set=os.environ.get(condition["name"].partition("=")[0])) for condition in noted.get("conditions", [])]
