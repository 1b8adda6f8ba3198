"""Stand-in for `python3 -m sglang.launch_server`."""

from . import __version__

if __name__ == "__main__":
    print(f"This is a stand-in for SGLang {__version__}; it serves nothing.")
