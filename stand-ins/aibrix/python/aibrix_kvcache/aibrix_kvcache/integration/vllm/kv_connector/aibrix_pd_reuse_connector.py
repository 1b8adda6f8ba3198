"""Stand-in for AIBrix's connector.

It imports what the real one imports from vLLM, and reuses nothing.
"""

import torch  # noqa: F401
from vllm.distributed.kv_transfer.kv_connector.v1.base import (
    KVConnectorBase_V1,
    KVConnectorMetadata,
)
from vllm.v1.attention.backends.flash_attn import FlashAttentionBackend  # noqa: F401

import aibrix_kvcache._custom_ops  # noqa: F401


class AIBrixPDReuseConnectorMetadata(KVConnectorMetadata):
    """What the real one passes to its worker."""


class AIBrixPDReuseConnector(KVConnectorBase_V1):
    """The class that `kv_connector` names."""
