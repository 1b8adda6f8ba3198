"""What a step prints for a person."""

from __future__ import annotations

import sys


class Failure(Exception):
    """A step can't go on. The text is one sentence: what failed, why, what to do."""


def explain(sentence: str) -> None:
    """Prints the line that the action looks for when a build fails."""
    sys.stdout.flush()
    print(f"image-action: error: {' '.join(sentence.split())}", file=sys.stderr, flush=True)


def warn(sentence: str) -> None:
    print(f"image-action: warning: {' '.join(sentence.split())}", flush=True)


def say(sentence: str) -> None:
    print(f"image-action: {sentence}", flush=True)
