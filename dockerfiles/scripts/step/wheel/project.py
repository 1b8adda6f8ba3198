"""AIBrix' project at the wanted commit, and what its own build needs."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping

from common.failure import Failure
from common.requirements import build_requirements, read_toml
from common.run_pip import pip

from ..builder.checkout import Source, checkout, has_version_tag
from ..builder.toolkit import Toolkit, fill_gaps, flags_for

WORK = "/build"

# Headers that torch's CUDA headers include (ATen/cuda/CUDAContextLight.h) → part of PyPI's
# cuda-toolkit
HEADERS = {
    "cuda_runtime_api.h": "cudart",
    "cublas_v2.h": "cublas",
    "cublasLt.h": "cublas",
    "cusparse.h": "cusparse",
    "cusolverDn.h": "cusolver",
    "curand_kernel.h": "curand",
}


class Project:
    """folder: the checked out project. ref: as wanted. commit: its 40 digits."""

    def __init__(self) -> None:
        self.ref = os.environ["AIBRIX_BRANCH"]
        source = Source("aibrix", "/run/aibrix-source", os.environ["AIBRIX_REPO"])
        self.commit = checkout(source, self.ref, os.environ.get("AIBRIX_COMMIT", ""), f"{WORK}/aibrix")
        self.folder = f"{WORK}/aibrix/python/aibrix_kvcache"
        self.is_tagged = has_version_tag(source, f"{WORK}/aibrix")
        if not os.path.isfile(f"{self.folder}/pyproject.toml"):
            raise Failure(
                f"AIBrix {self.ref} has no python/aibrix_kvcache/pyproject.toml; "
                "check that aibrix-repository is AIBrix, of v0.5.0 or later."
            )

    def failed(self, what: str) -> str:
        """The sentence for a build that fails; `what` is what could not be done."""
        if self.is_tagged:
            return what
        return f"{what} (there is no tag at or before this commit, from which its version could be counted)"


def tools_environment(project: str, toolkit: Toolkit) -> dict[str, str]:
    """Installs the project's build requirements beside the base; returns variables that find them."""
    tools = f"{WORK}/tools"
    requires = build_requirements(f"{project}/pyproject.toml")
    if requires:
        pip(["install", "-q", "--no-cache-dir", "--no-compile", "--target", tools, *requires],
            "the build requirements of aibrix_kvcache could not be installed")
    return {
        "AIBRIX_TARGET_DEVICE": "cuda",
        "CUDA_HOME": toolkit.home,
        "PYTHONPATH": first(tools, "PYTHONPATH"),
        "PATH": f"{tools}/bin:{toolkit.home}/bin:{os.environ['PATH']}",
        "VERBOSE": "0",
    }


def compiler_environment(
    project: str, toolkit: Toolkit, architectures: Collection[str], compilers: Mapping[str, str]
) -> dict[str, str]:
    """Completes the toolkit; returns the variables of a build that compiles.

    compilers: the variables that choose compilers, which the result includes
    """
    has_own_backend = "backend-path" in read_toml(f"{project}/pyproject.toml").get("build-system", {})
    include, lib = fill_gaps(toolkit, {} if has_own_backend else HEADERS, f"{WORK}/cuda")
    nvcc_flags = [flags_for(architectures), compilers.get("NVCC_APPEND_FLAGS")]
    return {
        **compilers,
        # The project removes -gencode and ignores TORCH_CUDA_ARCH_LIST (its CMakeLists.txt); nvcc
        # itself reads this
        "NVCC_APPEND_FLAGS": " ".join(flag for flag in nvcc_flags if flag),
        "CPATH": first(include, "CPATH"),
        "LIBRARY_PATH": first(lib, "LIBRARY_PATH"),
        # -s of ld(1): no symbol table and no debug information in the extension
        "LDFLAGS": f"-Wl,-s -L{lib}",
    }


def first(value: str, name: str) -> str:
    """The list of a variable with a value in front."""
    return ":".join(part for part in (value, os.environ.get(name)) if part)
