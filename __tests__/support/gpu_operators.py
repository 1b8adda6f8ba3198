"""A stand-in for aibrix_kvcache._aibrix_C: its operators, with the offsets of csrc/cache_kernels.cu."""

import os
import types

import torch

WRONG = os.environ.get("WRONG_OPERATOR", "")


def moved(onload, blocks, caches, slots, block_size, dtype, k_scales, v_scales, layout):
    assert dtype == "auto" and len(k_scales) == len(v_scales) == len(caches)
    assert all(tensor.device.startswith("cuda") for tensor in [*blocks, *caches, slots, *k_scales, *v_scales])
    tokens = blocks[0].shape[2 if layout == "LCND" else 0]
    dimension, rows = blocks[0].shape[3], caches[0].shape[1]
    for token, slot in enumerate(map(int, slots.tolist())):
        for layer, cache in enumerate(caches):
            for kind in (0, 1):
                row = token % tokens
                inside = ((layer * 2 + kind) * tokens + row if layout == "LCND" else
                          (row * 2 + kind) * len(caches) + layer) * dimension
                place = (kind * rows * block_size + slot) * dimension
                block = blocks[token // tokens]
                if onload:
                    cache.memory[place : place + dimension] = block.memory[inside : inside + dimension]
                else:
                    block.memory[inside : inside + dimension] = cache.memory[place : place + dimension]
    if WRONG == layout:
        caches[0].memory[0] += 1


def reshape_and_cache_multi_layer(*given):
    moved(True, *given)


def reshape_and_offload_multi_layer(*given):
    moved(False, *given)


if WRONG == "crash":
    os.abort()
found = {} if WRONG == "missing" else {
    one.__name__: one for one in (reshape_and_cache_multi_layer, reshape_and_offload_multi_layer)
}
if WRONG == "arguments":
    schema = types.SimpleNamespace(arguments=[None] * 9)
    found = {name: types.SimpleNamespace(default=types.SimpleNamespace(_schema=schema)) for name in found}
torch.ops._aibrix_C_cache_ops = types.SimpleNamespace(**found)
