"""The base's CUDA toolkit: where it is, what it knows, and what has to be put beside it to compile without a GPU."""

import glob
import os
import platform
import re
import sysconfig

from common import cuda
from common.failure import Failure, say
from common.process import answer, run
from common.python_packages import pip

# The architectures of the GPUs that serve models today; those that the toolkit knows are the default.
USUAL = ("8.0", "8.9", "9.0", "10.0", "12.0")

# Names of NVIDIA's folders for a machine (`uname -m`); server arm is sbsa
TARGETS = {"x86_64": "x86_64-linux", "aarch64": "sbsa-linux"}

# Libraries of the driver, which a build machine does not have: soname, header, prefix of the functions, and names that
# the header only has as macros.
DRIVER = (
    ("libcuda.so.1", "cuda.h", "cu", ()),
    ("libnvidia-ml.so.1", "nvml.h", "nvml", ("nvmlInit", "nvmlInit_v2")),
)


class Toolkit:
    """home: its directory. nvcc: the compiler's path. version: `13.0`."""

    def __init__(self):
        found = cuda.toolkit()
        if found is None and cuda.homes():
            raise Failure("%s/bin/nvcc does not tell its version." % cuda.homes()[0])
        if found is None:
            raise Failure("the base image has no CUDA compiler (nvcc); AIBrix's extension is compiled against the base's own toolkit. "
                          "Choose an image variant with a toolkit.")
        self.home, self.version = found
        self.nvcc = self.home + "/bin/nvcc"

    def chosen(self, wanted):
        """The architectures to compile for. wanted: `auto`, or names with blanks or commas between."""
        known = cuda.architectures(self.home)
        names = wanted.replace(",", " ").split()
        if names == ["auto"]:
            names = [name for name in USUAL if name in known]
        unknown = [name for name in names if name not in known]
        if unknown or not names:
            raise Failure("gpu-architectures: nvcc %s of the base does not know %s; it knows %s." % (
                self.version, ", ".join(unknown) or "any of " + " ".join(USUAL), " ".join(known) or "none"))
        return names

    def include_directories(self):
        found = [self.home + "/include"] + glob.glob(self.home + "/targets/*/include")
        return [path for path in found if os.path.isdir(path)]

    def library_directories(self):
        found = [self.home + "/lib64", self.home + "/lib"] + glob.glob(self.home + "/targets/*/lib")
        return [path for path in found if os.path.isdir(path)]

    def runtime_directories(self):
        """Where a toolkit in this place may have libcudart, whether or not this one has it there: what is compiled is kept for all of them."""
        target = TARGETS.get(platform.machine())
        return [self.home + "/lib64", self.home + "/lib"] + (["%s/targets/%s/lib" % (self.home, target)] if target else [])


def flags_for(names):
    """nvcc options for machine code of each architecture, and PTX of the newest for GPUs that are not there yet."""
    numbers = [name.replace(".", "") for name in names]
    flags = ["-gencode arch=compute_%s,code=sm_%s" % (number, number) for number in numbers]
    newest = max(numbers, key=int)
    return " ".join(flags + ["-gencode arch=compute_%s,code=compute_%s" % (newest, newest)])


def complete(toolkit, headers, directory):
    """Makes directory/include and directory/lib with what a slim toolkit lacks, and nothing that it has.

    Headers come from the nvidia packages that torch brought; `headers`, a map from a header that is needed to the part of
    PyPI's cuda-toolkit that has it, says what to get from the package index when it is not there either.
    Returns (include, lib).
    """
    include, lib = directory + "/include", directory + "/lib"
    os.makedirs(include)
    os.makedirs(lib)
    own = {name for path in toolkit.include_directories() for name in os.listdir(path)}
    if not own:
        # Not a toolkit with headers at all (or no toolkit that we know): nothing to complete
        return include, lib
    site = sysconfig.get_paths()["platlib"]
    link_missing(site, own, toolkit, include, lib)
    parts = sorted({part for header, part in headers.items() if header not in own and not os.path.exists(include + "/" + header)})
    if parts:
        extra = directory + "/packages"
        say("headers of %s come from the package index" % ", ".join(parts))
        pip(["install", "-q", "--no-cache-dir", "--no-compile", "--target", extra, "cuda-toolkit[%s]==%s.*" % (",".join(parts), toolkit.version)],
            "CUDA %s headers that the base lacks (%s) could not be installed" % (toolkit.version, ", ".join(parts)))
        link_missing(extra, own, toolkit, include, lib)
    stubs(toolkit, include, lib)
    return include, lib


def link_missing(site, own, toolkit, include, lib):
    """Links headers, and libraries under the name that a linker asks for, from the nvidia packages in `site`."""
    for path in glob.glob(site + "/nvidia/*/include"):
        for name in os.listdir(path):
            if name not in own and not os.path.lexists(include + "/" + name):
                os.symlink(path + "/" + name, include + "/" + name)
    for path in sorted(glob.glob(site + "/nvidia/*/lib/lib*.so*")):
        name = os.path.basename(path).split(".so")[0] + ".so"
        there = any(os.path.exists(d + "/" + name) for d in toolkit.library_directories())
        if not there and not os.path.lexists(lib + "/" + name):
            os.symlink(path, lib + "/" + name)


def link_name(soname):
    """The name that a linker asks for: `libcuda.so` for `libcuda.so.1`."""
    return soname.split(".so")[0] + ".so"


def stubs(toolkit, include, lib):
    """Makes link-time stand-ins for the driver's libraries where the toolkit has none: every function that the header
    declares, returning an error. At run time the driver's library takes its place."""
    for soname, header, prefix, more in DRIVER:
        name = link_name(soname)
        given = next((p for d in toolkit.library_directories() for p in (d + "/stubs/" + name,) if os.path.exists(p)), None)
        if given:
            os.symlink(given, lib + "/" + name)
            continue
        places = toolkit.include_directories() + [include]
        if not any(os.path.exists(path + "/" + header) for path in places):
            continue
        functions = set(more)
        for define in ([], ["-D__CUDA_API_VERSION_INTERNAL"], ["-DCUDA_API_PER_THREAD_DEFAULT_STREAM"]):
            text = answer(["g++", "-E", "-P"] + define + ["-I" + p for p in places] + ["-include", header, "-x", "c", "/dev/null"]) or ""
            functions.update(re.findall(r"\b(%s[A-Z]\w*) *\(" % prefix, text))
        source = lib + "/" + name + ".c"
        with open(source, "w", encoding="utf-8") as file:
            file.writelines("int %s(void){return 999;}\n" % function for function in sorted(functions))
        run(["gcc", "-shared", "-fPIC", "-fno-builtin", "-Wl,-soname," + soname, "-o", lib + "/" + name, source],
            "the link-time stand-in for %s could not be compiled" % soname)
