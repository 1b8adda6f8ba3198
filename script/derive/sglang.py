"""What the wheel of a published SGLang says."""

from __future__ import annotations

from collections.abc import Sequence

from . import requirements
from .index import File, Index

# The server's extra up to 0.5.2
OF_SERVER = "srt"
TORCH = "the sglang package requires it"


def read(index: Index, files: Sequence[File]) -> dict[str, tuple[str, str]]:
    """Field → (value, source) of a version. files: those of the version on the index."""
    required = requirements.of_metadata(index.metadata(wheel_of(files)), OF_SERVER)
    torch = requirements.pinned(required, "torch")
    return {"torch": (torch, TORCH)} if torch else {}


def wheel_of(files: Sequence[File]) -> File:
    return min((file for file in files if file.tags), key=lambda file: file.link.filename)


def has_file(index: Index, files: Sequence[File], path: str) -> bool:
    """Whether the wheel of a version has a file."""
    with index.wheel(wheel_of(files)) as wheel:
        return path in wheel.namelist()
