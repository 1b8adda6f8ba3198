"""Stand-in for `python3 -m sglang.launch_server`."""

import argparse

from . import __version__

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="launch_server", description=f"A stand-in for SGLang {__version__}.")
    parser.add_argument("--model-path")
    parser.parse_known_args()
    print(f"This is a stand-in for SGLang {__version__}; it serves nothing.")
