import os
import unittest

from measure.unresolved_imports import module_path, unresolved_import

from ..support.image_python import SitePackages

CONNECTOR = "aibrix_kvcache.integration.connector"


class NamesTest(unittest.TestCase):
    def setUp(self):
        self.packages = SitePackages(self)
        for package in ("vllm", "sglang", "aibrix_kvcache", "aibrix_kvcache/integration"):
            self.packages.add(package + "/__init__.py")

    def problem_of(self, text):
        """The unresolved import of a connector with this text."""
        self.packages.add(CONNECTOR.replace(".", "/") + ".py", text)
        return unresolved_import(CONNECTOR)

    def assert_has(self, engine, imported):
        self.packages.add("vllm/config.py", engine)
        self.assertIsNone(self.problem_of("from vllm.config import " + imported))


class UnresolvedImportTest(NamesTest):
    def test_is_none_if_all_imports_resolve(self):
        self.packages.add("vllm/config.py", "class VllmConfig: pass")
        self.assertIsNone(
            self.problem_of("import os\nimport vllm.config as c\nfrom vllm.config import VllmConfig as V")
        )

    def test_is_a_module_that_does_not_exist(self):
        self.assertEqual(unresolved_import("aibrix_kvcache.nothing"), "there is no module aibrix_kvcache.nothing")
        self.assertEqual(unresolved_import("no_such_package.nothing"), "there is no module no_such_package.nothing")

    def test_is_a_module_of_the_engine_that_does_not_exist(self):
        for text in ("import vllm.gone", "from vllm.gone import X", "from vllm.gone import *"):
            with self.subTest(text):
                self.assertEqual(self.problem_of(text), CONNECTOR + " imports vllm.gone, which does not exist")

    def test_is_a_name_that_the_module_of_the_engine_does_not_have(self):
        self.packages.add("sglang/srt.py", "class Old: pass")
        self.assertEqual(
            self.problem_of("from sglang.srt import Old, New"),
            CONNECTOR + " imports New from sglang.srt, which does not have it",
        )

    def test_is_a_package_that_is_not_installed(self):
        self.assertEqual(
            self.problem_of("from no_such_package.core import X"),
            CONNECTOR + " imports no_such_package, which is not installed",
        )

    def test_does_not_ask_other_packages_for_names(self):
        self.assertIsNone(self.problem_of("from json import no_such_name"))

    def test_is_what_an_imported_module_of_ours_imports(self):
        self.packages.add("aibrix_kvcache/cache.py", "from .memory import Pool")
        self.packages.add("aibrix_kvcache/memory.py", "import vllm.gone\nclass Pool: pass")
        self.assertEqual(
            self.problem_of("from aibrix_kvcache.cache import Pool"),
            "aibrix_kvcache.memory imports vllm.gone, which does not exist",
        )

    def test_ends_if_modules_import_each_other(self):
        self.packages.add("aibrix_kvcache/a.py", "from .b import B\nclass A: pass")
        self.packages.add("aibrix_kvcache/b.py", "from .a import A\nclass B: pass")
        self.assertIsNone(unresolved_import("aibrix_kvcache.a"))

    def test_resolves_relative_imports_from_a_module_and_from_a_package(self):
        self.packages.add("aibrix_kvcache/cache.py", "X = 1")
        self.packages.add("aibrix_kvcache/integration/near.py", "Y = 1")
        self.packages.add(
            "aibrix_kvcache/integration/__init__.py", "from .near import Y\nfrom ..cache import X\nfrom . import near"
        )
        self.assertIsNone(unresolved_import("aibrix_kvcache.integration"))
        self.assertIsNone(self.problem_of("from .near import Y\nfrom ..cache import X\nfrom . import near"))
        self.assertEqual(
            self.problem_of("from ..near import Y"), CONNECTOR + " imports aibrix_kvcache.near, which does not exist"
        )

    def test_does_not_count_imports_that_may_fail(self):
        self.assertIsNone(self.problem_of("\n".join((
            "from typing import TYPE_CHECKING",
            "if TYPE_CHECKING:\n    from vllm.gone import A",
            "try:\n    from vllm.gone import B\nexcept ImportError:\n    B = None",
            "def later():\n    from vllm.gone import C",
        ))))

    def test_is_a_syntax_error_with_its_place(self):
        path = self.packages.add("aibrix_kvcache/broken.py", "def f(:\n")
        self.assertRegex(unresolved_import("aibrix_kvcache.broken"), f"^{path}: .*line 1")

    def test_is_found_without_running_a_line(self):
        self.packages.add("vllm/config.py", "raise SystemExit('imported')\nX = 1")
        self.assertIsNone(self.problem_of("from vllm.config import X\nraise SystemExit('imported')"))


class NameOfTheEngineTest(NamesTest):
    def test_exists_however_it_is_defined(self):
        for text in (
            "def X(): pass", "async def X(): pass", "class X: pass", "X = 1", "X: int = 1", "W, (X, Y) = 1, (2, 3)",
            "from json import loads as X", "import X", "if True:\n    X = 1\nelse:\n    pass",
            "try:\n    from fast import X\nexcept ImportError:\n    X = None",
        ):
            with self.subTest(text):
                self.assert_has(text, "X")

    def test_does_not_exist_if_it_is_only_used(self):
        for text in ("print(X)", "import json as Y", "from json import X as Y", "a.X = 1", "'X'"):
            with self.subTest(text):
                self.packages.add("vllm/config.py", text)
                self.assertIn("X from vllm.config", self.problem_of("from vllm.config import X"))

    def test_may_be_anything_if_the_source_does_not_show_it(self):
        for text in ("def __getattr__(name): ...", "from .other import *"):
            with self.subTest(text):
                self.assert_has(text, "X")

    def test_may_be_anything_in_a_compiled_module(self):
        for name in ("_C.abi3.so", "_moe.cpython-312-x86_64-linux-gnu.so"):
            with self.subTest(name):
                self.packages.add("vllm/" + name)
                self.assertIsNone(self.problem_of("from vllm.{} import X".format(name.split(".")[0])))

    def test_may_be_a_module_of_a_package(self):
        self.packages.add("vllm/distributed/kv.py")
        self.assertIsNone(self.problem_of("from vllm.distributed import kv"))
        self.assertIn("other from vllm.distributed", self.problem_of("from vllm.distributed import other"))


class ModulePathTest(NamesTest):
    def test_is_the_file_that_python_would_take(self):
        both = self.packages.add("vllm/both/__init__.py")
        self.packages.add("vllm/both.py")
        file = self.packages.add("vllm/file.py")
        self.assertEqual([module_path("vllm.both"), module_path("vllm.file")], [both, file])
        self.assertEqual(module_path("vllm"), os.path.join(self.packages.path, "vllm", "__init__.py"))

    def test_is_the_folder_of_a_package_without_a_file(self):
        path = os.path.dirname(self.packages.add("vllm/plain/kv.py"))
        self.assertEqual(module_path("vllm.plain"), path)

    def test_is_none_without_either(self):
        self.packages.add("vllm/_Core.so.txt")
        for dotted in ("vllm.nothing", "vllm.nothing.below", "vllm._Core", "no_such_package", ""):
            with self.subTest(dotted):
                self.assertIsNone(module_path(dotted))
