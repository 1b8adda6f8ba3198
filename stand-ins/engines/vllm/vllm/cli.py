"""Stand-in for the vllm command."""

import sys

from . import __version__


def main():
    if "--version" in sys.argv:
        print(__version__)
    else:
        print(f"This is a stand-in for vLLM {__version__}; it serves nothing. Arguments: {sys.argv[1:]}")
