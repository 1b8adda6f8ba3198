"""Runs things in processes of their own: a crash there is an answer, not the end, and nothing there can hang this one."""

import os
import signal
import subprocess
import sys
import threading

from common import marked

OK = {"outcome": "ok"}
LONGEST = 400
TIMEOUT_SECONDS = 300
# What is kept of an output, its end: more than any answer takes, and a program that prints without end fills no memory.
KEPT_BYTES = 16 << 20
# A process that left its group may hold the output open; nobody waits for it longer.
LEFT_OPEN_SECONDS = 2


def failure(text):
    """An outcome that is an error, in one line."""
    line = " ".join(text.split())
    return {"outcome": "error", "error": line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"}


class Done:
    """code: exit code, negative for a signal, None if it did not start or did not end in time (late). text: output and errors."""

    def __init__(self, code, out, err, late=False):
        self.code, self.out, self.err, self.late = code, out, err, late

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


class Output(threading.Thread):
    """Reads a stream to its end, whether or not that comes, and keeps the last of it."""

    def __init__(self, stream):
        super().__init__(daemon=True)
        self.stream, self.kept = stream, bytearray()
        self.start()

    def run(self):
        with self.stream:
            for block in iter(lambda: os.read(self.stream.fileno(), 1 << 16), b""):
                self.kept += block
                if len(self.kept) > 2 * KEPT_BYTES:
                    del self.kept[:-KEPT_BYTES]

    def text(self):
        self.join(LEFT_OPEN_SECONDS)
        return bytes(self.kept[-KEPT_BYTES:]).decode("utf-8", "replace")


class Child:
    """A program in a process group of its own. Who starts one has to call `end`. Raises OSError if it does not start."""

    def __init__(self, argv, env=None, directory="/"):
        self.process = subprocess.Popen(argv, env=dict(os.environ, **(env or {})), cwd=directory, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0, start_new_session=True)
        self.out, self.err = Output(self.process.stdout), Output(self.process.stderr)

    def is_running(self):
        return self.process.poll() is None

    def end(self, seconds):
        """How it ended, within so many seconds; then nothing of its group is left."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            code = None
        self.kill()
        out, err = self.out.text(), self.err.text()
        if code is None:
            return Done(None, out, "did not end within %g s" % seconds, late=True)
        return Done(code, out, err)

    def kill(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except OSError:  # nobody is left in it
            pass
        try:
            self.process.wait(LEFT_OPEN_SECONDS)
        except subprocess.TimeoutExpired:  # the kernel holds it; this process does not wait
            pass


def run(argv, env=None, seconds=TIMEOUT_SECONDS, directory="/"):
    """Runs a program. After so many seconds, and when it has ended, its whole process group is killed."""
    try:
        return Child(argv, env, directory).end(seconds)
    except OSError as error:
        return Done(None, "", str(error))


def python(code, *arguments, env=None, interpreter=None, directory="/", seconds=TIMEOUT_SECONDS):
    """Runs Python code. What it hands to `answer(...)` comes back, as (answer, outcome); answer is None if it never did.

    interpreter: another Python than this one, with its options.

    The answer is printed before Python ends, so that a crash while it ends can be told from one before.
    """
    done = run((interpreter or [sys.executable]) + marked.arguments(code) + list(arguments), env, seconds, directory)
    return marked.answered(done.out), OK if done.code == 0 else failure(done.why())
