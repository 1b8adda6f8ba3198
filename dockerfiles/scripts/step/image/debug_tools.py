"""Installs the network and RDMA debug tools, and UCX's libraries, that the base lacks."""

from __future__ import annotations

import glob
import shutil

from common import system_packages
from common.failure import say

# Command → package. Not ucx-utils: it puts a second, older libucp without CUDA into the loader's
# path.
TOOLS = {
    "ibv_devices": "ibverbs-utils",
    "ib_write_bw": "perftest",
    "ip": "iproute2",
    "ping": "iputils-ping",
    "ifconfig": "net-tools",
}

# Soname → package
LIBRARIES = {"librdmacm.so.1": "librdmacm1", "libgomp.so.1": "libgomp1"}


def main() -> None:
    needed = [package for command, package in TOOLS.items() if shutil.which(command) is None]
    needed += [package for soname, package in LIBRARIES.items() if not system_packages.has_library(soname)]
    if not glob.glob("/etc/libibverbs.d/*.driver"):
        needed.append("ibverbs-providers")
    if not needed:
        say("the base has every debug tool")
    system_packages.install(needed)
