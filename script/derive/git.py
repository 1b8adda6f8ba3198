"""A repository of git, of which only the tags that are asked for are fetched."""

import contextlib
import os
import re
import subprocess
import tempfile

from .failure import Failure

HEADS = "refs/heads/"
RELEASE = re.compile(r"refs/tags/(v?\d+(?:\.\d+)+)$")


class Repository:
    """As long as `open_repository` is open. tags: its release tags, without candidates. branches: their names."""

    def __init__(self, address, folder):
        self.address, self.folder = address, folder
        listed = [line.partition("\t")[2] for line in self.git("ls-remote", address).splitlines()]
        self.tags = {match.group(1) for name in listed for match in [RELEASE.match(name)] if match}
        self.branches = {name[len(HEADS):] for name in listed if name.startswith(HEADS)}

    def git(self, *arguments):
        done = subprocess.run(["git", "-C", self.folder, *arguments], capture_output=True, text=True, encoding="utf-8", errors="replace",
                              env={**os.environ, "GIT_TERMINAL_PROMPT": "0"})
        if done.returncode != 0:
            lines = done.stderr.strip().split("\n")
            # What git says after its first error is advice.
            reason = next((line[len("fatal: "):] for line in lines if line.startswith("fatal: ")), lines[-1]).rstrip(".")
            raise Failure("git could not read %s: %s" % (re.sub(r"//[^/@]*@", "//", self.address), re.sub(r"//[^/@\s]*@", "//", reason)))
        return done.stdout

    def fetch(self, tag):
        """Makes the files of a tag readable, by the tag's own name."""
        self.git("fetch", "--quiet", "--depth=1", "--no-tags", "--filter=blob:none", "origin", "+refs/tags/%s:refs/tags/%s" % (tag, tag))

    def commit(self, branch, start):
        """The only commit of a branch that starts so; None without the branch or the commit."""
        if branch not in self.branches:
            return None
        self.git("fetch", "--quiet", "--no-tags", "--filter=tree:0", "origin", HEADS + branch)
        found = [commit for commit in self.git("rev-list", "FETCH_HEAD").split() if commit.startswith(start)]
        return found[0] if len(found) == 1 else None

    def names(self, tag, folder):
        """Paths of the files below a folder of a tag that was fetched."""
        return self.git("ls-tree", "-r", "--name-only", "refs/tags/" + tag, "--", folder + "/").splitlines()

    def read(self, tag, path):
        return self.git("show", "refs/tags/%s:%s" % (tag, path))


@contextlib.contextmanager
def open_repository(address):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "init", "--quiet", "--bare", folder], check=True)
        address = os.path.abspath(address) if os.path.exists(address) else address
        repository = Repository(address, folder)
        repository.git("remote", "add", "origin", address)
        yield repository
