"""apt and dpkg."""

from __future__ import annotations

import glob
import os
import shutil
import sys
from collections.abc import Sequence

from .build_secrets import trust
from .failure import Failure, say
from .process import output_of, run

CONFIGURATION = "/tmp/apt.conf"
PREFERENCES = "/tmp/apt-preferences"
prepared: dict[str, str] = {}


def prepare(keep_installed: bool) -> None:
    """Writes apt's configuration and reads the package lists, once per step.

    keep_installed: pin what is installed, so that nothing of the base is upgraded; apt then refuses
    what needs an upgrade. A priority over 1000 outranks even a newer version (apt_preferences(5));
    `now` is the archive of what dpkg has.
    """
    if prepared:
        return
    if shutil.which("apt-get") is None:
        raise Failure("the base image has no apt-get; only bases made from Debian or Ubuntu packages are supported.")
    own = ""
    if os.path.isfile("/etc/apt/preferences"):
        with open("/etc/apt/preferences", encoding="utf-8") as file:
            own = file.read()
    with open(PREFERENCES, "w", encoding="utf-8") as file:
        file.write(own + ("\n\nPackage: *\nPin: release a=now\nPin-Priority: 1001\n" if keep_installed else "\n"))
    settings = {
        "Dir::Etc::preferences": PREFERENCES,
        # The step runs as root in its own container; apt's own user could not read the mounted
        # certificates.
        "APT::Sandbox::User": "root",
        "Acquire::Retries": "3",
        "Acquire::Languages": "none",
        "APT::Install-Recommends": "false",
        "Dpkg::Use-Pty": "0",
    }
    certificates = trust().get("SSL_CERT_FILE")
    if certificates:
        settings["Acquire::https::CAInfo"] = certificates
    with open(CONFIGURATION, "w", encoding="utf-8") as file:
        file.writelines(f'{name} "{value}";\n' for name, value in settings.items())
    prepared["APT_CONFIG"] = CONFIGURATION
    run(["apt-get", "update", "-q"], "the package lists of the base's distribution could not be read", env=prepared)


def install(packages: Sequence[str], keep_installed: bool = True) -> None:
    """Installs packages and their dependencies, without recommended packages."""
    if not packages:
        return
    prepare(keep_installed)
    say(f"apt installs {' '.join(packages)}")
    constraint = " without upgrading what the base has" if keep_installed else ""
    what = f"{', '.join(packages)} could not be installed{constraint}"
    command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
    run(command, what, env=prepared, cause_first=True)


def unpack(package: str, directory: str) -> None:
    """Unpacks a package without installing it: dpkg's database stays as it is."""
    prepare(True)
    run(["apt-get", "download", "-q", package], f"{package} could not be downloaded", env=prepared, cwd="/tmp")
    archive = glob.glob(f"/tmp/{package}_*.deb")[0]
    run(["dpkg-deb", "-x", archive, directory], f"{package} could not be unpacked")


def patch_program() -> str:
    """Path of `patch`: the image's own, or one unpacked for this step only."""
    found = shutil.which("patch")
    if found is None:
        unpack("patch", "/tmp/patch")
        found = "/tmp/patch/usr/bin/patch"
    return found


def has_library(soname: str) -> bool:
    """Whether the loader's cache has a library of this name."""
    listing = output_of([shutil.which("ldconfig") or "/sbin/ldconfig", "-p"]) or ""
    return any(line.split()[:1] == [soname] for line in listing.splitlines())


def python_headers() -> str | None:
    """The package with the headers of the Python that runs this, or None if they are installed."""
    import sysconfig

    if os.path.isfile(os.path.join(sysconfig.get_paths()["include"], "Python.h")):
        return None
    major, minor = sys.version_info[:2]
    return f"python{major}.{minor}-dev"
