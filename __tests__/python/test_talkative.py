import os
import sys
import unittest
from unittest import mock

from common import run_pip
from common.marked import MARK, last_answer
from common.process import ask_python
from measure import environment
from measure.engine import torch
from measure.subprocesses import OK, python
from step.image.nixl import distributions

from ..support import image_python
from ..support.image_python import SitePackages, folder, write

# Prints before, after and amid other output, with and without a line end, to both outputs
BANNER = """import atexit, os, sys
print("Good morning, pid %d" % os.getpid())
sys.stdout.write("vllm 1 requires sample, which is not installed.\\n12.9")
sys.stderr.write("Have a nice day")
atexit.register(lambda: print("13.1\\nGood night", end=""))
"""


class TalkativePythonTest(unittest.TestCase):
    """A Python of a base that prints whenever it starts, by a .pth file."""

    def setUp(self):
        place = image_python.environment(self)
        self.python, self.site = place + "/bin/python3", image_python.site_of(place)
        write(self.site + "/banner.pth", "import a_banner\n")
        write(self.site + "/a_banner.py", BANNER)
        given = mock.patch.object(sys, "executable", self.python)
        given.start()
        self.addCleanup(given.stop)

    def test_gives_its_answers_to_measurements_and_steps(self):
        self.assertEqual(python("answer(sys.argv[1:])", "a"), (["a"], OK))
        self.assertEqual(ask_python(self.python, "answer({'a': [1, None]})"), {"a": [1, None]})
        self.assertIsNone(ask_python(self.python, "answer(1)\nsys.exit(1)"))
        self.assertIsNone(ask_python("/no/python3", "answer(1)"))

    def test_gives_them_beside_what_only_looks_like_one(self):
        self.assertEqual(last_answer(MARK + "1\n" + MARK + "{broken\n"), 1)
        self.assertIsNone(last_answer(MARK + "{broken"))

    def test_gives_them_if_a_package_greets_and_takes_over_the_output(self):
        greets = "import io, sys\nprint('torch!', end='')\nsys.stdout = io.StringIO()\n"
        write(self.site + "/torch/__init__.py", greets + "from . import version\n__version__ = '2.11.0'\n")
        write(self.site + "/torch/version.py", "print('11.8')\ncuda = '13.0'\n")
        SitePackages(self).add("torch/__init__.py")
        found = torch()
        self.assertEqual((found["version"], found["cuda"]), ("2.11.0", "13.0"))
        with mock.patch.object(run_pip, "pip_path", return_value=None):
            self.assertEqual(distributions("0.8.0"), ["nixl", "nixl-cu13"])

    def test_has_no_lines_of_pip_check_but_those_of_pip(self):
        write(
            self.site + "/unmet-1.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: unmet\nVersion: 1.0\nRequires-Dist: not-there\n",
        )
        found = environment.pip_check()
        self.assertIn("unmet 1.0 requires not-there, which is not installed.", found)
        self.assertEqual([line for line in found if "requires" not in line and "has requirement" not in line], [])
        self.assertNotIn("sample", " ".join(found))

    def test_lends_its_pip(self):
        borrowed = folder(self) + "/pip"
        with (
            mock.patch.object(run_pip, "BORROWED_PIP", borrowed),
            mock.patch.object(run_pip, "OTHER_PYTHONS", (self.python,)),
        ):
            self.assertTrue(run_pip.from_other_python())
        self.assertTrue(os.path.isfile(borrowed + "/pip/__main__.py"))


class LastAnswerTest(unittest.TestCase):
    def test_is_the_last_one_on_a_line_of_its_own(self):
        self.assertEqual(last_answer(f"noise\n{MARK}1\nnoise {MARK}2\n{MARK}3\nnoise"), 3)
        self.assertIsNone(last_answer("noise\n"))
        self.assertIsNone(last_answer(MARK + "null\n"))
