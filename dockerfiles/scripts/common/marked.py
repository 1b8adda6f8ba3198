"""Answers of Python code that runs in a process of its own.

Answers are marked, because a base's Python may print anything: a `.pth` file with a banner, a
package that greets on import.
"""

from __future__ import annotations

import json

MARK = "image-action-answer: "

# The answer is written to the descriptor, on a line of its own, so that it arrives whatever the
# base did to sys.stdout. `-c` puts the current folder first; a `json.py` in it must not be
# imported.
PRELUDE = f"""import sys
current = [entry for entry in sys.path[:1] if not entry]
del sys.path[:len(current)]
import json
sys.path[:0] = current
def answer(value):
    sys.stdout.flush()
    with open(1, "w", closefd=False) as output:
        output.write({chr(10) + MARK!r} + json.dumps(value) + "\\n")
"""


def arguments(code: str) -> list[str]:
    """Python's arguments to run code that answers with `answer(VALUE)`, a JSON value."""
    return ["-B", "-c", PRELUDE + code]


def last_answer(output: str) -> object:
    """The last answer in an output, or None. A line that only looks like one is skipped."""
    for line in reversed(output.splitlines()):
        if line.startswith(MARK):
            try:
                return json.loads(line[len(MARK):])
            except ValueError:
                continue
    return None
