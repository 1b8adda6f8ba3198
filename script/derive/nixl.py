#!/usr/bin/env python3
"""Measures what is in the published wheels of NIXL and prints it as rows of `nixl` in dockerfiles/catalogue.json.

usage: script/measure-nixl.py [--ucx REPOSITORY] [VERSION ...]

Without versions: all that pip offers and the catalogue lacks, from 0.5.1 on. pip says which Pythons and CUDA majors have
wheels; the libucp of a wheel of each CUDA major says which UCX it is. One wheel at a time is downloaded, and deleted.
A UCX without a release of that number gives a note in place of `ucx`: its tools could not be built.
REPOSITORY: UCX's, a URL or a path.
"""

import argparse
import ctypes
import glob
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import zipfile

CATALOGUE = os.path.join(os.path.dirname(__file__), "..", "dockerfiles", "catalogue.json")
FIRST = (0, 5, 1)
PYTHONS = ["3.%d" % minor for minor in range(9, 16)]
PLATFORMS = {"linux/amd64": "x86_64", "linux/arm64": "aarch64"}
# Up to 0.7.0 there is `nixl` alone, linked with CUDA 12. Afterwards it holds no binary, and its wheel fits every Python.
PACKAGES = {"nixl-cu12": "12", "nixl-cu13": "13", "nixl": "12"}


def run(command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def pip(arguments, python, machine):
    target = ["--only-binary=:all:", "--python-version", python, "--platform", "manylinux_2_28_" + machine]
    return run([sys.executable, "-m", "pip"] + arguments + target)


def offered():
    """(version, package) → the Pythons and the platforms that have a wheel."""
    wheels = {}
    for package in PACKAGES:
        for python in PYTHONS:
            for name, machine in PLATFORMS.items():
                done = pip(["index", "versions", package], python, machine)
                if done.returncode != 0 and "No matching distribution" not in done.stderr:
                    sys.exit("pip could not be asked: " + done.stderr.strip())
                found = re.search(r"(?m)^Available versions: (.*)$", done.stdout)
                for version in found.group(1).split(", ") if found else []:
                    pythons, platforms = wheels.setdefault((version, package), ([], []))
                    pythons += [python] * (python not in pythons)
                    platforms += [name] * (name not in platforms)
    return wheels


def bundled_ucx(package, version, python):
    """What ucp_get_version_string of the wheel's own libucp answers."""
    with tempfile.TemporaryDirectory() as folder:
        done = pip(["download", "-q", "--no-deps", "-d", folder, "%s==%s" % (package, version)], python, platform.machine())
        if done.returncode != 0:
            sys.exit("pip could not download %s %s: %s" % (package, version, done.stderr.strip()))
        with zipfile.ZipFile(glob.glob(folder + "/*.whl")[0]) as wheel:
            wheel.extractall(folder, [name for name in wheel.namelist() if ".libs/" in name])
        # In a process of its own: one process takes only one libucp.
        asked = run([sys.executable, __file__, "--ask", folder])
        if asked.returncode != 0:
            sys.exit("libucp of %s %s does not answer: %s" % (package, version, asked.stderr.strip().split("\n")[-1]))
        return asked.stdout.strip()


def ask(folder):
    libucp = ctypes.CDLL(glob.glob(folder + "/*.libs/libucp-*.so*")[0])
    libucp.ucp_get_version_string.restype = ctypes.c_char_p
    print(libucp.ucp_get_version_string().decode())


def row(version, wheels, releases):
    packages = [name for name in PACKAGES if (version, name) in wheels]
    variants = [name for name in packages if name != "nixl"] or packages
    if not packages:
        sys.exit("pip offers no wheel of NIXL %s" % version)
    pythons, platforms = wheels[version, variants[0]]
    if len(platforms) < len(PLATFORMS):
        sys.exit("NIXL %s has wheels for %s only, which the catalogue can't say" % (version, ", ".join(platforms)))
    ucx = {bundled_ucx(name, version, pythons[0]) for name in variants}
    if len(ucx) != 1:
        sys.exit("the variants of NIXL %s bundle different UCX: %s" % (version, ", ".join(sorted(ucx))))
    first, last = pythons[0], int(pythons[-1].split(".")[1])
    (bundled,) = ucx
    return {
        **({"ucx": bundled} if bundled in releases else {"note": "bundles UCX %s, of which there is no release" % bundled}),
        "python": ">=%s,<3.%d" % (first, last + 1),
        "cuda": [PACKAGES[name] for name in variants],
    }


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n")[0])
    parser.add_argument("--ucx", default="https://github.com/openucx/ucx")
    parser.add_argument("versions", nargs="*")
    given = parser.parse_args()
    with open(CATALOGUE, encoding="utf-8") as file:
        known = json.load(file)["nixl"]
    tags = run(["git", "ls-remote", "--tags", given.ucx])
    if tags.returncode != 0:
        sys.exit("UCX's releases could not be read: " + tags.stderr.strip())
    releases = set(re.findall(r"(?m)refs/tags/v([0-9.]+)$", tags.stdout))
    wheels = offered()
    published = {tuple(map(int, version.split("."))): version for version, _ in wheels}
    wanted = given.versions or [version for number, version in sorted(published.items()) if number >= FIRST and version not in known]
    for version in wanted:
        print('"%s": %s,' % (version, json.dumps(row(version, wheels, releases))), flush=True)


if sys.argv[1:2] == ["--ask"]:
    ask(sys.argv[2])
else:
    main()
