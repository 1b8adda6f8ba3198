"""What the engine demands of the parts around it, read from its source without importing it."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from importlib import metadata
from typing import Any

from common import hooks as hook_reader
from common import runners as runner_reader
from common.constants import INTEGRATION_RECORD
from common.packages import installed, normalized, package_directory
from common.source import LONGEST_BYTES, Unreadable, last_name, module_file, parse, parsed, text_of

from .engine import engines
from .floors import floors, might_have
from .integration import note

FACTORIES = {
    "vllm": ("vllm.distributed.kv_transfer.kv_connector.factory", "register_connector"),
    "sglang": ("sglang.srt.mem_cache.storage.backend_factory", "register_backend"),
}

# Directories whose code no server runs, or none with an NVIDIA GPU
SKIPPED = {
    "__pycache__", "test", "tests", "benchmark", "benchmarks",
    "rocm", "hip", "npu", "xpu", "tpu", "hpu", "musa", "mps", "mlx",
}


def demands() -> dict[str, Any]:
    return {found["name"]: of_engine(found["name"], found["location"]) for found in engines()}


def of_engine(name: str, top: str) -> dict[str, Any]:
    found, unread = all_floors(top)
    module, function = FACTORIES[name]
    return {
        "floors": found,
        "unread": unread,
        "connectors": registered(top, module, function),
        "runners": runner_reader.runners(top) if name == "vllm" else None,
    }


def all_floors(top: str) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Floors in all files of an engine, and the files that may have some and can't be read."""
    found, unread, names = [], [], DistributionNames()
    for path in sources(top):
        file = os.path.relpath(path, os.path.dirname(top))
        try:
            with open(path, "rb") as source:
                text = source.read(LONGEST_BYTES + 1)
            if not might_have(text):
                continue
            for package, bound, version, line, form in floors(parsed(text)):
                floor = {"distribution": names.distribution(package), "bound": bound, "version": version}
                found.append({**floor, "file": file, "line": line, "form": form})
        except (OSError, Unreadable, RecursionError) as error:
            unread.append({"file": file, "error": str(error)})
    return found, unread


def sources(top: str) -> list[str]:
    found = []
    for parent, directories, names in os.walk(top):
        directories[:] = sorted(set(directories) - SKIPPED)
        found += [os.path.join(parent, name) for name in sorted(names) if name.endswith(".py")]
    return found


class DistributionNames:
    """Finds distributions' names: a source may have a module's name instead."""

    def __init__(self) -> None:
        self.installed: dict[str, str] = installed()
        self.owners: dict[str, str] | None = None

    def distribution(self, text: str) -> str:
        name = normalized(text)
        if name in self.installed:
            return name
        if self.owners is None:
            self.owners = dict(owners())
        return self.owners.get(name, name)


def owners() -> Iterator[tuple[str, str]]:
    """(module, distribution), both normalized, of all installed packages."""
    for distribution in metadata.distributions():
        try:
            modules, name = distribution.read_text("top_level.txt") or "", distribution.metadata["Name"]
        except (OSError, ValueError):
            continue
        for module in modules.split() if name else []:
            yield normalized(module), normalized(name)


def registered(top: str, module: str, function: str) -> list[str]:
    """Names under which a factory registers connectors; empty if there is no such factory."""
    path = module_file(top, module)
    try:
        tree = parse(path) if path else None
    except Unreadable:
        return []
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)] if tree else []
    names = {text_of(call.args[0]) for call in calls if call.args and last_name(call.func) == function}
    return sorted(names - {None})


def hooks() -> dict[str, Any] | None:
    """Where AIBrix acts on the engine's model runners: by its own code or by the applied patch.

    None without either.
    """
    noted, engine, aibrix = note(), package_directory("vllm"), package_directory("aibrix_kvcache")
    if noted is None or noted["engine"] != "vllm" or engine is None:
        return None
    if noted["mode"] == "patch":
        path = os.path.join(os.path.dirname(INTEGRATION_RECORD), noted["evidence"])
        with open(path, encoding="utf-8", errors="replace") as file:
            return {"found": runner_reader.of_patch(file.read()), "error": None}
    if noted["mode"] != "module" or aibrix is None:
        return None
    found, error = hook_reader.hooks(aibrix, engine)
    return {"found": found, "error": error}


def conditions() -> list[dict[str, Any]]:
    """The settings that the integration's record demands, and the image's own values of them."""
    noted = (note() or {}).get("conditions", [])
    return [{**condition, "set": os.environ.get(condition["name"].partition("=")[0])} for condition in noted]
