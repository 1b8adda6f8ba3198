import os
import unittest
from unittest import mock

from common import cuda
from common.failure import Failure
from measure import engine
from step.builder.toolkit import Toolkit, flags_for, link_missing
from step.ucx import build_ucx

from ..support.image_python import folder, write

NVCC = """#!/bin/sh
echo "Welcome to release 24.05 for sm_35"
case $1 in
  --version) echo 'Cuda compilation tools, release %s, V13.0.88' ;;
  *) printf '%%s\\n' %s ;;
esac
"""


def toolkit_home(case, codes="sm_75 sm_80 sm_90 sm_100 sm_90a compute_110 sm_120", release="13.0"):
    """A toolkit whose nvcc only reports; this process finds it first."""
    home = folder(case)
    os.chmod(write(home + "/bin/nvcc", NVCC % (release, codes)), 0o755)
    given = mock.patch.dict(os.environ, CUDA_HOME=home)
    given.start()
    case.addCleanup(given.stop)
    return home


class FlagsTest(unittest.TestCase):
    def test_are_for_machine_code_of_each_and_ptx_of_the_newest(self):
        self.assertEqual(
            flags_for(["8.0", "9.0"]),
            (
                "-gencode arch=compute_80,code=sm_80 -gencode arch=compute_90,code=sm_90 -gencode "
                "arch=compute_90,code=compute_90"
            ),
        )

    def test_know_that_ten_is_newer_than_nine_in_any_order(self):
        for names in (["10.0", "9.0"], ["9.0", "10.0"]):
            with self.subTest(names):
                self.assertTrue(flags_for(names).endswith(" -gencode arch=compute_100,code=compute_100"))

    def test_are_for_ptx_once(self):
        flags = flags_for(["8.0", "8.9", "9.0", "10.0", "12.0"]).split("-gencode ")[1:]
        self.assertEqual(len(flags), 6)
        self.assertEqual([flag for flag in flags if "code=compute_" in flag], ["arch=compute_120,code=compute_120"])


class ToolkitTest(unittest.TestCase):
    def test_is_found_by_the_environment_with_its_version(self):
        home = toolkit_home(self)
        found = Toolkit()
        self.assertEqual((found.home, found.nvcc, found.version), (home, home + "/bin/nvcc", "13.0"))

    def test_knows_real_architectures_by_number_as_the_measurement_does(self):
        toolkit_home(self)
        wanted = ["7.5", "8.0", "9.0", "10.0", "12.0"]
        self.assertEqual(engine.toolkit()["architectures"], wanted)
        self.assertEqual(Toolkit().chosen(" ".join(wanted)), wanted)

    def test_fails_if_nvcc_does_not_report_its_version(self):
        toolkit_home(self, release="unknown")
        with self.assertRaisesRegex(Failure, "does not report its version"):
            Toolkit()

    def test_compiles_by_default_for_the_usual_gpus_that_it_knows(self):
        toolkit_home(self)
        self.assertEqual(Toolkit().chosen("auto"), ["8.0", "9.0", "10.0", "12.0"])

    def test_compiles_for_names_separated_by_blanks_or_commas(self):
        toolkit_home(self)
        for wanted in ("9.0 7.5", "9.0,7.5", " 9.0, 7.5 "):
            with self.subTest(wanted):
                self.assertEqual(Toolkit().chosen(wanted), ["9.0", "7.5"])

    def test_refuses_what_it_does_not_know(self):
        toolkit_home(self, codes="sm_35")
        with self.assertRaisesRegex(Failure, "nvcc 13.0 .*does not know 9.0, x; it knows 3.5"):
            Toolkit().chosen("3.5 9.0 x")
        for wanted, what in {"auto": "any of 8.0 8.9", "": "any of 8.0 8.9", "auto 3.5": "auto"}.items():
            with self.subTest(wanted):
                with self.assertRaisesRegex(Failure, f"does not know {what}"):
                    Toolkit().chosen(wanted)


