"""Stand-in for the functions over the compiled extension.

A missing extension is only a warning, as in the real one.
"""

import logging

import torch

try:
    import aibrix_kvcache._aibrix_C  # noqa: F401
except ImportError as error:
    logging.getLogger(__name__).warning("Failed to import from aibrix_kvcache._aibrix_C with %r", error)


def reshape_and_cache_multi_layer():
    return torch.ops._aibrix_C_cache_ops.reshape_and_cache_multi_layer
