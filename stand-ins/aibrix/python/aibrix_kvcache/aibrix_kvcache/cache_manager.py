"""Stand-in for the cache.

It keeps blocks in memory, or in files if AIBRIX_KV_CACHE_OL_L2_CACHE_BACKEND says so.
"""

from . import envs
from .cache_handle import MemoryRegionKVCacheHandle
from .l1 import L1Cache
from .memory import TensorPoolAllocator
from .status import Status

TESTING_DISABLE_PIN_MEMORY = False


class BaseKVCacheManager:
    def __init__(self, config):
        self.block_spec = config.block_spec
        device = envs.AIBRIX_KV_CACHE_OL_DEVICE
        self._allocator = TensorPoolAllocator(device, pin_memory=device == "cpu" and not TESTING_DISABLE_PIN_MEMORY)
        self._l1_cache = L1Cache() if envs.AIBRIX_KV_CACHE_OL_L1_CACHE_ENABLED == "1" else None
        self._l2_cache = None
        if envs.AIBRIX_KV_CACHE_OL_L2_CACHE_BACKEND == "SHFS":
            from .l2.connectors.shfs import SHFSConnector

            self._l2_cache = SHFSConnector(envs.AIBRIX_KV_CACHE_OL_SHFS_ROOT)
        assert self._l1_cache or self._l2_cache, "At least one cache service must be enabled."

    def _handle(self, regions):
        return MemoryRegionKVCacheHandle(self.block_spec.block_dtype, regions)

    def allocate_for(self, prefix, query):
        blocks = query.keys(self.block_spec.block_ntokens)
        return Status.ok(self._handle([self._allocator.alloc(self.block_spec.block_nbytes) for _ in blocks]))

    def put(self, prefix, query, kv_tensors):
        keys = query.keys(self.block_spec.block_ntokens)
        for key, region in zip(keys, kv_tensors.memory_regions):
            if self._l1_cache:
                self._l1_cache.put(key, region)
            if self._l2_cache:
                self._l2_cache.put(key, region)
        return Status.ok(len(keys) * self.block_spec.block_ntokens)

    def acquire(self, prefix, query):
        found = []
        for key in query.keys(self.block_spec.block_ntokens):
            region = self._l1_cache.acquire(key) if self._l1_cache else None
            if region is None and self._l2_cache:
                region = self._allocator.alloc(self.block_spec.block_nbytes)
                region = region if self._l2_cache.get(key, region) else None
            if region is None:
                break
            found.append(region)
        if not found:
            return Status("NOT_FOUND")
        return Status.ok((len(found) * self.block_spec.block_ntokens, self._handle(found)))

    def close(self):
        self._l1_cache = self._l2_cache = None
