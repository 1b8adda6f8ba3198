import os
import time
import unittest
from unittest import mock

from common.marked import MARK
from measure import subprocesses
from measure.subprocesses import LONGEST, OK, Child, Done, failure, python, run

from ..support.image_python import folder
from ..support.limits import limit_begins


class WhyTest(unittest.TestCase):
    def test_is_the_last_line_of_the_errors(self):
        self.assertEqual(Done(1, "out\n", "Traceback:\n  ValueError: x  \n\n").why(), "ValueError: x")

    def test_is_the_last_line_of_the_output_if_there_are_no_errors(self):
        self.assertEqual(Done(1, "one\n two \n\n", " \n").why(), "two")

    def test_is_the_exit_code_if_nothing_was_printed(self):
        self.assertEqual(Done(7, "", " \n").why(), "exit code 7")

    def test_is_the_signal_whatever_was_printed(self):
        self.assertEqual(Done(-11, "out", "err").why(), "killed by SIGSEGV")
        self.assertEqual(Done(-9, "", "").why(), "killed by SIGKILL")
        self.assertEqual(Done(-99, "", "").why(), "killed by signal 99")

    def test_is_the_reason_why_a_program_did_not_start_or_end(self):
        self.assertEqual(Done(None, "", "did not end within 300 s").why(), "did not end within 300 s")


class FailureTest(unittest.TestCase):
    def test_is_one_line(self):
        self.assertEqual(failure("  two\n\n lines\t"), {"outcome": "error", "error": "two lines"})

    def test_is_no_longer_than_a_table_takes(self):
        self.assertEqual(failure("x" * LONGEST)["error"], "x" * LONGEST)
        self.assertEqual(failure("x" * (LONGEST + 1))["error"], "x" * (LONGEST - 1) + "…")


class RunTest(unittest.TestCase):
    def test_reports_how_a_program_ended(self):
        done = run(["sh", "-c", 'echo "$SAMPLE"; echo err >&2; exit 3'], env={"SAMPLE": "out"})
        self.assertEqual((done.code, done.out, done.err), (3, "out\n", "err\n"))
        self.assertEqual(run(["sh", "-c", "kill -ABRT $$"]).why(), "killed by SIGABRT")

    def test_reports_that_a_program_does_not_exist(self):
        done = run(["no-such-program"])
        self.assertIsNone(done.code)
        self.assertIn("no-such-program", done.why())

    def test_runs_it_in_a_directory(self):
        self.assertEqual(run(["pwd"]).out, "/\n")
        self.assertEqual(run(["pwd"], directory="/usr").out, "/usr\n")


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "XZ"
    except OSError:
        return False


def is_gone(pid):
    """Whether it ends soon: the kernel may take a moment for one that was killed."""
    end = time.monotonic() + 10
    while is_alive(pid) and time.monotonic() < end:
        time.sleep(0.05)
    return not is_alive(pid)


class LimitTest(unittest.TestCase):
    """No program can make its measurement last long."""

    def assertShort(self, argv, seconds=0.1):
        before = time.monotonic()
        done = run(argv, seconds=seconds)
        self.assertLess(time.monotonic() - before, 30)
        return done

    def test_ends_a_program_that_hangs_and_says_so(self):
        limit_begins(self, b"began\n")
        done = self.assertShort(["sh", "-c", "echo began; sleep 60"])
        self.assertEqual(
            (done.code, done.late, done.out, done.why()), (None, True, "began\n", "did not end within 0.1 s")
        )

    def test_ends_what_ignores_signals(self):
        limit_begins(self, b"began\n")
        self.assertTrue(
            self.assertShort(["sh", "-c", "trap '' TERM INT HUP; echo began; while :; do sleep 1; done"]).late
        )

    def test_ends_the_children_too(self):
        limit_begins(self, b"\n")
        for last, seconds, code in (("wait", 0.1, None), ("exit 3", 20, 3)):
            done = self.assertShort(["sh", "-c", "sleep 60 & echo $!; " + last], seconds)
            self.assertTrue(is_gone(int(done.out)))
            self.assertEqual(done.code, code)

    def test_does_not_wait_for_a_child_that_left_the_group(self):
        left = os.path.join(folder(self), "left")
        leave = f"setsid sh -c 'echo $$; : >{left}; exec sleep 60' & until [ -e {left} ]; do sleep 0.01; done"
        with mock.patch.object(subprocesses, "LEFT_OPEN_SECONDS", 0.5):
            done = self.assertShort(["sh", "-c", leave], 20)
        self.assertEqual(done.code, 0)
        os.kill(int(done.out), 9)

    def test_keeps_the_last_of_what_is_printed_without_end(self):
        limit_begins(self, b"y\n" * 400)
        with mock.patch.object(subprocesses, "KEPT_BYTES", 1000):
            done = self.assertShort(["sh", "-c", "yes; echo never"])
            self.assertTrue(done.late)
            self.assertEqual(len(done.out), 1000)
            self.assertEqual(run(["sh", "-c", "yes | head -n 5000; echo end"]).out[-6:], "y\nend\n")

    def test_holds_for_python_too(self):
        limit_begins(self, MARK.encode() + b"1\n")
        self.assertEqual(
            python("answer(1)\nimport time\ntime.sleep(60)", seconds=0.1), (1, failure("did not end within 0.1 s"))
        )


class BackgroundTest(unittest.TestCase):
    def test_runs_a_program_until_it_is_ended(self):
        limit_begins(self, b"began\n")
        background = Child(["sh", "-c", "echo began; sleep 60"])
        self.assertTrue(background.is_running())
        self.assertEqual(background.end(0.1).out, "began\n")
        self.assertFalse(background.is_running())


class PythonTest(unittest.TestCase):
    def test_gives_the_answer_among_what_else_is_printed(self):
        self.assertEqual(python("print('noise')\nanswer(sys.argv[1:])\nprint('noise')", "a", "b"), (["a", "b"], OK))

    def test_distinguishes_a_crash_after_the_answer_from_one_before(self):
        crash = "import os\nos.abort()"
        self.assertEqual(python("answer(1)\n" + crash), (1, failure("killed by SIGABRT")))
        self.assertEqual(python(crash + "\nanswer(1)"), (None, failure("killed by SIGABRT")))

    def test_gives_none_if_nothing_answers(self):
        self.assertEqual(
            python("import no_such_module"), (None, failure("ModuleNotFoundError: No module named 'no_such_module'"))
        )
