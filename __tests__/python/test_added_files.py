import base64
import hashlib
import json
import os
import re
import unittest
from unittest import mock

from measure import added_files, base_files, integration

from ..support.image_python import SitePackages, folder, write


def digest(text, algorithm="sha256"):
    value = hashlib.new(algorithm, text.encode()).digest()
    return "{}={}".format(algorithm, base64.urlsafe_b64encode(value).decode().rstrip("="))


class AddedFilesTest(unittest.TestCase):
    """What is said about packages that were added to a base with numpy."""

    def setUp(self):
        self.site = SitePackages(self)
        # The base does not keep to its RECORD, which nobody may blame on the build.
        self.site.add("numpy/core.py", "one")
        self.site.install("numpy", "2.2.6", RECORD="numpy/core.py,{},3\n".format(digest("other")))
        for given in (
            mock.patch.object(integration, "INTEGRATION_RECORD", os.path.join(folder(self), "integration.json")),
            mock.patch.object(base_files, "OUTSIDE", re.compile(base_files.OUTSIDE.pattern.replace("|tmp", ""))),
        ):
            given.start()
            self.addCleanup(given.stop)
        self.table = write(os.path.join(folder(self), "files.json"), json.dumps(base_files.table()))

    def add(self, name, record, **files):
        for path, text in files.items():
            self.site.add(f"{name}/{path}.py", text)
        self.site.install(name, "1", RECORD=record)

    def differing(self):
        return {
            name: [(os.path.basename(one["path"]), one["kind"]) for one in found["first"]]
            for name, found in added_files.compared(self.table)["differing"].items()
        }

    def test_of_the_base_are_not_compared(self):
        self.assertEqual(added_files.compared(self.table), {"compared": 0, "differing": {}})

    def test_are_equal_to_what_was_installed(self):
        record = "aibrix_kvcache/a.py,{},1\naibrix_kvcache/b.py,{},1\naibrix_kvcache/c.py,,\n"
        self.add("aibrix_kvcache", record.format(digest("a"), digest("b", "sha512")), a="a", b="b", c="c")
        self.assertEqual(added_files.compared(self.table), {"compared": 2, "differing": {}})

    def test_differ_if_somebody_has_changed_or_removed_them(self):
        record = "aibrix_kvcache/a.py,{0},1\naibrix_kvcache/gone.py,{0},1\n".format(digest("a"))
        self.add("aibrix_kvcache", record, a="b")
        self.assertEqual(self.differing(), {"aibrix-kvcache": [("a.py", "changed"), ("gone.py", "vanished")]})

    def test_of_a_package_that_replaces_one_of_the_base_are_compared(self):
        self.add("numpy", "numpy/core.py,{},3\n".format(digest("new")), core="newer")
        self.assertEqual(self.differing(), {"numpy": [("core.py", "changed")]})

    def test_with_a_strange_hash_are_left_out(self):
        record = "x/a.py,md5=x,1\nx/a.py,shake_128=x,1\nx/a.py,sha256,1\nx/a.py,=,1\n"
        self.add("x", record, a="a")
        self.assertEqual(self.differing(), {"x": [("a.py", "changed")]})
