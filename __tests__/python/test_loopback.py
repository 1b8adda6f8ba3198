import os
import socket
import sys
import tempfile
import textwrap
import unittest
from unittest import mock

from measure import loopback
from measure.subprocesses import Child, Done

FINAL = "Final:                    50      6.643  4000.158  4000.158      249.99     249.99         250         250\n"

# Listens, accepts one connection, and then does what the test says.
SERVER = """
import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[sys.argv.index("-p") + 1])))
%s
"""
CLIENT = """
import socket, sys, time
channel = socket.create_connection(("127.0.0.1", int(sys.argv[sys.argv.index("-p") + 1])))
%s
"""


class MovedTest(unittest.TestCase):
    def moved(self, server, client, **limits):
        """The result of a ucx_perftest that does this; only what hangs meets a time limit."""
        with tempfile.TemporaryDirectory() as directory:
            tool = os.path.join(directory, "ucx_perftest")
            both = "import sys\nif sys.argv[1].startswith('127.'):\n%s\nelse:\n%s\n"
            body = both % (textwrap.indent(CLIENT % client, "    "), textwrap.indent(server, "    "))
            with open(tool, "w", encoding="utf-8") as file:
                file.write(f"#!{sys.executable} -S\n{body}")
            os.chmod(tool, 0o755)
            with mock.patch.dict(os.environ, PATH=directory), mock.patch.dict(vars(loopback), limits):
                return loopback.moved({})

    def test_is_the_bandwidth_of_the_last_row(self):
        self.assertEqual(self.moved(SERVER % "listener.accept()", f"print({FINAL!r})"), (249.99, None))

    def test_is_the_line_of_ucx_if_the_client_fails(self):
        said = "[1795.9] [vm:1:0]     ucp_context.c:1582 UCX  ERROR no usable transports/devices (asked tcp)\\n"
        client = f"print('{said}'); print('[1] x.c:1 UCX  ERROR Failed to run test: No such device'); sys.exit(255)"
        self.assertEqual(
            self.moved(SERVER % "listener.accept()", client), (None, "no usable transports/devices (asked tcp)")
        )

    def test_is_the_end_of_the_server_if_the_client_only_lost_it(self):
        client = "print('[1] sock.c:133 UCX  ERROR recv() remote closed connection'); sys.exit(255)"
        self.assertEqual(
            self.moved(SERVER % "import os; listener.accept(); os.abort()", client), (None, "killed by SIGABRT")
        )

    def test_reports_a_tool_that_does_not_begin_to_listen(self):
        self.assertEqual(
            self.moved("print('[1] x.c:1 UCX  ERROR bind() failed'); sys.exit(1)", ""), (None, "bind() failed")
        )
        self.assertEqual(self.moved("sys.exit(0)", ""), (None, "ucx_perftest did not begin to listen"))
        self.assertEqual(
            self.moved("import time; time.sleep(60)", "", SECONDS_TO_LISTEN=0.1),
            (None, "did not begin to listen within 0.1 s"),
        )

    def test_reports_a_client_that_hangs_and_a_server_that_does(self):
        limits = {"SECONDS_TO_MOVE": 0.1, "SECONDS_TO_END": 0.1}
        self.assertEqual(
            self.moved(SERVER % "listener.accept()", "time.sleep(60)", **limits), (None, "did not end within 0.1 s")
        )
        hanging = SERVER % "import time; listener.accept(); time.sleep(60)"
        self.assertEqual(
            self.moved(hanging, f"print({FINAL!r})", SECONDS_TO_END=0.1), (None, "did not end within 0.1 s")
        )

    def test_reports_a_tool_that_gives_no_result_or_moved_nothing(self):
        self.assertEqual(self.moved(SERVER % "listener.accept()", ""), (None, "ucx_perftest gave no result"))
        for row in (FINAL.replace("249.99", "0.00"), FINAL.replace("   50 ", "    3 ")):
            self.assertRegex(self.moved(SERVER % "listener.accept()", f"print({row!r})")[1], "moved nothing: Final:")

    def test_reports_that_the_tool_does_not_exist(self):
        with mock.patch.dict(os.environ, PATH="/nowhere"):
            self.assertRegex(loopback.moved({})[1], "No such file or directory")


