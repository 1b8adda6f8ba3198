import itertools
import os
import struct
import unittest

from measure.fatbin import CODE, MAGIC, PTX, architectures, entries

from ..support.elf_file import elf_with
from ..support.image_python import folder, write

KERNEL = elf_with({".text._Z1kPf": b"\x5a" * 40, ".nv.info": b""})
NO_KERNEL = elf_with({".nv.info": b"\x5a" * 40})


def entry(kind, number, payload=b"\x5a" * 40, header=64, size=None, flags=0x11, plain=0):
    """An entry as nvcc writes it, with space for what is not read.

    plain: size before it was compressed.
    """
    head = struct.pack("<HHIQ", kind, 0x101, header, len(payload) if size is None else size)
    head = head.ljust(28, b"\0") + struct.pack("<I", number)
    if header >= 64:
        head = head.ljust(40, b"\0") + struct.pack("<QQQ", flags, 0, plain)
    return head.ljust(header, b"\0") + payload


def compressed(kind, number, plain, flag=0x8000):
    return entry(kind, number, flags=0x11 | flag, plain=plain)


def region(*parts, header=16, size=None):
    content = b"".join(parts)
    head = MAGIC + struct.pack("<HHQ", 1, header, len(content) if size is None else size)
    return head.ljust(header, b"\0") + content


class EntriesTest(unittest.TestCase):
    def found(self, data, start=0):
        return [(kind, number) for kind, number, _ in itertools.islice(entries(data, start), 9)]

    def test_yields_kind_and_architecture_of_each_entry(self):
        data = region(entry(CODE, 80), entry(CODE, 90, payload=b""), entry(PTX, 90))
        self.assertEqual(self.found(data), [(CODE, 80), (CODE, 90), (PTX, 90)])

    def test_begins_behind_a_header_of_any_size(self):
        self.assertEqual(self.found(b"...." + region(entry(CODE, 80), header=48), 4), [(CODE, 80)])

    def test_ends_with_the_region(self):
        self.assertEqual(self.found(region(entry(CODE, 80)) + entry(CODE, 90)), [(CODE, 80)])

    def test_skips_an_entry_of_an_unknown_kind(self):
        self.assertEqual(self.found(region(entry(CODE, 80), entry(8, 90), entry(CODE, 100))), [(CODE, 80), (CODE, 100)])

    def test_distinguishes_machine_code_with_and_without_a_kernel(self):
        for payload, kernels in {
            KERNEL: True,
            NO_KERNEL: False,
            b"no ELF file": True,
            KERNEL[:70]: True,
            b"": True,
        }.items():
            self.assertEqual([may for _, _, may in entries(region(entry(CODE, 80, payload)), 0)], [kernels])

    def test_judges_compressed_code_by_its_uncompressed_size(self):
        for flag in (0x2000, 0x8000):
            data = region(*[compressed(CODE, 80, plain, flag) for plain in (1408, 2248, 2856, 1 << 63)])
            self.assertEqual([may for _, _, may in entries(data, 0)], [False, False, True, True])

    def test_ends_at_an_entry_whose_header_is_too_short_to_get_on(self):
        stuck = struct.pack("<HHIQ", CODE, 0x101, 0, 0).ljust(64, b"\0")
        self.assertEqual(self.found(region(entry(CODE, 80), stuck)), [(CODE, 80)])

    def test_reads_no_further_than_the_file_whatever_sizes_say(self):
        most = (1 << 64) - 1
        self.assertEqual(self.found(region(entry(CODE, 80), size=most)), [(CODE, 80)])
        self.assertEqual(self.found(region(entry(CODE, 80, size=most), entry(CODE, 90))), [(CODE, 80)])
        self.assertEqual(self.found(region(entry(CODE, 80, header=64)).replace(b"\x5a", b"")), [(CODE, 80)])

    def test_finds_less_and_never_fails_in_a_region_that_is_cut_off(self):
        data = region(entry(CODE, 80), entry(PTX, 90))
        for end in range(4, len(data)):
            with self.subTest(end=end):
                found = self.found(data[:end])
                self.assertEqual(found, [(CODE, 80), (PTX, 90)][: len(found)])

    def test_finds_nothing_in_a_region_without_entries(self):
        self.assertEqual(self.found(region()), [])
        self.assertEqual(self.found(MAGIC), [])


