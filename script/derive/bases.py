"""Rows of the catalogue for images of the engines, from what their packages say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from pip._vendor.packaging.version import Version

from common.constants import CONNECTOR_MODULES

from . import ranges, sglang, vllm
from .index import File, Index

ENGINES = {"vllm": vllm, "sglang": sglang}
# The oldest that AIBrix has a patch for; the oldest that was requested
FIRST = {"vllm": Version("0.8.5"), "sglang": Version("0.4.9.post3")}
BY_HAND = "by hand: "


def published(index: Index, engine: str) -> dict[Version, list[File]]:
    """Version → its files, oldest first."""
    found: dict[Version, list[File]] = {}
    for file in index.files(engine):
        if file.version >= FIRST[engine] and (file.tags or engine == "vllm"):
            found.setdefault(file.version, []).append(file)
    return {version: found[version] for version in sorted(found)}


def rows_of(
    index: Index,
    engine: str,
    rows: Iterable[dict[str, str]],
    hand: Iterable[dict[str, str]],
    is_all: bool,
    tell: Callable[[str], None],
) -> list[dict[str, str]]:
    """The rows of an engine: those that packages say, then those that are written by hand.

    rows: the catalogue's. hand: those that are written by hand, which win over packages. A version
    is read once, when the catalogue does not have it yet; all are with is_all.
    """
    files = published(index, engine)
    derived = [row for row in rows if not row["source"].startswith(BY_HAND)]
    values = ranges.known(derived, files, "torch")
    for version in files:
        if is_all or version not in values:
            values[version] = ENGINES[engine].read(index, files[version])
            shown = ", ".join(f"{name} {said[0]}" for name, said in sorted(values[version].items()))
            tell(f"{engine} {version}: {shown}")
    by_hand = [{**row, "source": BY_HAND + row["source"]} for row in hand]
    return ranges.rows(without_hand_written(values, engine, hand, tell)) + by_hand


def without_hand_written(
    values: Mapping[Version, ranges.Values], engine: str, hand: Iterable[dict[str, str]], tell: Callable[[str], None]
) -> dict[Version, ranges.Values]:
    """The values without those of which a row is written by hand."""
    left: dict[Version, ranges.Values] = {}
    for version, said in values.items():
        left[version] = dict(said)
        for row in (row for row in hand if ranges.matches(row, version)):
            for field in [field for field in said if field in row]:
                del left[version][field]
                value, source = said[field]
                tell(
                    f"{engine} {version}: {field} is {row[field]} by hand ({row['source']}), "
                    f"and {value} by what is published ({source})"
                )
    return left


def first_backend(index: Index) -> str | None:
    """The first SGLang that has AIBrix' storage backend."""
    backend = f"{CONNECTOR_MODULES['sglang'][0].replace('.', '/')}.py"
    files = published(index, "sglang")
    return next((str(version) for version in files if sglang.has_file(index, files[version], backend)), None)
