"""Lets a part of the image do real work in a temporary folder; whatever happens is an answer."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Mapping
from typing import Any

from common import marked

from .subprocesses import run

SECONDS = 60


def probe(code: str, *arguments: str, env: Mapping[str, str] | None = None) -> tuple[Any, dict[str, str]]:
    """Runs Python code as `subprocesses.python` does, in a new folder that is also its TMPDIR.

    Its last `answer(...)` counts, so that code which answers at each step shows how far it came.
    """
    folder = tempfile.mkdtemp(prefix="image-action-")
    try:
        command = [sys.executable, *marked.arguments(code), *arguments]
        done = run(command, {**(env or {}), "TMPDIR": folder}, SECONDS, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return marked.last_answer(done.out), done.outcome()
