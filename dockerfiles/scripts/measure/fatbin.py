"""GPU architectures in a file, from the fat binaries that nvcc embeds, one per source file.

A region begins with the magic number 0xBA55ED50, version, header size and size (`<IHHQ`). Its
entries have kind (1 PTX, 2 ELF), version, header size and size (`<HHIQ`), the architecture as `<I`
at offset 28, flags as `<I` at 40 and, if these say that the content is compressed, its uncompressed
size as `<Q` at 56. Measured with nvcc 13.0.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from .elf import sections

MAGIC = struct.pack("<I", 0xBA55ED50)
PTX, CODE = 1, 2
COMPRESSED = 0x2000 | 0x8000  # LZ4, Zstandard

# Most bytes of machine code without a kernel: with nvcc 13.0 1408 to 2248, and no less than 2856
# with an empty kernel.
WITHOUT_KERNEL = 2500

# Input of nvcc's own linker, whose result is in .nv_fatbin
RELOCATABLE = "__nv_relfatbin"


def architectures(path: str) -> tuple[list[str], list[str], list[str]]:
    """(code, partial, ptx), sorted lists of names such as `9.0`.

    code: architectures for which every fat binary with a kernel has machine code. partial: those
    for which only some have.
    ptx: those with PTX.
    """
    with open(path, "rb") as file:
        data = file.read()
    codes: list[set[int]] = []
    ptx: set[int] = set()
    for start in regions(data):
        found = [entry for entry in entries(data, start) if 10 <= entry[1] <= 999]
        machine = [(number, kernels) for kind, number, kernels in found if kind == CODE]
        # A source without a kernel, or what nvcc itself adds for an architecture that nobody
        # requested
        if not found or machine and not any(kernels for _, kernels in machine):
            continue
        codes.append({number for number, kernels in machine if kernels})
        ptx.update(number for kind, number, _ in found if kind == PTX)
    every = set.intersection(*codes) if codes else set()
    return named(every), named(set().union(*codes) - every), named(ptx)


def named(numbers: Iterable[int]) -> list[str]:
    return [f"{number // 10}.{number % 10}" for number in sorted(numbers)]


def regions(data: bytes) -> Iterator[int]:
    """Offsets of the fat binaries in a file."""
    skipped = [(offset, offset + size) for name, offset, size in sections(data) if name == RELOCATABLE]
    start = data.find(MAGIC)
    while start >= 0:
        if not any(begin <= start < end for begin, end in skipped):
            yield start
        start = data.find(MAGIC, start + 4)


def entries(data: bytes, start: int) -> Iterator[tuple[int, int, bool]]:
    """(kind, architecture, whether it may hold a kernel) of each entry in a region."""
    if start + 16 > len(data):
        return
    _, header, size = struct.unpack_from("<HHQ", data, start + 4)
    place, end = start + header, min(start + header + size, len(data))
    while place + 32 <= end:
        kind, _, length, payload = struct.unpack_from("<HHIQ", data, place)
        number, = struct.unpack_from("<I", data, place + 28)
        if length < 32:
            return
        if kind in (PTX, CODE):
            yield kind, number, may_hold_kernel(data, place, length, payload)
        place += length + payload


def may_hold_kernel(data: bytes, place: int, length: int, payload: int) -> bool:
    """False only for an entry that is known to hold no kernel.

    Each kernel has a section of its own.
    """
    if length >= 64 and place + 64 <= len(data):
        flags, = struct.unpack_from("<I", data, place + 40)
        if flags & COMPRESSED:
            return struct.unpack_from("<Q", data, place + 56)[0] > WITHOUT_KERNEL
    names = [name for name, _, _ in sections(data[place + length: place + length + payload])]
    return not names or any(name.startswith(".text.") for name in names)
