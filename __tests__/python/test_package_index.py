import contextlib
import http.server
import threading
import unittest

from common.failure import explain, say, warn
from common.package_index import address, refusal, secret_texts, settings
from common.run_pip import project_not_found

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
        self.assertEqual((address(), settings(), secret_texts()), (None, {}, []))
        self.give("\n")
        self.assertEqual((address(), settings(), secret_texts()), (None, {}, []))


class SecretTextsTest(WithIndex):
    def test_are_the_password_with_and_without_the_name_as_written_and_as_meant_longest_first(self):
        self.give("https://user:pass%40word@pypi.example/simple")
        self.assertEqual(secret_texts(), ["user:pass%40word", "user:pass@word", "pass%40word", "pass@word"])

    def test_are_found_if_the_password_has_an_at_sign(self):
        self.give("https://user:pass@word@pypi.example/simple")
        self.assertEqual(secret_texts(), ["user:pass@word", "pass@word"])

    def test_are_a_token_alone(self):
        self.give("https://pypi-token@pypi.example/simple")
        self.assertEqual(secret_texts(), ["pypi-token"])

    def test_are_none_if_the_address_has_none(self):
        self.give("https://pypi.example/a@b")
        self.assertEqual(secret_texts(), [])

    def test_are_not_so_short_that_hiding_them_would_hide_everything(self):
        self.give("https://u:abc@pypi.example")
        self.assertEqual(secret_texts(), ["u:abc"])


class Index(http.server.BaseHTTPRequestHandler):
    """Answers according to the path: /200/…, /login/…, /wheels/…"""

    def do_GET(self):
        kind = self.path.split("/")[1]
        if kind == "guarded":
            kind = "wheels" if self.headers["Authorization"] == "Basic dDBrZW46" else "401"
        self.send_response({"login": 302, "wheels": 200}.get(kind) or int(kind))
        if kind == "login":
            self.send_header("Location", f"http://localhost:{self.server.server_address[1]}/200/")
        self.end_headers()
        page = (
            b'<a href="../../nixl_cu12-0.7.1-py3-none-any.whl#sha256=1">nixl_cu12</a>'
            if kind == "wheels"
            else b"<h1>Hello nixl-cu12</h1>"
        )
        self.wfile.write(page)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def index():
    """Its host and port."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class RefusalTest(WithIndex):
    def test_is_the_answer_of_what_is_no_index_without_what_may_be_a_token(self):
        with index() as host:
            for kind, said in (
                ("404", " answers 404 Not Found for nixl-cu12"),
                ("403", " answers 403 Forbidden for nixl-cu12"),
                ("200", " answers with a page that lists no file of nixl-cu12"),
                (
                    "login",
                    " answers with a page that lists no file of nixl-cu12, after a redirect to localhost:"
                    + host.split(":")[1],
                ),
                ("wheels", None),
                ("guarded", None),
            ):
                with self.subTest(kind):
                    self.give(f"http://t0ken@{host}/{kind}/p4th/simple/")
                    self.assertEqual(refusal("nixl-cu12"), said and "the package index " + host + said)

    def test_is_none_if_the_project_need_not_exist(self):
        with index() as host:
            for kind, said in (
                ("404", None),
                ("200", None),
                ("401", f"the package index {host} answers 401 Unauthorized"),
            ):
                self.give(f"http://{host}/{kind}/simple")
                self.assertEqual(refusal(), said)

    def test_says_why_an_index_can_not_be_reached(self):
        self.give("https://index.invalid/simple")
        self.assertRegex(refusal("nixl"), "^the package index index.invalid can't be reached: .*(not known|resolution)")

    def test_requests_the_project_that_pip_names(self):
        for sentence, name in (
            ("NIXL could not be installed: No matching distribution found for nixl-cu12==0.7.1", "nixl-cu12"),
            (
                "x: Could not find a version that satisfies the requirement Sample_Redis>=5 (from versions: none)",
                "sample-redis",
            ),
            ("x: 403 Client Error: Forbidden", None),
        ):
            self.assertEqual(project_not_found(sentence), name)


class SentencesTest(unittest.TestCase):
    def test_are_one_line_each_with_what_the_action_looks_for(self):
        for tell, line in ((explain, "error: two lines"), (warn, "warning: two lines"), (say, "two\n lines")):
            with printed() as text:
                tell("two\n lines")
            self.assertEqual(text.getvalue(), f"image-action: {line}\n")
