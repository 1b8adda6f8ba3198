import itertools
import os
import struct
import unittest

from measure.fatbin import CODE, MAGIC, PTX, architectures, entries

from ..support.image_python import folder, write


def entry(kind, number, payload=b"\x5a" * 40, header=64, size=None):
    """An entry as nvcc writes it, with room for what is not read."""
    head = struct.pack("<HHIQ", kind, 0x101, header, len(payload) if size is None else size)
    return (head.ljust(28, b"\0") + struct.pack("<I", number)).ljust(header, b"\0") + payload


def region(*parts, header=16, size=None):
    content = b"".join(parts)
    head = MAGIC + struct.pack("<HHQ", 1, header, len(content) if size is None else size)
    return head.ljust(header, b"\0") + content


class EntriesTest(unittest.TestCase):
    def found(self, data, start=0):
        return list(itertools.islice(entries(data, start), 9))

    def test_yields_kind_and_architecture_of_each_entry(self):
        data = region(entry(CODE, 80), entry(CODE, 90, payload=b""), entry(PTX, 90))
        self.assertEqual(self.found(data), [(CODE, 80), (CODE, 90), (PTX, 90)])

    def test_begins_behind_a_header_of_any_size(self):
        self.assertEqual(self.found(b"...." + region(entry(CODE, 80), header=48), 4), [(CODE, 80)])

    def test_ends_with_the_region(self):
        self.assertEqual(self.found(region(entry(CODE, 80)) + entry(CODE, 90)), [(CODE, 80)])

    def test_ends_at_an_entry_of_no_known_kind(self):
        self.assertEqual(self.found(region(entry(CODE, 80), entry(3, 90), entry(CODE, 100))), [(CODE, 80)])

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
    def of(self, content):
        return architectures(write(os.path.join(folder(self), "_aibrix_C.abi3.so"), content))

    def test_tells_machine_code_from_ptx_sorted_by_number(self):
        data = region(entry(CODE, 120), entry(CODE, 90), entry(CODE, 100), entry(PTX, 120))
        self.assertEqual(self.of(data), (["9.0", "10.0", "12.0"], ["12.0"]))

    def test_takes_all_regions_of_a_file_together(self):
        data = b"\x7fELF" + bytes(99) + region(entry(CODE, 80)) + b"\xff" * 7 + region(entry(CODE, 80), entry(CODE, 89))
        self.assertEqual(self.of(data), (["8.0", "8.9"], []))

    def test_leaves_out_numbers_that_no_architecture_has(self):
        self.assertEqual(self.of(region(entry(CODE, 9), entry(CODE, 1000), entry(CODE, 1 << 31), entry(PTX, 75))), ([], ["7.5"]))

    def test_does_not_take_the_magic_number_by_chance_for_a_region(self):
        for rest in (b"", b"\0" * 64, b"\xff" * 64, MAGIC * 16):
            with self.subTest(rest):
                self.assertEqual(self.of(b"code" + MAGIC + rest), ([], []))

    def test_finds_nothing_in_an_extension_for_the_processor_alone(self):
        self.assertEqual(self.of(b"\x7fELF" + bytes(1000)), ([], []))
