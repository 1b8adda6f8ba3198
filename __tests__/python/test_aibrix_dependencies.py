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
        for name, value in (
            ("GIVEN", self.given),
            ("pip_beside_the_base", lambda arguments, requirements, what: self.calls.append((arguments, requirements))),
        ):
            replaced = mock.patch.object(aibrix_dependencies, name, value)
            replaced.start()
            self.addCleanup(replaced.stop)

    def install(self, *required):
        write(os.path.join(self.given, "requirements.txt"), "".join(f"{text}\n" for text in required))
        with printed() as text:
            aibrix_dependencies.main()
        return text.getvalue()

    def test_installs_what_the_base_lacks_from_the_index_or_the_given_folder(self):
        self.base.install("sample-here", "1.0")
        self.install("sample-here", "sample-absent>=1")
        ((arguments, requirements),) = self.calls
        self.assertEqual(requirements, ["sample-absent>=1"])
        self.assertEqual(arguments[-2:], ["--find-links", self.given])

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
