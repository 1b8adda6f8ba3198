"""Stand-in for torch: versions, a registry of operators, and nothing else. It cannot compute."""

import ctypes
import os

from . import version
from .version import __version__

_library = ctypes.CDLL(os.path.join(os.path.dirname(__file__), "lib", "libtorch_cuda.so"), mode=ctypes.RTLD_GLOBAL)
_library.standin_torch_operator.restype = ctypes.c_char_p

from . import _C
from ._ops import ops

__all__ = ["__version__", "_C", "ops", "version"]
