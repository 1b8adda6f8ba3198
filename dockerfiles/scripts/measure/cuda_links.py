"""ELF files that link a versioned CUDA library, by who brought them."""

import os
import re

from . import nixl as nixl_places
from . import places, ucx
from .elf import needed

LIBRARY = re.compile(
    r"^lib(cudart|cublas|cublasLt|nvrtc|nvrtc-builtins|cufile|cufft|curand|cusparse|cusolver|nvJitLink|cupti|nvToolsExt|npp\w*|nvjpeg|cudnn|nccl)"
    r"(-[0-9a-f]+)?\.so\.\d+")


def linking(paths):
    found = []
    for path in paths:
        names = needed(path)
        if any(LIBRARY.match(name) for name in names):
            found.append({"path": path, "needed": names})
    return found


def torch():
    location = places.package("torch")
    return linking(places.shared_objects(os.path.join(location, "lib"))) if location else []


def nixl():
    return linking([path for directory in nixl_places.directories() for path in places.shared_objects(directory)])


def aibrix():
    location = places.package("aibrix_kvcache")
    return linking(places.shared_objects(location)) if location else []


def ucx_tools():
    binaries = os.path.join(ucx.PREFIX, "bin")
    programs = [os.path.join(binaries, name) for name in sorted(os.listdir(binaries))] if os.path.isdir(binaries) else []
    return linking(programs + places.shared_objects(os.path.join(ucx.PREFIX, "lib")))
