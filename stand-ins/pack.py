"""Packs a directory as a wheel, with the standard library alone: stand-ins need no package index.

usage: pack.py TREE OUT NAME VERSION [--tag T] [--summary S] [--requires R]... [--extra E]...
               [--script NAME=MODULE:FUNCTION]...
"""

import argparse
import base64
import hashlib
import pathlib
import zipfile


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("tree", "out", "name", "version"):
        parser.add_argument(name)
    parser.add_argument("--tag", default="py3-none-any")
    parser.add_argument("--summary", default="A stand-in, for tests of image builds")
    parser.add_argument("--requires", action="append", default=[])
    parser.add_argument("--extra", action="append", default=[])
    parser.add_argument("--script", action="append", default=[])
    arguments = parser.parse_args()

    stem = f"{arguments.name.replace('-', '_')}-{arguments.version}"
    info = f"{stem}.dist-info"
    metadata = ["Metadata-Version: 2.1", f"Name: {arguments.name}", f"Version: {arguments.version}"]
    metadata += [f"Summary: {arguments.summary}", *(f"Requires-Dist: {r}" for r in arguments.requires)]
    metadata += [f"Provides-Extra: {extra}" for extra in arguments.extra]
    pure = str(arguments.tag.endswith("none-any")).lower()
    tree = pathlib.Path(arguments.tree)
    files = {p.relative_to(tree).as_posix(): p.read_bytes() for p in sorted(tree.rglob("*")) if p.is_file()}
    files[f"{info}/METADATA"] = "\n".join([*metadata, ""]).encode()
    fields = ["Wheel-Version: 1.0", "Generator: stand-in", f"Root-Is-Purelib: {pure}", f"Tag: {arguments.tag}"]
    files[f"{info}/WHEEL"] = "\n".join([*fields, ""]).encode()
    if arguments.script:
        files[f"{info}/entry_points.txt"] = "\n".join(["[console_scripts]", *arguments.script, ""]).encode()

    record = "".join(f"{path},sha256={digest(content)},{len(content)}\n" for path, content in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    out = pathlib.Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(out / f"{stem}-{arguments.tag}.whl", "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, content in files.items():
            entry = zipfile.ZipInfo(path, (2025, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            wheel.writestr(entry, content)


def digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


main()
