"""Compiles UCX's tools with CUDA and InfiniBand.

It is the UCX that NIXL bundles, at its release's tag or a branch's commit.

The tools have a prefix of their own, where the loader does not look, so that no second libucp meets
NIXL's in a process. They find their own libraries by DT_RPATH, which outranks LD_LIBRARY_PATH:
their internal structures only fit each other.

Beside bin and lib, the result has source.json (version, commit) for those who store it, and the
link-time stubs of the driver's libraries for measurements; the image gets neither.
"""

from __future__ import annotations

import glob
import json
import os
import re
import shutil

from common import system_packages
from common.constants import DRIVER_STUBS, UCX_PREFIX, link_name
from common.failure import Failure, say
from common.process import run

from ..builder.checkout import Source, checkout
from ..builder.toolkit import DRIVER, Toolkit, fill_gaps
from ..builder.variables import remove_others

WORK = "/build"
TOOLS = ("ucx_info", "ucx_perftest")
STUBS = f"{UCX_PREFIX}/{DRIVER_STUBS}"

# Package → command
AUTOTOOLS = {"autoconf": "autoconf", "automake": "automake", "libtool": "libtoolize", "pkg-config": "pkg-config"}
# Package → header
HEADERS = {"libibverbs-dev": "infiniband/verbs.h", "librdmacm-dev": "rdma/rdma_cma.h"}
# Header → part of PyPI's cuda-toolkit
CUDA_HEADERS = {"nvml.h": "nvml", "cuda.h": "cudart"}

# The first that exists configures a release build
SCRIPTS = ("contrib/configure-release-mt", "contrib/configure-release", "configure")
OPTIONS = (
    "--with-verbs", "--with-rdmacm", "--with-mlx5", "--enable-cma", "--enable-shared", "--disable-static",
    "--without-java", "--without-go", "--disable-doxygen-doc",
)

# As UCX_VERSION: an image without tools
NO_TOOLS = "none"


def main() -> None:
    remove_others()
    version = os.environ["UCX_VERSION"]
    if version == NO_TOOLS:
        os.makedirs(UCX_PREFIX)
        say("the image gets no UCX tools")
        return
    toolkit = Toolkit()
    source = Source("ucx", "/run/ucx-source", os.environ["UCX_REPO"])
    directory = f"{WORK}/ucx"
    commit = checkout(source, f"v{version}", os.environ.get("UCX_COMMIT", ""), directory, untagged=True)
    headers = {}
    if os.path.exists(f"{directory}/configure.ac"):
        headers = CUDA_HEADERS
        needed = [package for package, command in AUTOTOOLS.items() if shutil.which(command) is None]
        needed += [package for package, header in HEADERS.items() if not os.path.exists(f"/usr/include/{header}")]
        system_packages.install(needed, keep_installed=False)
    include, lib = fill_gaps(toolkit, headers, f"{WORK}/cuda")
    compile_in(directory, version, environment(toolkit, include, lib), toolkit)
    trim(directory)
    keep_stubs(lib)
    with open(f"{UCX_PREFIX}/source.json", "w", encoding="utf-8") as file:
        json.dump({"version": version, "commit": commit}, file)
    shutil.rmtree(WORK)


def environment(toolkit: Toolkit, include: str, lib: str) -> dict[str, str]:
    flags = ["-Wl,--disable-new-dtags", f"-L{lib}", *(f"-L{path}" for path in toolkit.library_directories())]
    return {
        "PATH": f"{toolkit.home}/bin:{os.environ['PATH']}",
        "CPPFLAGS": f"-isystem {include}",
        # A slim base has libcudart in the toolkit, but neither in the loader's cache nor in
        # LD_LIBRARY_PATH
        "LDFLAGS": " ".join([*flags, *(f"-Wl,-rpath,{path}" for path in toolkit.runtime_directories())]),
        "LIBRARY_PATH": lib,
    }


def compile_in(directory: str, version: str, env: dict[str, str], toolkit: Toolkit) -> None:
    what = f"UCX {version} could not be"
    if os.path.exists(f"{directory}/autogen.sh"):
        run(["sh", "./autogen.sh"], f"{what} prepared", env=env, cwd=directory)
    script = next((script for script in SCRIPTS if os.path.exists(f"{directory}/{script}")), None)
    if script is None:
        raise Failure(f"UCX {version} has no configure script; check that ucx-repository is UCX.")
    options = [f"--prefix={UCX_PREFIX}", f"--with-cuda={toolkit.home}", *OPTIONS]
    run([f"./{script}", *options], f"{what} configured", env=env, cwd=directory)
    run(["make", "-s", f"-j{os.cpu_count() or 1}"], f"{what} compiled", env=env, cwd=directory, cause_first=True)
    run(["make", "-s", "install"], f"{what} installed", env=env, cwd=directory)


def trim(directory: str) -> None:
    """Leaves the tools, the libraries that they load, and the licence."""
    for name in ("include", "share", "lib/cmake", "lib/pkgconfig"):
        shutil.rmtree(f"{UCX_PREFIX}/{name}", ignore_errors=True)
    for path in glob.glob(f"{UCX_PREFIX}/bin/*"):
        if os.path.basename(path) not in TOOLS:
            os.unlink(path)
    for path in glob.glob(f"{UCX_PREFIX}/lib/**/*", recursive=True):
        if path.endswith((".a", ".la")):
            os.unlink(path)
        elif re.search(r"\.so(\.|$)", path) and not os.path.islink(path):
            run(["strip", "--strip-unneeded", path], f"{path} could not be stripped")
    for tool in TOOLS:
        if not os.path.isfile(f"{UCX_PREFIX}/bin/{tool}"):
            raise Failure(f"UCX was built without {tool}.")
        run(["strip", f"{UCX_PREFIX}/bin/{tool}"], f"{tool} could not be stripped")
    if os.path.isfile(f"{directory}/LICENSE"):
        shutil.copy(f"{directory}/LICENSE", UCX_PREFIX)
    modules = sorted(os.path.basename(path) for path in glob.glob(f"{UCX_PREFIX}/lib/ucx/*.so"))
    say(f"UCX tools with {', '.join(modules)}")


def keep_stubs(lib: str) -> None:
    """Keeps the stubs of the driver's libraries under the names that a loader asks for."""
    os.makedirs(STUBS)
    for soname, _, _, _ in DRIVER:
        stub = f"{lib}/{link_name(soname)}"
        if os.path.isfile(stub):
            shutil.copyfile(stub, f"{STUBS}/{soname}")
