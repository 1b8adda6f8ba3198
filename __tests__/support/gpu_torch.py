"""A stand-in for torch on a GPU, for the probes in dockerfiles/gpu: what they use of it, on the CPU.

GPU is read from the environment variable GPUS: how many there are.
"""

import ctypes
import math
import os
import types

float32, bfloat16, int64, uint8 = "float32", "bfloat16", "int64", "uint8"
ops = types.SimpleNamespace()
GPUS = int(os.environ.get("GPUS", "1"))


class Tensor:
    """Numbers in one piece of memory; an index of whole numbers is a view into it."""

    def __init__(self, numbers, shape, dtype=float32, device="cpu"):
        self.shape, self.dtype, self.device, self.first = tuple(shape), dtype, device, 0
        self.memory = ((ctypes.c_ubyte if dtype == uint8 else ctypes.c_double) * len(numbers))(*map(int, numbers))

    def size(self):
        return math.prod(self.shape)

    def tolist(self):
        return list(self.memory[self.first : self.first + self.size()])

    def copy(self, **changes):
        made = Tensor(self.tolist(), changes.get("shape", self.shape), self.dtype, self.device)
        vars(made).update(changes)
        return made

    def to(self, what):
        if str(what).startswith("cuda"):
            return self.copy(device=what)
        return Tensor(self.tolist(), self.shape, what, self.device)

    def cuda(self):
        return self.copy(device="cuda:0")

    def cpu(self):
        return self.copy(device="cpu")

    def float(self):
        return self.copy()

    def flatten(self):
        return self.copy(shape=(self.size(),))

    def reshape(self, *shape):
        return self.copy(shape=shape[0] if isinstance(shape[0], tuple) else shape)

    def data_ptr(self):
        return ctypes.addressof(self.memory)

    def view(self, index):
        inside = self.shape[len(index) :]
        steps = [math.prod(self.shape[place + 1 :]) for place in range(len(index))]
        made = self.copy()
        made.memory, made.shape = self.memory, inside
        made.first = self.first + sum(one * step for one, step in zip(index, steps))
        return made

    def __getitem__(self, index):
        return self.view(index).copy(first=0)

    def __setitem__(self, index, value):
        place = self.view(index)
        assert place.shape == value.shape, (place.shape, value.shape)
        self.memory[place.first : place.first + place.size()] = value.tolist()

    def __add__(self, number):
        return Tensor([one + number for one in self.tolist()], self.shape, self.dtype)

    def __mod__(self, number):
        return Tensor([one % number for one in self.tolist()], self.shape, self.dtype)

    def __matmul__(self, other):
        (rows, inner), columns = self.shape, other.shape[1]
        left, right = self.tolist(), other.tolist()
        wrong = float(os.environ.get("WRONG_PRODUCT", "0")) if self.device != "cpu" else 0
        numbers = [
            sum(left[row * inner + one] * right[one * columns + column] for one in range(inner)) + wrong
            for row in range(rows) for column in range(columns)
        ]
        return Tensor(numbers, (rows, columns), self.dtype, self.device)


def arange(length):
    return Tensor(range(length), (length,), int64)


def ones(length):
    return Tensor([1] * length, (length,))


def zeros(length, dtype=float32):
    return Tensor([0] * length, (length,), dtype)


def empty_like(tensor):
    return tensor.copy()


def tensor(numbers, dtype=float32):
    if isinstance(numbers[0], list):
        return Tensor([one for row in numbers for one in row], (len(numbers), len(numbers[0])), dtype)
    return Tensor(numbers, (len(numbers),), dtype)


cuda = types.SimpleNamespace(
    is_available=lambda: GPUS > 0, device_count=lambda: GPUS, synchronize=lambda: None,
    get_device_name=lambda number: "Stand-in", get_device_capability=lambda number: (9, 0),
)
