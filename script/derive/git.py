"""A git repository, of which only the requested tags are fetched."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator

from .failure import Failure

HEADS = "refs/heads/"
RELEASE = re.compile(r"refs/tags/(v?\d+(?:\.\d+)+)$")


class Repository:
    """Valid while `open_repository` is open.

    tags: its release tags, without candidates. branches: their names.
    """

    def __init__(self, address: str, folder: str) -> None:
        self.address, self.folder = address, folder
        listed = [line.partition("\t")[2] for line in self.git("ls-remote", address).splitlines()]
        self.tags = {match.group(1) for match in map(RELEASE.match, listed) if match}
        self.branches = {name[len(HEADS):] for name in listed if name.startswith(HEADS)}

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", self.folder, *arguments], capture_output=True, text=True, encoding="utf-8",
            errors="replace", env={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
        )
        if done.returncode != 0:
            lines = done.stderr.strip().split("\n")
            # What git prints after its first error is advice.
            reason = next((line[len("fatal: "):] for line in lines if line.startswith("fatal: ")), lines[-1])
            address = re.sub(r"//[^/@]*@", "//", self.address)
            shown = re.sub(r"//[^/@\s]*@", "//", reason.rstrip("."))
            raise Failure(f"git could not read {address}: {shown}")
        return done.stdout

    def fetch(self, tag: str) -> None:
        """Makes the files of a tag readable, by the tag's own name."""
        spec = f"+refs/tags/{tag}:refs/tags/{tag}"
        self.git("fetch", "--quiet", "--depth=1", "--no-tags", "--filter=blob:none", "origin", spec)

    def commit(self, branch: str, start: str) -> str | None:
        """The only commit of a branch that starts so; None without the branch or the commit."""
        if branch not in self.branches:
            return None
        self.git("fetch", "--quiet", "--no-tags", "--filter=tree:0", "origin", HEADS + branch)
        found = [commit for commit in self.git("rev-list", "FETCH_HEAD").split() if commit.startswith(start)]
        return found[0] if len(found) == 1 else None

    def names(self, tag: str, folder: str) -> list[str]:
        """Paths of the files below a folder of a fetched tag."""
        return self.git("ls-tree", "-r", "--name-only", f"refs/tags/{tag}", "--", f"{folder}/").splitlines()

    def read(self, tag: str, path: str) -> str:
        return self.git("show", f"refs/tags/{tag}:{path}")


@contextlib.contextmanager
def open_repository(address: str) -> Iterator[Repository]:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "init", "--quiet", "--bare", folder], check=True)
        address = os.path.abspath(address) if os.path.exists(address) else address
        repository = Repository(address, folder)
        repository.git("remote", "add", "origin", address)
        yield repository
