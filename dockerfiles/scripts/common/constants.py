"""Paths and names that steps and measurements share."""

from __future__ import annotations

import re

ENGINES = ("vllm", "sglang")

# UCX's tools have a prefix of their own, where the loader does not look for libraries.
UCX_PREFIX = "/opt/aibrix/ucx"
# Where the result of the ucx stage is mounted
UCX_MOUNT = "/run/ucx"
# Folder in the result of the ucx stage with the stubs of the driver's libraries
DRIVER_STUBS = "driver-stub"
DRIVER_LIBRARIES = ("libcuda.so.1", "libnvidia-ml.so.1")

# Among AIBrix' dependencies, notes all of its runtime requirements
REQUIREMENTS = "requirements.txt"

# How engine and AIBrix are connected: written by step/image/integrate.py. The applied patch is
# beside it.
INTEGRATION_RECORD = "/opt/aibrix/integration.json"

# What the steps of the user's own packages and files have noted: written by step/extra
EXTRA_PACKAGES_RECORD = "/opt/aibrix/extra-packages.json"
EXTRA_FILES_RECORD = "/opt/aibrix/extra-files.json"

# Connector modules: AIBrix's own for vLLM, SGLang's own for AIBrix (since v0.5.x). A folder without
# __init__.py is a package, too, so the module is a file in it if there is one.
CONNECTOR_MODULES = {
    "vllm": ("aibrix_kvcache.integration.vllm.kv_connector.aibrix_pd_reuse_connector",),
    "sglang": (
        "sglang.srt.mem_cache.storage.aibrix_kvcache.aibrix_kvcache_storage",
        "sglang.srt.mem_cache.storage.aibrix_kvcache",
    ),
}

NIXL_DISTRIBUTION = re.compile(r"^nixl(-cu\d+)?$")
NIXL_VARIANT = re.compile(r"^nixl_cu\d+$")


def is_replaced(name: str) -> bool:
    """Whether the build replaces a distribution of the base (normalized name)."""
    return name == "aibrix-kvcache" or NIXL_DISTRIBUTION.match(name) is not None


def link_name(soname: str) -> str:
    """The name that a linker asks for: `libcuda.so` for `libcuda.so.1`."""
    return soname.split(".so")[0] + ".so"
