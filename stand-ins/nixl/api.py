"""Stand-in for NIXL's agents, with the real names.

Within one process the UCX plugin copies what they transfer.
"""

import glob
import json
import logging
import os

from . import _bindings

_HERE = os.path.dirname(os.path.abspath(__file__))
_PLUGINS = os.path.join(os.path.dirname(_HERE), f".{os.path.basename(_HERE)}.mesonpy.libs", "plugins")


class nixlNotFoundError(Exception):
    """What the real bindings raise if no backend knows the memory."""


class nixl_agent_config:
    """What an agent starts with."""

    def __init__(
        self, enable_prog_thread=True, enable_listen_thread=False, listen_port=0, capture_telemetry=False,
        num_threads=0, backends=("UCX",),
    ):
        self.backends = list(backends)


class nixl_xfer_handle:
    """A requested transfer: pairs of an address here and one there, with a length."""

    def __init__(self, pieces):
        self.pieces = pieces


def _loaded():
    """Plugin → handle. One that does not load is left out silently, as in the real package."""
    found = {}
    for path in sorted(glob.glob(os.path.join(_PLUGINS, "libplugin_*.so"))):
        try:
            found[os.path.basename(path)[len("libplugin_"):-len(".so")]] = _bindings.load(path)
        except OSError:
            continue
    return found


class nixl_agent:
    """Sends bytes to another agent of its process, from memory and into memory that both have
    registered.
    """

    def __init__(self, agent_name, nixl_conf=None, instantiate_all=False):
        self.name, self._regions, self._remotes = agent_name, [], {}
        self._plugins = _loaded()
        if not self._plugins:
            raise RuntimeError("No plugins available for NIXL, cannot start transfers!")
        self.backends = {}
        for backend in (nixl_conf or nixl_agent_config()).backends:
            if backend in self._plugins:
                self.backends[backend] = self._plugins[backend]
            else:
                logger = logging.getLogger(__name__)
                logger.warning("Skipping backend registration %s due to the missing plugin.", backend)

    def get_plugin_list(self):
        return list(self._plugins)

    def register_memory(self, reg_list, mem_type=None, backends=()):
        if not self.backends:
            raise nixlNotFoundError("NIXL_ERR_NOT_FOUND")
        self._regions += [[address, length] for address, length, _device, _meta in reg_list]
        return reg_list

    def get_agent_metadata(self):
        return json.dumps({"name": self.name, "regions": self._regions}).encode()

    def add_remote_agent(self, metadata):
        told = json.loads(metadata)
        self._remotes[told["name"]] = told["regions"]
        return told["name"]

    def get_xfer_descs(self, descs, mem_type=None):
        return [(address, length) for address, length, _device in descs]

    def initialize_xfer(self, operation, local_descs, remote_descs, remote_agent, notif_msg=b""):
        for descs, regions in (local_descs, self._regions), (remote_descs, self._remotes[remote_agent]):
            for address, length in descs:
                if not any(start <= address and address + length <= start + size for start, size in regions):
                    raise nixlNotFoundError("NIXL_ERR_NOT_FOUND")
        pairs = [(there, here, length) for (here, length), (there, _) in zip(local_descs, remote_descs)]
        if operation != "WRITE":
            pairs = [(here, there, length) for there, here, length in pairs]
        return nixl_xfer_handle(pairs)

    def transfer(self, handle, notif_msg=b""):
        for to, source, length in handle.pieces:
            _bindings.copy(self.backends["UCX"], to, source, length)
        return "PROC"

    def check_xfer_state(self, handle):
        return "DONE"
