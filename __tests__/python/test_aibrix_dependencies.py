import os
import unittest
from unittest import mock

from common.failure import Failure
from step.image import aibrix_dependencies

from ..support.image_python import SitePackages, folder, printed, python_answers, write


class AibrixDependenciesTest(unittest.TestCase):
    def setUp(self):
        python_answers(self, None)
        self.base = SitePackages(self)
        self.given = folder(self)
        self.calls = []
        self.lacking = False
        for name, value in (
            ("GIVEN", self.given),
            ("pip_offline_beside_the_base", self.offline),
            ("pip_beside_the_base", lambda *given: self.calls.append(("online", *given[:2]))),
        ):
            replaced = mock.patch.object(aibrix_dependencies, name, value)
            replaced.start()
            self.addCleanup(replaced.stop)

    def offline(self, arguments, requirements, what):
        self.calls.append(("offline", arguments, requirements))
        if self.lacking:
            raise Failure(f"{what}: No matching distribution found for sample-more")

    def install(self, *required):
        write(os.path.join(self.given, "requirements.txt"), "".join(f"{text}\n" for text in required))
        with printed() as text:
            aibrix_dependencies.main()
        return text.getvalue()

    def test_installs_what_the_base_lacks_from_the_given_folder(self):
        self.base.install("sample-here", "1.0")
        self.install("sample-here", "sample-absent>=1")
        ((how, arguments, requirements),) = self.calls
        self.assertEqual((how, requirements), ("offline", ["sample-absent>=1"]))
        self.assertEqual(arguments[-2:], ["--find-links", self.given])

    def test_asks_the_index_too_if_the_folder_lacks_something(self):
        self.lacking = True
        text = self.install("sample-absent")
        self.assertEqual([how for how, *_ in self.calls], ["offline", "online"])
        self.assertIn("this base needs more than the wheel stage holds", text)

    def test_asks_the_index_for_an_image_that_must_be_newer(self):
        with mock.patch.dict(os.environ, NEWER_THAN="2026-01-01T00:00:00.000Z"):
            self.install("sample-absent")
        self.assertEqual([how for how, *_ in self.calls], ["online"])

    def test_leaves_what_the_base_has_at_another_version_and_says_so(self):
        self.base.install("sample-here", "1.0")
        text = self.install("sample-here>=2")
        self.assertEqual(self.calls, [])
        self.assertIn("the engine's environment wins: aibrix_kvcache requires sample-here>=2 (the base has 1.0)", text)

    def test_installs_nothing_for_no_requirements(self):
        self.assertEqual((self.install(), self.calls), ("", []))

    def test_refuses_what_is_not_the_result_of_the_wheel_stage(self):
        with self.assertRaisesRegex(Failure, r"holds no dependencies/requirements\.txt"):
            aibrix_dependencies.main()


if __name__ == "__main__":
    unittest.main()
