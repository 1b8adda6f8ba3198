"""The base's CUDA toolkit, as it is measured and as it is built with."""

import glob
import os
import re
import shutil

from .process import answer

# Where NVIDIA's packages put toolkits, `cuda-13.0` beside `cuda-12.9`, and link the one that was installed last
LINK = "/usr/local/cuda"


def homes():
    """Directories with an nvcc, the base's own choice first, then the newest of those that lie beside each other."""
    found = [os.environ.get("CUDA_HOME"), os.environ.get("CUDA_PATH"), LINK]
    on_path = shutil.which("nvcc")
    if on_path:
        found.append(os.path.dirname(os.path.dirname(os.path.realpath(on_path))))
    found += sorted(glob.glob(LINK + "-*"), key=lambda path: [int(n) for n in re.findall(r"\d+", os.path.basename(path))], reverse=True)
    return [path for path in dict.fromkeys(found) if path and os.path.isfile(path + "/bin/nvcc")]


def release(home):
    """What nvcc says of itself: `13.0`; None if it does not."""
    match = re.search(r"\brelease (\d+\.\d+), V", answer([home + "/bin/nvcc", "--version"]) or "")
    return match.group(1) if match else None


def toolkit():
    """(home, version) of the toolkit to compile with; None where there is none that tells its version."""
    return next(((home, version) for home in homes() for version in (release(home),) if version), None)


def architectures(home):
    """Real architectures that nvcc knows: `['8.0', '9.0']`."""
    listing = answer([home + "/bin/nvcc", "--list-gpu-code"]) or ""
    return ["%d.%d" % divmod(number, 10) for number in sorted({int(n) for n in re.findall(r"(?m)^\s*sm_(\d+)\s*$", listing)})]
