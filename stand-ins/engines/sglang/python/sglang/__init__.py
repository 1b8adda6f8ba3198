"""Stand-in for SGLang: the storage backend for AIBrix, and nothing that serves."""

from .version import __version__

__all__ = ["__version__"]
