"""Stand-in for AIBrix's build: a PEP 517 backend that compiles one extension with nvcc.

Like the real one, it compiles against the installed torch, reads AIBRIX_TARGET_DEVICE and CXX,
builds a wheel without the extension for anything but `cuda`, takes its version from git (or
SETUPTOOLS_SCM_PRETEND_VERSION), and appends nvcc's release to it: 0.7.0+cu130.
"""

import base64
import hashlib
import os
import pathlib
import re
import shlex
import subprocess
import sysconfig
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent
PACKAGE = ROOT / "aibrix_kvcache"
MAIN_CUDA_VERSION = "12.1"
# Like the real one, whatever torch requires
STANDARD = 17


def get_requires_for_build_wheel(config_settings=None):
    return []


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    from torch.utils.cpp_extension import CUDA_HOME, include_paths, library_paths

    files = python_files()
    if is_for_cuda():
        files |= compile_extension(CUDA_HOME, include_paths(), library_paths())
    return write_wheel(wheel_directory, files)


def pack(wheel_directory, library):
    """Makes a wheel of the Python files and of what lies in a build folder, as setup.py does."""
    built = pathlib.Path(library)
    compiled = {p.relative_to(built).as_posix(): p.read_bytes() for p in built.rglob("*") if p.is_file()}
    return write_wheel(wheel_directory, python_files() | compiled)


def is_for_cuda():
    import torch
    from torch.utils.cpp_extension import CUDA_HOME

    device = os.environ.get("AIBRIX_TARGET_DEVICE", "cuda")
    return device == "cuda" and torch.version.cuda is not None and CUDA_HOME is not None


def python_files():
    return {p.relative_to(ROOT).as_posix(): p.read_bytes() for p in sorted(PACKAGE.rglob("*.py"))}


def write_wheel(wheel_directory, files):
    from torch.utils.cpp_extension import CUDA_HOME

    cuda = is_for_cuda()
    version = local_version(git_version(), cuda and nvcc_version(CUDA_HOME))
    python = "cp" + sysconfig.get_config_var("py_version_nodot")
    tag = f"{python}-{python}-linux_{os.uname().machine}" if cuda else "py3-none-any"
    files["aibrix_kvcache/_version.py"] = f'__version__ = version = "{version}"\n'.encode()
    name = f"aibrix_kvcache-{version}-{tag}.whl"
    info = f"aibrix_kvcache-{version}.dist-info"
    requirements = (ROOT / "requirements/core.txt").read_text().split()
    metadata = ["Metadata-Version: 2.1", "Name: aibrix-kvcache", f"Version: {version}"]
    metadata += ["Summary: A stand-in for AIBrix's KV cache"]
    metadata += [f"Requires-Dist: {requirement}" for requirement in requirements]
    files[f"{info}/METADATA"] = "\n".join([*metadata, ""]).encode()
    files[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: stand-in\nRoot-Is-Purelib: false\nTag: {tag}\n".encode()
    record = "".join(f"{path},sha256={digest(content)},{len(content)}\n" for path, content in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    with zipfile.ZipFile(pathlib.Path(wheel_directory) / name, "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, content in files.items():
            wheel.writestr(path, content)
    return name


def compile_extension(cuda_home, include, library):
    with tempfile.TemporaryDirectory() as directory:
        output, bindings = pathlib.Path(directory) / "_aibrix_C.abi3.so", f"{directory}/torch_bindings.o"
        headers = [f"-I{path}" for path in [sysconfig.get_path("include"), *include, f"{cuda_home}/include"]]
        command = [f"{cuda_home}/bin/nvcc", "-shared", "-O2", f"-std=c++{STANDARD}", "-Xcompiler", "-fPIC"]
        command += [*headers, bindings, *(f"-L{path}" for path in library), f"-L{cuda_home}/lib64"]
        command += ["csrc/cache_kernels.cu", "-o", str(output)]
        # As in the real build, the driver's library is needed to link, and not to load
        command += ["-Wl,--no-as-needed", "-ltorch_cuda", "-lcudart", "-Wl,--as-needed", "-lcuda"]
        environment = dict(os.environ)
        compiler = shlex.split(environment.get("CXX", "c++"))
        compiling = [*compiler, "-O2", f"-std=gnu++{STANDARD}", "-fPIC", *headers]
        compiling += ["-c", "csrc/torch_bindings.cpp", "-o", bindings]
        subprocess.run(compiling, check=True, cwd=ROOT, env=environment)
        subprocess.run(command, check=True, cwd=ROOT, env=environment)
        return {"aibrix_kvcache/_aibrix_C.abi3.so": output.read_bytes()}


def nvcc_version(cuda_home):
    answer = subprocess.run([f"{cuda_home}/bin/nvcc", "-V"], check=True, capture_output=True, text=True).stdout
    return re.search(r"release (\d+\.\d+)", answer)[1]


def local_version(version, cuda):
    if not cuda or cuda == MAIN_CUDA_VERSION:
        return version
    return f"{version}{'.' if '+' in version else '+'}cu{cuda.replace('.', '')}"


def git_version():
    """The version as setuptools_scm counts it.

    0.7.0 on a tag, 0.7.1.dev2+gabc1234 two commits later.
    """
    pretended = os.environ.get("SETUPTOOLS_SCM_PRETEND_VERSION")
    if pretended:
        return pretended
    command = ["git", "-C", str(ROOT), "describe", "--tags", "--long", "--match", "v[0-9]*"]
    described = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    tag, distance, commit = described.rsplit("-", 2)
    if distance == "0":
        return tag[1:]
    release, last = tag[1:].rsplit(".", 1)
    return f"{release}.{int(last) + 1}.dev{distance}+{commit}"


def digest(content):
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
