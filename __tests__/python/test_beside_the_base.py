import os
import unittest
from unittest import mock

from common import beside_the_base
from common.beside_the_base import installed_constraints, pip_beside_the_base, required_of_absent, without_named
from common.failure import Failure

from ..support.image_python import SitePackages, folder, printed, python_answers


class BesideTheBaseTest(unittest.TestCase):
    def setUp(self):
        python_answers(self, None)
        self.base = SitePackages(self)

    def install(self, name, version, *requirements):
        self.base.install(name, version)
        head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        self.base.add(
            "{}-{}.dist-info/METADATA".format(name.replace("-", "_"), version),
            head + "".join(f"Requires-Dist: {text}\n" for text in requirements),
        )


class InstalledConstraintsTest(BesideTheBaseTest):
    def test_holds_each_distribution_at_its_version(self):
        self.install("sample_torch", "2.11.0+cu130")
        self.install("sample-a", "1.0rc1")
        self.assertEqual(installed_constraints(), ["sample-a==1.0rc1", "sample-torch==2.11.0+cu130"])

    def test_leaves_out_versions_for_which_pip_would_refuse_all(self):
        self.install("sample-ubuntu", "0.1.36ubuntu1-of-us")
        self.assertEqual(installed_constraints(), [])


class RequiredOfAbsentTest(BesideTheBaseTest):
    def test_is_what_the_engine_requires_of_absent_packages(self):
        self.install(
            "sample-engine",
            "1.0",
            "Sample.NVTX==0.2.15",
            "sample-here<3",
            "sample-any",
            "sample-range>=1,<3; python_version >= '3'",
        )
        self.install("sample-here", "2.0")
        self.assertEqual(required_of_absent(), [("sample-nvtx", "==0.2.15"), ("sample-range", "<3,>=1")])

    def test_is_not_what_another_python_or_an_extra_requires_nor_an_address(self):
        self.install("sample-engine", "1.0", "a==1; python_version < '3'", "b==1; extra == 'b'", "c @ https://example.com/c.whl")
        self.assertEqual(required_of_absent(), [])

    def test_skips_what_is_no_requirement(self):
        self.install("sample-old", "1.0", "a (>=1", "c>=1; sys_platform ~= 'linux'", "b==1")
        self.assertEqual(required_of_absent(), [("b", "==1")])

    def test_skips_what_would_mean_more_in_a_constraints_file(self):
        self.install("sample-odd", "1.0", "a===1\\", "b===1", "c>=1.0rc1", "d==1.0.dev0", "e!=1,==1.*")
        self.assertEqual(required_of_absent(), [("e", "!=1,==1.*")])

    def test_is_nothing_of_what_is_replaced_nor_of_a_version_that_python_does_not_take(self):
        for name in ("aibrix-kvcache", "nixl", "nixl-cu12"):
            self.install(name, "0.5.0", "redis==6.0.0")
        self.install("sample-engine", "1.0", "a<2")
        first = SitePackages(self)
        os.makedirs(first.path + "/sample_engine-2.0.dist-info")
        first.add(
            "sample_engine-2.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: sample-engine\nVersion: 2.0\nRequires-Dist: a>=2\n",
        )
        self.assertEqual(required_of_absent(), [("a", ">=2")])


class PipBesideTheBaseTest(BesideTheBaseTest):
    """The constraints with which pip runs if it fails with some of them."""

    def constraints(self, refused=()):
        seen = []

        def pip(arguments, what):
            self.assertEqual(arguments, ["install", "-c", beside_the_base.CONSTRAINTS, "sample-new"])
            with open(beside_the_base.CONSTRAINTS, encoding="utf-8") as file:
                seen.append(file.read().splitlines())
            for line in refused:
                if line in seen[-1]:
                    raise Failure(f"{what}: No matching distribution found for {line}")

        with mock.patch.object(beside_the_base, "CONSTRAINTS", os.path.join(folder(self), "constraints.txt")), \
             mock.patch.object(beside_the_base, "pip", pip), printed() as text:
            try:
                pip_beside_the_base(["install"], ["sample-new"], "not installed")
            except Failure as failure:
                return seen, text.getvalue(), str(failure)
        return seen, text.getvalue(), None

    def test_holds_the_base_and_its_requirements_of_absent_packages(self):
        self.install("sample-engine", "1.0", "sample-new==2")
        seen, _, failure = self.constraints()
        self.assertEqual((seen, failure), ([["sample-engine==1.0", "sample-new==2"]], None))

    def test_leaves_out_what_is_unavailable_and_keeps_the_rest(self):
        self.install("sample-engine", "1.0", "sample-new==2", "Sample.Other==9")
        seen, text, failure = self.constraints(refused=["sample-other==9"])
        self.assertEqual((seen[1:], failure), ([["sample-engine==1.0", "sample-new==2"]], None))
        self.assertIn(
            "again, without unavailable requirements of the base's packages: not installed: No matching", text
        )

    def test_holds_the_base_alone_if_pip_names_none_of_it(self):
        asked = [("a", "==1"), ("b", "==1")]
        self.assertEqual(
            without_named(asked, "Cannot install c because these package versions have conflicting dependencies."), []
        )
        self.assertEqual(without_named(asked, "Cannot install A==2 and c==1 because of conflicts."), [("b", "==1")])

    def test_fails_once_if_the_base_requires_nothing(self):
        self.install("sample-engine", "1.0")
        seen, _, failure = self.constraints(refused=["sample-engine==1.0"])
        self.assertEqual(
            (len(seen), failure), (1, "not installed: No matching distribution found for sample-engine==1.0")
        )
