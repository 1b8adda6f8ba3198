"""Makes the compilers use the C++ standard that torch requires.

The project may set another, and its sources stay unchanged.
"""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from collections.abc import Sequence

from common.cxx_standard import STANDARDS
from common.failure import Failure, say
from common.process import output_of

# What AIBrix sets for its extension (cmake/utils.cmake); for a torch that requires no more, it
# stays.
PROJECT = 17


def environment(required: int | None, nvcc: str, directory: str) -> dict[str, str]:
    """Variables that make a build use a C++ standard: CXX and NVCC_APPEND_FLAGS.

    Empty if the project's own will do. CMake puts a target's standard behind CXXFLAGS, so only the
    compiler itself has the last word. nvcc has a variable for that.

    required: `20`; None if torch does not say. directory: for the compiler's script.
    """
    if required is None or required <= PROJECT:
        return {}
    own = compiler()
    check(required, own, nvcc)
    say(f"compiling as C++{required}, which torch requires")
    os.makedirs(directory)
    path = f"{directory}/c++"
    with open(path, "w", encoding="utf-8") as file:
        file.write(script(own, required))
    os.chmod(path, 0o755)
    return {"CXX": path, "NVCC_APPEND_FLAGS": f"-std=c++{required}"}


def script(command: Sequence[str], standard: int) -> str:
    return f"""#!/bin/sh
# Of several standards a compiler takes the last one.
exec {' '.join(map(shlex.quote, command))} "$@" -std=gnu++{standard}
"""


def compiler() -> list[str]:
    """Words of the C++ compiler: the base's own (`ccache g++`), or the first that CMake tries."""
    given = os.environ.get("CXX", "")
    try:
        words = shlex.split(given)
    except ValueError:  # a quote that does not end
        words = [given]
    return words or [shutil.which("c++") or shutil.which("g++") or "c++"]


def check(required: int, own: Sequence[str], nvcc: str) -> None:
    """Fails before anything is compiled.

    Minutes later, the error from the midst of torch's headers says little.
    """
    # NVCC_CCBIN is nvcc's own; CUDAHOSTCXX is CMake's, which passes it to nvcc.
    host = os.environ.get("CUDAHOSTCXX")
    with tempfile.TemporaryDirectory() as directory:
        source = f"{directory}/standard.cu"
        with open(source, "w", encoding="utf-8") as file:
            # This number unmasks a compiler that ignores the option or knows only a draft of the
            # standard (gcc 10).
            least = STANDARDS.get(required, max(STANDARDS.values()))
            file.write(f"#if __cplusplus < {least}L\n#error older\n#endif\n")
        compile_it = ["-c", source, "-o", f"{directory}/standard.o"]
        for_nvcc = [nvcc, f"-std=c++{PROJECT}", *(["-ccbin", host] if host else []), *compile_it, f"-std=c++{required}"]
        if output_of([*own, f"-std=gnu++{required}", "-x", "c++", *compile_it]) is None:
            lacking = own
        elif output_of(for_nvcc) is None:
            lacking = [nvcc]
        else:
            return
    raise Failure(
        f"the base's torch requires C++{required}, which {described(lacking)} does not compile; choose a base with "
        "newer compilers (for C++20 g++ 11, CUDA 12), or one that names its newer ones in CXX and CUDAHOSTCXX."
    )


def described(command: Sequence[str]) -> str:
    """`nvcc (Cuda compilation tools, release 11.8, V11.8.89)`"""
    lines = [line.strip() for line in (output_of([*command, "--version"]) or "").splitlines()]
    line = next((line for line in lines if "release" in line), lines[0] if lines else "")
    return os.path.basename(command[-1]) + (f" ({line})" if line else "")
