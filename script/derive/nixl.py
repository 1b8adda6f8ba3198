"""What is in the published wheels of a NIXL: for which Pythons and CUDA they are, and which UCX they bundle."""

import os
import platform
import re
import subprocess
import sys
import tempfile

from pip._vendor.packaging.requirements import Requirement

from .failure import Failure

PLATFORMS = ("x86_64", "aarch64")
VARIANT = re.compile(r"^nixl-cu(\d+)$")
# Up to 0.7.0 there is `nixl` alone, linked with CUDA 12. Afterwards it holds no binary, and names its variants.
FIRST_CUDA = "12"
REFERENCE = re.compile(r"(?m)^\s*ARG\s+UCX_REF=[\"']?([^\s\"']+)")
BUILD_FILE = "contrib/Dockerfile.manylinux"
ASK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ask_libucp.py")
SOURCE = "its wheels"


# What a libucp from 1.23 on says in its log of the commit that it was made of
LOGGED = b"git branch %s, revision %s)"


def read(index, version, files):
    """ucx, python, cuda and source of a version, and the start of the commit of its UCX, if it tells; None where a part of it is not
    published. files: of the project `nixl`."""
    variants = variants_of(index, version, files)
    pythons = None if variants is None else common_pythons(variants.values())
    if not pythons:
        return None
    ucx = {bundled_ucx(index, wheel_for_this_machine(found)) for found in variants.values()}
    if len(ucx) != 1:
        raise Failure("the variants of NIXL %s bundle different UCX: %s" % (version, ", ".join(sorted(one for one, _ in ucx))))
    ((release, revision),) = ucx
    return {"ucx": release, "python": ">=3.%d,<3.%d" % (pythons[0], pythons[-1] + 1), "cuda": list(variants), "source": SOURCE}, revision


def variants_of(index, version, files):
    """CUDA → wheels of a version; None where one that its package names is not published, or not for all platforms."""
    meta = [file for file in files if file.tags and any(tag.platform == "any" for tag in file.tags)]
    if not meta:
        found = {FIRST_CUDA: files}
    else:
        names = {Requirement(line).name for line in re.findall(r"(?m)^Requires-Dist:\s*(.*)$", index.metadata(meta[0]))}
        cuda = sorted((match.group(1) for match in map(VARIANT.match, names) if match), key=int)
        found = {one: [file for file in index.files("nixl-cu" + one) if file.version == version] for one in cuda}
    return found if found and all(all(on(files, machine) for machine in PLATFORMS) for files in found.values()) else None


def on(files, machine):
    """Minor versions of Python 3 that have a wheel for a machine."""
    tags = [tag for file in files for tag in file.tags or () if tag.platform.endswith("_" + machine)]
    return {int(match.group(1)) for tag in tags for match in [re.fullmatch(r"cp3(\d+)", tag.interpreter)] if match}


def common_pythons(variants):
    """The Pythons that all variants have wheels for on all platforms, as far as one follows on the other."""
    found = sorted(set.intersection(*(on(files, machine) for files in variants for machine in PLATFORMS)))
    if found and found != list(range(found[0], found[-1] + 1)):
        raise Failure("the catalogue can't say that NIXL has wheels for these Pythons alone: 3.%s" % ", 3.".join(map(str, found)))
    return found


def wheel_for_this_machine(files):
    found = [file for file in files if any(tag.platform.endswith("_" + platform.machine()) for tag in file.tags or ())]
    if not found:
        raise Failure("NIXL has no wheel whose libucp runs on a machine that is %s" % platform.machine())
    return sorted(found, key=lambda file: file.link.filename)[0]


def bundled_ucx(index, file):
    """What ucp_get_version_string of the wheel's own libucp answers, and the start of the commit that it names, else None."""
    with tempfile.TemporaryDirectory() as folder:
        with index.wheel(file) as wheel:
            names = [name for name in wheel.namelist() if re.match(r"[^/]+\.libs/libuc[a-z]+[-.]", name)]
            wheel.extractall(folder, names)
            texts = [wheel.read(name) for name in names if "/libucp" in name]
        # In a process of its own: one process takes only one libucp. It gets no variable, of which some may be secret.
        asked = subprocess.run([sys.executable, ASK, folder], capture_output=True, text=True, env={})
        if asked.returncode != 0:
            raise Failure("libucp of %s does not answer: %s" % (file.link.filename, asked.stderr.strip().split("\n")[-1]))
        return asked.stdout.strip(), revision_in(texts[0])


def revision_in(library):
    """`65e342a`: the only text of that form in a libucp that logs its revision."""
    found = set(re.findall(rb"\0([0-9a-f]{7,40})\0", library)) - {b"0000000"} if LOGGED in library else set()
    return found.pop().decode() if len(found) == 1 else None


def tools_of(version, ucx, revision, nixl_repository, ucx_repository):
    """What the catalogue says of the tools of a bundled UCX beside its version.

    Nothing where UCX has that release; else the commit that NIXL's build files name, or the one that libucp names, which is on UCX'
    branch of that release; else why there is none.
    """
    if "v" + ucx in ucx_repository.tags:
        return {}
    named = reference(version, nixl_repository)
    if named and re.fullmatch(r"[0-9a-f]{40}", named):
        return {"ucxCommit": named}
    branch = "v%s.x" % ucx.rpartition(".")[0]
    commit = ucx_repository.commit(branch, revision) if revision else None
    if commit:
        return {"ucxCommit": commit}
    lacking = "bundles UCX %s, of which there is no release" % ucx
    if revision:
        return {"note": "%s, and no commit %s on its branch %s" % (lacking, revision, branch)}
    return {"note": "%s, and NIXL names no commit of it%s" % (lacking, " but " + named if named else "")}


def reference(version, repository):
    """What NIXL's build file takes of UCX at the tag of a version: a commit, a tag or a branch; None without that tag."""
    tag = next((tag for tag in ("v" + version, version) if tag in repository.tags), None)
    if tag is None:
        return None
    repository.fetch(tag)
    found = REFERENCE.search(repository.read(tag, BUILD_FILE))
    return found and found.group(1)
