"""pip's package index, read with pip's own configuration.

That is its addresses, passwords, certificates, proxies and retries.

Only the needed parts of a wheel are read, by requests for byte ranges; if the server has no ranges,
it is downloaded.
"""

from __future__ import annotations

import contextlib
import logging
import re
import tarfile
import tempfile
import urllib.parse
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Optional

from pip._internal.commands import create_command
from pip._internal.index.collector import parse_links
from pip._internal.network.lazy_wheel import HTTPRangeRequestUnsupported, LazyZipOverHTTP
from pip._vendor import requests
from pip._vendor.packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    parse_sdist_filename,
    parse_wheel_filename,
)
from pip._vendor.packaging.version import InvalidVersion, Version
from pip._vendor.urllib3.exceptions import HTTPError

from .failure import Failure

CHUNK = 1 << 16


class File(NamedTuple):
    """link: pip's own. tags: of a wheel, None for a source distribution."""

    project: str
    version: Version
    tags: Optional[frozenset]
    link: Any


class Index:
    """The index, while `open_index` is open."""

    def __init__(self, session: Any, collector: Any) -> None:
        self.session, self.collector = session, collector
        self.known: dict[str, list[File]] = {}

    def files(self, project: str) -> list[File]:
        """Files of a project that are neither yanked nor of a pre-release.

        A project without files is a failure.
        """
        if project not in self.known:
            links = [link for link in self.links(project) if not link.is_yanked]
            found = [file for file in (read_name(project, link) for link in links) if file]
            if not found:
                raise Failure(f"the package index has no file of {project}")
            self.known[project] = [file for file in found if not file.version.is_prerelease]
        return self.known[project]

    def links(self, project: str) -> Iterator[Any]:
        sources = self.collector.collect_sources(project, candidates_from_page=self.links_of_page)
        for source in [*sources.find_links, *sources.index_urls]:
            if source is not None:
                yield from source.page_candidates()
                yield from source.file_links()

    def links_of_page(self, address: Any) -> list[Any]:
        page = self.collector.fetch_response(address)
        return [] if page is None else list(parse_links(page))

    @contextlib.contextmanager
    def wheel(self, file: File) -> Iterator[zipfile.ZipFile]:
        """A wheel as an archive."""
        with readable(file), contextlib.ExitStack() as stack:
            try:
                content = stack.enter_context(LazyZipOverHTTP(address_of(file), self.session, CHUNK))
            except (HTTPRangeRequestUnsupported, KeyError):  # KeyError: the response has no length
                content = stack.enter_context(tempfile.TemporaryFile())
                for part in self.response(file).iter_content(CHUNK):
                    content.write(part)
            yield stack.enter_context(zipfile.ZipFile(content))

    def metadata(self, file: File) -> str:
        """METADATA of a wheel."""
        with self.wheel(file) as archive:
            names = [name for name in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name)]
            if len(names) != 1:
                raise Failure(f"{file.link.filename} has no METADATA")
            return archive.read(names[0]).decode("utf-8", "replace")

    def members(self, file: File, is_wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
        """(path, content) of the wanted files of a source distribution, in its order.

        Paths lack the archive's folder.
        """
        with readable(file), tarfile.open(fileobj=self.response(file).raw, mode="r|gz") as archive:
            for member in archive:
                path = member.name.partition("/")[2]
                if member.isfile() and is_wanted(path):
                    yield path, archive.extractfile(member).read()

    def response(self, file: File) -> Any:
        return self.session.get(address_of(file), headers={"Accept-Encoding": "identity"}, stream=True)


@contextlib.contextmanager
def readable(file: File) -> Iterator[None]:
    """Names a file that does not have the format of its name, or that was cut off."""
    try:
        yield
    except (
        tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, requests.RequestException, HTTPError,
    ) as error:
        raise Failure(f"{file.link.filename} of the package index could not be read: {error}") from error


def address_of(file: File) -> str:
    return file.link.url.partition("#")[0]


def read_name(project: str, link: Any) -> File | None:
    """The file behind a link; None if it is another project's, or of a kind that is not read."""
    try:
        if link.filename.endswith(".whl"):
            name, version, _, tags = parse_wheel_filename(link.filename)
        else:
            (name, version), tags = parse_sdist_filename(link.filename), None
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return None
    return File(project, version, tags, link) if name == project and not link.filename.endswith(".zip") else None


@contextlib.contextmanager
def open_index() -> Iterator[Index]:
    """The index of pip's own configuration.

    pip goes on without an index that does not answer, and would find nothing new: here that is a
    failure.
    """
    command = create_command("download")
    options, _ = command.parse_args(["--no-input", "nothing"])
    # pip's warnings are about failures of this script.
    logging.getLogger("pip").setLevel(logging.CRITICAL)
    with command.main_context():
        session = command.get_default_session(options)
        session.request = checked(session.request)
        yield Index(session, command._build_package_finder(options, session)._link_collector)


def checked(ask: Callable[..., Any]) -> Callable[..., Any]:
    """A session's `request` that raises Failure for every error."""
    def request(method: str, url: str, *arguments: Any, **settings: Any) -> Any:
        host = urllib.parse.urlsplit(url).hostname or "a file"
        try:
            response = ask(method, url, *arguments, **settings)
        except requests.RequestException as error:
            answers = re.search(r"too many (\d+) error responses", str(error))
            how = f"answered {answers.group(1)}" if answers else f"did not answer: {type(error).__name__}"
            raise Failure(f"the package index at {host} {how}") from error
        # An index besides the first need not have every project.
        if response.status_code >= 400 and not (response.status_code == 404 and url.endswith("/")):
            raise Failure(f"the package index at {host} answered {response.status_code} {response.reason}")
        return response

    return request
