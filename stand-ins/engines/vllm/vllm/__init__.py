"""Stand-in for vLLM: the modules that AIBrix patches or imports, and a command that says what it is."""

__version__ = "@VERSION@"
