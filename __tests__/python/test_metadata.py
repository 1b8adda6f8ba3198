import os
import unittest

from step.wheel.metadata import stated_requirements

from ..support.image_python import folder, write

# As setuptools does, and with a file written by the side, as setuptools-scm does
SETUP = """import os, sys
output = sys.argv[sys.argv.index("--output-dir") + 1]
open("_version.py", "w").write("written")
os.makedirs(f"{output}/sample-1.dist-info")
with open(f"{output}/sample-1.dist-info/METADATA", "w") as file:
    file.write("Name: sample\\nRequires-Dist: a>=1\\nRequires-Dist: b; extra == 'dev'\\n")
    file.write("Requires-Dist: " + os.environ["C"] + "\\n")
"""


class StatedRequirementsTest(unittest.TestCase):
    def stated(self, setup):
        self.work = folder(self)
        self.project = os.path.join(self.work, "aibrix", "python", "project")
        if setup is not None:
            write(os.path.join(self.project, "setup.py"), setup)
        else:
            os.makedirs(self.project)
        return stated_requirements(self.project, self.work, {"C": "c"})

    def test_are_those_of_the_metadata_without_extras(self):
        self.assertEqual(self.stated(SETUP), ["a>=1", "c"])

    def test_leave_the_project_as_it_is(self):
        self.stated(SETUP)
        self.assertEqual(os.listdir(self.project), ["setup.py"])

    def test_are_unknown_of_a_project_without_setuptools_or_one_that_fails(self):
        for setup in (None, "raise SystemExit(1)", ""):
            self.assertIsNone(self.stated(setup), setup)


if __name__ == "__main__":
    unittest.main()
