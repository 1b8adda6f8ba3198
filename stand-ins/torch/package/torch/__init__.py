"""Stand-in for torch: versions, a registry of operators, and memory. It cannot compute."""

import ctypes
import os

from . import version
from .version import __version__

_library = ctypes.CDLL(os.path.join(os.path.dirname(__file__), "lib", "libtorch_cuda.so"), mode=ctypes.RTLD_GLOBAL)
_library.standin_torch_operator.restype = ctypes.c_char_p

from . import _C
from ._ops import ops
from ._tensor import Tensor, bfloat16, dtype, empty, equal, uint8

__all__ = ["Tensor", "__version__", "_C", "bfloat16", "dtype", "empty", "equal", "ops", "uint8", "version"]
