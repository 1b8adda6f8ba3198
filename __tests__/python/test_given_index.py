import os
import sys
import unittest
from unittest import mock

from common import run_pip
from common.failure import Failure
from common.package_index import settings
from common.run_pip import pip

from ..support.image_python import environment, folder, printed, secret, write
from ..support.python_index import PackageIndex


class GivenIndexTest(unittest.TestCase):
    """Other sources that a base sets, with a real pip."""

    def setUp(self):
        self.index, self.home, self.python = PackageIndex(self), folder(self), environment(self)
        self.constraints = write(self.home + "/constraints.txt", f"--extra-index-url {self.index.url}constraints\n")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
        self.set(clear=True, **dict(kept, HOME=self.home, XDG_CONFIG_DIRS=self.home + "/xdg", no_proxy="*"))
        # This Python has a pip; each check takes half a second.
        for given in (
            mock.patch.object(run_pip, "pip_path", return_value=None),
            mock.patch.object(sys, "executable", self.python + "/bin/python3"),
        ):
            given.start()
            self.addCleanup(given.stop)

    def set(self, clear=False, **variables):
        given = mock.patch.dict(os.environ, variables, clear=clear)
        given.start()
        self.addCleanup(given.stop)

    def asked(self, *more):
        """Names of the indexes that pip requests a package from."""
        self.index.asked.clear()
        arguments = ["download", "-q", "--no-cache-dir", "-d", folder(self), "sample", *more]
        with printed():
            pip(arguments, "it could not be had", env={"PIP_INDEX_URL": self.index.url + "own"})
        return self.index.asked

    def expect(self, others):
        """The base's settings make pip use the others, and only the given index if there is one."""
        self.assertEqual(self.asked(), others)
        secret(self, "package-index", self.index.url + "given")
        self.assertEqual(self.asked(), {"given"})

    def test_outranks_variables(self):
        url = self.index.url
        self.set(
            PIP_EXTRA_INDEX_URL=url + "extra " + url + "more",
            PIP_FIND_LINKS=url + "links/",
            PIP_CONSTRAINT=self.constraints,
        )
        self.expect({"own", "extra", "more", "links", "constraints"})

    def test_outranks_the_files_of_the_system_the_user_and_a_virtual_environment(self):
        write(self.home + "/xdg/pip/pip.conf", f"[global]\nextra-index-url = {self.index.url}extra\n")
        write(self.home + "/.config/pip/pip.conf", f"[download]\nconstraint = {self.constraints}\n")
        write(self.python + "/pip.conf", f"[global]\nfind-links = {self.index.url}links/\n")
        self.expect({"own", "extra", "links", "constraints"})

    def test_outranks_the_file_that_a_variable_names_and_an_old_name_of_the_index(self):
        text = f"[global]\nextra-index-url = {self.index.url}extra\nno-index = true\n"
        self.set(PIP_CONFIG_FILE=write(self.home + "/its.conf", text), PIP_PYPI_URL=self.index.url + "old")
        with self.assertRaises(Failure):
            self.asked()
        secret(self, "package-index", self.index.url + "given")
        self.assertEqual(self.asked(), {"given"})

    def test_leaves_links_and_constraints_that_arguments_name(self):
        place = folder(self)
        self.set(PIP_FIND_LINKS=self.index.url + "links/")
        secret(self, "package-index", self.index.url + "given")
        with self.assertRaises(Failure):
            self.asked("-c", write(place + "/c.txt", "sample==2.0\n"), "--find-links", place)
        self.assertEqual(self.index.asked, {"given"})

    def test_is_used_by_a_pip_that_a_build_starts(self):
        self.set(PIP_EXTRA_INDEX_URL=self.index.url + "extra", PIP_FIND_LINKS=self.index.url + "links/")
        secret(self, "package-index", self.index.url + "given")
        project = folder(self)
        write(
            project + "/pyproject.toml",
            '[build-system]\nrequires = ["sample"]\nbuild-backend = "backend"\nbackend-path = ["."]\n',
        )
        write(project + "/backend.py", "def build_wheel(*_):\n    raise SystemExit('built')\n")
        with printed() as text, self.assertRaises(Failure):
            pip(["wheel", "--no-deps", "-w", folder(self), project], "it could not be built")
        self.assertIn("built", text.getvalue())
        self.assertEqual(self.index.asked, {"given"})

    def test_is_not_asked_offline_nor_is_any_other(self):
        self.set(PIP_EXTRA_INDEX_URL=self.index.url + "extra", PIP_FIND_LINKS=self.index.url + "links/")
        secret(self, "package-index", self.index.url + "given")
        with printed(), self.assertRaises(Failure):
            pip(["download", "-q", "-d", folder(self), "sample"], "it could not be had", online=False)
        self.assertEqual(self.index.asked, set())


class UvTest(unittest.TestCase):
    def test_gets_the_given_index_alone_under_both_names_and_no_file(self):
        secret(self, "package-index", "https://pypi.example/simple")
        found = {name: value for name, value in settings().items() if name.startswith("UV_")}
        index = {name: found.pop(name) for name in ("UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_CONFIG_FILE")}
        self.assertEqual(set(index.values()), {"https://pypi.example/simple", "/dev/null"})
        self.assertEqual(set(found.values()), {None})
        self.assertLessEqual({"UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_NO_INDEX"}, set(found))
