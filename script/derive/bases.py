"""Rows of the catalogue for images of the engines, made from what their packages say."""

from pip._vendor.packaging.version import Version

from . import ranges, sglang, vllm

ENGINES = {"vllm": vllm, "sglang": sglang}
# The oldest that AIBrix has a patch for; the oldest that was asked for
FIRST = {"vllm": Version("0.8.5"), "sglang": Version("0.4.9.post3")}
BY_HAND = "by hand: "


def published(index, engine):
    """Version → its files, oldest first."""
    found = {}
    for file in index.files(engine):
        if file.version >= FIRST[engine] and (file.tags or engine == "vllm"):
            found.setdefault(file.version, []).append(file)
    return {version: found[version] for version in sorted(found)}


def rows_of(index, engine, rows, hand, is_all, tell):
    """The rows of an engine: those that packages say, then those that are written by hand.

    rows: those of the catalogue. hand: those that are written by hand, which are right where both say something. Each version is
    read once, when the catalogue does not have it yet, or where is_all.
    """
    files = published(index, engine)
    derived = [row for row in rows if not row["source"].startswith(BY_HAND)]
    values = ranges.known(derived, files, "torch")
    for version in files:
        if is_all or version not in values:
            values[version] = ENGINES[engine].read(index, files[version])
            tell("%s %s: %s" % (engine, version, ", ".join("%s %s" % (name, said[0]) for name, said in sorted(values[version].items()))))
    return ranges.rows(left_by(values, engine, hand, tell)) + [{**row, "source": BY_HAND + row["source"]} for row in hand]


def left_by(values, engine, hand, tell):
    """The values without those of which a row is written by hand."""
    left = {}
    for version, said in values.items():
        left[version] = dict(said)
        for row in (row for row in hand if ranges.matches(row, version)):
            for field in [field for field in said if field in row]:
                del left[version][field]
                value, source = said[field]
                tell("%s %s: %s is %s by hand (%s), and %s by what is published (%s)" % (
                    engine, version, field, row[field], row["source"], value, source))
    return left


def first_backend(index):
    """The first SGLang that has AIBrix' storage backend."""
    files = published(index, "sglang")
    return next((str(version) for version in files if sglang.has_backend(index, files[version])), None)
