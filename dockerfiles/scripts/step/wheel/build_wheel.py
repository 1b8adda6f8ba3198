"""Compiles aibrix_kvcache against the base's own torch, CUDA and Python. The result is /wheel:

    aibrix_kvcache-*.whl      dependencies/*.whl (of runtime requirements that the base lacks)
    patches/*.patch           source.json (commit, version, architectures)
"""

import glob
import json
import os
import shutil
import zipfile

from ..builder.checkout import Source, checkout, has_version_tag
from common import cxx_standard
from common.beside_the_base import pip_beside_the_base
from common.failure import Failure, say, warn
from common.python_packages import pip
from common.requirements import build_requirements, present, read_toml, runtime_requirements, sort_out
from ..builder.toolkit import Toolkit, complete, flags_for
from ..builder.variables import remove_others
from . import cxx_compilers

RESULT = "/wheel"
WORK = "/build"

# Headers that torch's CUDA headers include (ATen/cuda/CUDAContextLight.h), and the part of the toolkit they are in
HEADERS = {
    "cuda_runtime_api.h": "cudart",
    "cublas_v2.h": "cublas",
    "cublasLt.h": "cublas",
    "cusparse.h": "cusparse",
    "cusolverDn.h": "cusolver",
    "curand_kernel.h": "curand",
}


def main():
    remove_others()
    toolkit = Toolkit()
    names = toolkit.chosen(os.environ["GPU_ARCHITECTURES"])
    torch = cxx_standard.torch_directory()
    compilers = cxx_compilers.environment(torch and cxx_standard.asked_by(torch), toolkit.nvcc, WORK + "/compiler")
    ref = os.environ["AIBRIX_BRANCH"]
    source = Source("aibrix", "/run/aibrix-source", os.environ["AIBRIX_REPO"])
    commit = checkout(source, ref, os.environ.get("AIBRIX_COMMIT", ""), WORK + "/aibrix")
    project = WORK + "/aibrix/python/aibrix_kvcache"
    if not os.path.isfile(project + "/pyproject.toml"):
        raise Failure("AIBrix %s has no python/aibrix_kvcache/pyproject.toml; check that aibrix-repository is AIBrix, of v0.5.0 or later." % ref)

    environment = prepare(project, toolkit, names, compilers)
    os.makedirs(RESULT + "/dependencies")
    say("compiling for " + " ".join(names))
    what = "aibrix_kvcache %s could not be compiled" % ref
    if not has_version_tag(source, WORK + "/aibrix"):
        what += " (there is no tag at or before this commit, from which its version could be counted)"
    pip(["wheel", "-v", "--no-build-isolation", "--no-deps", "--no-cache-dir", "-w", RESULT, project],
        what, env=environment, online=False, cause_first=True)
    wheel = glob.glob(RESULT + "/*.whl")[0]
    check(wheel)
    dependencies(wheel)
    patches = glob.glob(project + "/integration/vllm/patches/*.patch")
    os.makedirs(RESULT + "/patches")
    for path in patches:
        shutil.copy(path, RESULT + "/patches")
    with open(RESULT + "/source.json", "w", encoding="utf-8") as file:
        version = os.path.basename(wheel).split("-")[1]
        json.dump({"ref": ref, "commit": commit, "version": version, "gpuArchitectures": names}, file)
    shutil.rmtree(WORK)
    say("%s, %d kB" % (os.path.basename(wheel), os.path.getsize(wheel) // 1024))


def prepare(project, toolkit, names, compilers):
    """Puts beside the base what the project needs to be built; returns the environment that shows it to the build.

    compilers: variables for them, to which those of the build are added
    """
    own_backend = "backend-path" in read_toml(project + "/pyproject.toml").get("build-system", {})
    include, lib = complete(toolkit, {} if own_backend else HEADERS, WORK + "/cuda")
    tools = WORK + "/tools"
    requires = build_requirements(project + "/pyproject.toml")
    if requires:
        pip(["install", "-q", "--no-cache-dir", "--no-compile", "--target", tools] + requires, "the build requirements of aibrix_kvcache could not be installed")

    def first(value, name):
        return ":".join(part for part in (value, os.environ.get(name)) if part)

    return {
        **compilers,
        "AIBRIX_TARGET_DEVICE": "cuda",
        "CUDA_HOME": toolkit.home,
        # The project strips -gencode and ignores TORCH_CUDA_ARCH_LIST (its CMakeLists.txt); nvcc itself reads this
        "NVCC_APPEND_FLAGS": " ".join([flags_for(names)] + [flag for flag in [compilers.get("NVCC_APPEND_FLAGS")] if flag]),
        "PYTHONPATH": first(tools, "PYTHONPATH"),
        "PATH": "%s/bin:%s/bin:%s" % (tools, toolkit.home, os.environ["PATH"]),
        "CPATH": first(include, "CPATH"),
        "LIBRARY_PATH": first(lib, "LIBRARY_PATH"),
        # No symbol table and debug information in the extension: -s of ld(1)
        "LDFLAGS": "-Wl,-s -L" + lib,
        "VERBOSE": "0",
    }


def check(wheel):
    """Only tells: whether a wheel without its extension will do is judged by a gate, from the finished image."""
    with zipfile.ZipFile(wheel) as archive:
        if not any(os.path.basename(name).startswith("_aibrix_C") and name.endswith(".so") for name in archive.namelist()):
            warn("%s has no compiled extension (_aibrix_C*.so): its build did not see the base's CUDA." % os.path.basename(wheel))


def dependencies(wheel):
    """Makes wheels of the runtime requirements that the base lacks: netifaces has no wheel on PyPI, and the image no compiler.

    The result may serve another base with the same torch and Python, which lacks what this one has. So a requirement that is
    here, and that the package index has no wheel of, is made, too; torch is in every base that the wheel fits.
    """
    required = runtime_requirements(wheel)
    missing, _ = sort_out(required)
    folder = RESULT + "/dependencies"
    command = ["wheel", "-q", "--prefer-binary", "--no-deps", "--no-cache-dir", "-w", folder]
    if missing:
        pip_beside_the_base(command, missing, "runtime requirements of aibrix_kvcache could not be had")
    for requirement in [text for text in present(required, missing) if not has_wheel(text)]:
        try:
            pip(command + [requirement], "no wheel of %s could be made" % requirement)
        except Failure as failure:
            warn("%s; this matters only to a base that lacks it." % failure)


def has_wheel(requirement):
    """Whether the package index has a wheel of it for this Python."""
    try:
        pip(["download", "-q", "--only-binary=:all:", "--no-deps", "--no-cache-dir", "-d", "/tmp/download", requirement], "there is no wheel of " + requirement)
    except Failure:
        return False
    finally:
        shutil.rmtree("/tmp/download", ignore_errors=True)
    return True
