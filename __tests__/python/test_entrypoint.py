import os
import tempfile
import unittest
from unittest import mock

from measure import entrypoint
from measure.entrypoint import programs, start
from measure.subprocesses import Done

VLLM = ["vllm", "serve"]
SGLANG = ["python3", "-m", "sglang.launch_server"]


class ProgramsTest(unittest.TestCase):
    def test_are_the_entrypoint_that_names_its_engine(self):
        for words in (VLLM, ["python3", "-m", "vllm.entrypoints.openai.api_server"], ["/opt/venv/bin/vllm"]):
            self.assertEqual(programs(words, ["vllm"]), [words])

    def test_are_the_engines_own_command_too_if_the_entrypoint_starts_anything(self):
        self.assertEqual(programs(["/opt/entry.sh"], ["sglang"]), [["/opt/entry.sh"], SGLANG])
        self.assertEqual(programs([], ["vllm", "sglang"]), [VLLM, SGLANG])
        self.assertEqual(programs([], []), [])


class GivenTest(unittest.TestCase):
    def test_is_what_the_build_says(self):
        for text, words in (('["vllm","serve"]', VLLM), ("[]", []), ("", [])):
            with mock.patch.dict(os.environ, BASE_ENTRYPOINT=text):
                self.assertEqual(entrypoint.given(), words)
        with mock.patch.dict(os.environ):
            os.environ.pop("BASE_ENTRYPOINT", None)
            self.assertEqual(entrypoint.given(), [])


class StartsTest(unittest.TestCase):
    def started(self, script, twice):
        with mock.patch.object(entrypoint, "given", lambda: ["sh", "-c", script]):
            with mock.patch.object(entrypoint.engine, "engines", list):
                return entrypoint.starts(twice)

    def test_report_for_a_base_what_a_failing_program_prints_the_second_time(self):
        first, = self.started("date +%s%N >&2; exit 3", twice=True)
        self.assertEqual(first["again"]["end"], {"kind": "exit", "code": 3})
        self.assertNotEqual(first["again"]["line"], first["line"])

    def test_report_it_for_nothing_else(self):
        for script, twice in (("exit 0", True), ("kill -SEGV $$", True), ("exit 3", False)):
            self.assertIsNone(self.started(script, twice)[0]["again"])


class StartTest(unittest.TestCase):
    def start(self, script):
        return start(["sh", "-c", script, "sh", "--help"])

    def test_reports_how_it_ended(self):
        self.assertEqual(
            (self.start("exit 0")["end"], self.start("exit 0")["line"]), ({"kind": "exit", "code": 0}, None)
        )
        self.assertEqual(self.start("kill -SEGV $$")["end"], {"kind": "signal", "signal": "SIGSEGV"})
        self.assertEqual(start(["no-such-program"])["end"], {"kind": "not started"})
        died = self.start("echo usage >&2; echo 'sh: error: no model' >&2; exit 2")
        self.assertEqual((died["end"], died["line"]), ({"kind": "exit", "code": 2}, "sh: error: no model"))

    def test_does_not_wait_for_a_program_that_goes_on(self):
        with mock.patch.object(entrypoint, "SECONDS", 0.2):
            self.assertEqual(self.start("sleep 60")["end"], {"kind": "late", "seconds": 0.2})

    def test_runs_in_the_current_directory(self):
        with tempfile.TemporaryDirectory() as directory:
            before = os.getcwd()
            os.chdir(directory)
            try:
                self.assertEqual(self.start("pwd >&2; exit 1")["line"], os.path.realpath(directory))
            finally:
                os.chdir(before)


class LineTest(unittest.TestCase):
    def test_is_what_was_raised_and_not_what_was_said_after_it(self):
        trace = (
            'Traceback (most recent call last):\n  File "x", line 1\nvllm.errors.NoGpuError: no GPU\n'
            'sys:1: ResourceWarning: unclosed\n[W] bye\n'
        )
        self.assertEqual(entrypoint.line(Done(1, "", trace)), "vllm.errors.NoGpuError: no GPU")
        self.assertEqual(entrypoint.line(Done(1, "", "KeyboardInterrupt\n")), "KeyboardInterrupt")

    def test_is_the_last_line_of_a_program_that_raised_nothing(self):
        self.assertEqual(entrypoint.line(Done(1, "usage\n", "no such option\n")), "no such option")
        self.assertEqual(entrypoint.line(Done(4, "", "")), "exit code 4")
