import io
import os
import subprocess
import unittest
from unittest import mock

from common.failure import Failure
from step.builder.checkout import Source, checkout, has_version_tag, without_userinfo

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

    def test_is_the_address_if_the_named_context_is_empty(self):
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

    def test_is_refused_if_the_named_context_holds_something_else(self):
        write(self.context + "/README.md")
        with self.assertRaisesRegex(Failure, "^the named context aibrix-source holds no git repository of its own; "):
            self.source()

    def test_is_refused_if_the_repository_of_the_named_context_is_elsewhere(self):
        write(self.context + "/.git", "gitdir: ../.git/modules/aibrix\n")
        with self.assertRaisesRegex(Failure, "^the named context aibrix-source holds no git repository of its own; "):
            self.source()


class CheckoutTest(unittest.TestCase):
    """What git leaves in the build folder."""

    def setUp(self):
        self.origin = folder(self)
        self.git("init", "-q", "-b", "main", ".")
        for number in range(4):
            self.git("commit", "-q", "--allow-empty", "-m", f"commit {number}")
            if number == 1:
                self.git("tag", "v0.7.0")

    def git(self, *arguments, cwd=None):
        by = {f"GIT_{who}_{what}": "test" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        environment = dict(os.environ, GIT_CONFIG_NOSYSTEM="1", GIT_CONFIG_GLOBAL="/dev/null", **by)
        command = ["git", "-C", cwd or self.origin] + list(arguments)
        return subprocess.run(
            command, env=environment, capture_output=True, encoding="utf-8", check=True
        ).stdout.strip()

    def checked_out(self, ref, context=None, commit="", untagged=False):
        source = Source("aibrix", context or self.origin, "")
        directory = folder(self) + "/aibrix"
        with mock.patch("sys.stdout", io.StringIO()):
            head = checkout(source, ref, commit, directory, untagged)
        self.assertEqual(head, self.git("rev-parse", "HEAD", cwd=directory))
        return source, directory

    def test_is_a_tag_alone(self):
        for ref in ("v0.7.0", "0.7.0"):
            with self.subTest(ref):
                _, directory = self.checked_out(ref)
                self.assertEqual(self.git("rev-list", "--count", "HEAD", cwd=directory), "1")

    def test_is_a_branch_or_a_commit_with_what_its_version_is_counted_from(self):
        commit = self.git("rev-parse", "main")
        for ref in ("main", commit):
            with self.subTest(ref):
                source, directory = self.checked_out(ref)
                self.assertTrue(has_version_tag(source, directory))
                self.assertEqual(self.git("describe", "--tags", "--long", cwd=directory), "v0.7.0-2-g" + commit[:9])

    def test_is_the_commit_if_a_tag_is_optional_and_missing(self):
        commit = self.git("rev-parse", "main~1")
        _, directory = self.checked_out("v1.23.0", commit=commit, untagged=True)
        self.assertEqual(self.git("rev-parse", "HEAD", cwd=directory), commit)
        with self.assertRaisesRegex(Failure, "has no tag, branch or commit v1.23.0 for aibrix"):
            self.checked_out("v1.23.0", commit=commit)
        tagged = self.git("rev-parse", "v0.7.0^{commit}")
        _, directory = self.checked_out("v0.7.0", commit=tagged, untagged=True)
        self.assertEqual(self.git("rev-list", "--count", "HEAD", cwd=directory), "1")

    def test_takes_a_shallow_history(self):
        cut = folder(self) + "/cut"
        self.git("clone", "-q", "--depth", "3", "file://" + self.origin, cut)
        source, directory = self.checked_out("main", cut)
        self.assertTrue(has_version_tag(source, directory))
        self.assertEqual(self.git("rev-list", "--count", "HEAD", cwd=directory), "3")

    def test_borrows_the_objects_of_a_mounted_repository(self):
        _, directory = self.checked_out("main")
        counts = self.git("count-objects", "-v", cwd=directory).splitlines()
        self.assertEqual([line for line in counts if line in ("count: 0", "in-pack: 0")], ["count: 0", "in-pack: 0"])

    def test_takes_a_history_without_the_files_of_older_commits(self):
        write(f"{self.origin}/old", "old")
        self.git("add", "--all")
        self.git("commit", "-q", "-m", "old")
        self.git("tag", "-a", "-m", "annotated", "v0.8.0")
        self.git("mv", "old", "new")
        write(f"{self.origin}/new", "new")
        self.git("commit", "-q", "--all", "-m", "new")
        commit = self.git("rev-parse", "main")
        bare = folder(self)
        self.git("init", "-q", "--bare", bare)
        kept = self.git("rev-list", "--objects", "--filter=tree:0", "--no-object-names", "--all")
        kept += "\n" + self.git("rev-list", "--objects", "--no-object-names", "main^{tree}") + "\n"
        pack = f"{bare}/objects/pack/pack"
        subprocess.run(["git", "-C", self.origin, "pack-objects", "-q", pack], input=kept, encoding="utf-8",
                       stdout=subprocess.DEVNULL, check=True)
        for ref in ("refs/heads/main", "refs/tags/v0.7.0", "refs/tags/v0.8.0"):
            self.git("update-ref", ref, self.git("rev-parse", ref), cwd=bare)
        self.assertNotEqual(subprocess.run(["git", "-C", bare, "fsck"], capture_output=True, check=False).returncode, 0)
        for ref in ("main", commit):
            with self.subTest(ref):
                _, directory = self.checked_out(ref, bare, commit)
                self.assertEqual(self.git("describe", "--tags", "--long", "--dirty", cwd=directory),
                                 f"v0.8.0-1-g{commit[:9]}")
                self.assertEqual(self.git("status", "--porcelain", cwd=directory), "")
                self.assertEqual(sorted(os.listdir(directory)), [".git", "new"])

    def test_takes_an_annotated_tag(self):
        self.git("tag", "-a", "-m", "annotated", "v0.8.0")
        source, directory = self.checked_out("0.8.0", commit=self.git("rev-parse", "main"))
        self.assertTrue(has_version_tag(source, directory))
        self.assertEqual(self.git("rev-list", "--count", "HEAD", cwd=directory), "1")
        self.assertEqual(self.git("for-each-ref", "--format=%(refname)", cwd=directory), "refs/tags/v0.8.0")

    def test_is_refused_if_the_mounted_repository_lacks_objects(self):
        lender, debtor = folder(self) + "/lender", folder(self) + "/debtor"
        self.git("clone", "-q", self.origin, lender)
        self.git("commit", "-q", "--allow-empty", "-m", "lost", cwd=lender)
        self.git("clone", "-q", "--shared", lender, debtor)
        os.rename(lender, lender + "-elsewhere")
        with self.assertRaisesRegex(Failure, "^(?:aibrix main could not|the repository of aibrix)"):
            self.checked_out("main", debtor)

    def test_may_have_no_version(self):
        self.git("tag", "--delete", "v0.7.0")
        self.git("tag", "nightly")
        self.assertFalse(has_version_tag(*self.checked_out("main")))

    def test_is_refused_if_the_ref_is_another_commit(self):
        with self.assertRaisesRegex(Failure, "the ref moved; plan again"):
            self.checked_out("main", commit=self.git("rev-parse", "main~1"))


class CredentialsTest(unittest.TestCase):
    """What git does with the options of a source."""

    def git(self, *arguments, **words):
        command = (
            ["git"] + Source("aibrix", "", "https://git.example/aibrix").options() + ["credential"] + list(arguments)
        )
        environment = dict(
            os.environ, HOME=folder(self), GIT_CONFIG_NOSYSTEM="1", GIT_TERMINAL_PROMPT="0", GIT_ASKPASS="true"
        )
        text = "".join("{}={}\n".format(*word) for word in words.items())
        return subprocess.run(command, env=environment, input=text, capture_output=True, encoding="utf-8", check=False)

    def test_are_those_of_the_secret(self):
        secret(self, "git-credentials", "https://user:secret@git.example\n")
        self.assertIn("password=secret\n", self.git("fill", protocol="https", host="git.example").stdout)
        self.assertNotIn("secret", self.git("fill", protocol="https", host="other.example").stdout)

    def test_are_never_written(self):
        path = secret(self, "git-credentials", "https://user:secret@git.example\n")
        for verb in ("approve", "reject"):
            with self.subTest(verb):
                self.assertEqual(
                    self.git(verb, protocol="https", host="git.example", username="user", password="new").stderr, ""
                )
                with open(path, encoding="utf-8") as file:
                    self.assertEqual(file.read(), "https://user:secret@git.example\n")

    def test_are_none_without_a_secret(self):
        self.assertEqual(Source("aibrix", "", "https://git.example/aibrix").options(), [])
