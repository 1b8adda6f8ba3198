"""Everything that pip and dpkg have installed."""

from __future__ import annotations

import os
import shutil

from common.failure import Failure
from common.run_pip import pip_path

from .subprocesses import python, run

# As `python3 -m pip check`, with its lines apart from what else this Python prints
CHECK = """
import contextlib, io, runpy
sys.argv, text, code = ["pip", "--disable-pip-version-check", "check"], io.StringIO(), 0
try:
    with contextlib.redirect_stdout(text):
        runpy.run_module("pip", run_name="__main__", alter_sys=True)
except SystemExit as end:
    code = end.code
answer([code or 0, text.getvalue().splitlines()])
"""


def pip_check() -> list[str] | None:
    """Lines of `pip check`, sorted.

    None without a pip, own or borrowed (a venv made by uv has none of its own).
    """
    # At once, since each start of pip takes a second
    answer, _ = python(CHECK)
    if answer is None:
        try:
            borrowed = pip_path()
        except Failure:
            return None
        answer, _ = python(CHECK, env={"PYTHONPATH": borrowed}) if borrowed else (None, None)
    if answer is None or answer[0] not in (0, 1):
        return None
    lines = [line.strip() for line in answer[1]]
    return sorted(line for line in lines if line and line != "No broken requirements found.")


def dpkg() -> dict[str, str] | None:
    if shutil.which("dpkg-query") is None or not os.path.isfile("/var/lib/dpkg/status"):
        return None
    done = run(["dpkg-query", "-W", "-f", "${db:Status-Abbrev}\t${Package}:${Architecture}\t${Version}\n"])
    if done.code != 0:
        return None
    rows = (line.split("\t") for line in done.out.splitlines())
    return {row[1]: row[2] for row in rows if len(row) == 3 and row[0].startswith("ii")}
