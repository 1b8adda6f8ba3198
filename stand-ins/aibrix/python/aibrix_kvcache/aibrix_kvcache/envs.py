"""Stand-in for the cache's settings, read from the environment on access."""

import os

_DEFAULTS = {
    "AIBRIX_KV_CACHE_OL_L1_CACHE_ENABLED": "1",
    "AIBRIX_KV_CACHE_OL_L2_CACHE_BACKEND": "",
    "AIBRIX_KV_CACHE_OL_DEVICE": "cpu",
    "AIBRIX_KV_CACHE_OL_SHFS_ROOT": "~/.kv_cache_ol/shfs",
}


def __getattr__(name):
    if name in _DEFAULTS:
        return os.environ.get(name, _DEFAULTS[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
