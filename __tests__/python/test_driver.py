import os
import shutil
import unittest
from unittest import mock

from common import cuda
from measure import driver
from measure.subprocesses import python
from step.image import ucx_tools

from ..support import image_python
from ..support.image_python import folder, write

LOAD = "import ctypes\nanswer(ctypes.CDLL(sys.argv[1]).cuInit(0))"


def library(path):
    return image_python.library(path, "int cuInit(int flags){return 999;}")


@unittest.skipUnless(shutil.which("gcc"), "a library is compiled")
class DriverTest(unittest.TestCase):
    def setUp(self):
        self.place = folder(self)
        self.home, self.kept = self.place + "/cuda", self.place + "/kept"
        for given in (
            mock.patch.object(cuda, "homes", lambda: [self.home]),
            mock.patch.object(driver, "KEPT", self.kept),
            mock.patch.dict(os.environ, LD_LIBRARY_PATH=""),
        ):
            given.start()
            self.addCleanup(given.stop)

    def environment(self):
        """The environment as a new process measures it."""
        driver.environment.cache_clear()
        self.addCleanup(driver.environment.cache_clear)
        return driver.environment()

    def folder_of(self, environment):
        return environment["LD_LIBRARY_PATH"].split(":")[-1]

    def test_is_none_without_a_driver_and_a_stub(self):
        self.assertIsNone(self.environment())
        library(self.kept + "/libnvidia-ml.so.1")
        self.assertIsNone(self.environment())

    def test_is_a_folder_with_the_toolkits_stub_under_the_name_that_a_loader_asks_for(self):
        for place in ("lib64", "lib", "targets/sbsa-linux/lib"):
            with self.subTest(place):
                stub = library(f"{self.home}/{place}/stubs/libcuda.so")
                found = self.environment()
                self.assertEqual(os.readlink(self.folder_of(found) + "/libcuda.so.1"), stub)
                self.assertEqual(python(LOAD, "libcuda.so.1", env=found)[0], 999)
                os.unlink(stub)

    def test_has_the_kept_stub_if_the_toolkit_has_none_that_loads(self):
        kept = library(self.kept + "/libcuda.so.1")
        write(self.home + "/lib64/stubs/libcuda.so", "of another machine")
        self.assertEqual(os.readlink(self.folder_of(self.environment()) + "/libcuda.so.1"), kept)

    def test_is_none_if_no_stub_loads(self):
        write(self.kept + "/libcuda.so.1", "no library")
        self.assertIsNone(self.environment())

    def test_has_every_stub_of_a_driver_library_that_exists(self):
        library(self.kept + "/libcuda.so.1")
        self.assertEqual(os.listdir(self.folder_of(self.environment())), ["libcuda.so.1"])
        library(self.kept + "/libnvidia-ml.so.1")
        self.assertEqual(sorted(os.listdir(self.folder_of(self.environment()))), ["libcuda.so.1", "libnvidia-ml.so.1"])

    def test_leaves_a_driver_that_the_loader_finds_in_its_place(self):
        library(self.kept + "/libcuda.so.1")
        own = os.path.dirname(library(self.place + "/driver/libcuda.so.1"))
        with mock.patch.dict(os.environ, LD_LIBRARY_PATH=own):
            self.assertEqual(self.environment(), {})
            library(self.kept + "/libnvidia-ml.so.1")
            found = self.environment()
            self.assertEqual(os.listdir(self.folder_of(found)), ["libnvidia-ml.so.1"])
            self.assertEqual(found["LD_LIBRARY_PATH"], f"{own}:{self.folder_of(found)}")

    def test_takes_no_broken_file_for_a_driver(self):
        library(self.kept + "/libcuda.so.1")
        write(self.place + "/left/libcuda.so.1")
        os.symlink("/nothing", self.place + "/left/libnvidia-ml.so.1")
        with mock.patch.dict(os.environ, LD_LIBRARY_PATH=self.place + "/left"):
            self.assertNotIn(self.environment(), ({}, None))

    def test_takes_a_name_for_no_driver_that_only_a_stub_has(self):
        source, soname = "int cuInit(int flags){return 1;}", "-Wl,-soname,libcuda.so.1"
        image_python.library(self.kept + "/libcuda.so.1", source, soname)
        self.assertNotIn(self.environment(), ({}, None))

    def test_is_found_in_one_process_unless_a_library_crashes(self):
        crashing = "void __attribute__((constructor)) f(void){__builtin_trap();}"
        library(self.kept + "/libcuda.so.1")
        calls = []

        def counted(*arguments, **words):
            calls.append(arguments[1:])
            return python(*arguments, **words)

        with mock.patch.object(driver, "python", counted):
            self.assertNotIn(self.environment(), ({}, None))
            self.assertEqual(len(calls), 1)
            image_python.library(f"{self.home}/lib64/stubs/libcuda.so", crashing)
            found = self.environment()
        self.assertEqual(os.readlink(self.folder_of(found) + "/libcuda.so.1"), self.kept + "/libcuda.so.1")
        self.assertEqual(len(calls), 1 + 1 + 4)

    def test_is_searched_once(self):
        library(self.kept + "/libcuda.so.1")
        self.assertIs(self.environment(), driver.environment())


class StubTest(unittest.TestCase):
    def test_is_in_no_image(self):
        place = folder(self)
        given, prefix, links = place + "/given", place + "/image/ucx", place + "/image/bin"
        os.makedirs(links)
        for name in ("bin/ucx_info", "lib/libucp.so.0", "source.json", "LICENSE", "driver-stub/libcuda.so.1"):
            write(given + "/" + name)
        with mock.patch.multiple(ucx_tools, UCX_MOUNT=given, UCX_PREFIX=prefix, LINKS=links):
            ucx_tools.main()
        self.assertEqual(sorted(os.listdir(prefix)), ["LICENSE", "bin", "lib"])
        self.assertEqual(os.readlink(links + "/ucx_info"), prefix + "/bin/ucx_info")
