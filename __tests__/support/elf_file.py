"""Builds a small 64-bit ELF file with the tables that name a shared object's dependencies."""

import struct

SECTIONS_AT, SECTION_SIZE = 64, 64
STRTAB, DYNAMIC, DYNSYM = 1, 2, 3
# Fields of a section header, by their place in it
OFFSET, SIZE, LINK = 0x18, 0x20, 0x28
GLOBAL, WEAK = 1, 2


def elf_file(needed=(), undefined=(), weak=(), defined=()):
    """needed: DT_NEEDED entries.

    Undefined, weak, defined: names of symbols. The tables of sections come first.
    """
    strings = bytearray(b"\0")

    def place(name):
        at = len(strings)
        strings.extend(name.encode("utf-8") + b"\0")
        return at

    soname = struct.pack("<qQ", 14, place("libsample.so"))
    dynamic = soname + b"".join(struct.pack("<qQ", 1, place(name)) for name in needed) + struct.pack("<qQ", 0, 0)
    symbols = bytes(24)
    for names, binding, section in ((undefined, GLOBAL, 0), (weak, WEAK, 0), (defined, GLOBAL, 7)):
        symbols += b"".join(struct.pack("<IBBHQQ", place(name), binding << 4 | 2, 0, section, 0, 0) for name in names)

    contents = ((0, b"", 0), (3, bytes(strings), 0), (6, dynamic, STRTAB), (11, symbols, STRTAB))
    headers, body, at = b"", b"", SECTIONS_AT + SECTION_SIZE * len(contents)
    for kind, content, link in contents:
        headers += struct.pack("<IIQQQQIIQQ", 0, kind, 0, 0, at + len(body), len(content), link, 0, 0, 0)
        body += content
    head = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack(
        "<HHIQQQIHHHHHH", 3, 62, 1, 0, 0, SECTIONS_AT, 0, 64, 0, 0, SECTION_SIZE, len(contents), 0)
    return head + headers + body


def field_at(section, field):
    """Where in the file a field of a section's header is."""
    return SECTIONS_AT + SECTION_SIZE * section + field


def elf_with(contents):
    """An ELF file of nothing but sections: name → bytes."""
    names, at = b"\0", 64 * (len(contents) + 3)
    headers, body = bytes(64), b""
    for name, content in dict(contents, **{".shstrtab": b""}).items():
        place = len(names)
        names += name.encode("utf-8") + b"\0"
        content = content or (names if name == ".shstrtab" else b"")
        headers += struct.pack("<IIQQQQIIQQ", place, 1, 0, 0, at + len(body), len(content), 0, 0, 0, 0)
        body += content
    head = (b"\x7fELF\x02\x01".ljust(0x28, b"\0") + struct.pack("<Q", 64)).ljust(0x3A, b"\0")
    count = len(contents) + 2
    return (
        (head + struct.pack("<HHH", 64, count, count - 1)).ljust(64, b"\0")
        + headers
        + bytes(at - 64 - len(headers))
        + body
    )
