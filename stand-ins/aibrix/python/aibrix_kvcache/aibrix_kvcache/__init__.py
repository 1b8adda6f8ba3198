"""Stand-in for aibrix_kvcache.

Like the real one, it can be imported without its compiled extension.
"""

import stand_in_dependency  # noqa: F401
import torch  # noqa: F401

from ._version import __version__
from .cache_hashable import TokenListView
from .cache_manager import BaseKVCacheManager
from .config import KVCacheConfig
from .spec import KVCacheBlockLayout, KVCacheBlockSpec, KVCacheTensorSpec, ModelSpec
from .status import Status

__all__ = [
    "BaseKVCacheManager", "KVCacheBlockLayout", "KVCacheBlockSpec", "KVCacheConfig", "KVCacheTensorSpec", "ModelSpec",
    "Status", "TokenListView", "__version__",
]
