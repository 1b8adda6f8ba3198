"""Stand-in for the meta package of NIXL from 1.1.0 on.

It requires all variants, and imports that of torch's CUDA.
"""

import importlib

import torch

_major = (torch.version.cuda or "").split(".")[0]
try:
    _package = importlib.import_module(f"nixl_cu{_major}")
    importlib.import_module(f"nixl_cu{_major}._api")
except ModuleNotFoundError as error:
    raise ImportError(f"torch reports CUDA {_major} but nixl-cu{_major} is not installed") from error
