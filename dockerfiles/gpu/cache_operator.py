"""AIBrix' operators at work on GPU memory, against a reference in torch on the CPU.

    docker run --rm --gpus all -v "$PWD/dockerfiles/gpu:/gpu:ro" --entrypoint python3 IMAGE /gpu/cache_operator.py

Needs nothing but the image and one GPU. The last line that begins with `image-action-probe: ` counts.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

told: dict[str, Any] = {"step": "start", "lacks": None, "device": None, "compared": []}

# Blocks of AIBrix, and a cache of the engine with more room than they need
LAYERS, BLOCKS, TOKENS = 3, 2, 8
CACHE_BLOCKS, CACHE_TOKENS, HEADS, HEAD = 4, 8, 4, 32
DIMENSION = HEADS * HEAD
# Largest value: a whole number that bfloat16 holds, and prime, so that shifted bytes differ
PRIME = 251
ARGUMENTS = 8


def tell(**more: Any) -> None:
    told.update(more)
    print("image-action-probe: " + json.dumps(told), flush=True)


def lacks(what: str) -> None:
    tell(lacks=what)
    sys.exit(0)


def device(torch: Any) -> dict[str, Any]:
    if not torch.cuda.is_available():
        sys.exit("torch finds no GPU")
    major, minor = torch.cuda.get_device_capability(0)
    return {"name": torch.cuda.get_device_name(0), "capability": f"{major}.{minor}", "count": torch.cuda.device_count()}


def operator(torch: Any, name: str) -> Callable[..., None]:
    namespace = getattr(torch.ops, "_aibrix_C_cache_ops", None)
    found = getattr(namespace, name, None)
    if found is None:
        lacks(f"torch.ops._aibrix_C_cache_ops.{name}")
    schema = getattr(getattr(found, "default", None), "_schema", None)
    if schema is not None and len(schema.arguments) != ARGUMENTS:
        lacks(f"{name} with {ARGUMENTS} arguments")
    return found


def filled(torch: Any, shape: tuple[int, ...], start: int) -> Any:
    """Distinct numbers that survive bfloat16, on the CPU."""
    size = 1
    for length in shape:
        size *= length
    return ((torch.arange(size) + start) % PRIME).reshape(shape).to(torch.bfloat16)


def shape_of(layout: str) -> tuple[int, ...]:
    return (LAYERS, 2, TOKENS, DIMENSION) if layout == "LCND" else (TOKENS, 2, LAYERS, DIMENSION)


def places(slots: list[int], layout: str) -> Iterator[tuple[int, tuple[int, ...], int, tuple[int, ...]]]:
    """(block, index in it, layer, index in its cache) of each row of numbers that the operators move."""
    for token, slot in enumerate(slots):
        block, row = divmod(token, TOKENS)
        for layer in range(LAYERS):
            for kind in (0, 1):
                inside = (layer, kind, row) if layout == "LCND" else (row, kind, layer)
                yield block, inside, layer, (kind, slot // CACHE_TOKENS, slot % CACHE_TOKENS)


def difference(wanted: list[Any], found: list[Any]) -> dict[str, int] | None:
    numbers = [[number for tensor in some for number in tensor.float().cpu().flatten().tolist()]
               for some in (wanted, found)]
    wrong = [place for place, (one, other) in enumerate(zip(*numbers)) if one != other]
    return {"count": len(wrong), "first": wrong[0]} if wrong else None


def compare(torch: Any, name: str, layout: str) -> dict[str, Any]:
    """Runs one operator; what it must not write is compared, too."""
    run = operator(torch, name)
    slots = [(7 * token + 3) % (CACHE_BLOCKS * CACHE_TOKENS) for token in range(BLOCKS * TOKENS)]
    blocks = [filled(torch, shape_of(layout), 17 * number) for number in range(BLOCKS)]
    cache_shape = (2, CACHE_BLOCKS, CACHE_TOKENS, HEADS, HEAD)
    caches = [filled(torch, cache_shape, 31 * layer + 5) for layer in range(LAYERS)]
    on_gpu = [[tensor.cuda() for tensor in tensors] for tensors in (blocks, caches)]
    scales = [[torch.ones(1).cuda() for _ in range(LAYERS)] for _ in range(2)]
    run(*on_gpu, torch.tensor(slots, dtype=torch.int64).cuda(), CACHE_TOKENS, "auto", *scales, layout)
    torch.cuda.synchronize()
    for block, inside, layer, place in places(slots, layout):
        if name == "reshape_and_cache_multi_layer":
            caches[layer][place] = blocks[block][inside].reshape(HEADS, HEAD)
        else:
            blocks[block][inside] = caches[layer][place].reshape(DIMENSION)
    return {"what": f"{name} {layout}", "differs": difference(blocks + caches, on_gpu[0] + on_gpu[1])}


def main() -> None:
    tell(step="import")
    import torch

    tell(step="torch")
    tell(device=device(torch))
    tell(step="operator")
    try:
        import aibrix_kvcache._aibrix_C  # noqa: F401
    except ModuleNotFoundError as error:
        if error.name != "aibrix_kvcache._aibrix_C":
            raise
        lacks("aibrix_kvcache._aibrix_C")
    tell(step="compare")
    for name in ("reshape_and_cache_multi_layer", "reshape_and_offload_multi_layer"):
        for layout in ("LCND", "NCLD"):
            tell(compared=[*told["compared"], compare(torch, name, layout)])
    tell(step="end")
    sys.stdout.flush()
    # What crashes when Python ends is not measured here.
    os._exit(0)


if __name__ == "__main__":
    main()
