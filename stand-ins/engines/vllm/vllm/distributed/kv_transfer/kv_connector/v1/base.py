"""Stand-in for the base of vLLM's KV connectors."""


class KVConnectorBase_V1:
    """What a connector derives from."""


class KVConnectorMetadata:
    """What a scheduler passes to a worker."""
