"""Stand-in for a handle of blocks."""


class MemoryRegionKVCacheHandle:
    def __init__(self, dtype, regions):
        self._dtype, self.memory_regions = dtype, regions

    def to_tensors(self):
        return [region.to_tensor(self._dtype) for region in self.memory_regions]

    def release(self):
        self.memory_regions = []
