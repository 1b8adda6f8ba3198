"""Stand-in for the vllm command."""

import argparse
import sys

from . import __version__


def main():
    parser = argparse.ArgumentParser(prog="vllm", description=f"A stand-in for vLLM {__version__}.")
    parser.add_argument("--version", action="version", version=__version__)
    serve = parser.add_subparsers(dest="command").add_parser("serve", help="serves nothing")
    serve.add_argument("model", nargs="?")
    parser.parse_known_args()
    print(f"This is a stand-in for vLLM {__version__}; it serves nothing. Arguments: {sys.argv[1:]}")
