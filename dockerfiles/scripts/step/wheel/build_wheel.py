"""Compiles aibrix_kvcache against the base's own torch, CUDA and Python. The result is /wheel:

    aibrix_kvcache-*.whl      dependencies/*.whl (runtime requirements that the base lacks)
    patches/*.patch           source.json (ref, commit, version, architectures)
"""

from __future__ import annotations

import glob
import json
import os
import shutil
import zipfile
from collections.abc import Collection, Mapping

from common import cxx_standard
from common.beside_the_base import pip_beside_the_base
from common.failure import Failure, say, warn
from common.packages import package_directory
from common.requirements import build_requirements, present, read_toml, runtime_requirements, split_by_installed
from common.run_pip import pip

from ..builder.checkout import Source, checkout, has_version_tag
from ..builder.toolkit import Toolkit, fill_gaps, flags_for
from ..builder.variables import remove_others
from . import cxx_compilers

RESULT = "/wheel"
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


def main() -> None:
    remove_others()
    toolkit = Toolkit()
    architectures = toolkit.chosen(os.environ["GPU_ARCHITECTURES"])
    torch = package_directory("torch")
    standard = torch and cxx_standard.required_by(torch)
    compilers = cxx_compilers.environment(standard, toolkit.nvcc, f"{WORK}/compiler")
    ref = os.environ["AIBRIX_BRANCH"]
    source = Source("aibrix", "/run/aibrix-source", os.environ["AIBRIX_REPO"])
    commit = checkout(source, ref, os.environ.get("AIBRIX_COMMIT", ""), f"{WORK}/aibrix")
    project = f"{WORK}/aibrix/python/aibrix_kvcache"
    if not os.path.isfile(f"{project}/pyproject.toml"):
        raise Failure(
            f"AIBrix {ref} has no python/aibrix_kvcache/pyproject.toml; "
            "check that aibrix-repository is AIBrix, of v0.5.0 or later."
        )
    environment = prepare(project, toolkit, architectures, compilers)
    os.makedirs(f"{RESULT}/dependencies")
    say(f"compiling for {' '.join(architectures)}")
    wheel = compile_wheel(project, ref, has_version_tag(source, f"{WORK}/aibrix"), environment)
    check(wheel)
    add_dependencies(wheel)
    os.makedirs(f"{RESULT}/patches")
    for path in glob.glob(f"{project}/integration/vllm/patches/*.patch"):
        shutil.copy(path, f"{RESULT}/patches")
    with open(f"{RESULT}/source.json", "w", encoding="utf-8") as file:
        version = os.path.basename(wheel).split("-")[1]
        json.dump({"ref": ref, "commit": commit, "version": version, "gpuArchitectures": architectures}, file)
    shutil.rmtree(WORK)
    say(f"{os.path.basename(wheel)}, {os.path.getsize(wheel) // 1024} kB")


def compile_wheel(project: str, ref: str, is_tagged: bool, environment: Mapping[str, str]) -> str:
    """Compiles the project and returns the wheel's path."""
    what = f"aibrix_kvcache {ref} could not be compiled"
    if not is_tagged:
        what += " (there is no tag at or before this commit, from which its version could be counted)"
    options = ["-v", "--no-build-isolation", "--no-deps", "--no-cache-dir"]
    pip(["wheel", *options, "-w", RESULT, project], what, env=environment, online=False, cause_first=True)
    return glob.glob(f"{RESULT}/*.whl")[0]


def prepare(
    project: str, toolkit: Toolkit, architectures: Collection[str], compilers: Mapping[str, str]
) -> dict[str, str]:
    """Installs the project's build requirements beside the base; returns the build's environment.

    compilers: the variables that choose compilers, which the environment includes
    """
    pyproject = f"{project}/pyproject.toml"
    has_own_backend = "backend-path" in read_toml(pyproject).get("build-system", {})
    include, lib = fill_gaps(toolkit, {} if has_own_backend else HEADERS, f"{WORK}/cuda")
    tools = f"{WORK}/tools"
    requires = build_requirements(pyproject)
    if requires:
        pip(["install", "-q", "--no-cache-dir", "--no-compile", "--target", tools, *requires],
            "the build requirements of aibrix_kvcache could not be installed")

    def first(value: str, name: str) -> str:
        return ":".join(part for part in (value, os.environ.get(name)) if part)

    nvcc_flags = [flags_for(architectures), compilers.get("NVCC_APPEND_FLAGS")]
    return {
        **compilers,
        "AIBRIX_TARGET_DEVICE": "cuda",
        "CUDA_HOME": toolkit.home,
        # The project removes -gencode and ignores TORCH_CUDA_ARCH_LIST (its CMakeLists.txt); nvcc
        # itself reads this
        "NVCC_APPEND_FLAGS": " ".join(flag for flag in nvcc_flags if flag),
        "PYTHONPATH": first(tools, "PYTHONPATH"),
        "PATH": f"{tools}/bin:{toolkit.home}/bin:{os.environ['PATH']}",
        "CPATH": first(include, "CPATH"),
        "LIBRARY_PATH": first(lib, "LIBRARY_PATH"),
        # -s of ld(1): no symbol table and no debug information in the extension
        "LDFLAGS": f"-Wl,-s -L{lib}",
        "VERBOSE": "0",
    }


def check(wheel: str) -> None:
    """Warns about a wheel without its extension; a gate judges it in the finished image."""
    with zipfile.ZipFile(wheel) as archive:
        names = [os.path.basename(name) for name in archive.namelist()]
    if not any(name.startswith("_aibrix_C") and name.endswith(".so") for name in names):
        warn(
            f"{os.path.basename(wheel)} has no compiled extension (_aibrix_C*.so): "
            "its build did not see the base's CUDA."
        )


def add_dependencies(wheel: str) -> None:
    """Builds wheels of the runtime requirements that the base lacks.

    For example, netifaces has no wheel on PyPI, and the image no compiler.

    Another base with the same torch and Python may reuse the result and lack what this base has. So
    a requirement that this base has is built, too, if the package index has no wheel of it; torch
    is in every base that the wheel fits.
    """
    required = runtime_requirements(wheel)
    missing, _ = split_by_installed(required)
    folder = f"{RESULT}/dependencies"
    command = ["wheel", "-q", "--prefer-binary", "--no-deps", "--no-cache-dir", "-w", folder]
    if missing:
        what = "wheels of the runtime requirements of aibrix_kvcache could not be downloaded or built"
        pip_beside_the_base(command, missing, what)
    for requirement in [text for text in present(required, missing) if not has_wheel(text)]:
        try:
            pip([*command, requirement], f"no wheel of {requirement} could be built")
        except Failure as failure:
            warn(f"{failure}; this matters only to a base that lacks it.")


def has_wheel(requirement: str) -> bool:
    """Whether the package index has a wheel of a requirement for this Python."""
    options = ["-q", "--only-binary=:all:", "--no-deps", "--no-cache-dir", "-d", "/tmp/download"]
    try:
        pip(["download", *options, requirement], f"there is no wheel of {requirement}")
    except Failure:
        return False
    finally:
        shutil.rmtree("/tmp/download", ignore_errors=True)
    return True
