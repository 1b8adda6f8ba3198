"""Stand-in for torch.ops."""

import ctypes

from . import _C


class _Namespace:
    def __init__(self, name):
        self._name = name

    def __getattr__(self, operator):
        if f"{self._name}::{operator}" not in _C._dispatch_get_all_op_names():
            raise AttributeError(f"'_OpNamespace' '{self._name}' object has no attribute '{operator}'")
        return f"{self._name}.{operator}"

    def __dir__(self):
        return [name.split("::")[1] for name in _C._dispatch_get_all_op_names() if name.startswith(f"{self._name}::")]


class _Operators:
    def __init__(self):
        self.loaded_libraries = set()

    def load_library(self, path):
        ctypes.CDLL(str(path))
        self.loaded_libraries.add(str(path))

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _Namespace(name)


ops = _Operators()
