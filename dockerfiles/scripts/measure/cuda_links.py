"""ELF files that link a versioned CUDA library, by the part that they belong to."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Any

from common.constants import UCX_PREFIX
from common.packages import package_directory, shared_objects

from . import nixl as measured_nixl
from .elf import needed

LIBRARY = re.compile(
    r"^lib(cudart|cublas|cublasLt|nvrtc|nvrtc-builtins|cufile|cufft|curand|cusparse|cusolver|nvJitLink|cupti|nvToolsExt"
    r"|npp\w*|nvjpeg|cudnn|nccl)(-[0-9a-f]+)?\.so\.\d+"
)


def linking(paths: Iterable[str]) -> list[dict[str, Any]]:
    found = []
    for path in paths:
        names = needed(path)
        if any(LIBRARY.match(name) for name in names):
            found.append({"path": path, "needed": names})
    return found


def torch() -> list[dict[str, Any]]:
    location = package_directory("torch")
    return linking(shared_objects(os.path.join(location, "lib"))) if location else []


def nixl() -> list[dict[str, Any]]:
    return linking([path for directory in measured_nixl.directories() for path in shared_objects(directory)])


def aibrix() -> list[dict[str, Any]]:
    location = package_directory("aibrix_kvcache")
    return linking(shared_objects(location)) if location else []


def ucx_tools() -> list[dict[str, Any]]:
    binaries = os.path.join(UCX_PREFIX, "bin")
    names = sorted(os.listdir(binaries)) if os.path.isdir(binaries) else []
    programs = [os.path.join(binaries, name) for name in names]
    return linking(programs + shared_objects(os.path.join(UCX_PREFIX, "lib")))
