import json
import os
import unittest

from common.packages import distribution
from measure.engine import editable, editable_folder, engines, record, versions

from ..support.image_python import SitePackages, folder, python_answers, write


class EngineTest(unittest.TestCase):
    def setUp(self):
        self.site = SitePackages(self)

    def test_is_the_installed_one_with_its_place(self):
        self.assertEqual(engines(), [])
        self.site.install("vllm", "0.10.2+cu128")
        location = os.path.dirname(self.site.add("vllm/__init__.py", "raise SystemExit('imported')"))
        vllm = {"name": "vllm", "version": "0.10.2+cu128", "location": location, "editable": False}
        self.assertEqual(engines(), [vllm])

    def test_are_both_if_the_base_has_both(self):
        self.site.install("sglang", "0.5.11")
        self.assertEqual([found["name"] for found in engines()], ["sglang"])
        self.site.install("vllm", "0.9.0")
        self.assertEqual(
            [(found["name"], found["version"]) for found in engines()], [("vllm", "0.9.0"), ("sglang", "0.5.11")]
        )

    def test_is_editable_if_pip_says_so_or_if_it_lies_elsewhere(self):
        for direct_url, location, wanted in (
            (json.dumps({"url": "file:///src", "dir_info": {"editable": True}}), self.site.path + "/vllm", True),
            (json.dumps({"url": "file:///src", "dir_info": {}}), self.site.path + "/vllm", False),
            ("{broken", self.site.path + "/vllm", False),
            ("", "/workspace/vllm", True),
            ("", self.site.path + "-other/vllm", True),
        ):
            with self.subTest(direct_url=direct_url, location=location):
                self.site.install("vllm", "0.10.2", **{"direct_url.json": direct_url})
                self.assertEqual(editable(distribution("vllm"), location), wanted)


class VersionsTest(unittest.TestCase):
    def of(self, text):
        python_answers(self, ["9.9", "9.9"])
        return versions(os.path.dirname(SitePackages(self).add("torch/version.py", text)))

    def test_are_what_torch_assigns_with_or_without_a_type(self):
        for cuda, wanted in (
            ('cuda: Optional[str] = "13.0"', "13.0"),
            ("cuda = '12.8'", "12.8"),
            ("cuda: Optional[str] = None", None),
        ):
            with self.subTest(cuda):
                text = f"from typing import Optional\n__version__ = '2.11.0+cu130'\n{cuda}\nhip: Optional[str] = 'x'\n"
                self.assertEqual(self.of(text), ["2.11.0+cu130", wanted])

    def test_are_asked_of_torch_if_its_source_does_not_state_both(self):
        one = "__version__ = '2.11.0'\n"
        for text in (
            "",
            one,
            one + "cuda = of_the_build()\n",
            one + "cuda = '13.0'\nif other: cuda = '12.8'\n",
            one + "# cuda = '3'\n",
            "cuda = (",
            one + "try:\n  from x import cuda\nexcept ImportError:\n  cuda = '13.1'\n",
            one + "cuda = '12'\ncuda += '.9'\n",
            one + "cuda = None\nfrom x import cuda\n",
            one + "cuda = None\nfrom x import *\n",
            one + "for cuda in ['13.0']: pass\n",
            one + "cuda = None\nglobals().update(cuda='13.0')\n",
            one + "def f():\n  cuda = '12.6'\n",
            one + "if False: cuda = '12.6'\n",
            one + "cuda = 13.0\n",
            one + "cuda = False\n",
            "__version__ = b'2.11.0'\ncuda = None\n",
            one + "cuda, hip = '13.0', None\n",
        ):
            with self.subTest(text):
                self.assertEqual(self.of(text), ["9.9", "9.9"])

    def test_are_unknown_if_torch_can_not_be_asked_either(self):
        python_answers(self, None)
        self.assertEqual(versions("/nothing"), [None, None])


class RecordTest(unittest.TestCase):
    def setUp(self):
        self.site = SitePackages(self)
        self.path = self.site.add("torch/_C.so", "binary")
        self.cached = self.site.add("torch/x.pyc", "bytecode")
        self.site.install(
            "torch", "2.11.0", RECORD='torch/_C.so,sha256=x,6\n"torch/x.pyc",,\ntorch/gone.py,sha256=y,1\n'
        )
        self.before = record(distribution("torch"))

    def test_is_the_same_for_the_same_files_and_for_other_bytecode(self):
        os.utime(self.cached, (1, 1))
        self.assertRegex(self.before, "^[0-9a-f]{64}$")
        self.assertEqual(record(distribution("torch")), self.before)

    def test_differs_if_a_file_was_touched_added_or_removed(self):
        for change in (
            lambda: os.utime(self.path, (1, 1)),
            lambda: self.site.add("torch/gone.py"),
            lambda: os.unlink(self.path),
        ):
            change()
            after = record(distribution("torch"))
            self.assertNotEqual(after, self.before)
            self.before = after

    def test_is_none_without_a_list_of_files(self):
        self.assertIsNone(record(None))
        self.site.install("other", "1.0")
        self.assertIsNone(record(distribution("other")))


class EditableFolderTest(unittest.TestCase):
    def test_is_what_pip_wrote_down(self):
        source, info = folder(self), folder(self)
        os.mkdir(source + "/a b")
        for text, wanted in (
            (json.dumps({"url": f"file://{source}/a%20b", "dir_info": {"editable": True}}), source + "/a b"),
            (json.dumps({"url": "file://" + source, "dir_info": {}}), None),
            (json.dumps({"url": "file://" + source}), None),
            (json.dumps({"url": "file:///not/there", "dir_info": {"editable": True}}), None),
            (json.dumps({"url": "https://x/y", "dir_info": {"editable": True}}), None),
            (json.dumps({"url": 1, "dir_info": {"editable": True}}), None),
            ("[1]", None),
            ("{broken", None),
            ("", None),
        ):
            with self.subTest(text=text):
                write(info + "/direct_url.json", text)
                self.assertEqual(editable_folder(info), wanted)
        self.assertIsNone(editable_folder(info + "/nothing"))
