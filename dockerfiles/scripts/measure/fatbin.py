"""GPU architectures in a file, from the fat binaries that nvcc embeds, one for each source file.

A region begins with the magic number 0xBA55ED50, version, header size and size (`<IHHQ`); its entries have kind (1 PTX,
2 ELF), version, header size and size (`<HHIQ`), the architecture as `<I` at offset 28, flags as `<I` at 40 and, where these
say that the content is compressed, its size before as `<Q` at 56. Read off with nvcc 13.0.
"""

import struct

from .elf import sections

MAGIC = struct.pack("<I", 0xBA55ED50)
PTX, CODE = 1, 2
COMPRESSED = 0x2000 | 0x8000  # LZ4, Zstandard

# Bytes of machine code without a kernel, at most: nvcc 13.0 makes 1408 to 2248 of it, and no less than 2856 with an empty kernel.
WITHOUT_KERNEL = 2500

# What it holds is input of nvcc's own linker, whose result is in .nv_fatbin
RELOCATABLE = "__nv_relfatbin"


def architectures(path):
    """Three sorted lists of names such as `9.0`: those of which every fat binary with a kernel in it has machine code, those of
    which only some have, and those of which there is PTX."""
    with open(path, "rb") as file:
        data = file.read()
    codes, ptx = [], set()
    for start in regions(data):
        found = [entry for entry in entries(data, start) if 10 <= entry[1] <= 999]
        machine = [(number, kernels) for kind, number, kernels in found if kind == CODE]
        # A source without a kernel, or what nvcc links with on its own account for an architecture that nobody asked for
        if not found or machine and not any(kernels for _, kernels in machine):
            continue
        codes.append({number for number, kernels in machine if kernels})
        ptx.update(number for kind, number, _ in found if kind == PTX)
    every = set.intersection(*codes) if codes else set()
    return named(every), named(set().union(*codes) - every), named(ptx)


def named(numbers):
    return ["%d.%d" % divmod(number, 10) for number in sorted(numbers)]


def regions(data):
    """Where the fat binaries of a file begin."""
    passed = [(offset, offset + size) for name, offset, size in sections(data) if name == RELOCATABLE]
    start = data.find(MAGIC)
    while start >= 0:
        if not any(begin <= start < end for begin, end in passed):
            yield start
        start = data.find(MAGIC, start + 4)


def entries(data, start):
    """(kind, architecture, whether it may hold a kernel) of each entry of machine code or PTX in a region."""
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


def may_hold_kernel(data, place, length, payload):
    """False only of what is known to hold none: each kernel has a section of its own."""
    if length >= 64 and place + 64 <= len(data):
        flags, = struct.unpack_from("<I", data, place + 40)
        if flags & COMPRESSED:
            return struct.unpack_from("<Q", data, place + 56)[0] > WITHOUT_KERNEL
    names = [name for name, _, _ in sections(data[place + length: place + length + payload])]
    return not names or any(name.startswith(".text.") for name in names)
