import os
import sys
import unittest
from unittest import mock

from common.failure import Failure
from common.process import CAUSES, environment, output_of, run

from ..support.image_python import printed, secret


def causes(line):
    """What each pattern finds in a line."""
    return [match.group(1).strip() for match in (pattern.search(line) for pattern in CAUSES) if match]


class CausesTest(unittest.TestCase):
    def test_are_taken_from_what_compilers_pip_apt_git_and_patch_print(self):
        for line, cause in {
            "csrc/cache.cu:12:10: fatal error: cusparse.h: No such file or "
            "directory": "fatal error: cusparse.h: No such file or directory",
            "/build/a.cpp:3:5: error: 'x' was not declared in this scope": "error: 'x' was not declared in this scope",
            'a.cu(12): error #20: identifier "x" is undefined': 'error #20: identifier "x" is undefined',
            "configure: error: nvml.h not found": "error: nvml.h not found",
            "ERROR: No matching distribution found for nixl==9.9.9": "No matching distribution found for nixl==9.9.9",
            " nvidia-x : Depends: libc6 (>= 2.39) but 2.36 is to be "
            "installed": "nvidia-x : Depends: libc6 (>= 2.39) but 2.36 is to be installed",
            " a : PreDepends: b but it is not installable": "a : PreDepends: b but it is not installable",
            "E: Unable to locate package perftest": "Unable to locate package perftest",
            "fatal: couldn't find remote ref v9": "couldn't find remote ref v9",
            "CMake Error at CMakeLists.txt:7 (find_package): Torch is missing": "Torch is missing",
            "tar: x: Cannot write: No space left on device": "No space left on device",
            "[Errno 28] no space left on device: '/x'": "no space left on device",
            "can't find file to patch at input line 5": "can't find file to patch at input line 5",
            "Hunk #2 FAILED at 17.": "Hunk #2 FAILED at 17.",
        }.items():
            with self.subTest(line):
                self.assertEqual(causes(line), [cause])

    def test_are_not_taken_from_what_only_looks_so(self):
        for line in (
            "",
            "compiling error.cpp",
            "-- Looking for strerror - found",
            "0 errors, 3 warnings",
            "Hunk #2 succeeded at 17.",
            "ERROR: ResolutionImpossible: for help visit https://pip.pypa.io",
            "no errors: fine",
            "warning: E: is a letter",
            " Depends: a",
        ):
            with self.subTest(line):
                self.assertEqual(causes(line), [])


class RunTest(unittest.TestCase):
    def failure(self, script, **more):
        with printed() as self.text, self.assertRaises(Failure) as caught:
            run(["sh", "-c", script], "x could not be made", **more)
        return str(caught.exception)

    def test_shows_what_is_printed_to_both_outputs(self):
        with printed() as text:
            run(["sh", "-c", "echo one; echo two >&2; printf three"], "x")
        self.assertEqual(text.getvalue(), "one\ntwo\nthree")

    def test_names_the_last_cause_or_for_compilers_the_first(self):
        script = "echo a.c:1: error: one; echo a.c:2: error: two; echo make: stopped; exit 2"
        self.assertEqual(self.failure(script), "x could not be made: error: two")
        self.assertEqual(self.failure(script, cause_first=True), "x could not be made: error: one")

    def test_keeps_the_first_and_the_last_cause_of_very_many(self):
        script = "i=0; while [ $i -lt 900 ]; do echo a: error: $i; i=$((i+1)); done; exit 1"
        self.assertEqual(self.failure(script, cause_first=True), "x could not be made: error: 0")
        self.assertEqual(self.failure(script), "x could not be made: error: 899")

    def test_names_the_last_line_if_nothing_looks_like_a_cause(self):
        self.assertEqual(self.failure("echo one; echo ' two '; echo; exit 1"), "x could not be made: two")

    def test_names_the_exit_code_if_nothing_was_printed(self):
        self.assertEqual(self.failure("exit 3"), "x could not be made: exit code 3 without any output")

    def test_adds_the_network_that_pip_warned_of_once(self):
        refused = "echo 'WARNING: Retrying: Connection refused'"
        self.assertEqual(
            self.failure(f"{refused}; {refused}; echo 'ERROR: No matching distribution found for a'; exit 1"),
            "x could not be made: No matching distribution found for a (Connection refused)")
        self.assertEqual(
            self.failure("echo 'fatal: Connection refused'; exit 1"), "x could not be made: Connection refused")

    def test_says_that_a_program_is_not_installed(self):
        with self.assertRaisesRegex(Failure, "^x: no-such-program is not installed$"):
            run(["no-such-program"], "x")

    def test_shows_no_secret_in_the_output_or_the_cause(self):
        secret(self, "package-index", "https://user:pass%40word@pypi.example/simple\n")
        message = self.failure(
            "echo looking at https://user:pass%40word@pypi.example; echo ERROR: no pass@word; exit 1"
        )
        for text in (message, self.text.getvalue()):
            self.assertNotIn("word", text)
        self.assertEqual(message, "x could not be made: no ****")

    def test_runs_in_a_folder_and_with_an_environment(self):
        with printed() as text:
            run(["sh", "-c", 'pwd; echo "$SAMPLE"'], "x", env={"SAMPLE": "value"}, cwd="/")
        self.assertEqual(text.getvalue(), "/\nvalue\n")


class EnvironmentTest(unittest.TestCase):
    def test_adds_variables_and_removes_those_that_are_none(self):
        with mock.patch.dict(os.environ, SAMPLE_A="a", SAMPLE_B="b"):
            found = environment({"SAMPLE_A": None, "SAMPLE_C": "c", "SAMPLE_D": None})
            self.assertEqual(
                {name: found[name] for name in found if name.startswith("SAMPLE")}, {"SAMPLE_B": "b", "SAMPLE_C": "c"}
            )
            self.assertEqual(os.environ["SAMPLE_A"], "a")


class OutputOfTest(unittest.TestCase):
    def test_is_the_output_of_a_program_that_succeeds(self):
        self.assertEqual(output_of(["sh", "-c", "echo yes; echo no >&2"]), "yes\n")

    def test_is_none_for_a_program_that_fails_or_is_not_installed(self):
        self.assertIsNone(output_of(["sh", "-c", "echo yes; exit 1"]))
        self.assertIsNone(output_of(["no-such-program"]))
        self.assertIsNone(output_of([os.path.dirname(sys.executable)]))
