"""Leaves exactly one variant of NIXL: the wanted version, for torch's CUDA major; or all that the base brings."""

import os
import re
import shutil
import sys
import sysconfig

from common.failure import Failure, say
from common.process import ask_python
from common.python_packages import installed, pip, vendored

# The first release with one package for each CUDA major; before, `nixl` alone
FIRST_WITH_VARIANTS = "0.7.1"

DISTRIBUTION = re.compile(r"^nixl(-cu\d+)?$")
LEFTOVER = re.compile(r"^\.?nixl(_cu\d+)?(\.libs|\.mesonpy\.libs|-[^/]*\.dist-info)?$")
VARIANT = re.compile(r"^nixl_cu\d+$")


# As NIXL_VERSION: the base's own stays
OF_THE_BASE = "base"


def main():
    version = os.environ["NIXL_VERSION"]
    before = {name: v for name, v in installed().items() if DISTRIBUTION.match(name)}
    if version == OF_THE_BASE:
        if not before:
            raise Failure("the base brings no NIXL that could stay; set nixl-version (NIXL_VERSION) to a version.")
        say("NIXL stays as the base has it: " + shown(before))
        return
    wanted = {name: version for name in names(version)}
    variants = {name.replace("_", "-") for path in sys.path if os.path.isdir(path) for name in os.listdir(path) if VARIANT.match(name)}
    if before == wanted and variants <= set(wanted):
        say("NIXL stays as the base has it: " + shown(before))
        return
    if before:
        pip(["uninstall", "-y", "-q"] + sorted(before), "the base's NIXL (%s) could not be removed" % shown(before), online=False)
    remove_leftovers()
    pip(["install", "-q", "--no-deps", "--no-compile", "--no-cache-dir", "--only-binary=:all:"] + ["%s==%s" % item for item in sorted(wanted.items())],
        "NIXL %s could not be installed" % version)
    say("NIXL: %s → %s" % (shown(before), shown(wanted)))


def names(version):
    """The distributions that make one NIXL."""
    vendored()
    from pip._vendor.packaging.version import InvalidVersion, Version

    try:
        if Version(version) < Version(FIRST_WITH_VARIANTS):
            return ["nixl"]
    except InvalidVersion as error:
        raise Failure("nixl-version: %r is no version." % version) from error
    cuda = ask_python(sys.executable, "import torch\nanswer(torch.version.cuda)") or ""
    if not re.match(r"^\d+\.", cuda):
        raise Failure("the base's torch names no CUDA version, so NIXL's variant can't be chosen; choose versions whose base is for NVIDIA GPUs.")
    return ["nixl", "nixl-cu" + cuda.split(".")[0]]


def remove_leftovers():
    """Removes what an uninstall left: NIXL imports the first variant that it finds, whoever owns it."""
    paths = sysconfig.get_paths()
    for site in {paths["purelib"], paths["platlib"]} | {p for p in sys.path if p.endswith("-packages")}:
        for name in os.listdir(site) if os.path.isdir(site) else []:
            if LEFTOVER.match(name):
                path = os.path.join(site, name)
                if os.path.isdir(path) and not os.path.islink(path):
                    shutil.rmtree(path)
                else:
                    os.unlink(path)


def shown(versions):
    return ", ".join("%s %s" % item for item in sorted(versions.items())) or "none"
