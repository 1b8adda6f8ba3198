"""Stand-in for vLLM: the modules that AIBrix patches or imports, and a command that prints its
version.
"""

__version__ = "@VERSION@"
