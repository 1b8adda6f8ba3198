"""The base's CUDA toolkit, the same for measurements and for builds."""

from __future__ import annotations

import glob
import os
import re
import shutil

from .process import output_of

# NVIDIA's packages install toolkits as `cuda-13.0` beside `cuda-12.9` and link the last one
LINK = "/usr/local/cuda"


def homes() -> list[str]:
    """Directories with an nvcc: first the base's own choice, then installed ones, newest first."""
    found = [os.environ.get("CUDA_HOME"), os.environ.get("CUDA_PATH"), LINK]
    on_path = shutil.which("nvcc")
    if on_path:
        found.append(os.path.dirname(os.path.dirname(os.path.realpath(on_path))))
    found += sorted(glob.glob(f"{LINK}-*"), key=numbers_of, reverse=True)
    return [path for path in dict.fromkeys(found) if path and os.path.isfile(f"{path}/bin/nvcc")]


def numbers_of(path: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", os.path.basename(path))]


def release(home: str) -> str | None:
    """The release that nvcc reports (`13.0`), or None."""
    match = re.search(r"\brelease (\d+\.\d+), V", output_of([f"{home}/bin/nvcc", "--version"]) or "")
    return match.group(1) if match else None


def toolkit() -> tuple[str, str] | None:
    """(home, version) of the toolkit to compile with, or None.

    It is the first that reports its version.
    """
    return next(((home, version) for home in homes() for version in (release(home),) if version), None)


def architectures(home: str) -> list[str]:
    """Real architectures that nvcc supports: `['8.0', '9.0']`."""
    listing = output_of([f"{home}/bin/nvcc", "--list-gpu-code"]) or ""
    numbers = sorted({int(number) for number in re.findall(r"(?m)^\s*sm_(\d+)\s*$", listing)})
    return [f"{number // 10}.{number % 10}" for number in numbers]
