"""Answers of Python code in a process of its own.

They are marked, because a base's Python may print what it likes: a `.pth` file with a banner, a package that greets who imports it.
"""

import json

MARK = "image-action-answer: "

# What is written to the descriptor arrives whatever the base has made of sys.stdout, on a line of its own. A `json.py` in the current
# folder, which `-c` puts first, is not the one that is wanted.
PRELUDE = """import sys
current = [entry for entry in sys.path[:1] if not entry]
del sys.path[:len(current)]
import json
sys.path[:0] = current
def answer(value):
    sys.stdout.flush()
    with open(1, "w", closefd=False) as output:
        output.write(%r + json.dumps(value) + "\\n")
""" % ("\n" + MARK)


def arguments(code):
    """Arguments of a Python that runs the code, in which `answer(VALUE)` gives the answer, of what JSON has."""
    return ["-B", "-c", PRELUDE + code]


def answered(output):
    """The last answer in what was printed; None if there is none. A line that only looks like one is passed over."""
    for line in reversed(output.splitlines()):
        if line.startswith(MARK):
            try:
                return json.loads(line[len(MARK):])
            except ValueError:
                continue
    return None
