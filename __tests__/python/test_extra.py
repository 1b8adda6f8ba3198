import hashlib
import json
import os
import unittest
from unittest import mock

from common.failure import Failure
from measure import extra
from step.extra import files, owners, packages

from ..support.image_python import SitePackages, folder, printed, python_answers, write


class FilesTest(unittest.TestCase):
    """An image in a folder, into which files of another folder are copied and measured there."""

    def setUp(self):
        self.root, self.given = folder(self), folder(self)
        self.site = SitePackages(self)
        record = os.path.join(folder(self), "opt/extra-files.json")
        for module, name, value in (
            (files, "ROOT", self.root),
            (extra, "ROOT", self.root),
            (files, "GIVEN", self.given),
            (files, "EXTRA_FILES_RECORD", record),
            (extra, "EXTRA_FILES_RECORD", record),
            (owners, "DPKG_LISTS", os.path.join(self.root, "dpkg/*.list")),
        ):
            given = mock.patch.object(module, name, value)
            given.start()
            self.addCleanup(given.stop)

    def give(self, path, content="x", mode=0o644):
        os.chmod(write(os.path.join(self.given, path), content), mode)

    def have(self, path, content="base"):
        return write(os.path.join(self.root, path), content)

    def added(self):
        with printed():
            files.main()
        return extra.extra_files()

    def covered(self):
        return [(one["path"], one["owner"]) for one in self.added()["covered"]]

    def test_get_their_bytes_permissions_and_links(self):
        self.give("opt/acme/run", "#!/bin/sh\n", 0o755)
        self.give("opt/acme/ü", "word", 0o600)
        os.symlink("/nowhere", os.path.join(self.given, "opt/acme/link"))
        os.symlink("acme", os.path.join(self.given, "opt/here"))
        os.makedirs(os.path.join(self.given, "srv/empty"))
        found = self.added()
        self.assertEqual(found["covered"], [])
        self.assertEqual(
            [(one["path"], one["bytes"]) for one in found["files"]],
            [("/opt/acme/link", 0), ("/opt/acme/run", 10), ("/opt/acme/ü", 4), ("/opt/here", 0), ("/srv/empty", 0)],
        )
        self.assertEqual(os.readlink(os.path.join(self.root, "opt/acme/link")), "/nowhere")
        self.assertEqual(os.readlink(os.path.join(self.root, "opt/here")), "acme")
        self.assertTrue(os.path.isdir(os.path.join(self.root, "srv/empty")))
        modes = [oct(os.stat(os.path.join(self.root, "opt/acme", name)).st_mode & 0o7777) for name in ("run", "ü")]
        self.assertEqual(modes, ["0o755", "0o600"])

    def test_have_the_digest_that_the_action_computes(self):
        # As in __tests__/unit/system/folder.test.ts
        self.give("b/run", "#!/bin/sh\n", 0o755)
        self.give("a", "one")
        self.give("ﬀ", "ligature")
        self.give("😀", "astral")
        os.symlink("a", os.path.join(self.given, "link"))
        os.makedirs(os.path.join(self.given, "empty"))
        expected = "d1bcaed59dafaf68451448a59c58a687f95f9bc36a74b2f4e2c84688ed34d105"
        self.assertEqual(self.added()["digest"], expected)

    def test_have_another_digest_if_something_changes_them_afterwards(self):
        self.give("opt/a", "one")
        before = self.added()["digest"]
        for change in (
            lambda path: write(path, "two"),
            lambda path: os.chmod(path, 0o600),
            lambda path: (os.unlink(path), os.symlink("b", path)),
            os.unlink,
        ):
            with self.subTest():
                change(os.path.join(self.root, "opt/a"))
                after = extra.extra_files()["digest"]
                self.assertNotEqual(after, before)
                before = after

    def test_leave_what_is_in_the_image_and_name_whose_it_is(self):
        pip = self.site.add("numpy/core.py", "base")
        self.site.install("NumPy", "2.2.6", RECORD="numpy/core.py,sha256=x,4\n")
        os.symlink(self.site.path, os.path.join(self.root, "site"))
        deb = self.have("usr/bin/tool")
        self.have("dpkg/tool:amd64.list", f"/.\n{deb}\n")
        self.have("etc/nobody")
        for path in ("site/numpy/core.py", "usr/bin/tool", "etc/nobody", "opt/new"):
            self.give(path, "mine")
        expected = [("/etc/nobody", None), ("/site/numpy/core.py", "numpy"), ("/usr/bin/tool", "tool")]
        self.assertEqual(self.covered(), expected)
        with open(pip, encoding="utf-8") as kept, open(deb, encoding="utf-8") as tool:
            self.assertEqual((kept.read(), tool.read()), ("base", "base"))
        self.assertTrue(os.path.isfile(os.path.join(self.root, "opt/new")))

    def test_cover_nothing_in_any_other_way(self):
        self.have("usr/lib/libc.so")
        os.symlink("usr/lib", os.path.join(self.root, "lib"))
        self.have("file")
        os.makedirs(os.path.join(self.root, "folder"))
        os.symlink("nowhere", os.path.join(self.root, "dangling"))
        for path in ("lib/libc.so", "file/below", "folder", "dangling", "lib/twice", "usr/lib/twice", "lib/new"):
            self.give(path)
        expected = ["/dangling", "/file/below", "/folder", "/lib/libc.so", "/lib/twice", "/usr/lib/twice"]
        self.assertEqual([path for path, _ in self.covered()], expected)
        self.assertTrue(os.path.isfile(os.path.join(self.root, "usr/lib/new")))
        self.assertTrue(os.path.islink(os.path.join(self.root, "lib")))

    def test_do_not_go_through_one_another(self):
        have = self.have("etc/passwd")
        os.makedirs(os.path.join(self.root, "usr/lib"))
        os.symlink("usr/lib", os.path.join(self.root, "lib"))
        os.makedirs(os.path.join(self.given, "lib"))
        os.symlink("../../etc", os.path.join(self.given, "lib/own"))
        self.give("usr/lib/own/passwd", "mine")
        self.give("lib/file")
        self.give("usr/lib/file/below")
        self.give("usr/lib/new/x")
        expected = ["/lib/file", "/lib/own", "/usr/lib/file/below", "/usr/lib/own/passwd"]
        self.assertEqual([path for path, _ in self.covered()], expected)
        with open(have, encoding="utf-8") as kept:
            self.assertEqual(kept.read(), "base")
        self.assertTrue(os.path.isfile(os.path.join(self.root, "usr/lib/new/x")))

    def test_remove_nothing(self):
        for path in ("usr/bin/.wh.sh", ".wh.usr/x", "opt/.wh..wh..opq"):
            with self.subTest(path):
                self.give(path)
                with self.assertRaisesRegex(Failure, "would remove a file of the image"):
                    self.added()
                os.unlink(os.path.join(self.given, path))

    def test_are_needed(self):
        with self.assertRaisesRegex(Failure, "extra-files holds nothing"):
            files.main()

    def test_are_none_without_the_step(self):
        self.assertIsNone(extra.extra_files())


