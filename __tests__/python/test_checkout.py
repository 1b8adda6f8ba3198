import os
import subprocess
import unittest

from step.builder.checkout import Source, without_userinfo
from step.common.failure import Failure

from ..support.image_python import folder, secret, write


class WithoutUserinfoTest(unittest.TestCase):
    def test_shows_no_name_and_no_password(self):
        for address in (
            "https://user:secret@git.example/x", "https://secret@git.example/x", "https://:secret@git.example/x",
            "https://user:se@cret@git.example/x", "https://user:secret%40@git.example/x",
        ):
            with self.subTest(address):
                self.assertEqual(without_userinfo(address), "https://git.example/x")

    def test_keeps_the_rest_of_the_address(self):
        for rest in ("git.example:8443/a/b.git", "[::1]:8443/a", "git.example/a@b?c=d#e"):
            with self.subTest(rest):
                self.assertEqual(without_userinfo("ssh://git:secret@" + rest), "ssh://" + rest)
                self.assertEqual(without_userinfo("ssh://" + rest), "ssh://" + rest)

    def test_leaves_alone_what_is_no_address_with_a_host(self):
        for address in ("git@github.com:vllm-project/aibrix", "/srv/git/a@b", "file:///srv/git", "aibrix", ""):
            with self.subTest(address):
                self.assertEqual(without_userinfo(address), address)


class SourceTest(unittest.TestCase):
    def setUp(self):
        self.context = folder(self)

    def source(self):
        return Source("aibrix", self.context, "https://user:secret@git.example/aibrix")

    def test_is_the_address_where_the_named_context_is_empty(self):
        for context in (self.context, self.context + "/nothing"):
            with self.subTest(context):
                found = Source("aibrix", context, "https://user:secret@git.example/aibrix")
                self.assertEqual(found.address, "https://user:secret@git.example/aibrix")
                self.assertEqual(found.shown, "https://git.example/aibrix")

    def test_is_the_repository_in_the_named_context_bare_or_not(self):
        for path in ("", "/.git"):
            with self.subTest(path):
                self.context = folder(self)
                write(self.context + path + "/HEAD", "ref: refs/heads/main\n")
                found = self.source()
                self.assertEqual(found.address, "file://" + self.context + path)
                self.assertEqual(found.shown, "the named context aibrix-source")

    def test_is_refused_where_the_named_context_holds_something_else(self):
        write(self.context + "/README.md")
        with self.assertRaisesRegex(Failure, "^the named context aibrix-source holds no git repository of its own; "):
            self.source()

    def test_is_refused_where_the_repository_of_the_named_context_is_elsewhere(self):
        write(self.context + "/.git", "gitdir: ../.git/modules/aibrix\n")
        with self.assertRaisesRegex(Failure, "^the named context aibrix-source holds no git repository of its own; "):
            self.source()


class CredentialsTest(unittest.TestCase):
    """What git does with the options of a source."""

    def git(self, *arguments, **words):
        command = ["git"] + Source("aibrix", "", "https://git.example/aibrix").options() + ["credential"] + list(arguments)
        environment = dict(os.environ, HOME=folder(self), GIT_CONFIG_NOSYSTEM="1", GIT_TERMINAL_PROMPT="0", GIT_ASKPASS="true")
        text = "".join("%s=%s\n" % word for word in words.items())
        return subprocess.run(command, env=environment, input=text, capture_output=True, encoding="utf-8", check=False)

    def test_are_those_of_the_secret(self):
        secret(self, "git-credentials", "https://user:secret@git.example\n")
        self.assertIn("password=secret\n", self.git("fill", protocol="https", host="git.example").stdout)
        self.assertNotIn("secret", self.git("fill", protocol="https", host="other.example").stdout)

    def test_are_never_written(self):
        path = secret(self, "git-credentials", "https://user:secret@git.example\n")
        for verb in ("approve", "reject"):
            with self.subTest(verb):
                self.assertEqual(self.git(verb, protocol="https", host="git.example", username="user", password="new").stderr, "")
                with open(path, encoding="utf-8") as file:
                    self.assertEqual(file.read(), "https://user:secret@git.example\n")

    def test_are_none_without_a_secret(self):
        self.assertEqual(Source("aibrix", "", "https://git.example/aibrix").options(), [])
