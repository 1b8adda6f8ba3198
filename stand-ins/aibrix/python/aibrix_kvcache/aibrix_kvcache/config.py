"""Stand-in for the cache's configuration."""

from dataclasses import dataclass

from .spec import KVCacheBlockSpec, ModelSpec


@dataclass
class KVCacheConfig:
    block_spec: KVCacheBlockSpec
    model_spec: ModelSpec
    multi_threaded: bool = False
