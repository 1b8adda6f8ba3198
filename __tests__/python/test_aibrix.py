import os
import shutil
import sys
import unittest
from importlib.machinery import EXTENSION_SUFFIXES
from unittest import mock

from common import packages
from measure import aibrix, compiled, driver

from ..support.image_python import SitePackages, library


class ExtensionFileTest(unittest.TestCase):
    def setUp(self):
        self.site = SitePackages(self)
        # Importing it fails
        self.site.add("aibrix_kvcache/__init__.py", "raise ImportError('it was imported')")
        given = mock.patch.object(driver, "environment", lambda: {})
        given.start()
        self.addCleanup(given.stop)

    def test_is_the_one_of_several_that_python_imports(self):
        for suffix in reversed(EXTENSION_SUFFIXES):
            path = self.site.add("aibrix_kvcache/_aibrix_C" + suffix)
            self.assertEqual(aibrix.extension_file(), path)

    def test_is_not_one_for_another_python(self):
        self.site.add("aibrix_kvcache/_aibrix_C.cpython-27-x86_64-linux-gnu.so")
        self.assertIsNone(aibrix.extension_file())

    def test_is_what_comes_before_it_where_python_looks(self):
        self.site.add("aibrix_kvcache/_aibrix_C.abi3.so")
        path = self.site.add("aibrix_kvcache/_aibrix_C/__init__.py")
        self.assertEqual(aibrix.extension_file(), path)

    def test_is_found_in_a_process_of_its_own_if_a_finder_fails(self):
        class Finder:
            @staticmethod
            def find_spec(name, path=None, target=None):
                if name == aibrix.EXTENSION:
                    raise RuntimeError("no")

        with mock.patch.object(sys, "meta_path", [Finder] + sys.meta_path):
            self.assertIsNone(aibrix.extension_file())

    def test_has_the_other_shared_objects_beside_it(self):
        own = self.site.add("aibrix_kvcache/_aibrix_C.abi3.so")
        others = [self.site.add("aibrix_kvcache/" + name) for name in ("_aibrix_C.so", "deep/libpart.so.1.2", "x.so")]
        for name in ("x.so.txt", "notes.some", "_aibrix_C.py"):
            self.site.add("aibrix_kvcache/" + name)
        os.symlink("x.so", packages.package_directory("aibrix_kvcache") + "/y.so")
        self.assertEqual(aibrix.libraries(packages.package_directory("aibrix_kvcache"), own), others)
        self.assertEqual(aibrix.libraries(None, None), [])


@unittest.skipUnless(shutil.which("gcc"), "a library is compiled")
class LibraryTest(unittest.TestCase):
    def setUp(self):
        self.site = SitePackages(self)

    def library(self, source, *options):
        path = os.path.join(self.site.path, f"lib{len(os.listdir(self.site.path))}.so")
        return library(path, source, *options)

    def of(self, path, environment):
        with mock.patch.object(driver, "environment", lambda: environment):
            return compiled.library(path)

    def test_loads_and_misses_nothing(self):
        found = self.of(self.library("int malloc(int); int f(void){return malloc(1);}"), {})
        self.assertEqual((found["load"], found["undefinedSymbols"]), ({"outcome": "ok"}, []))

    def test_names_the_symbol_that_nothing_has(self):
        found = self.of(self.library("void other_torch(void); void f(void){other_torch();}"), {})
        self.assertIn("undefined symbol: other_torch", found["load"]["error"])
        self.assertEqual(found["undefinedSymbols"], ["other_torch"])

    def test_of_the_driver_is_looked_up_in_its_stub_and_else_left_out(self):
        stub = self.library("int cuInit(int f){return 999;}", "-Wl,-soname,libcuda.so.1")
        os.rename(stub, self.site.path + "/libcuda.so.1")
        source = "int cuInit(int); int cuMemMap(void); void other_torch(void); void f(void){cuInit(0); %s}"
        fine, bad = [
            self.library(source % more, self.site.path + "/libcuda.so.1") for more in ("", "cuMemMap(); other_torch();")
        ]
        stubs = {"LD_LIBRARY_PATH": self.site.path}
        self.assertEqual(self.of(fine, stubs)["load"], {"outcome": "ok"})
        self.assertEqual(self.of(fine, stubs)["undefinedSymbols"], [])
        self.assertEqual(self.of(bad, stubs)["undefinedSymbols"], ["cuMemMap", "other_torch"])
        self.assertIn("libcuda.so.1: cannot open shared object file", self.of(fine, None)["load"]["error"])
        self.assertEqual(self.of(fine, None)["undefinedSymbols"], [])
        self.assertEqual(self.of(bad, None)["undefinedSymbols"], ["other_torch"])

    def test_that_is_no_library_is_reported(self):
        found = self.of(self.site.add("x.so", "no library"), {})
        self.assertEqual(found["load"]["outcome"], "error")
        self.assertEqual((found["needed"], found["undefinedSymbols"]), ([], []))


# The parts of torch that load an extension and list its operators
TORCH = """
import ctypes
class _C:
    def _dispatch_get_all_op_names():
        return ["aten::add", "_aibrix_C_cache_ops::copy.out", "_aibrix_C_cache_ops::copy"]
class ops:
    def load_library(path):
        ctypes.CDLL(path)
"""


@unittest.skipUnless(shutil.which("gcc"), "a library is compiled")
class ExtensionTest(unittest.TestCase):
    """The facts of an extension and of its package's import, and from how many processes."""

    def of(self, source, package):
        site = SitePackages(self)
        site.add("torch.py", TORCH)
        site.add("package.py", package)
        path = library(site.path + "/extension.so", source)
        with mock.patch.object(driver, "environment", lambda: {"PYTHONPATH": site.path}), \
             mock.patch.object(compiled, "python", wraps=compiled.python) as started:
            found, imported = compiled.extension(path, "package")
        return found, imported, started.call_count

    def test_is_measured_together_with_the_import_by_one_process_if_both_succeed(self):
        found, imported, processes = self.of("int malloc(int); int f(void){return malloc(1);}", "")
        self.assertEqual(
            (found["load"], imported, found["operators"], processes),
            ({"outcome": "ok"}, {"outcome": "ok"}, ["copy"], 1),
        )

    def test_loads_even_if_its_package_can_not_be_imported(self):
        ends = "it ends the process that loads it, without an error"
        for package, why in (
            ("raise ImportError('no engine')", "no engine"),
            ("import os; os.abort()", "killed by SIGABRT"),
            ("import os; os._exit(0)", ends),
            ("raise SystemExit", ends),
            ("raise SystemExit(0)", ends),
            ("import sys\nif 'torch' not in sys.modules: raise ImportError('no torch')", "no torch"),
            ("import sys\nif 'ctypes' not in sys.modules: raise ImportError('no ctypes')", "no ctypes"),
            ("import torch; torch.ops.load_library = None", "not callable"),
        ):
            with self.subTest(package):
                found, imported, _ = self.of("int f(void){return 1;}", package)
                self.assertEqual((found["load"], found["operators"]), ({"outcome": "ok"}, ["copy"]))
                self.assertIn(why, imported["error"])

    def test_fails_even_if_its_package_can_be_imported(self):
        found, imported, _ = self.of("void other_torch(void); void f(void){other_torch();}", "")
        self.assertIn("undefined symbol: other_torch", found["load"]["error"])
        self.assertEqual((found["undefinedSymbols"], imported), (["other_torch"], {"outcome": "ok"}))
