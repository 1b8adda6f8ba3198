"""Which certificates the programs of a step trust."""

import os
import unittest
from unittest import mock

from common import build_secrets

from ..support.image_python import folder, write


class TrustedCertificates(unittest.TestCase):
    def setUp(self):
        self.folder = folder(self)
        self.given = os.path.join(self.folder, "given")
        os.mkdir(self.given)
        self.bundle = os.path.join(self.folder, "bundle.pem")
        self.system = os.path.join(self.folder, "system.crt")
        paths = {"CERTIFICATES": self.given, "BUNDLE": self.bundle, "SYSTEM_BUNDLES": (self.system,)}
        patch = mock.patch.multiple(build_secrets, **paths)
        patch.start()
        self.addCleanup(patch.stop)

    def give(self, name, text):
        write(os.path.join(self.given, name), text)

    def trusted(self):
        with open(self.bundle, encoding="utf-8") as file:
            return file.read().split("\n")

    def test_are_those_of_the_programs_without_a_given_file(self):
        self.assertEqual(build_secrets.trust(), {})
        self.give("README", "no certificate")
        self.assertEqual(build_secrets.trust(), {})
        self.assertFalse(os.path.exists(self.bundle))

    def test_are_those_of_the_system_and_of_each_given_file(self):
        write(self.system, "system")
        self.give("company.pem", "company")
        self.give("other.crt", "other")
        self.assertEqual(set(build_secrets.trust().values()), {self.bundle})
        self.assertEqual(self.trusted(), ["system", "company", "other"])

    def test_are_the_given_ones_alone_on_a_base_without_any(self):
        self.give("company.pem", "company")
        self.assertIn("GIT_SSL_CAINFO", build_secrets.trust())
        self.assertEqual(self.trusted(), ["company"])
