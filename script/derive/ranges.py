"""Rows of the catalogue that hold for ranges of versions, made from what each version says, and taken apart again."""

import re

from pip._vendor.packaging.specifiers import SpecifierSet
from pip._vendor.packaging.version import Version

FIELDS = ("python", "torch", "cuda", "nixl", "nixlFloor")


def matches(row, version):
    return SpecifierSet(row["versions"]).contains(version, prereleases=True)


def known(rows, published, field):
    """Version → field → (value, source) of what rows say, of published versions and of those that the ranges name; those without `field` are left out."""
    named = {Version(text) for row in rows for text in re.findall(r"[<>=]=([^,]+)", row["versions"])}
    found = {}
    for version in set(published) | named:
        values = {name: (row[name], row["source"]) for row in rows if matches(row, version) for name in FIELDS if name in row}
        if field in values:
            found[version] = values
    return found


def rows(values):
    """The rows for version → field → (value, source): a row for each run of versions that say the same, from its first to its last."""
    versions, found = sorted(values), []
    for field in FIELDS:
        run = []
        for version in [*versions, None]:
            said = values[version].get(field) if version else None
            if run and said != values[run[-1]][field]:
                value, source = values[run[0]][field]
                found.append((FIELDS.index(field), run[0], {"versions": span(run), field: value, "source": source}))
                run = []
            if said:
                run.append(version)
    return [row for _, _, row in sorted(found, key=lambda one: one[:2])]


def span(run):
    return "==%s" % run[0] if len(run) == 1 else ">=%s,<=%s" % (run[0], run[-1])
