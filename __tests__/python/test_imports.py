import os
import sys
import unittest
from unittest import mock

from measure import as_imported
from measure.as_imported import closed
from measure.entrypoint import given
from measure.imports import imports, started

from ..support.image_python import folder, site_of, write
from .test_as_imported import ImagePython


class EntrypointTest(ImagePython):
    def setUp(self):
        super().setUp()
        self.here = folder(self)

    def script(self, text, name="serve"):
        path = write(os.path.join(self.here, name), text)
        os.chmod(path, 0o755)
        return path

    def test_is_a_python_with_its_options(self):
        python = sys.executable
        bare = os.path.join(self.here, "nothing.py")
        for words, wanted in (
            ([python, "-m", "vllm"], ([], "/w")),
            ([python, "-sIm", "vllm"], (["-s", "-I"], "/w")),
            ([python, "-X", "dev", "-W", "error", "-u", "-mvllm"], ([], "/w")),
            ([python, "-Xdev", "-P", bare], (["-P"], self.here)),
            ([python, "-c", "x"], ([], "/w")),
            ([python], ([], "")),
            (["env", "A=1", python, "-E", bare], (["-E"], self.here)),
            (["/bin/sh", "-c", f"cd / && exec {python} -m vllm"], ([], "/w")),
            (["no-such-init", "--", python, "-m", "vllm"], ([], "/w")),
        ):
            with self.subTest(words):
                self.assertEqual(started(words, "/w"), (python, *wanted))

    def test_is_the_python_of_a_script(self):
        python = sys.executable
        for text in (
            f"#!{python} -s\n",
            f"#!/usr/bin/env -S {python} -s\n",
            f"#!/bin/sh\n'''exec' \"{python}\" \"-s\" \"$0\" \"$@\"\n' '''\n",
        ):
            with self.subTest(text):
                self.assertEqual(started([self.script(text), "serve"], "/w")[::2], (python, self.here))

    def test_is_not_that_of_an_init_if_an_engine_or_a_python_follows_it(self):
        init, engine = self.script(f"#!{sys.executable} -I\n", "initd"), self.script(f"#!{sys.executable} -s\n", "vllm")
        for words, options in (
            ([init, engine, "serve"], ["-s"]),
            ([init, "run", sys.executable, "-m", "vllm"], []),
            ([init, "--help"], ["-I"]),
            ([engine, init], ["-s"]),
        ):
            with self.subTest(words):
                self.assertEqual(started(words, "/w")[:2], (sys.executable, options))

    def test_is_unknown_for_what_starts_no_python(self):
        own = self.script("#!{}\n".format(os.path.join(self.here, "serve")))
        for words in (
            [],
            ["/bin/bash"],
            ["no-such-thing"],
            ["sh", "-c", "'"],
            [self.script("#!/bin/sh\n", "x")],
            [self.script("", "y")],
            [own],
        ):
            with self.subTest(words):
                self.assertIsNone(started(words, "/w"))

    def test_takes_the_current_folder_for_python_m_alone(self):
        write(os.path.join(self.here, "nixl.py"))
        before = os.getcwd()
        self.addCleanup(os.chdir, before)
        os.chdir(self.here)
        self.assertEqual(
            self.module("nixl", [sys.executable, "-m", "vllm"])["file"], os.path.join(self.here, "nixl.py")
        )
        self.assertIsNone(self.module("nixl", [])["file"])
        self.assertIsNone(self.module("nixl")["file"])

    def test_that_does_not_run_is_an_answer(self):
        broken = self.script("#!/bin/sh\necho no >&2\nexit 3\n", "python3")
        found = self.look([broken, "-m", "vllm"])
        self.assertEqual((found["interpreter"], found["error"], found["modules"]), (broken, "no", []))

    def test_comes_as_json(self):
        for text, words in (
            ('["vllm", "serve"]', ["vllm", "serve"]),
            ("", []),
            ("{", []),
            ("3", []),
            ("null", []),
            ("[1]", []),
        ):
            with self.subTest(text), mock.patch.dict(os.environ, BASE_ENTRYPOINT=text):
                self.assertEqual(given(), words)


class UserSiteTest(unittest.TestCase):
    def test_is_reported_with_its_content(self):
        home = folder(self)
        place = site_of(home + "/.local")
        path = write(place + "/nixl.py")
        # Not a virtual environment's Python, which ignores a user's packages
        with (
            mock.patch.dict(os.environ, HOME=home),
            mock.patch.object(sys, "executable", os.path.realpath(sys.executable)),
        ):
            found = imports()
        self.assertEqual(found["userSite"], place)
        self.assertIn(path, [module["file"] for module in found["modules"]])


class ClosedTest(unittest.TestCase):
    def test_is_the_first_on_the_way(self):
        top = folder(self)
        path = write(top + "/a/b/c")
        shut = {top + "/a"}
        with mock.patch.object(as_imported.os, "access", lambda path, _: path not in shut):
            self.assertEqual(closed(path), top + "/a")
            self.assertEqual(closed(top + "/a"), top + "/a")
            self.assertIsNone(closed(top))
            self.assertIsNone(closed(top + "/none/x"))
