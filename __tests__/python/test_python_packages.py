import os
import unittest
import warnings

from measure import places
from step.common.python_packages import frozen, installed, normal

from ..support.image_python import SitePackages, folder, printed, python_answers


class NormalTest(unittest.TestCase):
    def test_is_the_name_of_pep_503_in_steps_and_measurements_alike(self):
        for name, wanted in {
            "aibrix_kvcache": "aibrix-kvcache", "NIXL-cu13": "nixl-cu13", "zope.interface": "zope-interface",
            "a-_.b": "a-b", "ruamel.yaml.clib": "ruamel-yaml-clib", "_x-": "-x-", "": "", "ÄB": "äb",
        }.items():
            with self.subTest(name):
                self.assertEqual([normal(name), places.normal(name)], [wanted, wanted])


class InstalledTest(unittest.TestCase):
    def test_has_normal_names_and_of_two_versions_the_one_that_python_takes(self):
        later, first = SitePackages(self), SitePackages(self)
        first.install("Sample_Redis", "5.0")
        later.install("sample-redis", "6.0")
        later.install("sample.other", "1.0")
        found = installed()
        self.assertEqual((found["sample-redis"], found["sample-other"]), ("5.0", "1.0"))

    def test_leaves_out_a_distribution_without_a_name(self):
        SitePackages(self).add("broken-1.0.dist-info/METADATA", "Version: 1.0\n")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            self.assertEqual([name for name in installed() if not name or name == "broken"], [])


class FrozenTest(unittest.TestCase):
    def setUp(self):
        python_answers(self, None)
        self.base = SitePackages(self)
        self.path = os.path.join(folder(self), "constraints.txt")

    def lines(self, **more):
        with printed():
            frozen(self.path, **more)
        with open(self.path, encoding="utf-8") as file:
            return [line for line in file.read().splitlines() if line.startswith("sample")]

    def test_holds_everything_at_its_version(self):
        self.base.install("sample_torch", "2.11.0+cu130")
        self.base.install("sample-a", "1.0rc1")
        self.assertEqual(self.lines(), ["sample-a==1.0rc1", "sample-torch==2.11.0+cu130"])

    def test_leaves_out_what_it_is_told_to(self):
        self.base.install("sample-a", "1.0")
        self.base.install("sample-b", "1.0")
        self.assertEqual(self.lines(without=("sample-a",)), ["sample-b==1.0"])

    def test_leaves_out_versions_for_which_pip_would_refuse_the_file(self):
        self.base.install("sample-ubuntu", "0.1.36ubuntu1-of-us")
        self.assertEqual(self.lines(), [])
