"""NIXL at work: two agents in one process, and bytes that go from one to the other over UCX."""

from __future__ import annotations

from typing import Any

from . import driver
from .probe import probe

SIZE = 1 << 20

# Descriptors are tuples of numbers, which every release of NIXL takes, so that nothing but NIXL
# itself is needed.
TRANSFER = """
import ctypes, glob, hashlib, os, time

# The image's environment names devices and servers of the machine that will run it
for name in ("UCX_TLS", "UCX_NET_DEVICES", "NIXL_ETCD_ENDPOINTS"):
    os.environ.pop(name, None)

size = int(sys.argv[1])
told = {"step": "import", "plugins": None, "missing": [], "state": None, "differs": None}
def tell(**more):
    told.update(more)
    answer(told)

tell()
from nixl._api import nixl_agent, nixl_agent_config

# Where its wheels, and NIXL_PLUGIN_DIR, have plugins; the agent's package is `nixl` up to 0.7.0,
# and a variant since
package = nixl_agent.__module__.split(".")[0]
site = os.path.dirname(os.path.dirname(os.path.abspath(sys.modules[nixl_agent.__module__].__file__)))
of_wheels = [f"{site}/{package}.libs/nixl", f"{site}/.{package}.mesonpy.libs/plugins"]
folders = [os.environ.get("NIXL_PLUGIN_DIR", ""), *of_wheels]
files = {}
for folder in folders:
    for path in sorted(glob.glob(folder + "/libplugin_*.so")) if folder else []:
        files.setdefault(os.path.basename(path)[len("libplugin_"):-len(".so")], path)

def refusal(path):
    try:
        ctypes.CDLL(path)
    except OSError as error:
        return str(error)

def skipped(plugins):
    return [{"plugin": name, "error": refusal(path)} for name, path in sorted(files.items()) if name not in plugins]

tell(step="agents")
try:
    sender, receiver = [nixl_agent(name, nixl_agent_config(backends=["UCX"])) for name in ("sender", "receiver")]
except BaseException:
    tell(missing=skipped([]))
    raise
plugins = sorted(sender.get_plugin_list())
tell(step="register", plugins=plugins, missing=skipped(plugins))

sent = hashlib.shake_256(b"image-action").digest(size)
source, target = ctypes.create_string_buffer(sent, size), ctypes.create_string_buffer(size)
ends = ((sender, source), (receiver, target))
for agent, memory in ends:
    agent.register_memory([(ctypes.addressof(memory), size, 0, "")], "DRAM")
sender.add_remote_agent(receiver.get_agent_metadata())
from_here, to_there = [agent.get_xfer_descs([(ctypes.addressof(memory), size, 0)], "DRAM") for agent, memory in ends]
tell(step="transfer")
handle = sender.initialize_xfer("WRITE", from_here, to_there, "receiver")
state = sender.transfer(handle)
while state == "PROC":
    time.sleep(0.001)
    state = sender.check_xfer_state(handle)
wrong = [place for place, (one, other) in enumerate(zip(sent, target.raw)) if one != other]
tell(step="end", state=state, differs={"count": len(wrong), "first": wrong[0]} if wrong else None)

# Some releases crash when Python ends (1.5.0, without a driver), which is not measured here
os._exit(0)
"""


def nixl_transfer() -> dict[str, Any]:
    # The UCX plugin links the driver's library (0.7.1's does, 1.5.0's does not)
    stubs = driver.environment()
    told, process = probe(TRANSFER, str(SIZE), env=stubs)
    nothing = {"step": "start", "plugins": None, "missing": [], "state": None, "differs": None}
    return {**(told or nothing), "driver": stubs is not None, "process": process}
