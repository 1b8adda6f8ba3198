"""The version that a module gives itself, read from its source where that tells."""

import ast
import os

from .source import assigned, parsed, read


def own_version(file):
    """(`__version__` as far as it can be read, whether the module has to be imported to know it)."""
    folder = os.path.dirname(file)
    text = read(file) if file.endswith(".py") else None
    if text is None or "__version__" not in text:
        return None, False
    version = written(file, set())
    for name in ("version.py", "_version.py") if os.path.basename(file) == "__init__.py" else ():
        version = version or written(os.path.join(folder, name), set())
    return version, version is None


def written(path, seen):
    """`__version__` in a file, or in the one of the same package that it is imported from."""
    tree = parsed(read(path) or "")
    seen.add(path)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and any(alias.name == "__version__" for alias in node.names):
            source = of_the_package(node, os.path.dirname(path))
            version = written(source, seen) if source not in seen | {None} else None
            if version:
                return version
    texts = (value.value for value in assigned(tree, "__version__") if isinstance(value, ast.Constant))
    return next((text for text in texts if isinstance(text, str)), None)


def of_the_package(node, folder):
    """File of the module that `from … import` names, where it is in this package."""
    parts = (node.module or "__init__").split(".")
    if node.level == 1:
        return os.path.join(folder, *parts) + ".py"
    return os.path.join(folder, *parts[1:]) + ".py" if node.level == 0 and parts[1:] and parts[0] == os.path.basename(folder) else None
