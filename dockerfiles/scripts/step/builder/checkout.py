"""Fetches a source at a tag, branch or commit, and checks that it is still the planned commit."""

from __future__ import annotations

import os
import re
import shutil
import urllib.parse
from collections.abc import Collection, Mapping

from common.build_secrets import secret, trust
from common.failure import Failure, say
from common.process import output_of, run

FULL_COMMIT = re.compile(r"^[0-9a-f]{40}$")
ANY_COMMIT = re.compile(r"^[0-9a-f]{40,64}$")


class Source:
    """Where a source comes from: the named context if it holds a repository, else the address."""

    def __init__(self, name: str, context: str, address: str) -> None:
        self.name = name
        folders = (f"{context}/.git", context)
        self.local = next((path for path in folders if os.path.exists(f"{path}/HEAD")), None)
        if self.local is None and os.path.isdir(context) and os.listdir(context):
            raise Failure(
                f"the named context {name}-source holds no git repository of its own; "
                "give it a bare one (git clone --bare)."
            )
        self.address = f"file://{self.local}" if self.local else address
        self.shown = f"the named context {name}-source" if self.local else without_userinfo(address)

    def git(self, arguments: list[str], what: str, cwd: str | None = None) -> None:
        run(["git", *self.options(), *arguments], what, env=self.environment(), cwd=cwd)

    def ask(self, arguments: list[str], cwd: str | None = None, text: str = "") -> str | None:
        return output_of(["git", *self.options(), *arguments], env=self.environment(), cwd=cwd, text=text)

    def options(self) -> list[str]:
        given = secret("git-credentials")
        if given is None:
            return []
        # Only `get` is passed on: git would also store, and the secret can't be written.
        helper = f'!f() {{ test "$1" != get || git credential-store --file={given} get; }}; f'
        return ["-c", f"credential.helper={helper}"]

    def environment(self) -> dict[str, str]:
        # A mounted repository belongs to another user; the git that serves it takes safe.directory
        # from a file only (git-config).
        home = "/tmp/git-home"
        os.makedirs(home, exist_ok=True)
        with open(f"{home}/.gitconfig", "w", encoding="utf-8") as file:
            file.write("[safe]\n\tdirectory = *\n[advice]\n\tdetachedHead = false\n")
        return {**trust(), "HOME": home, "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "true"}


def without_userinfo(address: str) -> str:
    parts = urllib.parse.urlsplit(address)
    return urllib.parse.urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])) if parts.netloc else address


def checkout(source: Source, ref: str, commit: str, directory: str, untagged: bool = False) -> str:
    """Checks `ref` out into `directory` and returns its commit.

    A tag is fetched alone; a branch and a commit come with their history, which setuptools-scm
    counts. A mounted repository is not fetched but read in place. Commits are abbreviated to 9
    digits, as setuptools-scm does since version 8: git's own number grows with the objects of a
    clone.
    commit: the 40 digits that the commit must have, or an empty string.
    untagged: take the commit if the repository has neither a tag nor a branch of that name.
    """
    say(f"{source.name} {ref} from {source.shown}")
    os.makedirs(directory)
    source.git(["init", "-q", "."], "git could not create a repository", cwd=directory)
    source.git(["config", "core.abbrev", "9"], "git could not be configured", cwd=directory)
    source.git(["remote", "add", "origin", source.address], "git could not add the source as a remote", cwd=directory)
    names = listed_refs(source, directory)
    what = f"{source.name} {ref} could not be fetched from {source.shown}"
    if untagged and commit and not {f"refs/tags/{ref}", f"refs/tags/v{ref}", f"refs/heads/{ref}"} & set(names):
        ref = commit
    target = (borrow if source.local else fetch)(source, ref, names, directory, what)
    source.git(["checkout", "-q", "--detach", f"{target}^{{commit}}"], what, cwd=directory)
    head = next(filter(ANY_COMMIT.match, (source.ask(["rev-parse", "HEAD"], cwd=directory) or "").splitlines()), "")
    if commit and head != commit:
        raise Failure(
            f"{source.name} {ref} is now commit {head} and was {commit} when this build was planned: "
            "the ref moved; plan again."
        )
    return head


def listed_refs(source: Source, directory: str) -> dict[str, str]:
    """Full names of the source's tags and branches, with their objects."""
    refs = source.ask(["ls-remote", "-q", "origin", "refs/tags/*", "refs/heads/*"], cwd=directory)
    if refs is None:
        what = f"the repository of {source.name} ({source.shown}) could not be read"
        source.git(["ls-remote", "-q", "origin", "HEAD"], what, cwd=directory)
    pairs = (line.split("\t") for line in (refs or "").splitlines() if "\t" in line)
    return {name: named for named, name in pairs if not name.endswith("^{}")}


def found(source: Source, ref: str, names: Collection[str]) -> str:
    """What to check out for a ref: a tag, a remote branch or a commit."""
    tag = next((f"refs/tags/{tag}" for tag in (ref, f"v{ref}") if f"refs/tags/{tag}" in names), None)
    if tag:
        return tag
    if f"refs/heads/{ref}" in names:
        return f"refs/remotes/origin/{ref}"
    if re.match(r"^[0-9a-f]{7,40}$", ref):
        return ref
    raise Failure(f"{source.shown} has no tag, branch or commit {ref} for {source.name}.")


def fetch(source: Source, ref: str, names: Collection[str], directory: str, what: str) -> str:
    """Fetches a tag, branch or commit; returns what to check out."""
    target = found(source, ref, names)
    if target.startswith("refs/tags/"):
        source.git(["fetch", "-q", "--depth", "1", "--no-tags", "origin", f"+{target}:{target}"], what, cwd=directory)
        return target
    branches = "+refs/heads/*:refs/remotes/origin/*"
    source.git(["fetch", "-q", "--tags", "--update-shallow", "origin", branches], what, cwd=directory)
    if FULL_COMMIT.match(target) and source.ask(["cat-file", "-e", f"{target}^{{commit}}"], cwd=directory) is None:
        source.git(["fetch", "-q", "origin", target], what, cwd=directory)
    return target


def borrow(source: Source, ref: str, names: Mapping[str, str], directory: str, what: str) -> str:
    """Gives `directory` the refs of a mounted repository, whose objects it borrows; returns what to
    check out.

    That copies nothing, and the repository may lack the files of older commits, as the action's own
    does (src/leg/source-repository.ts).
    """
    target = found(source, ref, names)
    with open(f"{directory}/.git/objects/info/alternates", "w", encoding="utf-8") as file:
        file.write(f"{source.local}/objects\n")
    is_tag = target.startswith("refs/tags/")
    wanted = {target: names[target]} if is_tag else names
    lines = [f"create {name.replace('refs/heads/', 'refs/remotes/origin/', 1)} {named}\n"
             for name, named in wanted.items()]
    shallow = f"{source.local}/shallow"
    if os.path.isfile(shallow):
        shutil.copyfile(shallow, f"{directory}/.git/shallow")
    if source.ask(["update-ref", "--stdin"], cwd=directory, text="".join(lines)) is None:
        raise Failure(f"{what}: it lacks objects of its tags or branches; give a complete repository.")
    if is_tag:
        tagged = source.ask(["rev-parse", f"{target}^{{commit}}"], cwd=directory)
        with open(f"{directory}/.git/shallow", "w", encoding="utf-8") as file:
            file.write(tagged or "")
    return target


def has_version_tag(source: Source, directory: str) -> bool:
    """Whether a version can be counted: from a tag at or before the checked out commit."""
    return source.ask(["describe", "--tags", "--match", "*[0-9]*"], cwd=directory) is not None
