import unittest
import warnings

from common.packages import installed, normalized

from ..support.image_python import SitePackages


class NormalizedTest(unittest.TestCase):
    def test_is_the_name_of_pep_503(self):
        for name, wanted in {
            "aibrix_kvcache": "aibrix-kvcache", "NIXL-cu13": "nixl-cu13", "zope.interface": "zope-interface",
            "a-_.b": "a-b", "ruamel.yaml.clib": "ruamel-yaml-clib", "_x-": "-x-", "": "", "ÄB": "äb",
        }.items():
            with self.subTest(name):
                self.assertEqual(normalized(name), wanted)


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
