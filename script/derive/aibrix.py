"""What a release of AIBrix needs, and what it has for vLLM, from its repository."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from pip._vendor.packaging.requirements import Requirement

from common.constants import CONNECTOR_MODULES

from .failure import Failure
from .git import Repository
from .imports import Read, imported, lacking

try:
    import tomllib
except ImportError:  # before Python 3.11; pip has it
    from pip._vendor import tomli as tomllib

ROOT = "python/aibrix_kvcache"
PATCH = re.compile(r"/vllm_v(\d[\w.]*)-aibrix-kvcache\.patch$")
SOURCE = "its repository: CMakeLists.txt, pyproject.toml, integration/vllm/patches"
MODULE_SOURCE = "; of vllm's wheels the first that has what its connector imports"


def read(
    repository: Repository, tag: str, first_vllm: Callable[[set[tuple[str, str | None]]], str | None]
) -> dict[str, Any]:
    """needs, vllm and source of a release.

    first_vllm: imports → the first vLLM that has all of them, or None.
    """
    repository.fetch(tag)
    paths = repository.names(tag, f"{ROOT}/integration/vllm/patches")
    patches = [match.group(1) for match in map(PATCH.search, paths) if match]
    needs = {
        "python": python_of(repository.read(tag, f"{ROOT}/CMakeLists.txt")),
        "torch": torch_of(repository.read(tag, f"{ROOT}/pyproject.toml")),
    }
    wanted = imports_of_connector(repository, tag)
    first = first_vllm(wanted) if wanted else None
    vllm = {"patches": sorted(patches, key=numbers), **({"module": first} if first else {})}
    return {"needs": needs, "vllm": vllm, "source": SOURCE + (MODULE_SOURCE if first else "")}


def numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


def python_of(text: str) -> str:
    """`>=3.9,<3.13` of `set(PYTHON_SUPPORTED_VERSIONS "3.9" … "3.12")` in a CMakeLists.txt"""
    listed = re.search(r"(?mi)^[ \t]*set\s*\(\s*PYTHON_SUPPORTED_VERSIONS([^)]*)\)", text)
    minors = sorted(int(minor) for minor in re.findall(r"\b3\.(\d+)\b", listed.group(1))) if listed else []
    if not minors or minors != list(range(minors[0], minors[-1] + 1)):
        raise Failure("CMakeLists.txt of AIBrix does not say which Pythons it supports, or not in a row")
    return f">=3.{minors[0]},<3.{minors[-1] + 1}"


def torch_of(text: str) -> str:
    """The specifier of torch in `build-system.requires` of a pyproject.toml."""
    try:
        required = tomllib.loads(text)["build-system"]["requires"]
    except (ValueError, KeyError) as error:
        raise Failure(f"pyproject.toml of AIBrix does not say what its build needs: {error}") from error
    for requirement in map(Requirement, required):
        if requirement.name == "torch" and requirement.specifier:
            return ",".join(sorted(map(str, requirement.specifier), reverse=True))
    raise Failure("pyproject.toml of AIBrix does not say which torch its build needs")


def imports_of_connector(repository: Repository, tag: str) -> set[tuple[str, str | None]]:
    """What the connector imports from vLLM, with AIBrix's modules that it imports.

    Empty without a connector.
    """
    existing = set(repository.names(tag, f"{ROOT}/aibrix_kvcache/integration"))
    waiting, seen, found = [*CONNECTOR_MODULES["vllm"]], set(), set()
    while waiting:
        path = next((path for path in paths_of(waiting.pop()) if path in existing), None)
        if path is None or path in seen:
            continue
        seen.add(path)
        text = repository.read(tag, path)
        found |= imported(text, "vllm")
        waiting += [module for module, _ in imported(text, "aibrix_kvcache")]
        if path.endswith(".py"):
            waiting.append(path[len(ROOT) + 1 : path.rindex("/")].replace("/", "."))
    return found


def paths_of(module: str) -> list[str]:
    path = f"{ROOT}/{module.replace('.', '/')}"
    return [f"{path}.py", f"{path}/__init__.py"]


def first_with(
    wanted: Iterable[tuple[str, str | None]],
    versions: Sequence[Any],
    reader: Callable[[Any], AbstractContextManager[Read]],
) -> Any:
    """The first of versions (oldest first) whose package has all that is wanted.

    None if the newest lacks some. Versions after the first are taken to have it, too.

    reader: version → `read` of `lacking`, as a context.
    """
    def fits(version: Any) -> bool:
        with reader(version) as read:
            return not lacking(wanted, read)

    if not versions or not fits(versions[-1]):
        return None
    low, high = 0, len(versions) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(versions[middle]) else (middle + 1, high)
    return versions[high]
