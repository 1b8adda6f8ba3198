"""Engine, torch, CUDA toolkit."""

from __future__ import annotations

import hashlib
import json
import os
from importlib import metadata
from typing import Any
from urllib.parse import unquote, urlsplit

from common import cuda, cxx_standard, packages, torch_version
from common.constants import ENGINES

from .subprocesses import python


def engines() -> list[dict[str, Any]]:
    """All installed engines.

    Some images of SGLang have vLLM, too, and the build says which one is meant.
    """
    return [found for found in map(engine, ENGINES) if found]


def engine(name: str) -> dict[str, Any] | None:
    found = packages.distribution(name)
    if found is None:
        return None
    location = packages.package_directory(name) or str(found.locate_file(name))
    return {"name": name, "version": found.version, "location": location, "editable": editable(found, location)}


def editable(found: metadata.Distribution, location: str) -> bool:
    """Whether an install is editable.

    PEP 610 says so; older kinds of editable installs just lie elsewhere.
    """
    try:
        text = found.read_text("direct_url.json")
        if text and json.loads(text).get("dir_info", {}).get("editable"):
            return True
    except (OSError, ValueError):
        pass
    return not any(location.startswith(site + os.sep) for site in packages.site_directories())


def editable_folder(dist_info: str) -> str | None:
    """The folder of an editable install, by its PEP 610 record; None for any other install."""
    try:
        with open(os.path.join(dist_info, "direct_url.json"), encoding="utf-8") as file:
            origin = json.load(file)
        url = urlsplit(origin["url"] if origin["dir_info"]["editable"] is True else "")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    folder = unquote(url.path) if url.scheme == "file" else ""
    return folder if os.path.isdir(folder) else None


def torch() -> dict[str, Any] | None:
    location = packages.package_directory("torch")
    if location is None:
        return None
    version, for_cuda = versions(location)
    found = packages.distribution("torch")
    if version is None and found is None:
        return None
    return {
        "version": str(version or found.version),
        "cuda": for_cuda,
        "cxxStandard": cxx_standard.required_by(location),
        "record": record(found),
        "location": location,
    }


def versions(location: str) -> list[str | None]:
    """[version, CUDA] of torch, each None if undetermined.

    torch is imported, which takes seconds, only if its source does not state both.
    """
    ask = "import torch\nanswer([torch.__version__, torch.version.cuda])"
    return torch_version.stated(location) or python(ask)[0] or [None, None]


def record(found: metadata.Distribution | None) -> str | None:
    """sha256 over torch's RECORD, and size and time of each file in it.

    To read gigabytes would take longer than building.
    """
    text = found.read_text("RECORD") if found is not None else None
    if text is None:
        return None
    digest = hashlib.sha256(text.encode("utf-8"))
    for path in sorted(line.split(",")[0].strip('"') for line in text.splitlines()):
        # Python may rewrite bytecode at any time.
        if not path.endswith(".pyc"):
            digest.update(stamp(found.locate_file(path)).encode("utf-8"))
    return digest.hexdigest()


def stamp(path: os.PathLike[str]) -> str:
    try:
        status = os.stat(path)
    except OSError as error:
        return f"{path} {error.strerror}\n"
    return f"{path} {status.st_size} {int(status.st_mtime)}\n"


def toolkit() -> dict[str, Any] | None:
    found = cuda.toolkit()
    return {"home": found[0], "version": found[1], "architectures": cuda.architectures(found[0])} if found else None
