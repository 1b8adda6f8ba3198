"""A package index for tests that records requests."""

import http.server
import io
import threading
import zipfile

WHEEL = "sample-1.0-py3-none-any.whl"


def zip_of(files):
    """The bytes of an archive: path → content."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return made.getvalue()


def wheel():
    """A wheel without any file of its own."""
    return zip_of({
        "sample-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: sample\nVersion: 1.0\n",
        "sample-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "sample-1.0.dist-info/RECORD": "",
    })


class PackageIndex:
    """Indexes `url + NAME`, each with the same one package, until the test ends.

    asked: names of the indexes that got a request.
    """

    def __init__(self, case):
        self.asked = asked = set()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.add(self.path.split("/")[1])
                self.send_response(200)
                is_file = self.path.endswith(".whl")
                self.send_header("content-type", "application/octet-stream" if is_file else "text/html")
                self.end_headers()
                self.wfile.write(wheel() if is_file else b'<!DOCTYPE html><a href="%s">x</a>' % WHEEL.encode())

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        case.addCleanup(thread.join)
        case.addCleanup(server.server_close)
        case.addCleanup(server.shutdown)
        self.url = f"http://127.0.0.1:{server.server_address[1]}/"
