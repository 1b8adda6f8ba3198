"""Stand-in for torch.utils.cpp_extension: paths for a compiler."""

import os
import shutil

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def _find_cuda_home():
    nvcc = shutil.which("nvcc")
    home = os.environ.get("CUDA_HOME") or (nvcc and os.path.dirname(os.path.dirname(nvcc))) or "/usr/local/cuda"
    return home if os.path.isdir(home) else None


CUDA_HOME = _find_cuda_home()
ROCM_HOME = None


def include_paths():
    include = os.path.join(_ROOT, "include")
    return [include, os.path.join(include, "torch", "csrc", "api", "include")]


def library_paths():
    return [os.path.join(_ROOT, "lib")]
