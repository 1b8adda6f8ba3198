"""Stand-in for the sizes of a block."""

import enum
from dataclasses import dataclass


class KVCacheBlockLayout(enum.Enum):
    NCLD = enum.auto()
    LCND = enum.auto()


@dataclass
class KVCacheTensorSpec:
    heads: list
    layers: list
    head_size: int


@dataclass
class KVCacheBlockSpec:
    block_ntokens: int
    block_dtype: object
    block_layout: KVCacheBlockLayout
    tensor_spec: KVCacheTensorSpec

    @property
    def block_nbytes(self):
        tensor = self.tensor_spec
        of_a_token = 2 * len(tensor.layers) * len(tensor.heads) * tensor.head_size * self.block_dtype.itemsize
        return self.block_ntokens * of_a_token


@dataclass
class ModelSpec:
    max_model_len: int
    max_num_batched_tokens: int = -1