class PlacesTest(unittest.TestCase):
    def setUp(self):
        self.place = folder(self)
        given = mock.patch.object(cuda, "LINK", self.place + "/cuda")
        given.start()
        self.addCleanup(given.stop)
        outside = mock.patch.dict(os.environ, CUDA_HOME="", CUDA_PATH="", PATH="/usr/bin:/bin")
        outside.start()
        self.addCleanup(outside.stop)

    def put(self, name, release):
        os.chmod(write(f"{self.place}/{name}/bin/nvcc", NVCC % (release, "sm_90")), 0o755)
        return self.place + "/" + name

    def both(self):
        """The toolkit for builds, and the measured one."""
        measured, built = engine.toolkit(), Toolkit()
        self.assertEqual((measured["home"], measured["version"]), (built.home, built.version))
        return built.home

    def test_beside_each_other_are_found_in_both_and_the_newest_is_taken(self):
        self.put("cuda-9.2", "9.2")
        self.put("cuda-12.9", "12.9")
        newest = self.put("cuda-13.0", "13.0")
        self.put("cuda-old", "8.0")
        self.assertEqual(self.both(), newest)

    def test_that_the_base_names_come_before_these(self):
        self.put("cuda-13.0", "13.0")
        named = self.put("elsewhere", "12.8")
        for variables in ({"CUDA_HOME": named}, {"CUDA_PATH": named}, {"PATH": named + "/bin:/usr/bin:/bin"}):
            with self.subTest(variables), mock.patch.dict(os.environ, variables):
                self.assertEqual(self.both(), named)

    def test_without_a_working_compiler_are_skipped(self):
        broken = self.put("elsewhere", "unknown")
        found = self.put("cuda-12.9", "12.9")
        os.makedirs(self.place + "/cuda-13.0/lib64")
        with mock.patch.dict(os.environ, CUDA_HOME=broken):
            self.assertEqual(self.both(), found)

    def test_are_missing_in_both(self):
        self.assertIsNone(engine.toolkit())
        with self.assertRaisesRegex(Failure, "has no CUDA compiler"):
            Toolkit()


class LinkMissingTest(unittest.TestCase):
    def setUp(self):
        self.home, self.site, work = toolkit_home(self), folder(self), folder(self)
        write(self.home + "/lib64/libcudart.so")
        self.include, self.lib = work + "/include", work + "/lib"
        os.makedirs(self.include)
        os.makedirs(self.lib)

    def link(self, own=()):
        link_missing(self.site, set(own), Toolkit(), self.include, self.lib)
        return {
            name: os.readlink(folder + "/" + name) for folder in (self.include, self.lib) for name in os.listdir(folder)
        }

    def test_links_headers_that_the_toolkit_lacks_and_no_other(self):
        write(self.site + "/nvidia/cu13/include/cuda.h")
        path = write(self.site + "/nvidia/cu13/include/cusparse.h")
        self.assertEqual(self.link(own=["cuda.h"]), {"cusparse.h": path})

    def test_links_libraries_that_the_toolkit_lacks_under_the_name_that_a_linker_asks_for(self):
        write(self.site + "/nvidia/cuda_runtime/lib/libcudart.so.13")
        path = write(self.site + "/nvidia/cusparse/lib/libcusparse.so.12")
        self.assertEqual(self.link(), {"libcusparse.so": path})

    def test_keeps_what_was_linked_before(self):
        path = write(self.site + "/nvidia/cu13/include/cusparse.h")
        self.link()
        self.site = folder(self)
        write(self.site + "/nvidia/other/include/cusparse.h")
        self.assertEqual(self.link(), {"cusparse.h": path})


class UcxEnvironmentTest(unittest.TestCase):
    def test_has_the_tools_find_the_toolkit_by_rpath_wherever_it_has_libcudart(self):
        home = toolkit_home(self)
        os.makedirs(home + "/lib64")
        toolkit = Toolkit()
        flags = build_ucx.environment(toolkit, "/cuda/include", "/cuda/lib")["LDFLAGS"].split()
        self.assertEqual(flags[:3], ["-Wl,--disable-new-dtags", "-L/cuda/lib", f"-L{home}/lib64"])
        self.assertEqual(flags[3:], ["-Wl,-rpath," + path for path in toolkit.runtime_directories()])
        self.assertEqual(toolkit.runtime_directories()[:2], [home + "/lib64", home + "/lib"])
