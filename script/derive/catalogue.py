"""Puts the catalogue together from what is published and what is written by hand."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from pip._vendor.packaging.version import Version

from . import aibrix, bases, nixl
from .failure import Failure
from .git import Repository
from .imports import Read
from .index import File, Index

FIRST_AIBRIX, FIRST_NIXL = Version("0.5.0"), Version("0.5.1")
BACKEND_SOURCE = "the first wheel of sglang with its storage backend for AIBrix"
FIELDS = ("tested", "needs", "vllm", "notes")


class Derivation:
    """Derives the catalogue.

    old: the present catalogue. hand: what is written by hand. repositories: those of aibrix, nixl
    and ucx. is_all: read everything again. tell: takes a line on what came of it.
    """

    def __init__(
        self,
        index: Index,
        repositories: Mapping[str, Repository],
        old: dict[str, Any],
        hand: dict[str, Any],
        is_all: bool,
        tell: Callable[[str], None],
    ) -> None:
        self.index, self.repositories, self.old, self.hand = index, repositories, old, hand
        self.is_all, self.tell = is_all, tell

    def catalogue(self) -> dict[str, Any]:
        old, hand = self.old["bases"], self.hand["bases"]
        found = {
            engine: bases.rows_of(self.index, engine, old[engine], hand[engine], self.is_all, self.tell)
            for engine in bases.ENGINES
        }
        return {
            "$schema": "./catalogue.schema.json",
            "format": 3,
            "current": self.hand["current"],
            "releases": self.releases(),
            "sglang": self.backend(),
            "bases": found,
            "nixl": self.nixl(),
        }

    def backend(self) -> dict[str, str]:
        if not self.is_all and "source" in self.old["sglang"]:
            return self.old["sglang"]
        first = bases.first_backend(self.index)
        if first is None:
            raise Failure("no SGLang on the package index has AIBrix' storage backend")
        return {"module": first, "source": BACKEND_SOURCE}

    def releases(self) -> dict[str, Any]:
        repository, hand = self.repositories["aibrix"], self.hand["releases"]
        derived = {name: derived_part(row) for name, row in self.old["releases"].items() if derived_part(row)}
        for tag in sorted(repository.tags, key=Version):
            if Version(tag) >= FIRST_AIBRIX and (self.is_all or tag not in derived):
                derived[tag] = aibrix.read(repository, tag, self.first_vllm)
                self.tell(f"AIBrix {tag}: {derived[tag]}")
        names = sorted({*derived, *hand}, key=Version)
        self.tell_of_unknown(names)
        return {name: self.release(name, derived.get(name), hand.get(name)) for name in names}

    def tell_of_unknown(self, names: Iterable[str]) -> None:
        known = set(map(Version, names))
        for version in sorted({file.version for file in self.index.files("aibrix-kvcache")} - known):
            if version >= FIRST_AIBRIX:
                self.tell(
                    f"aibrix_kvcache {version} is published, and AIBrix' repository has no tag of it: "
                    "it needs a row by hand"
                )

    def release(self, name: str, derived: dict[str, Any] | None, hand: dict[str, Any] | None) -> dict[str, Any]:
        """tested, needs, vllm, notes and source of a release."""
        by_hand = [field for field in FIELDS if field in (hand or {})]
        for field in [field for field in by_hand if field in (derived or {})]:
            relation = "no longer needed, since it is" if derived[field] == hand[field] else "not"
            self.tell(f"AIBrix {name}: {field} by hand is {relation} what is published says")
        parts = {**(derived or {}), **{field: hand[field] for field in by_hand}}
        row = {field: parts[field] for field in FIELDS if field in parts}
        if derived is None:
            return {**row, "source": bases.BY_HAND + hand["source"]}
        sources = [derived["source"], *([bases.BY_HAND + ", ".join(by_hand)] if by_hand else [])]
        return {**row, "source": "; ".join(sources)}

    def first_vllm(self, wanted: Iterable[tuple[str, str | None]]) -> str | None:
        """The first vLLM whose wheel has what is wanted."""
        wheels = {
            version: [file for file in found if file.tags]
            for version, found in bases.published(self.index, "vllm").items()
        }

        @contextlib.contextmanager
        def reader(version: Version) -> Iterator[Read]:
            with self.index.wheel(min(wheels[version], key=lambda file: file.link.filename)) as wheel:
                names = set(wheel.namelist())
                yield lambda path: wheel.read(path) if path in names else None

        first = aibrix.first_with(wanted, [version for version in wheels if wheels[version]], reader)
        return first and str(first)

    def nixl(self) -> dict[str, Any]:
        published: dict[Version, list[File]] = {}
        for file in self.index.files("nixl"):
            if file.version >= FIRST_NIXL:
                published.setdefault(file.version, []).append(file)
        old = {Version(version): row for version, row in self.old["nixl"].items() if is_derived(row)}
        rows = {}
        for version in sorted({*published, *old}):
            row = self.nixl_row(version, published.get(version), old.get(version))
            if row:
                rows[version] = row
        for version, row in self.hand["nixl"].items():
            rows[Version(version)] = {**row, "source": bases.BY_HAND + row["source"]}
        return {str(version): rows[version] for version in sorted(rows)}

    def nixl_row(
        self, version: Version, files: Sequence[File] | None, old: dict[str, Any] | None
    ) -> dict[str, Any] | None:
        """The row of a NIXL.

        Its wheels are read if they are unknown, or if UCX may have released what they bundle.
        """
        ucx = self.repositories["ucx"]
        if old and (files is None or not (self.is_all or "note" in old)):
            kept = {name: old[name] for name in ("ucxCommit", "note") if name in old}
            return nixl_fields(old, {} if f"v{old['ucx']}" in ucx.tags else kept)
        found = nixl.read(self.index, version, files)
        if not found:
            self.tell(f"NIXL {version}: not all of it is published")
            return None
        row, revision = found
        self.tell(f"NIXL {version}: UCX {row['ucx']}, Python {row['python']}")
        return nixl_fields(row, nixl.tools_of(str(version), row["ucx"], revision, self.repositories["nixl"], ucx))


def nixl_fields(row: dict[str, Any], tools: dict[str, str]) -> dict[str, Any]:
    return {"ucx": row["ucx"], **tools, **{name: row[name] for name in ("python", "cuda", "source")}}


def is_derived(row: dict[str, Any]) -> bool:
    return not row.get("source", bases.BY_HAND).startswith(bases.BY_HAND)


def derived_part(row: dict[str, Any]) -> dict[str, Any] | None:
    """needs, vllm and source of a release in the catalogue, as its repository said.

    None if it is written by hand.
    """
    if not is_derived(row):
        return None
    source = row["source"].partition(f"; {bases.BY_HAND}")[0]
    return {"needs": row["needs"], "vllm": row["vllm"], "source": source}