class DevicesTest(unittest.TestCase):
    def over(self, results, others):
        """The result over TCP, and the devices that were tried; results: device → result."""
        tried = []

        def moved(environment):
            tried.append(environment["UCX_NET_DEVICES"])
            return results[tried[-1]]

        with mock.patch.object(loopback, "moved", moved), mock.patch.object(loopback, "other_devices", lambda: others):
            return loopback.moved_over_tcp(), tried

    def test_lo_suffices(self):
        self.assertEqual(self.over({"lo": (5.0, None)}, ["eth0"]), ((5.0, None), ["lo"]))

    def test_another_one_counts_for_a_ucx_that_finds_no_route_over_lo(self):
        results = {"lo": (None, "no route"), "eth0": (None, "no iface"), "eth1": (5.0, None)}
        self.assertEqual(self.over(results, ["eth0", "eth1"]), ((5.0, None), ["lo", "eth0", "eth1"]))

    def test_the_reason_is_that_of_lo(self):
        results = {"lo": (None, "no route"), "eth0": (None, "no iface")}
        self.assertEqual(self.over(results, ["eth0"])[0], (None, "no route"))
        self.assertEqual(self.over(results, [])[0], (None, "no route"))

    def test_those_that_are_up_come_first_and_those_that_are_down_are_not_tried(self):
        with tempfile.TemporaryDirectory() as directory:
            paths = []
            for name, state in (("docker0", "down"), ("engine", "unknown"), ("eth0", "up"), ("lo", "unknown")):
                os.makedirs(f"{directory}/{name}")
                paths.append(f"{directory}/{name}/operstate")
                with open(paths[-1], "w", encoding="ascii") as file:
                    file.write(f"{state}\n")
            with mock.patch.object(loopback.glob, "glob", return_value=paths):
                self.assertEqual(loopback.other_devices(), ["eth0", "engine"])


class SandboxTest(unittest.TestCase):
    def test_is_checked_if_nothing_was_moved(self):
        answer = {"outcome": "error", "error": "no md", "sandbox": "none here"}
        self.assertEqual(loopback.answer((None, "no md"), lambda: "none here"), answer)

    def test_reports_that_there_is_no_loopback_at_all(self):
        nothing = OSError(99, "Cannot assign requested address")
        with (
            mock.patch.object(loopback, "free_port", side_effect=nothing),
            mock.patch.object(loopback, "tcp", return_value="127.0.0.1: no"),
        ):
            for answer in loopback.loopback().values():
                self.assertEqual((answer["outcome"], answer["sandbox"]), ("error", "127.0.0.1: no"))

    def test_has_both_where_tests_run(self):
        self.assertIsNone(loopback.tcp())
        self.assertIsNone(loopback.shared_memory())

    def test_says_what_is_missing(self):
        with mock.patch.object(loopback.os, "posix_fallocate", side_effect=OSError(28, "No space left on device")):
            self.assertEqual(loopback.shared_memory(), "/dev/shm: No space left on device")
        with mock.patch.object(
            loopback.socket, "create_connection", side_effect=OSError(101, "Network is unreachable")
        ):
            self.assertEqual(loopback.tcp(), "127.0.0.1: Network is unreachable")


class ListensTest(unittest.TestCase):
    def test_sees_a_port_without_a_connection(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.assertTrue(loopback.listens(listener.getsockname()[1]))
            listener.setblocking(False)
            with self.assertRaises(BlockingIOError):
                listener.accept()
        self.assertFalse(loopback.listens(loopback.free_port()))


class WhyTest(unittest.TestCase):
    def test_prefers_a_crash_then_a_line_of_ucx(self):
        error = Done(255, "[1] x.c:1 UCX  ERROR no md\n", "")
        self.assertEqual(loopback.why(error, Done(-11, "", "")), "killed by SIGSEGV")
        self.assertEqual(loopback.why(Done(1, "", "sh: no\n"), error), "no md")
        self.assertEqual(
            loopback.why(Done(0, "", ""), Done(127, "", "libucp.so.0: not found\n")), "libucp.so.0: not found"
        )


class EndTest(unittest.TestCase):
    def test_leaves_no_server(self):
        server = Child(["sleep", "60"])
        with mock.patch.object(loopback, "SECONDS_TO_LISTEN", 0.1):
            self.assertFalse(loopback.wait_for(server, loopback.free_port()))
        self.assertTrue(server.end(0).late)
        self.assertFalse(server.is_running())
