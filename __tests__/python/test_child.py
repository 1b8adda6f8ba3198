import unittest

from measure.child import LONGEST, OK, Done, failure, python, run


class WhyTest(unittest.TestCase):
    def test_is_the_last_line_of_the_errors(self):
        self.assertEqual(Done(1, "out\n", "Traceback:\n  ValueError: x  \n\n").why(), "ValueError: x")

    def test_is_the_last_line_of_the_output_where_there_are_no_errors(self):
        self.assertEqual(Done(1, "one\n two \n\n", " \n").why(), "two")

    def test_is_the_exit_code_where_nothing_was_printed(self):
        self.assertEqual(Done(7, "", " \n").why(), "exit code 7")

    def test_is_the_signal_whatever_was_printed(self):
        self.assertEqual(Done(-11, "out", "err").why(), "killed by SIGSEGV")
        self.assertEqual(Done(-9, "", "").why(), "killed by SIGKILL")
        self.assertEqual(Done(-99, "", "").why(), "killed by signal 99")

    def test_is_what_hindered_a_program_that_did_not_start_or_end(self):
        self.assertEqual(Done(None, "", "did not end within 300 s").why(), "did not end within 300 s")


class FailureTest(unittest.TestCase):
    def test_is_one_line(self):
        self.assertEqual(failure("  two\n\n lines\t"), {"outcome": "error", "error": "two lines"})

    def test_is_no_longer_than_a_table_takes(self):
        self.assertEqual(failure("x" * LONGEST)["error"], "x" * LONGEST)
        self.assertEqual(failure("x" * (LONGEST + 1))["error"], "x" * (LONGEST - 1) + "…")


class RunTest(unittest.TestCase):
    def test_tells_how_a_program_ended(self):
        done = run(["sh", "-c", 'echo "$SAMPLE"; echo err >&2; exit 3'], env={"SAMPLE": "out"})
        self.assertEqual((done.code, done.out, done.err), (3, "out\n", "err\n"))
        self.assertEqual(run(["sh", "-c", "kill -ABRT $$"]).why(), "killed by SIGABRT")

    def test_tells_that_a_program_is_not_there(self):
        done = run(["no-such-program"])
        self.assertIsNone(done.code)
        self.assertIn("no-such-program", done.why())


class PythonTest(unittest.TestCase):
    def test_gives_the_answer_among_what_else_is_printed(self):
        self.assertEqual(python("print('noise')\nanswer(sys.argv[1:])\nprint('noise')", "a", "b"), (["a", "b"], OK))

    def test_tells_a_crash_after_the_answer_from_one_before(self):
        crash = "import os\nos.abort()"
        self.assertEqual(python("answer(1)\n" + crash), (1, failure("killed by SIGABRT")))
        self.assertEqual(python(crash + "\nanswer(1)"), (None, failure("killed by SIGABRT")))

    def test_gives_none_where_nothing_answers(self):
        self.assertEqual(python("import no_such_module"), (None, failure("ModuleNotFoundError: No module named 'no_such_module'")))
