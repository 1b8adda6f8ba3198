"""Stand-in for aibrix_kvcache. As the real one it can be imported without its compiled extension."""

import stand_in_dependency  # noqa: F401
import torch  # noqa: F401

from ._version import __version__


class BaseKVCacheManager:
    """A name that connectors ask for."""


class KVCacheConfig:
    """A name that connectors ask for."""


__all__ = ["BaseKVCacheManager", "KVCacheConfig", "__version__"]
