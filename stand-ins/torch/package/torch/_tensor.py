"""Stand-in for torch.Tensor: memory of this process that can be sliced, copied and compared."""

import ctypes


class dtype:
    def __init__(self, name, itemsize):
        self.name, self.itemsize = name, itemsize

    def __repr__(self):
        return f"torch.{self.name}"


uint8, bfloat16 = dtype("uint8", 1), dtype("bfloat16", 2)


class Tensor:
    def __init__(self, memory, start, nbytes, of):
        self._memory, self._start, self._nbytes, self.dtype = memory, start, nbytes, of

    def data_ptr(self):
        return ctypes.addressof(self._memory) + self._start

    def numel(self):
        return self._nbytes // self.dtype.itemsize

    def element_size(self):
        return self.dtype.itemsize

    def __getitem__(self, part):
        start, stop, _ = part.indices(self.numel())
        size = self.dtype.itemsize
        return Tensor(self._memory, self._start + start * size, (stop - start) * size, self.dtype)

    def view(self, of):
        return Tensor(self._memory, self._start, self._nbytes, of)

    def copy_(self, other):
        ctypes.memmove(self.data_ptr(), other.data_ptr(), self._nbytes)
        return self

    def clone(self):
        return empty(self.numel(), dtype=self.dtype).copy_(self)


def empty(count, dtype=uint8, device="cpu", pin_memory=False):
    if pin_memory:
        raise RuntimeError("Cannot access accelerator device when none is available.")
    nbytes = count * dtype.itemsize
    return Tensor((ctypes.c_char * nbytes)(), 0, nbytes, dtype)


def equal(one, other):
    read = [ctypes.string_at(tensor.data_ptr(), tensor._nbytes) for tensor in (one, other)]
    return read[0] == read[1]
