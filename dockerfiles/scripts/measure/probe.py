"""Lets a part of the image really do its work, in a folder that goes with it. Whatever happens there is an answer."""

import shutil
import sys
import tempfile

from common import marked

from .child import OK, failure, run

SECONDS = 60


def probe(code, *arguments, env=None):
    """Runs Python code as `child.python` does, in a new folder that is its TMPDIR, too.

    Its last `answer(...)` counts, so that code which tells each step has told how far it came.
    """
    folder = tempfile.mkdtemp(prefix="image-action-")
    try:
        done = run([sys.executable] + marked.arguments(code) + list(arguments), dict(env or {}, TMPDIR=folder), SECONDS, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return marked.answered(done.out), OK if done.code == 0 else failure(done.why())