class PackagesTest(unittest.TestCase):
    def setUp(self):
        python_answers(self, None)
        self.site = SitePackages(self)
        self.site.install("numpy", "2.2.6")
        self.asked = []
        record = os.path.join(folder(self), "opt/extra-packages.json")
        for module, name, value in (
            (packages, "EXTRA_PACKAGES_RECORD", record),
            (extra, "EXTRA_PACKAGES_RECORD", record),
            (packages, "pip_beside_the_base", self.install),
        ):
            given = mock.patch.object(module, name, value)
            given.start()
            self.addCleanup(given.stop)

    def install(self, arguments, requirements, what):
        self.asked.append(requirements)
        for name in ("vllm_omni", "diffusers"):
            self.site.install(name, "1.0")

    def added(self, text):
        with mock.patch.dict(os.environ, EXTRA_PACKAGES=text), printed():
            packages.main()
        return extra.extra_packages()

    def test_are_installed_and_recorded_with_what_they_need(self):
        found = self.added("vllm-omni==1.0\n\n  numpy>=2 ; python_version >= '3'\n")
        self.assertEqual(self.asked, [["vllm-omni==1.0", "numpy>=2 ; python_version >= '3'"]])
        self.assertEqual(found, {"added": ["diffusers", "vllm-omni"], "leftOut": []})

    def test_are_left_out_if_they_are_not_for_this_python(self):
        found = self.added("Old.Name==1.0; python_version < '3'")
        self.assertEqual((self.asked, found), ([], {"added": [], "leftOut": ["old-name"]}))

    def test_do_not_replace_what_the_image_has(self):
        with self.assertRaisesRegex(Failure, r"can't have numpy<2 \(the base has 2\.2\.6\); choose versions"):
            self.added("vllm-omni==1.0\nnumpy<2")
        self.assertEqual(self.asked, [])

    def test_are_refused_if_they_are_no_requirements(self):
        with self.assertRaisesRegex(Failure, "'== 1' is not a requirement"):
            self.added("== 1")

    def test_are_none_without_the_step(self):
        self.assertIsNone(extra.extra_packages())


class DigestTest(unittest.TestCase):
    def test_is_of_a_line_for_each_entry(self):
        content = hashlib.sha256(b"x").hexdigest()
        line = f"file 644 {content} opt/a\n"
        self.assertEqual(extra.digest([("file", "644", content, "opt/a")]), hashlib.sha256(line.encode()).hexdigest())
        json.dumps(extra.entry("/dev/null"))
        self.assertEqual(extra.entry("/dev/null")[0], "other")
