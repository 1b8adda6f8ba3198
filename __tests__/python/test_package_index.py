import unittest

from step.common.failure import explain, say, warn
from step.common.package_index import address, canaries, settings

from ..support.image_python import printed, secret


class WithIndex(unittest.TestCase):
    def give(self, text):
        secret(self, "package-index", text)


class PackageIndexTest(WithIndex):
    def test_is_the_secret_without_blanks_around_it(self):
        self.give(" https://pypi.example/simple \n")
        self.assertEqual(address(), "https://pypi.example/simple")
        found = settings()
        self.assertEqual({found[name] for name in ("PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX")}, {"https://pypi.example/simple"})

    def test_is_none_without_a_secret_or_with_an_empty_one(self):
        secret(self, "git-credentials", "https://user:secret@git.example")
        self.assertEqual((address(), settings(), canaries()), (None, {}, []))
        self.give("\n")
        self.assertEqual((address(), settings(), canaries()), (None, {}, []))


class SecretTextsTest(WithIndex):
    def test_are_the_password_with_and_without_the_name_as_written_and_as_meant_longest_first(self):
        self.give("https://user:pass%40word@pypi.example/simple")
        self.assertEqual(canaries(), ["user:pass%40word", "user:pass@word", "pass%40word", "pass@word"])

    def test_are_found_where_the_password_has_an_at_sign(self):
        self.give("https://user:pass@word@pypi.example/simple")
        self.assertEqual(canaries(), ["user:pass@word", "pass@word"])

    def test_are_a_token_alone(self):
        self.give("https://pypi-token@pypi.example/simple")
        self.assertEqual(canaries(), ["pypi-token"])

    def test_are_none_where_the_address_has_none(self):
        self.give("https://pypi.example/a@b")
        self.assertEqual(canaries(), [])

    def test_are_not_so_short_that_hiding_them_would_hide_everything(self):
        self.give("https://u:abc@pypi.example")
        self.assertEqual(canaries(), ["u:abc"])


class SentencesTest(unittest.TestCase):
    def test_are_one_line_each_with_what_the_action_looks_for(self):
        for tell, line in ((explain, "error: two lines"), (warn, "warning: two lines"), (say, "two\n lines")):
            with printed() as text:
                tell("two\n lines")
            self.assertEqual(text.getvalue(), "image-action: %s\n" % line)
