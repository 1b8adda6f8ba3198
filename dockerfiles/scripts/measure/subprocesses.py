"""Runs programs in processes of their own.

A crash there is an answer, not the end, and nothing there can hang this process.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import IO, Any

from common import marked
from common.process import environment

OK = {"outcome": "ok"}
LONGEST = 400
TIMEOUT_SECONDS = 300
# The end of an output that is kept: longer than any answer, and a program that prints without end
# fills no memory.
KEPT_BYTES = 16 << 20
# Longest wait for a process that left its group and holds the output open
LEFT_OPEN_SECONDS = 2


def failure(text: str) -> dict[str, str]:
    """An outcome that is an error, in one line."""
    line = " ".join(text.split())
    return {"outcome": "error", "error": line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"}


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class Done:
    """How a program ended.

    code: exit code, negative for a signal, None if it did not start or did not end in time (late).
    out, err: its output.
    """

    def __init__(self, code: int | None, out: str, err: str, late: bool = False) -> None:
        self.code, self.out, self.err, self.late = code, out, err, late

    def why(self) -> str:
        """Why it failed, in one line."""
        if self.code is not None and self.code < 0:
            return f"killed by {signal_name(-self.code)}"
        return last_line(self.err) or last_line(self.out) or f"exit code {self.code}"

    def outcome(self) -> dict[str, str]:
        return OK if self.code == 0 else failure(self.why())


def last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


class Output(threading.Thread):
    """Reads a stream to its end, if that comes, and keeps the last part of it."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self.stream, self.kept = stream, bytearray()
        self.start()

    def run(self) -> None:
        with self.stream:
            for block in iter(lambda: os.read(self.stream.fileno(), 1 << 16), b""):
                self.kept += block
                if len(self.kept) > 2 * KEPT_BYTES:
                    del self.kept[:-KEPT_BYTES]

    def text(self) -> str:
        self.join(LEFT_OPEN_SECONDS)
        return bytes(self.kept[-KEPT_BYTES:]).decode("utf-8", "replace")


class Child:
    """A program in a process group of its own.

    The caller must call `end`. Raises OSError if it does not start.
    """

    def __init__(self, argv: Sequence[str], env: Mapping[str, str] | None = None, directory: str = "/") -> None:
        self.process = subprocess.Popen(
            argv, env=environment(env), cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, bufsize=0, start_new_session=True,
        )
        self.out, self.err = Output(self.process.stdout), Output(self.process.stderr)

    def is_running(self) -> bool:
        return self.process.poll() is None

    def end(self, seconds: float) -> Done:
        """How it ended within the given seconds; afterwards nothing of its group is left."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            code = None
        self.kill()
        out, err = self.out.text(), self.err.text()
        if code is None:
            return Done(None, out, f"did not end within {seconds:g} s", late=True)
        return Done(code, out, err)

    def kill(self) -> None:
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except OSError:  # the group is empty
            pass
        try:
            self.process.wait(LEFT_OPEN_SECONDS)
        except subprocess.TimeoutExpired:  # the kernel holds it; this process does not wait
            pass


def run(
    argv: Sequence[str],
    env: Mapping[str, str] | None = None,
    seconds: float = TIMEOUT_SECONDS,
    directory: str = "/",
) -> Done:
    """Runs a program and kills its process group when it has ended, or after the given seconds."""
    try:
        return Child(argv, env, directory).end(seconds)
    except OSError as error:
        return Done(None, "", str(error))


def python(
    code: str,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    interpreter: Sequence[str] | None = None,
    directory: str = "/",
    seconds: float = TIMEOUT_SECONDS,
) -> tuple[Any, dict[str, str]]:
    """Runs Python code; returns what it passes to `answer(...)`, if anything, and its outcome.

    interpreter: another Python than this one, with its options.

    The answer is printed before Python ends, so that a crash at the end can be distinguished from
    an earlier one.
    """
    command = [*(interpreter or [sys.executable]), *marked.arguments(code), *arguments]
    done = run(command, env, seconds, directory)
    return marked.last_answer(done.out), done.outcome()
