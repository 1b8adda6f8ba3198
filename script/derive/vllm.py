"""What a published vLLM says about its own image, by its source distribution or else a wheel's
metadata.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence

from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.version import Version

from common.source import Unreadable, parsed
from measure.demands import sources
from measure.floors import floors, might_have

from . import dockerfile, ranges, requirements
from .index import File, Index

PIPELINE, DOCKERFILE = ".buildkite/release-pipeline.yaml", "docker/Dockerfile"
CONNECTORS, METADATA = "requirements/kv_connectors.txt", "PKG-INFO"
TEXTS = (PIPELINE, DOCKERFILE, CONNECTORS, METADATA)
# Where each value comes from
TORCH = "the vllm package requires it"
PYTHON = "PYTHON_VERSION of docker/Dockerfile in its source distribution"
NIXL = "requirements/kv_connectors.txt in its source distribution, which its release pipeline installs"
NO_NIXL = "its release pipeline installs no connectors, and docker/Dockerfile no NIXL"


def read(index: Index, files: Sequence[File]) -> ranges.Values:
    """Field → (value, source) of a version. files: those of the version on the index."""
    archives = [file for file in files if file.tags is None]
    if not archives:
        return of_metadata(requirements.of_metadata(index.metadata(files[0])))
    with tempfile.TemporaryDirectory() as folder:
        texts = {}
        for path, content in index.members(archives[0], is_wanted):
            if path in TEXTS:
                texts[path] = content.decode("utf-8", "replace")
            else:
                write(os.path.join(folder, path), content)
        return {**of_texts(texts), **of_sources(os.path.join(folder, "vllm"))}


def is_wanted(path: str) -> bool:
    return path in TEXTS or (path.startswith("vllm/") and path.endswith(".py") and ".." not in path.split("/"))


def write(path: str, content: bytes) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)


def of_metadata(required: Iterable[Requirement]) -> ranges.Values:
    torch = requirements.pinned(required, "torch")
    return {"torch": (torch, TORCH)} if torch else {}


def of_texts(texts: Mapping[str, str]) -> ranges.Values:
    """What the distribution's TEXTS say. texts: path → text."""
    own = dockerfile.defaults(texts.get(DOCKERFILE, ""))
    given = dockerfile.of_release(texts.get(PIPELINE, "")) or {}
    found = of_metadata(requirements.of_metadata(texts.get(METADATA, "")))
    python = minor(given.get("PYTHON_VERSION") or own.get("PYTHON_VERSION"))
    if python:
        found["python"] = (python, PYTHON)
    cuda = minor(given.get("CUDA_VERSION") or own.get("CUDA_VERSION"))
    if cuda:
        origin = "the release pipeline" if "CUDA_VERSION" in given else DOCKERFILE
        found["cuda"] = (cuda, f"CUDA_VERSION of {origin} in its source distribution")
    nixl = requirements.pinned(requirements.of_file(texts.get(CONNECTORS, "")), "nixl")
    if given.get("INSTALL_KV_CONNECTORS") == "true":
        found.update({"nixl": (nixl, NIXL)} if nixl else {})
    elif given and "nixl" not in texts.get(DOCKERFILE, "nixl"):
        found["nixl"] = ("none", NO_NIXL)
    return found


def minor(version: str | None) -> str | None:
    """`13.0` of `13.0.2`"""
    match = re.match(r"\d+\.\d+", version or "")
    return match and match.group(0)


def of_sources(top: str) -> ranges.Values:
    """The highest floor of NIXL in the sources of the package in the folder `top`."""
    found: list[tuple[str, str]] = []
    for path in sources(top):
        with open(path, "rb") as file:
            text = file.read()
        if not might_have(text):
            continue
        try:
            of_file = floors(parsed(text))
        except (Unreadable, RecursionError):
            continue
        file = os.path.relpath(path, os.path.dirname(top))
        found += [(version, file) for package, bound, version, _, _ in of_file if package == "nixl" and bound == ">="]
    if not found:
        return {}
    version, path = max(found, key=lambda one: Version(one[0]))
    return {"nixlFloor": (version, f"{path} in its source distribution raises on less")}
