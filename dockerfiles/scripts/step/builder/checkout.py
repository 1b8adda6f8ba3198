"""Fetches a source at a tag, branch or commit, and checks that it still is what was planned."""

import os
import re
import urllib.parse

from common.failure import Failure, say
from common.process import answer, run
from common.secrets_given import secret, trust

FULL_COMMIT = re.compile(r"^[0-9a-f]{40}$")
A_COMMIT = re.compile(r"^[0-9a-f]{40,64}$")


class Source:
    """Where a source comes from: the named context if it holds a repository, else the address."""

    def __init__(self, name, context, address):
        self.name = name
        self.local = next((p for p in (context + "/.git", context) if os.path.exists(p + "/HEAD")), None)
        if self.local is None and os.path.isdir(context) and os.listdir(context):
            raise Failure("the named context %s-source holds no git repository of its own; give it a bare one (git clone --bare)." % name)
        self.address = "file://" + self.local if self.local else address
        self.shown = "the named context %s-source" % name if self.local else without_userinfo(address)

    def git(self, arguments, what, cwd=None):
        run(["git"] + self.options() + arguments, what, env=self.environment(), cwd=cwd)

    def ask(self, arguments, cwd=None):
        return answer(["git"] + self.options() + arguments, env=self.environment(), cwd=cwd)

    def options(self):
        given = secret("git-credentials")
        if given is None:
            return []
        # Only `get` is passed on: git would also want to store, and the secret can't be written.
        helper = '!f() { test "$1" != get || git credential-store --file=%s get; }; f' % given
        return ["-c", "credential.helper=" + helper]

    def environment(self):
        # A mounted repository belongs to somebody else; only a file says so to the git that serves it (git-config, safe.directory).
        home = "/tmp/git-home"
        os.makedirs(home, exist_ok=True)
        with open(home + "/.gitconfig", "w", encoding="utf-8") as file:
            file.write("[safe]\n\tdirectory = *\n[advice]\n\tdetachedHead = false\n")
        return dict(trust(), HOME=home, GIT_TERMINAL_PROMPT="0", GIT_ASKPASS="true")


def without_userinfo(address):
    parts = urllib.parse.urlsplit(address)
    return urllib.parse.urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])) if parts.netloc else address


def checkout(source, ref, commit, directory, untagged=False):
    """Checks `ref` out into `directory` and returns its commit.

    A tag is fetched alone; a branch and a commit come with their history, which setuptools-scm counts. Commits are abbreviated to 9
    digits, as it does since version 8: git's own number grows with the objects that a clone happens to have.
    commit: 40 digits that it has to be, or an empty string.
    untagged: take the commit where the repository has neither tag nor branch of that name.
    """
    say("%s %s from %s" % (source.name, ref, source.shown))
    os.makedirs(directory)
    source.git(["init", "-q", "."], "git could not start a repository", cwd=directory)
    source.git(["config", "core.abbrev", "9"], "git could not be configured", cwd=directory)
    source.git(["remote", "add", "origin", source.address], "git could not name the source", cwd=directory)
    refs = source.ask(["ls-remote", "-q", "origin", "refs/tags/*", "refs/heads/*"], cwd=directory)
    if refs is None:
        what = "the repository of %s (%s) could not be read" % (source.name, source.shown)
        source.git(["ls-remote", "-q", "origin", "HEAD"], what, cwd=directory)
        refs = ""
    names = {line.split("\t")[1] for line in refs.splitlines() if "\t" in line}
    what = "%s %s could not be fetched from %s" % (source.name, ref, source.shown)
    if untagged and commit and not {"refs/tags/" + ref, "refs/tags/v" + ref, "refs/heads/" + ref} & names:
        ref = commit
    tag = next((t for t in (ref, "v" + ref) if "refs/tags/" + t in names), None)
    if tag:
        spec = "+refs/tags/%s:refs/tags/%s" % (tag, tag)
        source.git(["fetch", "-q", "--depth", "1", "--no-tags", "origin", spec], what, cwd=directory)
        target = "refs/tags/" + tag
    elif "refs/heads/" + ref in names or re.match(r"^[0-9a-f]{7,40}$", ref):
        source.git(["fetch", "-q", "--tags", "--update-shallow", "origin", "+refs/heads/*:refs/remotes/origin/*"], what, cwd=directory)
        target = "refs/remotes/origin/" + ref if "refs/heads/" + ref in names else ref
        if FULL_COMMIT.match(target) and source.ask(["cat-file", "-e", target + "^{commit}"], cwd=directory) is None:
            source.git(["fetch", "-q", "origin", target], what, cwd=directory)
    else:
        raise Failure("%s has no tag, branch or commit %s for %s." % (source.shown, ref, source.name))
    source.git(["checkout", "-q", "--detach", target + "^{commit}"], what, cwd=directory)
    head = next(filter(A_COMMIT.match, (source.ask(["rev-parse", "HEAD"], cwd=directory) or "").splitlines()), "")
    if commit and head != commit:
        raise Failure(
            "%s %s is now commit %s and was %s when this build was planned: the ref moved; plan again." % (source.name, ref, head, commit))
    return head


def has_version_tag(source, directory):
    """Whether there is a tag at or before the checked out commit from which a version can be counted."""
    return source.ask(["describe", "--tags", "--match", "*[0-9]*"], cwd=directory) is not None
