"""What pip's package index has, read as pip is configured: its addresses, passwords, certificates, proxies and retries.

Of a wheel only the parts that are wanted are read, by requests for ranges of bytes; one whose server has no ranges is downloaded.
"""

import contextlib
import logging
import re
import tarfile
import tempfile
import urllib.parse
import zipfile
import zlib
from collections import namedtuple

from pip._internal.commands import create_command
from pip._internal.index.collector import parse_links
from pip._internal.network.lazy_wheel import HTTPRangeRequestUnsupported, LazyZipOverHTTP
from pip._vendor import requests
from pip._vendor.packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename
from pip._vendor.packaging.version import InvalidVersion
from pip._vendor.urllib3.exceptions import HTTPError

from .failure import Failure

# link: pip's own. tags: of a wheel, None for a source distribution.
File = namedtuple("File", ["project", "version", "tags", "link"])
CHUNK = 1 << 16


class Index:
    """The index, as long as `open_index` is open."""

    def __init__(self, session, collector):
        self.session, self.collector, self.known = session, collector, {}

    def files(self, project):
        """Files of a project that are neither yanked nor of a pre-release. An index that has none is one that does not answer."""
        if project not in self.known:
            found = [file for link in self.links(project) for file in [read_name(project, link)] if file and not link.is_yanked]
            if not found:
                raise Failure("the package index has no file of %s" % project)
            self.known[project] = [file for file in found if not file.version.is_prerelease]
        return self.known[project]

    def links(self, project):
        sources = self.collector.collect_sources(project, candidates_from_page=self.links_of_page)
        for source in [*sources.find_links, *sources.index_urls]:
            if source is not None:
                yield from source.page_candidates()
                yield from source.file_links()

    def links_of_page(self, address):
        page = self.collector.fetch_response(address)
        return [] if page is None else list(parse_links(page))

    @contextlib.contextmanager
    def wheel(self, file):
        """A wheel as zipfile has it."""
        with readable(file), contextlib.ExitStack() as stack:
            try:
                content = stack.enter_context(LazyZipOverHTTP(address_of(file), self.session, CHUNK))
            except (HTTPRangeRequestUnsupported, KeyError):  # it tells no length
                content = stack.enter_context(tempfile.TemporaryFile())
                for part in self.response(file).iter_content(CHUNK):
                    content.write(part)
            yield stack.enter_context(zipfile.ZipFile(content))

    def metadata(self, file):
        """METADATA of a wheel."""
        with self.wheel(file) as archive:
            names = [name for name in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name)]
            if len(names) != 1:
                raise Failure("%s has no METADATA" % file.link.filename)
            return archive.read(names[0]).decode("utf-8", "replace")

    def members(self, file, is_wanted):
        """(path, content) of the files of a source distribution that are wanted, in its order. Paths are without the archive's own folder."""
        with readable(file), tarfile.open(fileobj=self.response(file).raw, mode="r|gz") as archive:
            for member in archive:
                path = member.name.partition("/")[2]
                if member.isfile() and is_wanted(path):
                    yield path, archive.extractfile(member).read()

    def response(self, file):
        return self.session.get(address_of(file), headers={"Accept-Encoding": "identity"}, stream=True)


@contextlib.contextmanager
def readable(file):
    """Names a file that is not what its name says, or that did not arrive whole."""
    try:
        yield
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, requests.RequestException, HTTPError) as error:
        raise Failure("%s of the package index could not be read: %s" % (file.link.filename, error)) from error


def address_of(file):
    return file.link.url.partition("#")[0]


def read_name(project, link):
    """The file behind a link; None if it is none that is read here, or another project's."""
    try:
        if link.filename.endswith(".whl"):
            name, version, _, tags = parse_wheel_filename(link.filename)
        else:
            (name, version), tags = parse_sdist_filename(link.filename), None
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return None
    return File(project, version, tags, link) if name == project and not link.filename.endswith(".zip") else None


@contextlib.contextmanager
def open_index():
    """An Index of pip's own configuration.

    pip goes on without an index that does not answer, and would find nothing new: here that is a failure.
    """
    command = create_command("download")
    options, _ = command.parse_args(["--no-input", "nothing"])
    # Its warnings are about what is a failure here.
    logging.getLogger("pip").setLevel(logging.CRITICAL)
    with command.main_context():
        session = command.get_default_session(options)
        ask = session.request

        def request(method, url, *arguments, **settings):
            host = urllib.parse.urlsplit(url).hostname or "a file"
            try:
                response = ask(method, url, *arguments, **settings)
            except requests.RequestException as error:
                answers = re.search(r"too many (\d+) error responses", str(error))
                how = "answered %s" % answers.group(1) if answers else "did not answer: %s" % type(error).__name__
                raise Failure("the package index at %s %s" % (host, how)) from error
            # An index beside the first need not have every project.
            if response.status_code >= 400 and not (response.status_code == 404 and url.endswith("/")):
                raise Failure("the package index at %s answered %d %s" % (host, response.status_code, response.reason))
            return response

        session.request = request
        yield Index(session, command._build_package_finder(options, session)._link_collector)
