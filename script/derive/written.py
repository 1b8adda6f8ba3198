"""Reads and writes the catalogue as a file."""

from __future__ import annotations

import json
import os
import tempfile
from typing import Any

from .failure import Failure

# prettier's, for this file
WIDTH = 110


def load(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError) as error:
        raise Failure(f"{path} could not be read: {error}") from error


def save(path: str, catalogue: dict[str, Any]) -> None:
    """Writes the catalogue atomically."""
    folder = os.path.dirname(os.path.abspath(path))
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=folder, delete=False) as file:
        try:
            file.write(text_of(catalogue) + "\n")
            file.flush()
            os.chmod(file.name, 0o644)
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise


def text_of(value: Any, indent: int = 0, before: int = 0, open_to: int = 2) -> str:
    """A value as JSON: a row on one line if that is short enough, everything outside of rows on
    several lines.

    before: characters before it on its line. open_to: so many levels are never on one line.
    """
    flat = flat_text(value)
    is_list_of_rows = isinstance(value, list) and any(isinstance(part, dict) for part in value)
    fits = open_to <= 0 and not is_list_of_rows and before + len(flat) + 1 <= WIDTH
    if not value or not isinstance(value, (dict, list)) or fits:
        return flat
    inner, parts = " " * (indent + 2), []
    for key in value:
        name = f"{json.dumps(key, ensure_ascii=False)}: " if isinstance(value, dict) else ""
        part = value[key] if isinstance(value, dict) else key
        parts.append(inner + name + text_of(part, indent + 2, len(inner + name), open_to - 1))
    first, last = "{}" if isinstance(value, dict) else "[]"
    lines = ",\n".join(parts)
    return f"{first}\n{lines}\n{' ' * indent}{last}"


def flat_text(value: Any) -> str:
    if isinstance(value, dict) and value:
        parts = [f"{json.dumps(key, ensure_ascii=False)}: {flat_text(part)}" for key, part in value.items()]
        return f"{{ {', '.join(parts)} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(flat_text, value))}]"
    return json.dumps(value, ensure_ascii=False)
