"""Compilers that take the C++ standard that torch asks for, whatever standard the project sets, and without a change to its sources."""

import os
import shlex
import shutil
import tempfile

from common.cxx_standard import STANDARDS
from common.failure import Failure, say
from common.process import answer

# What AIBrix sets for its extension (cmake/utils.cmake); for a torch that asks for no more, all is compiled as the project has it.
PROJECT = 17

SCRIPT = """#!/bin/sh
# Of several standards a compiler takes the last one.
exec %s "$@" -std=gnu++%d
"""


def environment(asked, nvcc, directory):
    """Variables with which a build compiles as C++ `asked`: CXX, and NVCC_APPEND_FLAGS; none where the project's own standard will do.

    asked: `20`; None where torch does not say. directory: for the compiler's script.
    CMake puts the standard of a target behind CXXFLAGS, so only the compiler itself has the last word. nvcc has a variable for that.
    """
    if asked is None or asked <= PROJECT:
        return {}
    own = compiler()
    check(asked, own, nvcc)
    say("compiling as C++%d, which torch asks for" % asked)
    os.makedirs(directory)
    script = directory + "/c++"
    with open(script, "w", encoding="utf-8") as file:
        file.write(SCRIPT % (" ".join(shlex.quote(word) for word in own), asked))
    os.chmod(script, 0o755)
    return {"CXX": script, "NVCC_APPEND_FLAGS": "-std=c++%d" % asked}


def compiler():
    """The C++ compiler as words: the one that the base names (`ccache g++`), else the one that CMake takes first."""
    given = os.environ.get("CXX", "")
    try:
        words = shlex.split(given)
    except ValueError:  # no words: a quote that does not end
        words = [given]
    return words or [shutil.which("c++") or shutil.which("g++") or "c++"]


def check(asked, own, nvcc):
    """Fails before anything is compiled: the error from the midst of torch's headers says little, minutes later."""
    # NVCC_CCBIN is nvcc's own; CUDAHOSTCXX is CMake's, which gives it to nvcc.
    host = os.environ.get("CUDAHOSTCXX")
    with tempfile.TemporaryDirectory() as directory:
        source = directory + "/standard.cu"
        with open(source, "w", encoding="utf-8") as file:
            # A compiler that ignores the option, or knows a draft of the standard only (gcc 10), says so by this number.
            file.write("#if __cplusplus < %dL\n#error older\n#endif\n" % STANDARDS.get(asked, max(STANDARDS.values())))
        compile_it = ["-c", source, "-o", directory + "/standard.o"]
        if answer(own + ["-std=gnu++%d" % asked, "-x", "c++"] + compile_it) is None:
            who = own
        elif answer([nvcc, "-std=c++%d" % PROJECT] + (["-ccbin", host] if host else []) + compile_it + ["-std=c++%d" % asked]) is None:
            who = [nvcc]
        else:
            return
    raise Failure("the base's torch asks for C++%d, as which %s does not compile; choose a base with newer compilers (for C++20 g++ 11, CUDA 12), "
                  "or one that names its newer ones in CXX and CUDAHOSTCXX." % (asked, described(who)))


def described(command):
    """`nvcc (Cuda compilation tools, release 11.8, V11.8.89)`"""
    lines = [line.strip() for line in (answer(command + ["--version"]) or "").splitlines()]
    line = next((line for line in lines if "release" in line), lines[0] if lines else "")
    return os.path.basename(command[-1]) + (" (%s)" % line if line else "")
