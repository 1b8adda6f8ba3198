"""Puts the catalogue together: what is derived from what is published, and what is written by hand."""

import contextlib

from pip._vendor.packaging.version import Version

from . import aibrix, bases, nixl
from .failure import Failure

FIRST_AIBRIX, FIRST_NIXL = Version("0.5.0"), Version("0.5.1")
BACKEND_SOURCE = "the first wheel of sglang with its storage backend for AIBrix"


class Derivation:
    """old: the catalogue as it is. hand: what is written by hand. repositories: those of aibrix, nixl and ucx. tell: takes a line on what came of it."""

    def __init__(self, index, repositories, old, hand, is_all, tell):
        self.index, self.repositories, self.old, self.hand, self.is_all, self.tell = index, repositories, old, hand, is_all, tell

    def catalogue(self):
        found = {engine: bases.rows_of(self.index, engine, self.old["bases"][engine], self.hand["bases"][engine], self.is_all, self.tell)
                 for engine in bases.ENGINES}
        return {
            "$schema": "./catalogue.schema.json",
            "format": 3,
            "current": self.hand["current"],
            "releases": self.releases(),
            "sglang": self.backend(),
            "bases": found,
            "nixl": self.nixl(),
        }

    def backend(self):
        if not self.is_all and "source" in self.old["sglang"]:
            return self.old["sglang"]
        first = bases.first_backend(self.index)
        if first is None:
            raise Failure("no SGLang on the package index has AIBrix' storage backend")
        return {"module": first, "source": BACKEND_SOURCE}

    def releases(self):
        repository, hand = self.repositories["aibrix"], self.hand["releases"]
        derived = {name: derived_part(row) for name, row in self.old["releases"].items() if derived_part(row)}
        for tag in sorted(repository.tags, key=Version):
            if Version(tag) >= FIRST_AIBRIX and (self.is_all or tag not in derived):
                derived[tag] = aibrix.read(repository, tag, self.first_vllm)
                self.tell("AIBrix %s: %s" % (tag, derived[tag]))
        names = sorted({*derived, *hand}, key=Version)
        self.tell_of_unknown(names)
        return {name: self.release(name, derived.get(name), hand.get(name)) for name in names}

    def tell_of_unknown(self, names):
        for version in sorted({file.version for file in self.index.files("aibrix-kvcache")}):
            if version >= FIRST_AIBRIX and version not in map(Version, names):
                self.tell("aibrix_kvcache %s is published, and AIBrix' repository has no tag of it: it needs a row by hand" % version)

    def release(self, name, derived, hand):
        """tested, needs, vllm, notes, source of a release."""
        by_hand = [field for field in ("tested", "needs", "vllm", "notes") if field in (hand or {})]
        for field in [field for field in by_hand if field in (derived or {})]:
            is_same = derived[field] == hand[field]
            self.tell("AIBrix %s: %s by hand is %s what is published says" % (name, field, "no longer needed, since it is" if is_same else "not"))
        row = {field: (hand if field in by_hand else derived)[field] for field in ("tested", "needs", "vllm", "notes")
               if field in by_hand or field in (derived or {})}
        if derived is None:
            return {**row, "source": bases.BY_HAND + hand["source"]}
        return {**row, "source": "; ".join([derived["source"], *([bases.BY_HAND + ", ".join(by_hand)] if by_hand else [])])}

    def first_vllm(self, wanted):
        """The first vLLM whose wheel has what is wanted."""
        files = {version: wheels for version, found in bases.published(self.index, "vllm").items()
                 for wheels in [[file for file in found if file.tags]] if wheels}

        @contextlib.contextmanager
        def reader(version):
            with self.index.wheel(min(files[version], key=lambda file: file.link.filename)) as wheel:
                names = set(wheel.namelist())
                yield lambda path: wheel.read(path) if path in names else None

        first = aibrix.first_with(wanted, list(files), reader)
        return first and str(first)

    def nixl(self):
        published, rows = {}, {}
        for file in self.index.files("nixl"):
            if file.version >= FIRST_NIXL:
                published.setdefault(file.version, []).append(file)
        old = {Version(version): row for version, row in self.old["nixl"].items() if "source" in row and not row["source"].startswith(bases.BY_HAND)}
        for version in sorted({*published, *old}):
            row = self.nixl_row(version, published.get(version), old.get(version))
            if row:
                rows[version] = row
        for version, row in self.hand["nixl"].items():
            rows[Version(version)] = {**row, "source": bases.BY_HAND + row["source"]}
        return {str(version): rows[version] for version in sorted(rows)}

    def nixl_row(self, version, files, old):
        """The row of a NIXL, by its wheels where they are not known, or where UCX may have what they bundle by now."""
        ucx = self.repositories["ucx"]
        if old and (files is None or not (self.is_all or "note" in old)):
            kept = {} if "v" + old["ucx"] in ucx.tags else {name: old[name] for name in ("ucxCommit", "note") if name in old}
            return nixl_fields(old, kept)
        found = nixl.read(self.index, version, files)
        self.tell("NIXL %s: %s" % (version, "UCX %(ucx)s, Python %(python)s" % found[0] if found else "not all of it is published"))
        return found and nixl_fields(found[0], nixl.tools_of(str(version), found[0]["ucx"], found[1], self.repositories["nixl"], ucx))


def nixl_fields(row, tools):
    return {"ucx": row["ucx"], **tools, **{name: row[name] for name in ("python", "cuda", "source")}}


def derived_part(row):
    """needs, vllm and source of a release in the catalogue, as its repository said; None where it is written by hand."""
    source = row.get("source", bases.BY_HAND)
    if source.startswith(bases.BY_HAND):
        return None
    return {"needs": row["needs"], "vllm": row["vllm"], "source": source.partition("; " + bases.BY_HAND)[0]}
