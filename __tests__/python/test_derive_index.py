import http.server
import os
import threading
import unittest
from unittest import mock

from derive.failure import Failure
from derive.index import open_index

from ..support.python_index import zip_of

SIMPLE = "/simple/sample/"
LARGE = "sample-2.0-py3-none-any.whl"
METADATA = "sample-2.0.dist-info/METADATA"


class Handler(http.server.BaseHTTPRequestHandler):
    """An index of one project.

    The server's `wheel` is the content of all files, `has_ranges` whether it serves parts of them.
    """

    def do_HEAD(self):
        self.answer(b"")

    def do_GET(self):
        if self.path == SIMPLE:
            links = "".join('<a href="{}" {}>x</a>'.format(*one) for one in self.server.links)
            return self.answer((f"<!DOCTYPE html><body>{links}").encode(), "text/html")
        given = self.headers.get("Range") if self.server.has_ranges else None
        first, last = given.partition("=")[2].split("-") if given else (0, len(self.server.wheel))
        return self.answer(self.server.wheel[int(first) : int(last) + 1], status=206 if given else 200)

    def answer(self, content, kind="application/octet-stream", status=200):
        self.server.sent += len(content)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content) or len(self.server.wheel)))
        if self.server.has_ranges:
            self.send_header("Accept-Ranges", "bytes")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


class IndexTest(unittest.TestCase):
    def serve(self, links, has_ranges=True):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.links, server.has_ranges, server.sent = links, has_ranges, 0
        server.wheel = zip_of({"sample/data.bin": os.urandom(3_000_000), METADATA: "Name: sample\n"})
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        own = {
            "PIP_INDEX_URL": f"http://127.0.0.1:{server.server_address[1]}/simple/",
            "PIP_FIND_LINKS": "",
            "PIP_NO_CACHE_DIR": "1",
        }
        given = mock.patch.dict(os.environ, own)
        given.start()
        self.addCleanup(given.stop)
        return server

    def test_reads_the_parts_of_a_wheel_that_are_wanted(self):
        for has_ranges, most in ((True, 300_000), (False, 4_000_000)):
            server = self.serve([(LARGE, "")], has_ranges)
            with open_index() as index:
                (file,) = index.files("sample")
                self.assertEqual(index.metadata(file), "Name: sample\n")
            self.assertLess(server.sent, most)

    def test_has_no_file_that_is_yanked_or_of_a_pre_release_or_another_project(self):
        self.serve(
            [
                (LARGE, ""),
                ("sample-3.0-py3-none-any.whl", 'data-yanked="broken"'),
                ("sample-4.0rc1.tar.gz", ""),
                ("sample-2.0.tar.gz", ""),
                ("sample-2.0.zip", ""),
                ("other-2.0.tar.gz", ""),
                ("sample.exe", ""),
                ("sample-what-py3-none-any.whl", ""),
            ]
        )
        with open_index() as index:
            self.assertEqual([file.link.filename for file in index.files("sample")], [LARGE, "sample-2.0.tar.gz"])

    def test_without_a_file_is_a_failure(self):
        self.serve([])
        with open_index() as index, self.assertRaisesRegex(Failure, "^the package index has no file of sample$"):
            index.files("sample")

    def test_names_the_file_that_is_no_wheel(self):
        server = self.serve([(LARGE, "")])
        server.wheel = b"<p>Please log in</p>"
        with (
            open_index() as index,
            self.assertRaisesRegex(Failure, f"^{LARGE} of the package index could not be read: "),
        ):
            index.metadata(index.files("sample")[0])
