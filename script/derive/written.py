"""Reads and writes the catalogue as a file."""

import json
import os
import tempfile

from .failure import Failure

# As prettier has it
WIDTH = 110


def load(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError) as error:
        raise Failure("%s could not be read: %s" % (path, error)) from error


def save(path, catalogue):
    """In one step: whoever reads the file has the old one or the new one as a whole."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=os.path.dirname(os.path.abspath(path)), delete=False) as file:
        try:
            file.write(text_of(catalogue) + "\n")
            file.flush()
            os.chmod(file.name, 0o644)
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise


def text_of(value, indent=0, before=0, open_to=2):
    """A value as JSON: a row on one line where that is short enough, what is outside of rows on several.

    before: characters before it on its line. open_to: so many levels are never on one line.
    """
    flat = flat_text(value)
    is_list_of_rows = isinstance(value, list) and any(isinstance(part, dict) for part in value)
    if not value or not isinstance(value, (dict, list)) or (open_to <= 0 and not is_list_of_rows and before + len(flat) + 1 <= WIDTH):
        return flat
    inner, parts = " " * (indent + 2), []
    for key in value:
        name = "%s: " % json.dumps(key, ensure_ascii=False) if isinstance(value, dict) else ""
        part = value[key] if isinstance(value, dict) else key
        parts.append(inner + name + text_of(part, indent + 2, len(inner + name), open_to - 1))
    first, last = "{}" if isinstance(value, dict) else "[]"
    return "%s\n%s\n%s%s" % (first, ",\n".join(parts), " " * indent, last)


def flat_text(value):
    if isinstance(value, dict) and value:
        return "{ %s }" % ", ".join("%s: %s" % (json.dumps(key, ensure_ascii=False), flat_text(part)) for key, part in value.items())
    if isinstance(value, list):
        return "[%s]" % ", ".join(map(flat_text, value))
    return json.dumps(value, ensure_ascii=False)
