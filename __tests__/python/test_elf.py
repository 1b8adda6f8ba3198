import os
import struct
import sys
import unittest

from measure.elf import Elf, NotElf, needed, sections

from ..support.elf_file import DYNAMIC, DYNSYM, LINK, OFFSET, SIZE, STRTAB, elf_file, elf_with, field_at
from ..support.image_python import folder, write


class ElfTest(unittest.TestCase):
    def setUp(self):
        self.path = os.path.join(folder(self), "libsample.so")

    def written(self, content):
        return write(self.path, content)

    def changed(self, at, kind, value):
        """A valid file except for one field."""
        content = bytearray(elf_file(needed=["libc.so.6"], undefined=["malloc"]))
        struct.pack_into(kind, content, at, value)
        return self.written(bytes(content))

    def test_names_the_needed_libraries_in_the_order_of_the_file(self):
        names = ["libtorch.so", "libcudart.so.13", "libc.so.6"]
        self.assertEqual(needed(self.written(elf_file(needed=names))), names)

    def test_names_undefined_symbols_sorted_and_once(self):
        content = elf_file(undefined=["read", "malloc", "read"], defined=["own"])
        self.assertEqual(Elf(self.written(content)).undefined(), ["malloc", "read"])

    def test_leaves_weak_symbols_alone_since_they_may_stay_undefined(self):
        self.assertEqual(Elf(self.written(elf_file(undefined=["read"], weak=["__gmon_start__"]))).undefined(), ["read"])

    def test_finds_nothing_in_a_file_that_needs_nothing(self):
        self.assertEqual(needed(self.written(elf_file())), [])
        self.assertEqual(Elf(self.path).undefined(), [])

    def test_shows_a_name_that_is_no_utf_8(self):
        content = elf_file(needed=["libX.so"]).replace(b"libX", b"lib\xff")
        self.assertEqual(needed(self.written(content)), ["lib\ufffd.so"])

    def test_refuses_what_is_no_64_bit_little_endian_elf_file(self):
        good = elf_file(needed=["libc.so.6"])
        for what, content in {
            "empty": b"",
            "a script": b"#!/bin/sh\n" + bytes(64),
            "a linker script": b"/* GNU ld script */\nGROUP ( /lib/libc.so.6 )\n".ljust(64),
            "32 bit": good[:4] + b"\x01" + good[5:],
            "big endian": good[:5] + b"\x02" + good[6:],
            "a head cut off": good[:63],
        }.items():
            with self.subTest(what):
                with self.assertRaises(NotElf):
                    Elf(self.written(content))
                self.assertEqual(needed(self.path), [])

    def test_needs_nothing_if_the_file_does_not_exist(self):
        self.assertEqual(needed(self.path), [])
        self.assertEqual(needed(os.path.dirname(self.path)), [])

    def test_survives_a_file_that_ends_anywhere(self):
        content = elf_file(needed=["libcudart.so.13", "libc.so.6"], undefined=["malloc"])
        self.written(content)
        for end in reversed(range(len(content))):
            os.truncate(self.path, end)
            with self.subTest(end=end):
                self.assertLessEqual(set(needed(self.path)), {"libcudart.so.13", "libc.so.6"})

    def test_survives_fields_that_lie(self):
        for what, at, kind, value in (
            ("sections behind the end", 0x28, "<Q", 1 << 40),
            ("sections of no size", 0x3A, "<H", 0),
            ("sections of half a size", 0x3A, "<H", 32),
            ("no sections", 0x3C, "<H", 0),
            ("content behind the end", field_at(DYNAMIC, OFFSET), "<Q", 1 << 40),
            ("content of half an entry", field_at(DYNAMIC, SIZE), "<Q", 8),
            ("strings of no section", field_at(DYNAMIC, LINK), "<I", 99),
            ("no strings", field_at(STRTAB, SIZE), "<Q", 0),
        ):
            with self.subTest(what):
                self.assertEqual(needed(self.changed(at, kind, value)), [])

    def test_reads_whole_entries_of_content_of_an_odd_size(self):
        self.assertEqual(needed(self.changed(field_at(DYNAMIC, SIZE), "<Q", 33)), ["libc.so.6"])
        self.changed(field_at(DYNSYM, SIZE), "<Q", 47)
        self.assertEqual(Elf(self.path).undefined(), [])

    def test_reads_what_exists_of_more_than_the_file_has(self):
        self.assertEqual(needed(self.changed(field_at(DYNSYM, SIZE), "<Q", 1 << 20)), ["libc.so.6"])
        self.assertEqual(needed(self.changed(0x3C, "<H", 0xFFFF)), ["libc.so.6"])

    # Python's OverflowError and MemoryError are not among those that `needed` takes for an
    # unreadable file.
    @unittest.expectedFailure
    def test_survives_sizes_that_no_memory_has(self):
        for field, value in ((OFFSET, (1 << 64) - 1), (SIZE, 1 << 62)):
            self.assertEqual(needed(self.changed(field_at(DYNAMIC, field), "<Q", value)), [])

    @unittest.skipUnless(sys.platform == "linux", "programs are ELF files on Linux only")
    def test_reads_a_real_program(self):
        path = os.path.realpath(sys.executable)
        self.assertIn("libc", {name.split(".")[0] for name in needed(path)})
        self.assertIn("__libc_start_main", {name.partition("@")[0] for name in Elf(path).undefined()})


class SectionsTest(unittest.TestCase):
    def test_have_names_and_places(self):
        data = elf_with({".text.a": b"abc", "__nv_relfatbin": b"de"})
        found = {name: data[offset: offset + size] for name, offset, size in sections(data)}
        self.assertEqual((found[".text.a"], found["__nv_relfatbin"]), (b"abc", b"de"))

    def test_are_none_in_what_can_not_be_read(self):
        data = elf_with({".text.a": b"abc"})
        for what in (
            b"",
            b"\x7fELF",
            data[:64],
            data.replace(b"\x7fELF", b"nELF"),
            data.replace(b".shstrtab\0", b".shstrtabx"),
        ):
            self.assertEqual(sections(what), [])

    def test_never_fail_if_a_field_lies(self):
        data = elf_with({".text.a": b"abc"})
        for at in range(0, len(data) - 8):
            sections(data[:at] + b"\xff" * 8 + data[at + 8:])
