"""Connects engine and AIBrix: by a patch, by a module of AIBrix or of the engine, or not at all, and notes how."""

import importlib.util
import json
import os
import re
from importlib import metadata

from common import hooks, runners
from common.failure import Failure, say, warn
from common.process import run
from common.system_packages import patch_program

PATCHES = "/run/wheel/patches"
RECORD = "/opt/aibrix/integration.json"

# Connector modules: AIBrix's own for vLLM, SGLang's own for AIBrix (there from v0.5.x on). A folder without __init__.py is
# a package, too, so the module is a file in it where there is one.
MODULES = {
    "vllm": ("aibrix_kvcache.integration.vllm.kv_connector.aibrix_pd_reuse_connector",),
    "sglang": ("sglang.srt.mem_cache.storage.aibrix_kvcache.aibrix_kvcache_storage", "sglang.srt.mem_cache.storage.aibrix_kvcache"),
}

MODES = ("auto", "patch", "module", "none")


def main(engine):
    wanted = os.environ["INTEGRATION"]
    if wanted not in MODES:
        raise Failure("integration: %r is not one of %s." % (wanted, ", ".join(MODES)))
    version = version_of(engine)
    patch, no_patch = find_patch(engine, version)
    module, no_module = find_module(engine)
    if wanted == "patch" and not patch:
        raise Failure("integration: patch is impossible: %s; choose auto, module or none." % no_patch)
    if wanted == "module" and not module:
        raise Failure("integration: module is impossible: %s; choose auto, patch or none." % no_module)
    os.makedirs(os.path.dirname(RECORD), exist_ok=True)
    if wanted == "patch" or (wanted == "auto" and patch):
        apply(patch, engine)
        record(engine, "patch", "AIBrix ships a patch for exactly %s %s" % (engine, version), os.path.basename(patch))
    elif wanted == "module" or (wanted == "auto" and module):
        owner = "AIBrix ships the connector" if engine == "vllm" else "SGLang ships AIBrix's storage backend"
        record(engine, "module", "%s, and there is no patch for %s %s" % (owner, engine, version) if wanted == "auto" and engine == "vllm" else owner, module)
    else:
        reason = "it was asked for" if wanted == "none" else "%s, and %s" % (no_patch, no_module)
        if wanted == "auto":
            warn("no integration of %s with AIBrix: %s." % (engine, reason))
        record(engine, "none", reason, None)


def version_of(engine):
    """The other engine may be there, too, and is none of this image's business."""
    try:
        return metadata.version(engine)
    except metadata.PackageNotFoundError as error:
        raise Failure("the base image has no %s among its Python packages; name a base of %s." % (engine, engine)) from error


def find_patch(engine, version):
    """Path of the patch for exactly this version, and why there is none. Local parts (`+cu128`) aside."""
    if engine != "vllm":
        return None, "AIBrix has no patches for " + engine
    path = "%s/vllm_v%s-aibrix-kvcache.patch" % (PATCHES, version.split("+")[0])
    return (path, None) if os.path.isfile(path) else (None, "this AIBrix release has no patch for vllm %s" % version)


def find_module(engine):
    """Dotted name of the connector, and why there is none. Found without importing anything of the engine."""
    for dotted in MODULES[engine]:
        top, _, rest = dotted.partition(".")
        spec = importlib.util.find_spec(top)
        for place in (spec.submodule_search_locations or []) if spec else []:
            path = os.path.join(place, *rest.split("."))
            if os.path.isfile(path + ".py") or os.path.isfile(path + "/__init__.py"):
                return dotted, None
    owner = "this AIBrix release" if engine == "vllm" else "this sglang"
    return None, "%s has no %s" % (owner, MODULES[engine][0])


def apply(path, engine):
    """Applies the patch where the engine's package is. Parts for files beside the package (csrc, tests) are left out."""
    place = os.path.dirname(directory(engine))
    kept = os.path.join(os.path.dirname(RECORD), os.path.basename(path))
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
        text = only_package(file.read(), engine)
    with open(kept, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        file.write(text)
    command = [patch_program(), "-p1", "-l", "--force", "--no-backup-if-mismatch", "-d", place, "-i", kept]
    what = "%s does not apply to the base's %s in %s" % (os.path.basename(path), engine, place)
    run(command[:1] + ["--dry-run"] + command[1:], what)
    run(command, what)


def only_package(text, engine):
    """The parts of a patch whose file is in the engine's package."""
    start = r"(?m)^(?=diff )" if re.search(r"(?m)^diff ", text) else r"(?m)^(?=--- .*\n\+\+\+ )"
    return "".join(part for part in re.split(start, text) if re.search(r"(?m)^(?:\+\+\+|---) [^/\s]+/%s/" % engine, part))


def record(engine, mode, reason, evidence):
    needed = conditions(engine, mode, evidence)
    with open(RECORD, "w", encoding="utf-8") as file:
        json.dump({"engine": engine, "mode": mode, "reason": reason, "evidence": evidence, "conditions": needed}, file)
    say("integration: %s (%s)" % (mode, reason))
    for condition in needed:
        say("condition: %s (%s)" % (condition["name"], condition["reason"]))


def conditions(engine, mode, evidence):
    """What a user has to set so that AIBrix acts on what runs. Whether it can is judged later, with all else."""
    if engine != "vllm" or mode == "none":
        return []
    top, aibrix = directory(engine), directory("aibrix_kvcache")
    if mode == "patch":
        with open(os.path.join(os.path.dirname(RECORD), evidence), encoding="utf-8", errors="replace") as file:
            found = runners.of_patch(file.read())
    else:
        found = hooks.hooks(aibrix, top)[0] if aibrix else []
    return runners.conditions(runners.runners(top), found) or []


def directory(package):
    """Directory of an importable package, or None."""
    spec = importlib.util.find_spec(package)
    return list(spec.submodule_search_locations)[0] if spec and spec.submodule_search_locations else None
