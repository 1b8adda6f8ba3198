"""apt and dpkg."""

import glob
import os
import shutil
import sys

from .failure import Failure, say
from .process import answer, run
from .secrets_given import trust

CONFIGURATION = "/tmp/apt.conf"
PREFERENCES = "/tmp/apt-preferences"
prepared = {}


def prepare(keep_installed):
    """Writes apt's configuration and reads the package lists, once in a step.

    keep_installed: pin what is installed, so that nothing of the base is upgraded; apt then refuses what needs an upgrade.
    A priority over 1000 even outranks a newer version (apt_preferences(5)); `now` is the archive of what dpkg has.
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
        # The step is root in a container of its own; apt's own user could not read the mounted certificates
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
        file.writelines('%s "%s";\n' % item for item in settings.items())
    prepared["APT_CONFIG"] = CONFIGURATION
    run(["apt-get", "update", "-q"], "the package lists of the base's distribution could not be read", env=prepared)


def install(packages, keep_installed=True):
    """Installs packages with what they need and nothing they only recommend."""
    if not packages:
        return
    prepare(keep_installed)
    say("apt installs " + " ".join(packages))
    what = "%s could not be installed%s" % (
        ", ".join(packages), " without upgrading what the base has" if keep_installed else "")
    run(["apt-get", "install", "-y", "-q", "--no-install-recommends"] + list(packages), what, env=prepared, cause_first=True)


def unpack(package, directory):
    """Unpacks a package beside the system: dpkg's database stays as it is."""
    prepare(True)
    run(["apt-get", "download", "-q", package], package + " could not be downloaded", env=prepared, cwd="/tmp")
    archive = glob.glob("/tmp/%s_*.deb" % package)[0]
    run(["dpkg-deb", "-x", archive, directory], package + " could not be unpacked")


def patch_program():
    """Path of `patch`: the image's own, or one that is unpacked for this step only."""
    found = shutil.which("patch")
    if found is None:
        unpack("patch", "/tmp/patch")
        found = "/tmp/patch/usr/bin/patch"
    return found


def library_is_there(soname):
    """Whether the loader's cache has a library of this name."""
    listing = answer([shutil.which("ldconfig") or "/sbin/ldconfig", "-p"]) or ""
    return any(line.split()[:1] == [soname] for line in listing.splitlines())


def python_headers():
    """The package with the headers of the Python that runs this, or None if they are there."""
    import sysconfig

    if os.path.isfile(os.path.join(sysconfig.get_paths()["include"], "Python.h")):
        return None
    return "python%d.%d-dev" % sys.version_info[:2]
