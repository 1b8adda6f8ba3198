"""Runs other programs.

Their output is shown as it comes. The reason of a failure is kept for the error's sentence.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence

from . import marked
from .failure import Failure
from .package_index import secret_texts

# Lines in which compilers, pip, apt and git say why they failed
CAUSES = (
    re.compile(r"^ERROR: (?!ResolutionImpossible)(.*)"),
    re.compile(r"((?:fatal )?error(?: #?\w+)?: .*)"),
    re.compile(r"^ *(\S+ : (?:Pre)?Depends: .*)"),
    re.compile(r"^(?:E|fatal|CMake Error.*): (.*)"),
    re.compile(r"((?:No|no) space left on device)"),
    re.compile(r"^(can't find file to patch .*|Hunk #\d+ FAILED .*)"),
)

# pip prints these as warnings, long before the error that they cause
HINTS = re.compile(r"([cC]ertificate verify failed|Name or service not known|Connection refused)")


def environment(extra: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """This process's environment with `extra`; a value of None removes a variable."""
    merged = {**os.environ, **(extra or {})}
    return {name: value for name, value in merged.items() if value is not None}


def run(
    argv: Sequence[str],
    what: str,
    env: Mapping[str, str | None] | None = None,
    cwd: str | None = None,
    cause_first: bool = False,
) -> None:
    """Runs a program and shows its output, without secrets. Raises Failure if it fails.

    what: start of the error's sentence: "NIXL 0.7.1 could not be installed".
    cause_first: the first line that looks like a cause is it (compilers, apt), else the last one
    (pip).
    """
    hidden = secret_texts()
    causes: list[str] = []
    hints: list[str] = []
    last = ""
    try:
        process = subprocess.Popen(
            argv, env=environment(env), cwd=cwd, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
        )
    except FileNotFoundError as error:
        raise Failure(f"{what}: {argv[0]} is not installed") from error
    with process:
        for line in process.stdout:
            for text in hidden:
                line = line.replace(text, "****")
            sys.stdout.write(line)
            sys.stdout.flush()
            last = line.strip() or last
            causes.extend(match.group(1).strip() for match in (pattern.search(line) for pattern in CAUSES) if match)
            hints.extend(HINTS.findall(line)[:1])
            del hints[10:]
            del causes[200:-200]
    if process.returncode != 0:
        cause = causes[0 if cause_first else -1] if causes else last
        cause += next((f" ({hint.strip()})" for hint in hints if hint not in cause), "")
        raise Failure(f"{what}: {cause or f'exit code {process.returncode} without any output'}")


def output_of(
    argv: Sequence[str],
    env: Mapping[str, str | None] | None = None,
    cwd: str | None = None,
    text: str = "",
) -> str | None:
    """Standard output of a program, or None if it is not installed or fails.

    text: its standard input.
    """
    try:
        done = subprocess.run(
            argv, env=environment(env), cwd=cwd, input=text, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, encoding="utf-8", errors="replace", check=False,
        )
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def ask_python(executable: str, code: str, env: Mapping[str, str | None] | None = None) -> object:
    """The answer of a Python to code that calls `answer(VALUE)`, or None if there is none."""
    return marked.last_answer(output_of([executable, *marked.arguments(code)], env=env) or "")
