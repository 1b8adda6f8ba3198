"""Reads the NEEDED entries, undefined symbols and sections of ELF files (gABI, chapters 4 and 5).

The image has no readelf.
"""

from __future__ import annotations

import struct

SHT_DYNAMIC, SHT_DYNSYM = 6, 11
DT_NEEDED = 1
SHN_UNDEF, STB_WEAK = 0, 2


class NotElf(Exception):
    pass


class Elf:
    """A 64-bit little-endian ELF file (x86-64 and AArch64 are)."""

    def __init__(self, path: str) -> None:
        with open(path, "rb") as file:
            head = file.read(64)
            if head[:6] != b"\x7fELF\x02\x01" or len(head) < 64:
                raise NotElf(path)
            offset, = struct.unpack_from("<Q", head, 0x28)
            size, count = struct.unpack_from("<HH", head, 0x3A)
            file.seek(offset)
            table = file.read(size * count)
            numbers = range(len(table) // size if size else 0)
            sections = [struct.unpack_from("<IIQQQQIIQQ", table, number * size) for number in numbers]
            self.dynamic, self.symbols = b"", b""
            self.strings: dict[int, bytes] = {}
            for section in sections:
                kind, where, length, link = section[1], section[4], section[5], section[6]
                if kind not in (SHT_DYNAMIC, SHT_DYNSYM):
                    continue
                file.seek(where)
                content = file.read(length)
                names = sections[link]
                file.seek(names[4])
                self.strings[kind] = file.read(names[5])
                if kind == SHT_DYNAMIC:
                    self.dynamic = content
                else:
                    self.symbols = content

    def needed(self) -> list[str]:
        """DT_NEEDED entries as written in the file."""
        found = []
        for tag, value in struct.iter_unpack("<qQ", self.dynamic[: len(self.dynamic) // 16 * 16]):
            if tag == DT_NEEDED:
                found.append(text_at(self.strings[SHT_DYNAMIC], value))
        return found

    def undefined(self) -> list[str]:
        """Names of the symbols that another file must provide. Weak ones may stay undefined."""
        found = []
        entries = self.symbols[: len(self.symbols) // 24 * 24]
        for name, info, _, section, _, _ in struct.iter_unpack("<IBBHQQ", entries):
            if section == SHN_UNDEF and name and info >> 4 != STB_WEAK:
                found.append(text_at(self.strings[SHT_DYNSYM], name))
        return sorted(set(found))


def sections(data: bytes) -> list[tuple[str, int, int]]:
    """(name, offset, size) of each section of a file's bytes, also of machine code for a GPU.

    Empty if they can't be read.
    """
    try:
        offset, = struct.unpack_from("<Q", data, 0x28)
        size, count, names = struct.unpack_from("<HHH", data, 0x3A)
        if data[:6] != b"\x7fELF\x02\x01" or size < 64:
            return []
        table = [struct.unpack_from("<IIQQQQ", data, offset + number * size) for number in range(count)]
        strings = data[table[names][4]: table[names][4] + table[names][5]]
        return [(text_at(strings, section[0]), section[4], section[5]) for section in table]
    except (struct.error, ValueError, IndexError, OverflowError, MemoryError):
        return []


def text_at(strings: bytes, offset: int) -> str:
    return strings[offset: strings.index(b"\0", offset)].decode("utf-8", "replace")


def needed(path: str) -> list[str]:
    """DT_NEEDED entries of a file; empty if it is no ELF file or can't be read."""
    try:
        return Elf(path).needed()
    except (NotElf, OSError, struct.error, ValueError, IndexError, KeyError):
        return []
