"""Runs things in processes of their own: a crash there is an answer, not the end."""

import os
import signal
import subprocess
import sys

from step.common import marked

OK = {"outcome": "ok"}
LONGEST = 400
TIMEOUT_SECONDS = 300


def failure(text):
    """An outcome that is an error, in one line."""
    line = " ".join(text.split())
    return {"outcome": "error", "error": line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"}


class Done:
    """code: exit code, negative for a signal, None if it did not start or did not end in time. text: output and errors."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def why(self):
        """One line that says why it failed."""
        if self.code is not None and self.code < 0:
            try:
                name = signal.Signals(-self.code).name
            except ValueError:
                name = "signal %d" % -self.code
            return "killed by %s" % name
        lines = [line for line in (self.err + "\n" + self.out).splitlines() if line.strip()]
        return lines[-1].strip() if lines and not self.err.strip() else last(self.err) or "exit code %s" % self.code


def last(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def run(argv, env=None, cwd="/", timeout=TIMEOUT_SECONDS):
    merged = dict(os.environ, **(env or {}))
    try:
        done = subprocess.run(argv, env=merged, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout,
                              encoding="utf-8", errors="replace", check=False)
    except subprocess.TimeoutExpired:
        return Done(None, "", "did not end within %d s" % timeout)
    except OSError as error:
        return Done(None, "", str(error))
    return Done(done.returncode, done.stdout, done.stderr)


def python(code, *arguments, env=None, interpreter=None, cwd="/", timeout=TIMEOUT_SECONDS):
    """Runs Python code. What it hands to `answer(...)` comes back, as (answer, outcome); answer is None if it never did.

    interpreter: another Python than this one, with its options.

    The answer is printed before Python ends, so that a crash while it ends can be told from one before.
    """
    done = run((interpreter or [sys.executable]) + marked.arguments(code) + list(arguments), env, cwd, timeout)
    return marked.answered(done.out), OK if done.code == 0 else failure(done.why())
