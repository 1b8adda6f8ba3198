import io
import os
import unittest
from unittest import mock

from common.constants import NIXL_DISTRIBUTION, NIXL_VARIANT
from common.failure import Failure
from measure import nixl as measured
from step.image.nixl import LEFTOVER, distributions, main, shown

from ..support.image_python import SitePackages, folder, python_answers, write

CU13 = ("nixl_cu13", ".nixl_cu13.mesonpy.libs", "nixl_cu13.libs")


class DistributionsTest(unittest.TestCase):
    def test_are_the_package_and_its_variant_for_the_cuda_of_torch(self):
        python_answers(self, "13.0")
        for version in ("0.7.1", "0.8.0", "1.0", "0.7.1.post1"):
            with self.subTest(version):
                self.assertEqual(distributions(version), ["nixl", "nixl-cu13"])

    def test_are_the_package_alone_before_there_were_variants(self):
        python_answers(self, "12.8")
        for version in ("0.7.0", "0.6.1", "0.7.1rc1"):
            with self.subTest(version):
                self.assertEqual(distributions(version), ["nixl"])

    def test_are_read_from_the_source_of_torch_if_that_states_its_cuda(self):
        python_answers(self, "12.8")
        site = SitePackages(self)
        site.add("torch/__init__.py", "raise SystemExit('imported')")
        for line, wanted in (("cuda = '13.0'", "nixl-cu13"), ("cuda = of_the_build()", "nixl-cu12")):
            with self.subTest(line):
                site.add("torch/version.py", f"__version__ = '2.11.0'\n{line}\n")
                self.assertEqual(distributions("0.8.0"), ["nixl", wanted])

    def test_are_undetermined_for_a_torch_without_cuda(self):
        for text in (None, "", "None", "cpu"):
            with self.subTest(text):
                python_answers(self, text)
                with self.assertRaisesRegex(Failure, "names no CUDA version"):
                    distributions("0.8.0")

    def test_are_undetermined_for_what_is_no_version(self):
        python_answers(self, "13.0")
        with self.assertRaisesRegex(Failure, "^nixl-version: 'latest' is not a version.$"):
            distributions("latest")


class PatternsTest(unittest.TestCase):
    def test_match_files_of_nixl_and_no_others(self):
        for pattern, yes, no in (
            (
                NIXL_DISTRIBUTION,
                ("nixl", "nixl-cu12", "nixl-cu13"),
                ("nixl-cu", "nixl-ep", "nixlbench", "my-nixl", "nixl_cu12"),
            ),
            (
                LEFTOVER,
                CU13 + ("nixl", "nixl.libs", "nixl_cu12-0.8.0.dist-info"),
                ("nixlbench", "nixl.py", "nixl-cu12", "xnixl", "nixl_cu12.pth"),
            ),
            (NIXL_VARIANT, ("nixl_cu12",), ("nixl", "nixl_cu", "nixl_cu12.libs", "nixl-cu12")),
        ):
            self.assertEqual([name for name in yes + no if pattern.match(name)], list(yes))


class BaseTest(unittest.TestCase):
    """What happens to the base's NIXL if it is to stay."""

    def run_main(self, installed):
        with mock.patch.dict(os.environ, NIXL_VERSION="base"), mock.patch("sys.stdout", io.StringIO()) as said, \
             mock.patch("step.image.nixl.installed", lambda: installed), mock.patch("step.image.nixl.pip") as pip:
            main()
        pip.assert_not_called()
        return said.getvalue()

    def test_stays_with_all_of_its_variants(self):
        said = self.run_main({"nixl": "1.5.0", "nixl-cu12": "1.5.0", "nixl-cu13": "1.5.0", "torch": "2.14.0"})
        self.assertIn("NIXL stays as the base has it: nixl 1.5.0, nixl-cu12 1.5.0, nixl-cu13 1.5.0", said)

    def test_must_exist(self):
        with self.assertRaisesRegex(Failure, "the base has no NIXL that could stay; set nixl-version"):
            self.run_main({"torch": "2.14.0"})


class ShownTest(unittest.TestCase):
    def test_has_names_in_order_or_none(self):
        self.assertEqual(shown({"nixl-cu13": "0.8.0", "nixl": "0.7.1"}), "nixl 0.7.1, nixl-cu13 0.8.0")
        self.assertEqual(shown({}), "none")


class MeasuredTest(unittest.TestCase):
    def setUp(self):
        self.site = SitePackages(self)

    def test_has_distributions_and_modules_with_or_without_each_other(self):
        for name in ("nixl", "nixl-cu13", "nixlbench"):
            self.site.install(name, "0.8.0")
        for name in CU13 + ("nixl_cu12", "nixl"):
            self.site.add(name + "/x")
        found = measured.nixl()
        self.assertEqual(found["distributions"], {"nixl": "0.8.0", "nixl-cu13": "0.8.0"})
        self.assertEqual(found["modules"], ["nixl_cu12", "nixl_cu13"])

    def test_has_the_directories_of_its_packages_and_of_their_libraries(self):
        for name in CU13 + ("nixl", "nixlbench", "nixl_cu13-0.8.0.dist-info"):
            self.site.add(name + "/x")
        found = [os.path.basename(path) for path in measured.directories() if path.startswith(self.site.path)]
        self.assertEqual(found, sorted(CU13 + ("nixl",)))

    def test_has_the_libraries_of_the_variant_first_that_nixl_imports(self):
        for name in ("nixl_cu12", "nixl_cu12.libs", "nixl_cu13", "nixl_cu13.libs"):
            self.site.add(name + "/x")
        self.site.add("torch/__init__.py")
        for version, cuda, first in (
            ("1.5.0", "12.9", "nixl_cu12.libs"),
            ("1.5.0", "13.0", "nixl_cu13.libs"),
            ("1.0.1", "12.9", "nixl_cu13.libs"),
        ):
            with (
                self.subTest(version=version, cuda=cuda),
                mock.patch("measure.nixl.installed", return_value={"nixl": version}),
                mock.patch("measure.engine.versions", return_value=["2.14.0", cuda]),
            ):
                found = [os.path.basename(path) for path in measured.libraries() if path.startswith(self.site.path)]
                self.assertEqual(found[0], first)
                self.assertEqual(len(found), 2)

    def test_has_the_transports_of_a_directory_once_each(self):
        place = folder(self)
        for name in (
            "libuct_ib.so.0.0.0",
            "libuct_ib.so",
            "libuct_cuda.so",
            "libuct_ib_mlx5.so",
            "libucm_cuda.so",
            "libuct_.so",
            "libuct_x.la",
        ):
            write(place + "/" + name)
        self.assertEqual(measured.transports(place), ["cuda", "ib", "ib_mlx5"])
        self.assertEqual(measured.transports(place + "/nothing"), [])
