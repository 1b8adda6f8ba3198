"""AIBrix' cache at work on host memory.

Blocks are put into it and taken from it, in memory and through files.
"""

from __future__ import annotations

import json
from typing import Any

from .probe import probe

# The cache's settings, whatever the image's environment sets: nothing may use a network, and
# time-outs may not depend on the machine.
SETTINGS = {
    "L1_CACHE_CAPACITY_GB": "0.01",
    "L2_CACHE_PER_TOKEN_TIMEOUT_MS": "1000",
    "DEVICE": "cpu",
}

# The second half goes through files alone: one cache without the first level writes them, another
# reads them.
ROUND_TRIP = """
import ctypes, hashlib, json, os, tempfile

PREFIX = "AIBRIX_KV_CACHE_OL_"
for name in [name for name in os.environ if name.startswith(PREFIX)]:
    del os.environ[name]
os.environ.update({PREFIX + name: value for name, value in json.loads(sys.argv[1]).items()})

told = {"step": "import", "lacks": None, "memory": None, "files": None}
def tell(**more):
    told.update(more)
    answer(told)

def lacks(what):
    tell(lacks=what)
    sys.exit(0)

tell()
import importlib
import torch
import aibrix_kvcache

NEEDED = {
    "aibrix_kvcache": ["BaseKVCacheManager", "KVCacheConfig", "TokenListView"],
    "aibrix_kvcache.spec": ["KVCacheBlockLayout", "KVCacheBlockSpec", "KVCacheTensorSpec", "ModelSpec"],
    "aibrix_kvcache.memory": ["TensorPoolAllocator"],
    "aibrix_kvcache.cache_manager": ["TESTING_DISABLE_PIN_MEMORY"],
    "aibrix_kvcache.envs": [PREFIX + "L1_CACHE_ENABLED", PREFIX + "L2_CACHE_BACKEND"],
}
api = {}
for module, names in NEEDED.items():
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        lacks(module)
    for name in names:
        if not hasattr(found, name):
            lacks(module + "." + name)
        api[name] = getattr(found, name)
Manager = api["BaseKVCacheManager"]
for name in ("allocate_for", "put", "acquire", "close"):
    if not hasattr(Manager, name):
        lacks("aibrix_kvcache.BaseKVCacheManager." + name)

TOKENS, BLOCKS = 16, 2
aibrix_kvcache.cache_manager.TESTING_DISABLE_PIN_MEMORY = True  # pinning memory needs a driver
try:
    spec = api["KVCacheBlockSpec"](
        block_ntokens=TOKENS, block_dtype=torch.bfloat16, block_layout=api["KVCacheBlockLayout"].LCND,
        tensor_spec=api["KVCacheTensorSpec"](heads=[0, 1], layers=list(range(8)), head_size=32))
    config = api["KVCacheConfig"](block_spec=spec, model_spec=api["ModelSpec"](1024))
except (AttributeError, TypeError) as error:
    lacks(f"the classes of aibrix_kvcache.spec as they were: {error}")
api["TensorPoolAllocator"].SLAB_MAX_NBYTES = spec.block_nbytes * 8
tokens = api["TokenListView"](list(range(TOKENS * BLOCKS)))
content = [hashlib.shake_256(f"block {number}".encode()).digest(spec.block_nbytes) for number in range(BLOCKS)]

def opened(**settings):
    os.environ.update({PREFIX + name: value for name, value in settings.items()})
    return Manager(config=config)

def value_of(what, status):
    if not status.is_ok():
        raise RuntimeError(f"{what}: {status}")
    return status.get()

def put(cache):
    handle = value_of("allocate_for", cache.allocate_for(None, tokens))
    for tensor, data in zip(handle.to_tensors(), content):
        ctypes.memmove(tensor.data_ptr(), data, len(data))
    count = value_of("put", cache.put(None, tokens, handle))
    if count != len(tokens):
        raise RuntimeError(f"put took {count} of {len(tokens)} tokens")

def taken(cache):
    count, handle = value_of("acquire", cache.acquire(None, tokens))
    if count != len(tokens):
        raise RuntimeError(f"acquire gave {count} of {len(tokens)} tokens")
    got = [ctypes.string_at(tensor.data_ptr(), spec.block_nbytes) for tensor in handle.to_tensors()]
    handle.release()
    wrong = [place for place, (one, other) in enumerate(zip(b"".join(content), b"".join(got))) if one != other]
    return {"bytes": len(b"".join(got)), "differs": {"count": len(wrong), "first": wrong[0]} if wrong else None}

tell(step="memory")
cache = opened(L1_CACHE_ENABLED="1", L2_CACHE_BACKEND="")
put(cache)
tell(memory=taken(cache))
cache.close()

if hasattr(aibrix_kvcache.envs, PREFIX + "SHFS_ROOT"):
    tell(step="files")
    root = tempfile.mkdtemp()
    files = dict(L1_CACHE_ENABLED="0", L2_CACHE_BACKEND="SHFS", SHFS_ROOT=root)
    cache = opened(**files)
    put(cache)
    cache.close()
    if not any(names for _, _, names in os.walk(root)):
        raise RuntimeError("put left no file below " + PREFIX + "SHFS_ROOT")
    cache = opened(**files)
    tell(files=taken(cache))
    cache.close()
tell(step="end")
os._exit(0)  # other threads may still run
"""


def round_trip() -> dict[str, Any]:
    told, process = probe(ROUND_TRIP, json.dumps(SETTINGS))
    nothing = {"step": "start", "lacks": None, "memory": None, "files": None}
    return {**(told or nothing), "process": process}
