"""Stand-in for the memory of blocks."""

import ctypes

import torch


class MemoryRegion:
    """Part of a slab, for one block."""

    def __init__(self, slab, addr, length):
        self.slab, self.addr, self.length = slab, addr, length

    def to_tensor(self, dtype):
        return self.slab[self.addr : self.addr + self.length].view(dtype)

    def tobytes(self):
        return ctypes.string_at(self.slab.data_ptr() + self.addr, self.length)

    def fill(self, data):
        ctypes.memmove(self.slab.data_ptr() + self.addr, data, self.length)


class TensorPoolAllocator:
    SLAB_MAX_NBYTES = 1 << 30

    def __init__(self, device, pin_memory):
        self._slab = torch.empty(self.SLAB_MAX_NBYTES, dtype=torch.uint8, device=device, pin_memory=pin_memory)
        self._used = 0

    def alloc(self, length):
        region = MemoryRegion(self._slab, self._used, length)
        self._used += length
        return region
