"""GPU architectures in a file, from the fat binaries that nvcc embeds.

A region begins with the magic number 0xBA55ED50, version, header size and size (`<IHHQ`); its entries have kind (1 PTX,
2 ELF), version, header size and size (`<HHIQ`), and the architecture as `<I` at offset 28. Read off with nvcc 13.0.
"""

import struct

MAGIC = struct.pack("<I", 0xBA55ED50)
PTX, CODE = 1, 2


def architectures(path):
    """(machine code, PTX) as two sorted lists of names such as `9.0`."""
    with open(path, "rb") as file:
        data = file.read()
    found = {PTX: set(), CODE: set()}
    start = data.find(MAGIC)
    while start >= 0:
        for kind, number in entries(data, start):
            if kind in found and 10 <= number <= 999:
                found[kind].add(number)
        start = data.find(MAGIC, start + 4)
    return tuple(["%d.%d" % divmod(number, 10) for number in sorted(found[kind])] for kind in (CODE, PTX))


def entries(data, start):
    if start + 16 > len(data):
        return
    _, header, size = struct.unpack_from("<HHQ", data, start + 4)
    place, end = start + header, min(start + header + size, len(data))
    while place + 32 <= end:
        kind, _, length, payload = struct.unpack_from("<HHIQ", data, place)
        number, = struct.unpack_from("<I", data, place + 28)
        if length < 32 or kind not in (PTX, CODE):
            return
        yield kind, number
        place += length + payload
