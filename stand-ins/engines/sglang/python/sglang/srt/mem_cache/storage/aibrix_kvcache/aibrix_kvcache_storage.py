"""Stand-in for SGLang's storage backend for AIBrix.

It imports what the real one imports from both sides.
"""

import torch  # noqa: F401
from aibrix_kvcache import BaseKVCacheManager, KVCacheConfig  # noqa: F401
from aibrix_kvcache.common.absl_logging import log_every_n_seconds  # noqa: F401

from sglang.srt.mem_cache.hicache_storage import HiCacheStorage


class AibrixKVCacheStorage(HiCacheStorage):
    """The class that `--hicache-storage-backend aibrix` means."""
