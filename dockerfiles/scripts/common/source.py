"""Reads Python source without running any of it."""

import ast
import functools
import os

# A file of an engine has some 300 KB; what is much larger is data, and takes gigabytes to parse.
LONGEST_BYTES = 4_000_000


class Unreadable(Exception):
    """A file that can't be read as Python. The text says why, without the file."""


@functools.lru_cache(maxsize=16)
def parse(path):
    """The tree of a file. Bytes, since a file can name its own encoding."""
    try:
        with open(path, "rb") as file:
            text = file.read(LONGEST_BYTES + 1)
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from error
    return parsed(text)


def parsed(text):
    """The tree of a file's bytes."""
    if len(text) > LONGEST_BYTES:
        raise Unreadable("it is longer than %d MB" % (LONGEST_BYTES // 1_000_000))
    try:
        return ast.parse(text)
    except SyntaxError as error:
        raise Unreadable("line %s: %s" % (error.lineno, error.msg)) from error
    except ValueError as error:
        raise Unreadable(str(error)) from error
    except (RecursionError, MemoryError) as error:
        raise Unreadable("it is nested too deeply") from error


def module_file(top, dotted):
    """Path of a module's file below the directory `top` of its top-level package; None if there is none."""
    path = os.path.join(top, *dotted.split(".")[1:])
    found = [candidate for candidate in (path + ".py", os.path.join(path, "__init__.py")) if os.path.isfile(candidate)]
    return found[0] if found else None


def last_name(node):
    """`b` of `a.b` and of `b`; None for what is no name."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None


def text_of(node):
    """The string that a node is; None for everything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
