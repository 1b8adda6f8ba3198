"""Rows of the catalogue for ranges of versions, built from what each version says, and taken apart
again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Dict, Tuple

from pip._vendor.packaging.specifiers import SpecifierSet
from pip._vendor.packaging.version import Version

FIELDS = ("python", "torch", "cuda", "nixl", "nixlFloor")

# Field → (value, source)
Values = Dict[str, Tuple[str, str]]


def matches(row: Mapping[str, str], version: Version) -> bool:
    return SpecifierSet(row["versions"]).contains(version, prereleases=True)


def known(rows: Iterable[Mapping[str, str]], published: Iterable[Version], field: str) -> dict[Version, Values]:
    """Version → what rows say, for published versions and those that the ranges name.

    Versions without `field` are left out.
    """
    named = {Version(text) for row in rows for text in re.findall(r"[<>=]=([^,]+)", row["versions"])}
    found = {}
    for version in set(published) | named:
        matching = [row for row in rows if matches(row, version)]
        values = {name: (row[name], row["source"]) for row in matching for name in FIELDS if name in row}
        if field in values:
            found[version] = values
    return found


def rows(values: Mapping[Version, Values]) -> list[dict[str, str]]:
    """The rows for what versions say.

    One for each run of versions that say the same, from its first to its last.
    """
    versions, found = sorted(values), []
    for field in FIELDS:
        run: list[Version] = []
        for version in [*versions, None]:
            said = values[version].get(field) if version else None
            if run and said != values[run[-1]][field]:
                value, source = values[run[0]][field]
                found.append((FIELDS.index(field), run[0], {"versions": span(run), field: value, "source": source}))
                run = []
            if said:
                run.append(version)
    return [row for _, _, row in sorted(found, key=lambda one: one[:2])]


def span(run: Sequence[Version]) -> str:
    return f"=={run[0]}" if len(run) == 1 else f">={run[0]},<={run[-1]}"
