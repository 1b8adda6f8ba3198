import os
import unittest
from unittest import mock

from measure import driver, nixl_transfer, probe

from ..support.image_python import folder, write
from ..support.limits import limit_begins
from . import ROOT

# Like the stand-in's compiled module, for plugins that are only files
BINDINGS = """
import ctypes
def load(path):
    if open(path).read() == "broken":
        raise OSError("broken")
    return 1
def copy(plugin, to, source, length):
    ctypes.memmove(to, source, length)
"""


def stand_in():
    with open(os.path.join(ROOT, "stand-ins", "nixl", "api.py"), encoding="utf-8") as file:
        return file.read()


class NixlTransferTest(unittest.TestCase):
    def setUp(self):
        self.site = folder(self)
        write(self.site + "/nixl/__init__.py")
        write(self.site + "/nixl/_bindings.py", BINDINGS)
        write(self.site + "/nixl/_api.py", stand_in())
        self.plugin("UCX")
        self.stubs({})
        # Comparing a megabyte would take longer than all else
        for given in (
            mock.patch.dict(os.environ, PYTHONPATH=self.site),
            mock.patch.object(nixl_transfer, "SIZE", 4096),
        ):
            given.start()
            self.addCleanup(given.stop)

    def stubs(self, environment):
        given = mock.patch.object(driver, "environment", lambda: environment)
        given.start()
        self.addCleanup(given.stop)

    def plugin(self, name, content="fine"):
        return write(f"{self.site}/.nixl.mesonpy.libs/plugins/libplugin_{name}.so", content)

    def edit(self, before, after, file="_api.py"):
        path = f"{self.site}/nixl/{file}"
        with open(path, encoding="utf-8") as opened:
            text = opened.read()
        self.assertIn(before, text)
        write(path, text.replace(before, after))

    def assertTold(self, **expected):
        told = nixl_transfer.nixl_transfer()
        self.assertEqual({name: told[name] for name in expected}, expected)
        return told

    def test_reports_that_all_bytes_arrive(self):
        self.plugin("POSIX")
        self.assertEqual(nixl_transfer.nixl_transfer(), {
            "driver": True, "step": "end", "plugins": ["POSIX", "UCX"], "missing": [], "state": "DONE", "differs": None,
            "process": {"outcome": "ok"},
        })

    def test_reports_which_bytes_arrive_changed(self):
        self.edit(
            "memmove(to, source, length)", "memmove(to, source, length); ctypes.memset(to + 5, 0, 3)", "_bindings.py"
        )
        self.assertEqual(self.assertTold(step="end", state="DONE")["differs"], {"count": 3, "first": 5})

    def test_names_plugins_that_are_installed_and_not_offered(self):
        self.plugin("GDS", "broken")
        missing = self.assertTold(step="end", plugins=["UCX"])["missing"]
        self.assertEqual([found["plugin"] for found in missing], ["GDS"])
        self.assertIn("libplugin_GDS.so", missing[0]["error"])

    def test_searches_plugins_in_the_folder_that_the_image_names_too(self):
        place = folder(self)
        write(place + "/libplugin_MINE.so", "broken")
        with mock.patch.dict(os.environ, NIXL_PLUGIN_DIR=place):
            self.assertEqual([found["plugin"] for found in self.assertTold(step="end")["missing"]], ["MINE"])

    def test_reports_what_nixl_says_without_ucx(self):
        self.plugin("POSIX")
        self.plugin("UCX", "broken")
        told = self.assertTold(step="register", plugins=["POSIX"], state=None)
        self.assertEqual([found["plugin"] for found in told["missing"]], ["UCX"])
        self.assertIn("NIXL_ERR_NOT_FOUND", told["process"]["error"])

    def test_reports_why_no_agent_starts(self):
        self.plugin("UCX", "broken")
        told = self.assertTold(step="agents", plugins=None)
        self.assertEqual([found["plugin"] for found in told["missing"]], ["UCX"])
        self.assertIn("No plugins available", told["process"]["error"])

    def test_reports_that_there_is_no_stub_of_the_driver(self):
        self.stubs(None)
        self.assertTold(driver=False, step="end")

    def test_ignores_the_devices_that_the_image_names(self):
        self.edit("if not self.backends:", "if 'UCX_TLS' in os.environ:")
        with mock.patch.dict(os.environ, UCX_TLS="rc", UCX_NET_DEVICES="mlx5_0:1"):
            self.assertTold(step="end", state="DONE")

    def test_reports_that_it_does_not_exist(self):
        os.remove(self.site + "/nixl/_api.py")
        self.assertIn("No module named", self.assertTold(step="import", plugins=None)["process"]["error"])

    def test_reports_the_step_in_which_it_hangs(self):
        self.edit('return "DONE"', 'return "PROC"')
        limit_begins(self, b'"step": "transfer"')
        with mock.patch.object(probe, "SECONDS", 0.1):
            self.assertTold(
                step="transfer", plugins=["UCX"], process={"outcome": "error", "error": "did not end within 0.1 s"}
            )

    def test_reports_the_step_in_which_it_crashes(self):
        self.edit("if not self.backends:", "os.abort()\n        if not self.backends:")
        self.assertTold(step="register", process={"outcome": "error", "error": "killed by SIGABRT"})

    def test_reports_that_it_ends_without_an_error(self):
        self.edit("if not self.backends:", "os._exit(0)\n        if not self.backends:")
        self.assertTold(step="register", state=None, process={"outcome": "ok"})

    def test_is_not_confused_by_what_is_printed(self):
        self.edit("if not self.backends:", "print('x' * 100000)\n        if not self.backends:")
        self.assertTold(step="end", state="DONE")
