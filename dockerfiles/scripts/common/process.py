"""Other programs: run with their output shown as it comes, and their cause kept for the error's one sentence."""

import os
import re
import subprocess
import sys

from . import marked
from .failure import Failure
from .package_index import canaries

# What compilers, pip, apt and git begin the line with that says why.
CAUSES = (
    re.compile(r"^ERROR: (?!ResolutionImpossible)(.*)"),
    re.compile(r"((?:fatal )?error(?: #?\w+)?: .*)"),
    re.compile(r"^ *(\S+ : (?:Pre)?Depends: .*)"),
    re.compile(r"^(?:E|fatal|CMake Error.*): (.*)"),
    re.compile(r"((?:No|no) space left on device)"),
    re.compile(r"^(can't find file to patch .*|Hunk #\d+ FAILED .*)"),
)

# What pip says as a warning, long before the error that comes of it
HINTS = re.compile(r"([cC]ertificate verify failed|Name or service not known|Connection refused)")


def environment(extra=None):
    """This process's environment with `extra`; a value of None removes a variable."""
    merged = dict(os.environ)
    for name, value in (extra or {}).items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = value
    return merged


def run(argv, what, env=None, cwd=None, cause_first=False):
    """Runs a program and shows its output, without secrets.

    what: what it does, for the error: "NIXL 0.7.1 could not be installed".
    cause_first: the first line that looks like a cause is it (compilers, apt), else the last one (pip).
    """
    hidden = canaries()
    causes = []
    hints = []
    last = ""
    try:
        process = subprocess.Popen(
            argv, env=environment(env), cwd=cwd, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
        )
    except FileNotFoundError as error:
        raise Failure("%s: %s is not there" % (what, argv[0])) from error
    with process:
        for line in process.stdout:
            for text in hidden:
                line = line.replace(text, "****")
            sys.stdout.write(line)
            sys.stdout.flush()
            last = line.strip() or last
            causes.extend(match.group(1).strip() for match in (p.search(line) for p in CAUSES) if match)
            hints.extend(HINTS.findall(line)[:1])
            del hints[10:]
            del causes[200:-200]
    if process.returncode != 0:
        cause = causes[0 if cause_first else -1] if causes else last
        cause += next((" (%s)" % hint.strip() for hint in hints if hint not in cause), "")
        raise Failure("%s: %s" % (what, cause or "exit code %d without a word" % process.returncode))


def answer(argv, env=None, cwd=None):
    """Standard output of a program, or None if it is not there or fails."""
    try:
        done = subprocess.run(
            argv, env=environment(env), cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, encoding="utf-8", errors="replace", check=False,
        )
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def ask_python(executable, code, env=None):
    """What a Python answers to code that calls `answer(VALUE)`, or None if it is not there or fails."""
    return marked.answered(answer([executable] + marked.arguments(code), env=env) or "")
