"""Stand-in for an attention backend."""


class FlashAttentionBackend:
    """A name that connectors import."""
