"""What a step tells a person."""

import sys


class Failure(Exception):
    """A step can't go on. The text is one sentence: what, why, what to do."""


def explain(sentence):
    """Prints the line that the action looks for when a build fails."""
    sys.stdout.flush()
    print("image-action: error: " + " ".join(sentence.split()), file=sys.stderr, flush=True)


def warn(sentence):
    print("image-action: warning: " + " ".join(sentence.split()), flush=True)


def say(sentence):
    print("image-action: " + sentence, flush=True)
