"""Stand-in for the base of SGLang's storage backends."""


class HiCacheStorage:
    """What a storage backend derives from."""
