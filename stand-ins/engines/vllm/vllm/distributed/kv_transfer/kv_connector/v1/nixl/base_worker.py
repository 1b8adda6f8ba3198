"""Stand-in for the worker of vLLM's own NIXL connector."""

from vllm.distributed.nixl_utils import check_nixl_version


class NixlBaseConnectorWorker:
    def __init__(self):
        check_nixl_version("1.5.0")
