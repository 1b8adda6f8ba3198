import json
import os
import re
import sys
import unittest
from unittest import mock

from measure import base_files, integration

from ..support.image_python import SitePackages, folder, write


class BaseFilesTest(unittest.TestCase):
    """What an image's measurement reports about a base that was recorded before."""

    def setUp(self):
        self.site = SitePackages(self)
        self.numpy = self.site.add("numpy/core.py", "one")
        self.script = write(os.path.join(os.path.dirname(self.site.path), "bin/f2py"), "#!")
        self.install(
            "numpy", "2.2.6", "numpy/core.py,sha256=x,3\nnumpy/__pycache__/core.pyc,,\n../bin/f2py,,\nnumpy/gone.py,,\n"
        )
        self.engine = self.site.add("vllm/envs.py", "one")
        self.site.add("vllm/__init__.py")
        self.install("vllm", "0.21.0", "vllm/envs.py,sha256=x,3\nvllm/__init__.py,,\n")
        # The packages of a test are in /tmp.
        for given in (
            mock.patch.object(integration, "INTEGRATION_RECORD", os.path.join(folder(self), "integration.json")),
            mock.patch.object(base_files, "OUTSIDE", re.compile(base_files.OUTSIDE.pattern.replace("|tmp", ""))),
        ):
            given.start()
            self.addCleanup(given.stop)

    def install(self, name, version, record):
        self.site.install(name, version, RECORD=record)
        self.record = os.path.join(self.site.path, "{}-{}.dist-info/RECORD".format(name.replace("-", "_"), version))

    def written(self):
        return write(os.path.join(folder(self), "files.json"), json.dumps(base_files.table()))

    def after(self, change):
        """{distribution: [(path below the packages, kind, owner)]}, how many of them differ."""
        table = self.written()
        change()
        found = base_files.compared(table)["differing"]
        short = {
            name: [
                (os.path.relpath(file["path"], self.site.path), file["kind"], file["owner"]) for file in entry["first"]
            ]
            for name, entry in found.items()
        }
        return short, {name: entry["count"] for name, entry in found.items()}

    def first(self, change):
        return self.after(change)[0]

    def test_are_equal_if_nothing_happened_or_bytecode_appeared(self):
        self.assertEqual(self.after(lambda: None), ({}, {}))
        self.assertEqual(self.first(lambda: self.site.add("vllm/__pycache__/envs.pyc", "x")), {})
        self.assertEqual(self.first(lambda: self.site.add("numpy/__pycache__/core.pyc", "x")), {})

    def test_are_counted_once(self):
        # Two RECORDs, three files of numpy, two of the engine
        self.assertEqual(base_files.compared(self.written())["compared"], 7)

    def test_differ_by_size_time_and_existence(self):
        for change, path, kind in (
            (lambda: self.site.add("numpy/core.py", "other"), "numpy/core.py", "changed"),
            (lambda: os.utime(self.numpy, (1, 1)), "numpy/core.py", "changed"),
            (lambda: os.unlink(self.script), "../bin/f2py", "vanished"),
            (lambda: self.site.add("numpy/gone.py"), "numpy/gone.py", "came"),
            (lambda: (os.unlink(self.numpy), os.mkdir(self.numpy)), "numpy/core.py", "changed"),
        ):
            with self.subTest(path=path, kind=kind):
                self.assertEqual(self.first(change), {"numpy": [(path, kind, None)]})

    def test_differ_if_their_record_does(self):
        before = os.stat(self.numpy)
        def change():
            self.install("numpy", "2.2.6", "numpy/core.py,sha256=y,3\n")
            os.utime(self.numpy, (before.st_atime, before.st_mtime))
        self.assertEqual(self.first(change), {"numpy": [("numpy-2.2.6.dist-info/RECORD", "changed", None)]})

    def test_that_a_wheel_overwrites_are_said_to_be_its_own(self):
        def change():
            self.site.add("vllm/envs.py", "overwritten")
            self.install("aibrix-kvcache", "0.7.0+cu130", "aibrix_kvcache/__init__.py,,\nvllm/envs.py,,\n")
        self.assertEqual(self.first(change), {"vllm": [("vllm/envs.py", "changed", "aibrix-kvcache")]})

    def test_of_the_engine_may_be_new_ones(self):
        self.assertEqual(self.first(lambda: self.site.add("vllm/new.py")), {"vllm": [("vllm/new.py", "came", None)]})
        self.assertEqual(self.first(lambda: self.site.add("numpy/new.py")), {})

    def test_are_counted_and_the_first_named(self):
        files = [f"vllm/new{n}.py" for n in range(9)]
        found, counts = self.after(lambda: [self.site.add(name) for name in files])
        self.assertEqual([path for path, _, _ in found["vllm"]], files[:3])
        self.assertEqual(counts, {"vllm": 9})

    def test_are_named_in_one_line_of_printable_characters(self):
        found = self.first(lambda: self.site.add("vllm/é\n\x1b\udcff.py"))
        self.assertEqual(found, {"vllm": [("vllm/é\\n\\x1b\\udcff.py", "came", None)]})

    def test_of_replaced_packages_and_of_torch_are_not_compared(self):
        for name in ("nixl", "nixl_cu13", "aibrix_kvcache", "torch"):
            self.site.add(name + "/__init__.py")
            self.install(name, "1.0", name + "/__init__.py,,\n")
        def change():
            for name in ("nixl", "nixl_cu13", "aibrix_kvcache", "torch"):
                os.unlink(os.path.join(self.site.path, name, "__init__.py"))
        self.assertEqual(self.first(change), {})

    def test_that_a_patch_changes_adds_or_removes_are_its_own(self):
        self.site.add("vllm/old.py")
        def change():
            patch = (
                "--- a/vllm/envs.py\t2025\n+++ b/vllm/envs.py\n@@ -1 +1 @@\n--- /dev/null\n"
                "+++ b/vllm/new.py\n--- a/vllm/old.py\n+++ /dev/null\n"
            )
            write(os.path.join(os.path.dirname(integration.INTEGRATION_RECORD), "the.patch"), patch)
            write(
                integration.INTEGRATION_RECORD, json.dumps({"engine": "vllm", "mode": "patch", "evidence": "the.patch"})
            )
            self.site.add("vllm/envs.py", "patched")
            self.site.add("vllm/new.py")
            os.unlink(os.path.join(self.site.path, "vllm/old.py"))
            self.site.add("vllm/other.py")
        self.assertEqual(self.first(change), {"vllm": [("vllm/other.py", "came", None)]})

    def test_of_an_engine_that_lies_elsewhere_are_all_in_its_folder(self):
        source = folder(self)
        path = write(os.path.join(source, "sglang/srt/server.py"), "one")
        write(os.path.join(source, "sglang/__init__.py"))
        write(os.path.join(source, ".git/index"), "one")
        self.install("sglang", "0.5.11", "__editable__.sglang.pth,,\n")
        url = {"url": "file://" + source, "dir_info": {"editable": True}}
        self.site.add("sglang-0.5.11.dist-info/direct_url.json", json.dumps(url))
        def change():
            write(path, "another")
            write(os.path.join(source, "sglang/new.py"))
            write(os.path.join(source, ".git/index"), "another")
        with mock.patch.object(sys, "path", [source] + sys.path):
            found, counts = self.after(change)
        self.assertEqual(counts, {"sglang": 2})
        self.assertEqual({os.path.basename(file) for file, _, _ in found["sglang"]}, {"server.py", "new.py"})

    def test_of_a_strange_record_are_those_that_can_be_read(self):
        outside = write(os.path.join(folder(self), "a,b.txt"), "one")
        for record, change, wanted in (
            (f'"{outside}",,\n', lambda: os.utime(outside, (1, 1)), 1),
            ('"numpy/core.py",sha256=x,1\r\n', lambda: os.utime(self.numpy, (2, 2)), 1),
            ("numpy/../numpy/./core.py\n", lambda: os.utime(self.numpy, (3, 3)), 1),
            (b"caf\xe9/\xff.py,,\nnumpy/core.py,,\n", lambda: os.utime(self.numpy, (4, 4)), 1),
            ("\n,,\n\0\nnumpy/co\0re.py,,\n", lambda: os.utime(self.numpy, (5, 5)), 1),
            ('"unended,,\nnumpy/core.py', lambda: None, 0),
            ("numpy,,\n/dev/null,,\n/proc/self/stat,,\n/proc/uptime,,\n", lambda: self.site.add("numpy/new.py"), 0),
            ("x" * 200000 + ",,\n", lambda: None, 0),
        ):
            with self.subTest(record=record[:40]):
                self.install("numpy", "2.2.6", record)
                self.assertEqual(sum(self.after(change)[1].values()), wanted)

    def test_of_a_package_without_a_record_are_not_known(self):
        os.unlink(self.record)
        self.assertEqual(
            self.first(lambda: os.utime(self.engine, (1, 1))), {"vllm": [("vllm/envs.py", "changed", None)]}
        )
        for make in (os.mkdir, os.mkfifo):
            self.site.install("other", "1.0")
            record = os.path.join(self.site.path, "other-1.0.dist-info/RECORD")
            make(record)
            self.assertEqual(self.first(lambda: None), {})
            os.rmdir(record) if os.path.isdir(record) else os.unlink(record)


class PatchedFilesTest(unittest.TestCase):
    def test_are_none_if_the_record_is_broken_or_of_another_mode(self):
        path = os.path.join(folder(self), "integration.json")
        with mock.patch.object(integration, "INTEGRATION_RECORD", path):
            self.assertEqual(integration.patched_files(), set())
            for text in (
                "{broken",
                "[]",
                "{}",
                '{"mode": "module", "engine": "vllm"}',
                '{"mode": "patch", "engine": "vllm", "evidence": "gone"}',
            ):
                write(path, text)
                self.assertEqual(integration.patched_files(), set())