class ArchitecturesTest(unittest.TestCase):
    def setUp(self):
        self.path = os.path.join(folder(self), "_aibrix_C.abi3.so")

    def of(self, content):
        return architectures(write(self.path, content))

    def test_distinguishes_machine_code_from_ptx_sorted_by_number(self):
        data = region(entry(CODE, 120), entry(CODE, 90), entry(CODE, 100), entry(PTX, 120))
        self.assertEqual(self.of(data), (["9.0", "10.0", "12.0"], [], ["12.0"]))

    def test_are_those_of_every_region_and_those_that_only_some_have(self):
        data = (
            b"\x7fELF"
            + bytes(99)
            + region(entry(CODE, 80))
            + b"\xff" * 7
            + region(entry(CODE, 80), entry(CODE, 89), entry(PTX, 90))
        )
        self.assertEqual(self.of(data), (["8.0"], ["8.9"], ["9.0"]))
        self.assertEqual(self.of(data + region(entry(CODE, 120))), ([], ["8.0", "8.9", "12.0"], ["9.0"]))

    def test_are_missing_in_a_region_that_has_only_ptx(self):
        self.assertEqual(self.of(region(entry(CODE, 80)) + region(entry(PTX, 75))), ([], ["8.0"], ["7.5"]))
        self.assertEqual(self.of(region(entry(PTX, 75))), ([], [], ["7.5"]))

    def test_leave_out_what_has_no_kernel(self):
        kernels = region(entry(CODE, 80, KERNEL), entry(CODE, 90, KERNEL))
        linked = region(entry(CODE, 75, NO_KERNEL))
        packed = region(compressed(CODE, 75, 1408), compressed(PTX, 75, 180))
        for data in (linked + kernels, kernels + linked, packed + kernels, kernels + region()):
            self.assertEqual(self.of(data), (["8.0", "9.0"], [], []))
        self.assertEqual(self.of(region(entry(CODE, 80, KERNEL), entry(CODE, 90, NO_KERNEL))), (["8.0"], [], []))
        self.assertEqual(self.of(linked), ([], [], []))

    def test_leave_out_what_nvcc_was_to_link(self):
        data = elf_with(
            {
                "__nv_relfatbin": region(entry(CODE, 75)) + region(entry(CODE, 80)),
                ".nv_fatbin": region(entry(CODE, 80, KERNEL)),
            }
        )
        self.assertEqual(self.of(data), (["8.0"], [], []))

    def test_leaves_out_numbers_that_no_architecture_has(self):
        self.assertEqual(
            self.of(region(entry(CODE, 9), entry(CODE, 1000), entry(CODE, 1 << 31), entry(PTX, 75))), ([], [], ["7.5"])
        )

    def test_does_not_take_the_magic_number_by_chance_for_a_region(self):
        for rest in (b"", b"\0" * 64, b"\xff" * 64, MAGIC * 16):
            with self.subTest(rest):
                self.assertEqual(self.of(b"code" + MAGIC + rest), ([], [], []))

    def test_finds_nothing_in_an_extension_for_the_processor_alone(self):
        self.assertEqual(self.of(b"\x7fELF" + bytes(1000)), ([], [], []))

    def test_finds_something_or_nothing_and_never_fails_in_a_file_that_is_damaged(self):
        data = elf_with({".nv_fatbin": region(entry(CODE, 80, KERNEL), compressed(PTX, 80, 300))})
        for at in range(0, len(data), 3):
            for value in (b"\xff" * 8, b"\0" * 8):
                self.of(data[:at] + value + data[at + 8:])
            self.of(data[:at])
