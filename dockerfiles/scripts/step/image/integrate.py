"""Connects engine and AIBrix, and records how.

That is by a patch, by a module of AIBrix or of the engine, or not at all.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
from importlib import metadata

from common import hooks, runners
from common.constants import CONNECTOR_MODULES, INTEGRATION_RECORD
from common.failure import Failure, say, warn
from common.packages import package_directory
from common.process import run
from common.system_packages import patch_program

PATCHES = "/run/wheel/patches"

MODES = ("auto", "patch", "module", "none")


def main(engine: str) -> None:
    wanted = os.environ["INTEGRATION"]
    if wanted not in MODES:
        raise Failure(f"integration: {wanted!r} is not one of {', '.join(MODES)}.")
    version = version_of(engine)
    patch, no_patch = find_patch(engine, version)
    module, no_module = find_module(engine)
    if wanted == "patch" and not patch:
        raise Failure(f"integration: patch is impossible: {no_patch}; choose auto, module or none.")
    if wanted == "module" and not module:
        raise Failure(f"integration: module is impossible: {no_module}; choose auto, patch or none.")
    os.makedirs(os.path.dirname(INTEGRATION_RECORD), exist_ok=True)
    if patch and wanted in ("patch", "auto"):
        apply(patch, engine)
        record(engine, "patch", f"AIBrix ships a patch for exactly {engine} {version}", os.path.basename(patch))
    elif module and wanted in ("module", "auto"):
        owner = "AIBrix ships the connector" if engine == "vllm" else "SGLang ships AIBrix's storage backend"
        fallback = f", and there is no patch for vllm {version}" if wanted == "auto" and engine == "vllm" else ""
        record(engine, "module", f"{owner}{fallback}", module)
    else:
        reason = "it was requested" if wanted == "none" else f"{no_patch}, and {no_module}"
        if wanted == "auto":
            warn(f"no integration of {engine} with AIBrix: {reason}.")
        record(engine, "none", reason, None)


def version_of(engine: str) -> str:
    """The engine's version. A base may also have the other engine, which does not matter here."""
    try:
        return metadata.version(engine)
    except metadata.PackageNotFoundError as error:
        raise Failure(
            f"the base image has no {engine} among its Python packages; name a base of {engine}."
        ) from error


def find_patch(engine: str, version: str) -> tuple[str | None, str | None]:
    """Path of the patch for exactly this version, and why there is none.

    The version's local part (`+cu128`) does not count.
    """
    if engine != "vllm":
        return None, f"AIBrix has no patches for {engine}"
    path = f"{PATCHES}/vllm_v{version.split('+')[0]}-aibrix-kvcache.patch"
    return (path, None) if os.path.isfile(path) else (None, f"this AIBrix release has no patch for vllm {version}")


def find_module(engine: str) -> tuple[str | None, str | None]:
    """Dotted name of the connector, and why there is none. Imports nothing of the engine."""
    for dotted in CONNECTOR_MODULES[engine]:
        top, _, rest = dotted.partition(".")
        spec = importlib.util.find_spec(top)
        for folder in (spec.submodule_search_locations or []) if spec else []:
            path = os.path.join(folder, *rest.split("."))
            if os.path.isfile(f"{path}.py") or os.path.isfile(f"{path}/__init__.py"):
                return dotted, None
    owner = "this AIBrix release" if engine == "vllm" else "this sglang"
    return None, f"{owner} has no {CONNECTOR_MODULES[engine][0]}"


def apply(path: str, engine: str) -> None:
    """Applies the patch to the engine's package.

    Parts for files beside the package (csrc, tests) are left out.
    """
    folder = os.path.dirname(package_directory(engine))
    kept = os.path.join(os.path.dirname(INTEGRATION_RECORD), os.path.basename(path))
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
        text = only_package(file.read(), engine)
    with open(kept, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        file.write(text)
    program = patch_program()
    options = ["-p1", "-l", "--force", "--no-backup-if-mismatch", "-d", folder, "-i", kept]
    what = f"{os.path.basename(path)} does not apply to the base's {engine} in {folder}"
    run([program, "--dry-run", *options], what)
    run([program, *options], what)


def only_package(text: str, engine: str) -> str:
    """The parts of a patch whose file is in the engine's package."""
    start = r"(?m)^(?=diff )" if re.search(r"(?m)^diff ", text) else r"(?m)^(?=--- .*\n\+\+\+ )"
    of_package = re.compile(rf"(?m)^(?:\+\+\+|---) [^/\s]+/{engine}/")
    return "".join(part for part in re.split(start, text) if of_package.search(part))


def record(engine: str, mode: str, reason: str, evidence: str | None) -> None:
    needed = conditions(engine, mode, evidence)
    noted = {"engine": engine, "mode": mode, "reason": reason, "evidence": evidence, "conditions": needed}
    with open(INTEGRATION_RECORD, "w", encoding="utf-8") as file:
        json.dump(noted, file)
    say(f"integration: {mode} ({reason})")
    for condition in needed:
        say(f"condition: {condition['name']} ({condition['reason']})")


def conditions(engine: str, mode: str, evidence: str | None) -> list[dict[str, str]]:
    """What a user must set so that AIBrix acts on what runs. Gates judge later whether it can."""
    if engine != "vllm" or mode == "none":
        return []
    top, aibrix = package_directory(engine), package_directory("aibrix_kvcache")
    if mode == "patch":
        path = os.path.join(os.path.dirname(INTEGRATION_RECORD), evidence)
        with open(path, encoding="utf-8", errors="replace") as file:
            found = runners.of_patch(file.read())
    else:
        found = hooks.hooks(aibrix, top)[0] if aibrix else []
    return runners.conditions(runners.runners(top), found) or []
