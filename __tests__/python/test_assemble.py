import os
import subprocess
import sys
import types
import unittest
import zipfile
from unittest import mock

from step.wheel import assemble, build_wheel

from ..support.image_python import folder, write

SETUP = """import setuptools
from setuptools.command.build_ext import build_ext


class Never(build_ext):
    def run(self):
        raise SystemExit("compiled")


setuptools.setup(
    name="aibrix-kvcache",
    version="0.7.1",
    packages=["aibrix_kvcache"],
    ext_modules=[setuptools.Extension("aibrix_kvcache._aibrix_C", ["csrc/a.c"])],
    cmdclass={"build_ext": Never},
)
"""


def wheel(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def has_setuptools():
    asked = [sys.executable, "-c", "import setuptools.command.bdist_wheel"]
    return subprocess.run(asked, stderr=subprocess.DEVNULL, check=False).returncode == 0


COMPILED = {
    "aibrix_kvcache/_aibrix_C.abi3.so": "compiled",
    "aibrix_kvcache/__init__.py": "old = True\n",
    "aibrix_kvcache/removed.py": "old = True\n",
    "aibrix_kvcache-0.7.0.dist-info/METADATA": "Version: 0.7.0\n",
}


class AssembleTest(unittest.TestCase):
    def setUp(self):
        self.place = folder(self)
        mocked = mock.patch.object(assemble, "WORK", self.place + "/work")
        mocked.start()
        self.addCleanup(mocked.stop)
        self.compiled = wheel(self.place + "/aibrix_kvcache-0.7.0.whl", COMPILED)

    def test_takes_what_was_compiled_and_nothing_else_of_the_other_wheel(self):
        assemble.extract_compiled(self.compiled, self.place + "/library")
        found = [os.path.join(path, name) for path, _, names in os.walk(self.place + "/library") for name in names]
        self.assertEqual(found, [self.place + "/library/aibrix_kvcache/_aibrix_C.abi3.so"])

    @unittest.skipUnless(has_setuptools(), "this Python has no setuptools with bdist_wheel")
    def test_packs_it_with_the_python_files_and_the_version_of_the_project_without_compiling(self):
        write(self.place + "/project/setup.py", SETUP)
        write(self.place + "/project/aibrix_kvcache/__init__.py", "new = True\n")
        write(self.place + "/project/aibrix_kvcache/added.py", "new = True\n")
        project = types.SimpleNamespace(folder=self.place + "/project", ref="main", failed=str)
        made = assemble.assemble(project, self.compiled, {}, self.place + "/result")
        with zipfile.ZipFile(made) as archive:
            files = {name: archive.read(name).decode() for name in archive.namelist()}
        self.assertEqual(files["aibrix_kvcache/_aibrix_C.abi3.so"], "compiled")
        self.assertEqual(files["aibrix_kvcache/__init__.py"], "new = True\n")
        self.assertIn("aibrix_kvcache/added.py", files)
        self.assertNotIn("aibrix_kvcache/removed.py", files)
        self.assertIn("\nVersion: 0.7.1\n", files["aibrix_kvcache-0.7.1.dist-info/METADATA"])
        self.assertIn("aibrix_kvcache/_aibrix_C.abi3.so,sha256=", files["aibrix_kvcache-0.7.1.dist-info/RECORD"])
        self.assertRegex(os.path.basename(made), r"-cp\d+-cp\d+-linux_\w+\.whl$")


class WantedTest(unittest.TestCase):
    def wanted(self, ref, commit):
        compiled = {"ref": "v0.7.0", "commit": "a" * 40}
        with mock.patch.dict(os.environ, AIBRIX_BRANCH=ref, AIBRIX_COMMIT=commit):
            return build_wheel.is_wanted(compiled)

    def test_the_wheel_of_the_extension_is_that_of_the_same_ref_and_commit(self):
        self.assertTrue(self.wanted("v0.7.0", "a" * 40))
        self.assertTrue(self.wanted("v0.7.0", ""))

    def test_another_ref_counts_another_version_and_another_commit_has_other_files(self):
        self.assertFalse(self.wanted("main", "a" * 40))
        self.assertFalse(self.wanted("v0.7.0", "b" * 40))
        self.assertFalse(self.wanted("main", ""))


if __name__ == "__main__":
    unittest.main()
