import json
import os
import unittest
from unittest import mock

from measure.imports import imports

from ..support.image_python import folder, write

RECORD = "nixl/__init__.py,sha256=x,1\n\"nixl/a,b.py\",,\n"


class ImagePython(unittest.TestCase):
    """A Python that finds packages in a folder of PYTHONPATH."""

    def setUp(self):
        self.site = os.path.join(folder(self), "site-packages")
        os.makedirs(self.site)
        self.environment = {"PYTHONPATH": self.site}

    def add(self, name, content=""):
        return write(os.path.join(self.site, name), content)

    def install(self, name, version, record=RECORD, **files):
        info = f"{name}-{version}.dist-info/"
        self.add(info + "METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        if record is not None:
            self.add(info + "RECORD", record)
        for file, content in files.items():
            self.add(info + file, content)

    def look(self, command=None):
        with mock.patch.dict(os.environ, self.environment):
            return imports(command)

    def module(self, name, command=None):
        found = self.look(command)
        self.assertIsNone(found["error"])
        return next((module for module in found["modules"] if module["name"] == name), None)


class ModuleTest(ImagePython):
    def test_is_the_file_with_the_distribution_that_lists_it(self):
        path = self.add("nixl/__init__.py")
        self.install("NIXL", "0.7.1")
        owner = {"name": "nixl", "version": "0.7.1"}
        self.assertEqual(
            self.module("nixl"), {"name": "nixl", "file": path, "owners": [owner], "version": None, "error": None}
        )

    def test_of_no_distribution_has_no_owner(self):
        self.add("nixl/__init__.py")
        self.install("nixl", "0.7.1", "other/__init__.py,,\nxnixl/__init__.py,,\nnixl/__init__.pyc,,\n")
        self.assertEqual(self.module("nixl")["owners"], [])

    def test_that_does_not_exist_has_no_file(self):
        self.assertEqual(
            self.module("nixl"), {"name": "nixl", "file": None, "owners": [], "version": None, "error": None}
        )

    def test_is_not_imported(self):
        contents = {
            "nixl": "import os; os.kill(os.getpid(), 9)",
            "torch": "print('hello')",
            "vllm": "raise SystemExit(3)",
            "sglang": "def (",
        }
        paths = {name: self.add(name + "/__init__.py", content) for name, content in contents.items()}
        found = self.look()
        self.assertIsNone(found["error"])
        self.assertEqual(
            {module["name"]: module["file"] for module in found["modules"] if module["name"] in paths}, paths
        )

    def test_below_another_is_found_without_that_one(self):
        self.add("aibrix_kvcache/__init__.py", "raise SystemExit('imported')")
        path = self.add("aibrix_kvcache/_aibrix_C.abi3.so")
        self.install("aibrix_kvcache", "0.7.0", "aibrix_kvcache/__init__.py,,\naibrix_kvcache/_aibrix_C.abi3.so,,\n")
        found = self.module("aibrix_kvcache._aibrix_C")
        self.assertEqual((found["file"], found["owners"]), (path, [{"name": "aibrix-kvcache", "version": "0.7.0"}]))

    def test_of_a_distribution_without_a_list_of_files_is_recognised_by_its_name(self):
        self.add("nixl/__init__.py")
        self.install("Nixl", "0.7.1", None)
        self.assertEqual([owner["name"] for owner in self.module("nixl")["owners"]], ["nixl"])

    def test_may_be_a_folder_without_a_file_of_its_own(self):
        path = os.path.dirname(self.add("nixl/a.py"))
        self.install("nixl", "0.7.1", "nixl/a.py,,\n")
        found = self.module("nixl")
        self.assertEqual((found["file"], len(found["owners"])), (path, 1))

    def test_is_each_variant_of_nixl(self):
        for name in ("nixl_cu12/__init__.py", "nixl_cu13/__init__.py", "nixl_cuda/__init__.py"):
            self.add(name)
        names = [module["name"] for module in self.look()["modules"]]
        self.assertEqual([name for name in names if name.startswith("nixl_")], ["nixl_cu12", "nixl_cu13"])

    def test_whose_finder_breaks_is_an_answer(self):
        self.add("sitecustomize.py", "import sys, types\nsys.modules['nixl'] = types.ModuleType('nixl')\n")
        self.assertRegex(self.module("nixl")["error"], "^ValueError: ")

    def test_is_reported_whatever_a_distribution_lacks(self):
        self.add("nixl/__init__.py")
        self.install("nixl", "0.7.1")
        self.add("empty-1.0.dist-info/x")
        self.add("binary-1.0.dist-info/METADATA", b"\xff\xfe\x00")
        self.add("noname-1.0.dist-info/METADATA", "Version: 1\n")
        self.assertEqual(len(self.module("nixl")["owners"]), 1)


class EditableTest(ImagePython):
    def setUp(self):
        super().setUp()
        self.source = os.path.join(folder(self), "a source")
        self.path = write(self.source + "/sglang/__init__.py", "__version__ = '0.5.11'\n")

    def owners(self, record="", **files):
        self.install("sglang", "0.5.11", record, **files)
        found = self.module("sglang")
        self.assertEqual(found["file"], self.path)
        return [owner["name"] for owner in found["owners"]]

    def test_owns_what_its_pep_610_record_names(self):
        self.environment["PYTHONPATH"] += ":" + self.source
        url = "file://" + self.source.replace(" ", "%20")
        self.assertEqual(
            self.owners(**{"direct_url.json": json.dumps({"url": url, "dir_info": {"editable": True}})}), ["sglang"]
        )

    def test_does_not_own_where_it_was_once_built(self):
        self.environment["PYTHONPATH"] += ":" + self.source
        url = "file://" + self.source.replace(" ", "%20")
        for text in (json.dumps({"url": url, "dir_info": {}}), "[]", "{", '{"dir_info": {"editable": true}}'):
            with self.subTest(text):
                self.assertEqual(self.owners(**{"direct_url.json": text}), [])

    def test_owns_what_its_pth_names(self):
        self.environment["PYTHONPATH"] += ":" + self.source
        self.add("__editable__.sglang.pth", f"# x\nimport os\n{self.source}\n")
        self.assertEqual(self.owners("__editable__.sglang.pth,,\n"), ["sglang"])

    def test_owns_what_its_finder_maps(self):
        self.environment["PYTHONPATH"] += ":" + self.source
        self.add(
            "__editable___sglang_finder.py",
            f"MAPPING: dict[str, str] = {{'sglang': '{self.source}/sglang'}}\nNAMESPACES = {{}}\n",
        )
        self.assertEqual(self.owners("__editable___sglang_finder.py,,\n"), ["sglang"])


class VersionTest(ImagePython):
    def of(self, texts):
        """File → its text; module → its version."""
        for name, text in texts.items():
            self.add(name + ".py", text)
        found = self.look()
        self.assertIsNone(found["error"])
        return {
            module["name"]: module["version"] for module in found["modules"] if module["name"] + "/__init__" in texts
        }

    def test_is_read_if_it_is_a_constant(self):
        crash = "\nimport os; os.kill(os.getpid(), 9)\n"
        without_scm = "try:\n from ._v import __version__\nexcept ImportError:\n __version__ = 'dev'"
        texts = {
            "nixl/__init__": "__version__: str = '1.0'" + crash,
            "torch/__init__": "from .a import __version__ as v\n__version__ = str(v)" + crash,
            "torch/a": "__version__ = '2.0'",
            "vllm/__init__": "from vllm.a import __version__\n" + crash,
            "vllm/a": "__version__ = version = '3.0'",
            "sglang/__init__": "from .b import __version__" + crash,
            "sglang/b": without_scm,
        }
        self.assertEqual(self.of(texts), {"nixl": "1.0", "torch": "2.0", "vllm": "3.0", "sglang": "dev"})

    def test_is_asked_for_if_it_is_computed(self):
        self.assertEqual(
            self.of({"vllm/__init__": "print('hello')\n__version__ = '.'.join(['4', '0'])"}), {"vllm": "4.0"}
        )

    def test_is_none_if_there_is_none_or_the_import_fails(self):
        texts = {
            "nixl/__init__": "",
            "torch/__init__": "__version__ = 4",
            "vllm/__init__": "__version__ = str(1 / 0)",
            "sglang/__init__": "import os\nos.abort()\n__version__ = str(1)",
            "aibrix_kvcache/__init__": "from .x import __version__",
        }
        self.assertEqual(self.of(texts), dict.fromkeys(("nixl", "torch", "vllm", "sglang", "aibrix_kvcache")))
