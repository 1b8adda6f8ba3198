"""Compiles UCX's tools, with CUDA and InfiniBand, under a prefix of their own: the UCX that NIXL bundles, by its release's tag or, of a branch, by its commit.

The prefix is not where the loader looks, so that no second libucp meets NIXL's in a process. The tools find their own
libraries by DT_RPATH, which outranks LD_LIBRARY_PATH: their internal structures only fit each other.

Beside bin and lib there are, for those who keep the result, source.json (version, commit), and for those who measure an
image, the link-time stubs of the driver's libraries that were compiled with; the image gets neither.
"""

import glob
import json
import os
import re
import shutil

from common import system_packages
from ..builder.checkout import Source, checkout
from common.failure import Failure, say
from common.process import run
from ..builder.toolkit import DRIVER, Toolkit, complete, link_name
from ..builder.variables import remove_others

PREFIX = "/opt/aibrix/ucx"
WORK = "/build"
TOOLS = ("ucx_info", "ucx_perftest")
STUBS = PREFIX + "/driver-stub"

AUTOTOOLS = (("autoconf", "autoconf"), ("automake", "automake"), ("libtool", "libtoolize"), ("pkg-config", "pkg-config"))
HEADERS = (("libibverbs-dev", "infiniband/verbs.h"), ("librdmacm-dev", "rdma/rdma_cma.h"))


# As UCX_VERSION: an image without tools
NO_TOOLS = "none"


def main():
    remove_others()
    version = os.environ["UCX_VERSION"]
    if version == NO_TOOLS:
        os.makedirs(PREFIX)
        say("the image gets no UCX tools")
        return
    toolkit = Toolkit()
    source = Source("ucx", "/run/ucx-source", os.environ["UCX_REPO"])
    directory = WORK + "/ucx"
    commit = checkout(source, "v" + version, os.environ.get("UCX_COMMIT", ""), directory, untagged=True)
    headers = {}
    if os.path.exists(directory + "/configure.ac"):
        headers = {"nvml.h": "nvml", "cuda.h": "cudart"}
        needed = [p for p, command in AUTOTOOLS if shutil.which(command) is None]
        needed += [p for p, header in HEADERS if not os.path.exists("/usr/include/" + header)]
        system_packages.install(needed, keep_installed=False)
    include, lib = complete(toolkit, headers, WORK + "/cuda")
    compile_in(directory, version, environment(toolkit, include, lib), toolkit)
    trim(directory)
    keep_stubs(lib)
    with open(PREFIX + "/source.json", "w", encoding="utf-8") as file:
        json.dump({"version": version, "commit": commit}, file)
    shutil.rmtree(WORK)


def environment(toolkit, include, lib):
    flags = ["-Wl,--disable-new-dtags", "-L" + lib] + ["-L" + path for path in toolkit.library_directories()]
    return {
        "PATH": "%s/bin:%s" % (toolkit.home, os.environ["PATH"]),
        "CPPFLAGS": "-isystem " + include,
        # A slim base has libcudart in the toolkit, but neither in the loader's cache nor in LD_LIBRARY_PATH
        "LDFLAGS": " ".join(flags + ["-Wl,-rpath," + path for path in toolkit.runtime_directories()]),
        "LIBRARY_PATH": lib,
    }


def compile_in(directory, version, env, toolkit):
    what = "UCX %s could not be " % version
    if os.path.exists(directory + "/autogen.sh"):
        run(["sh", "./autogen.sh"], what + "prepared", env=env, cwd=directory)
    script = next((s for s in ("contrib/configure-release-mt", "contrib/configure-release", "configure") if os.path.exists(directory + "/" + s)), None)
    if script is None:
        raise Failure("UCX %s has no configure script; check that ucx-repository is UCX." % version)
    options = ["--prefix=" + PREFIX, "--with-cuda=" + toolkit.home, "--with-verbs", "--with-rdmacm", "--with-mlx5", "--enable-cma",
               "--enable-shared", "--disable-static", "--without-java", "--without-go", "--disable-doxygen-doc"]
    run(["./" + script] + options, what + "configured", env=env, cwd=directory)
    run(["make", "-s", "-j%d" % (os.cpu_count() or 1)], what + "compiled", env=env, cwd=directory, cause_first=True)
    run(["make", "-s", "install"], what + "installed", env=env, cwd=directory)


def trim(directory):
    """Leaves the tools, the libraries they load, and the licence."""
    for name in ("include", "share", "lib/cmake", "lib/pkgconfig"):
        shutil.rmtree(PREFIX + "/" + name, ignore_errors=True)
    for path in glob.glob(PREFIX + "/bin/*"):
        if os.path.basename(path) not in TOOLS:
            os.unlink(path)
    for path in glob.glob(PREFIX + "/lib/**/*", recursive=True):
        if path.endswith((".a", ".la")):
            os.unlink(path)
        elif re.search(r"\.so(\.|$)", path) and not os.path.islink(path):
            run(["strip", "--strip-unneeded", path], "%s could not be stripped" % path)
    for tool in TOOLS:
        if not os.path.isfile(PREFIX + "/bin/" + tool):
            raise Failure("UCX was built without %s." % tool)
        run(["strip", PREFIX + "/bin/" + tool], "%s could not be stripped" % tool)
    for name in ("LICENSE",):
        if os.path.isfile(directory + "/" + name):
            shutil.copy(directory + "/" + name, PREFIX)
    say("UCX tools with " + ", ".join(sorted(os.path.basename(p) for p in glob.glob(PREFIX + "/lib/ucx/*.so"))))


def keep_stubs(lib):
    """Keeps the driver's stubs, the toolkit's own or those made for it, under the names that a loader asks for."""
    os.makedirs(STUBS)
    for soname, _, _, _ in DRIVER:
        stub = lib + "/" + link_name(soname)
        if os.path.isfile(stub):
            shutil.copyfile(stub, STUBS + "/" + soname)
