"""The base's CUDA toolkit, completed so that it compiles without a GPU."""

from __future__ import annotations

import glob
import os
import platform
import re
import sysconfig
from collections.abc import Collection, Mapping

from common import cuda
from common.constants import DRIVER_LIBRARIES, link_name
from common.failure import Failure, say
from common.process import output_of, run
from common.run_pip import pip

# Architectures of the GPUs that serve models today; `auto` compiles for those that the toolkit
# supports.
USUAL = ("8.0", "8.9", "9.0", "10.0", "12.0")

# NVIDIA's folder for a machine (`uname -m`); server arm is sbsa
TARGETS = {"x86_64": "x86_64-linux", "aarch64": "sbsa-linux"}

# Libraries of the driver, which a build machine does not have: soname, header, prefix of the
# functions, and names that the header only has as macros.
DRIVER = (
    (DRIVER_LIBRARIES[0], "cuda.h", "cu", ()),
    (DRIVER_LIBRARIES[1], "nvml.h", "nvml", ("nvmlInit", "nvmlInit_v2")),
)


class Toolkit:
    """home: its directory. nvcc: the compiler's path. version: `13.0`."""

    def __init__(self) -> None:
        found = cuda.toolkit()
        if found is None and cuda.homes():
            raise Failure(f"{cuda.homes()[0]}/bin/nvcc does not report its version.")
        if found is None:
            raise Failure(
                "the base image has no CUDA compiler (nvcc); AIBrix's extension is compiled against the base's own "
                "toolkit. Choose an image variant with a toolkit."
            )
        self.home, self.version = found
        self.nvcc = f"{self.home}/bin/nvcc"

    def chosen(self, wanted: str) -> list[str]:
        """The architectures to compile for.

        wanted: `auto`, or names separated by blanks or commas.
        """
        known = cuda.architectures(self.home)
        names = wanted.replace(",", " ").split()
        if names == ["auto"]:
            names = [name for name in USUAL if name in known]
        unknown = [name for name in names if name not in known]
        if unknown or not names:
            lacking = ", ".join(unknown) or f"any of {' '.join(USUAL)}"
            raise Failure(
                f"gpu-architectures: nvcc {self.version} of the base does not know {lacking}; "
                f"it knows {' '.join(known) or 'none'}."
            )
        return names

    def include_directories(self) -> list[str]:
        found = [f"{self.home}/include", *glob.glob(f"{self.home}/targets/*/include")]
        return [path for path in found if os.path.isdir(path)]

    def library_directories(self) -> list[str]:
        found = [f"{self.home}/lib64", f"{self.home}/lib", *glob.glob(f"{self.home}/targets/*/lib")]
        return [path for path in found if os.path.isdir(path)]

    def runtime_directories(self) -> list[str]:
        """Where any toolkit at this path may have libcudart.

        The compiled result is stored for other toolkits at this path, so that more is named than
        this one has.
        """
        target = TARGETS.get(platform.machine())
        return [f"{self.home}/lib64", f"{self.home}/lib"] + ([f"{self.home}/targets/{target}/lib"] if target else [])


def flags_for(names: Collection[str]) -> str:
    """nvcc's options for machine code of each architecture, and for PTX for GPUs to come."""
    numbers = [name.replace(".", "") for name in names]
    flags = [f"-gencode arch=compute_{number},code=sm_{number}" for number in numbers]
    newest = max(numbers, key=int)
    return " ".join([*flags, f"-gencode arch=compute_{newest},code=compute_{newest}"])


def fill_gaps(toolkit: Toolkit, headers: Mapping[str, str], directory: str) -> tuple[str, str]:
    """Fills directory/include and directory/lib with what a slim toolkit lacks.

    Returns (include, lib).

    Headers come from the nvidia packages that torch requires, or else from the package index.
    headers: needed header → the part of PyPI's cuda-toolkit that has it.
    """
    include, lib = f"{directory}/include", f"{directory}/lib"
    os.makedirs(include)
    os.makedirs(lib)
    own = {name for path in toolkit.include_directories() for name in os.listdir(path)}
    if not own:
        # A toolkit without headers, or in an unknown layout: nothing to fill
        return include, lib
    link_missing(sysconfig.get_paths()["platlib"], own, toolkit, include, lib)
    missing = [name for name in headers if name not in own and not os.path.exists(f"{include}/{name}")]
    parts = sorted({headers[name] for name in missing})
    if parts:
        extra = f"{directory}/packages"
        say(f"headers of {', '.join(parts)} come from the package index")
        package = f"cuda-toolkit[{','.join(parts)}]=={toolkit.version}.*"
        pip(["install", "-q", "--no-cache-dir", "--no-compile", "--target", extra, package],
            f"CUDA {toolkit.version} headers that the base lacks ({', '.join(parts)}) could not be installed")
        link_missing(extra, own, toolkit, include, lib)
    add_driver_stubs(toolkit, include, lib)
    return include, lib


def link_missing(site: str, own: Collection[str], toolkit: Toolkit, include: str, lib: str) -> None:
    """Links headers and libraries of the nvidia packages in `site`.

    Libraries get the name that a linker asks for.
    """
    for path in glob.glob(f"{site}/nvidia/*/include"):
        for name in os.listdir(path):
            if name not in own and not os.path.lexists(f"{include}/{name}"):
                os.symlink(f"{path}/{name}", f"{include}/{name}")
    for path in sorted(glob.glob(f"{site}/nvidia/*/lib/lib*.so*")):
        name = link_name(os.path.basename(path))
        in_toolkit = any(os.path.exists(f"{folder}/{name}") for folder in toolkit.library_directories())
        if not in_toolkit and not os.path.lexists(f"{lib}/{name}"):
            os.symlink(path, f"{lib}/{name}")


def add_driver_stubs(toolkit: Toolkit, include: str, lib: str) -> None:
    """Adds link-time stubs of the driver's libraries: the toolkit's own, or else compiled ones.

    A compiled stub has every function that the header declares, and each returns an error. At run
    time the driver's library takes its place.
    """
    for soname, header, prefix, more in DRIVER:
        name = link_name(soname)
        stubs = [f"{folder}/stubs/{name}" for folder in toolkit.library_directories()]
        given = next(filter(os.path.exists, stubs), None)
        if given:
            os.symlink(given, f"{lib}/{name}")
            continue
        folders = [*toolkit.include_directories(), include]
        if any(os.path.exists(f"{path}/{header}") for path in folders):
            functions = {*more, *declared_functions(header, prefix, folders)}
            compile_stub(soname, f"{lib}/{name}", sorted(functions))


def declared_functions(header: str, prefix: str, folders: Collection[str]) -> set[str]:
    """Functions with a prefix that a header declares, with and without macros that change names."""
    functions: set[str] = set()
    for define in ([], ["-D__CUDA_API_VERSION_INTERNAL"], ["-DCUDA_API_PER_THREAD_DEFAULT_STREAM"]):
        including = [*(f"-I{path}" for path in folders), "-include", header]
        text = output_of(["g++", "-E", "-P", *define, *including, "-x", "c", "/dev/null"]) or ""
        functions.update(re.findall(rf"\b({prefix}[A-Z]\w*) *\(", text))
    return functions


def compile_stub(soname: str, path: str, functions: Collection[str]) -> None:
    source = f"{path}.c"
    with open(source, "w", encoding="utf-8") as file:
        file.writelines(f"int {function}(void){{return 999;}}\n" for function in functions)
    run(["gcc", "-shared", "-fPIC", "-fno-builtin", f"-Wl,-soname,{soname}", "-o", path, source],
        f"the link-time stub of {soname} could not be compiled")
