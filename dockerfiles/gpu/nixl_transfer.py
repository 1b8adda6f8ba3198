"""NIXL at work between two buffers in GPU memory, over UCX.

    docker run --rm --gpus all -v "$PWD/dockerfiles/gpu:/gpu:ro" --entrypoint python3 IMAGE /gpu/nixl_transfer.py

Needs nothing but the image and one GPU; with two, the bytes go from one to the other. The last line
that begins with `image-action-probe: ` counts.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

told: dict[str, Any] = {
    "step": "start", "lacks": None, "device": None, "between": None, "plugins": None, "state": None, "differs": None,
}

SIZE = 1 << 20
# Also a prime: bytes that arrive shifted differ
PRIME = 251
LONGEST_SECONDS = 60


def tell(**more: Any) -> None:
    told.update(more)
    print("image-action-probe: " + json.dumps(told), flush=True)


def device(torch: Any) -> dict[str, Any]:
    if not torch.cuda.is_available():
        sys.exit("torch finds no GPU")
    major, minor = torch.cuda.get_device_capability(0)
    return {"name": torch.cuda.get_device_name(0), "capability": f"{major}.{minor}", "count": torch.cuda.device_count()}


def transfer(torch: Any, agents: list[Any], devices: list[int]) -> None:
    """Writes the bytes of the first agent's buffer into that of the second."""
    content = (torch.arange(SIZE) % PRIME).to(torch.uint8)
    buffers = [content.to(f"cuda:{devices[0]}"), torch.zeros(SIZE, dtype=torch.uint8).to(f"cuda:{devices[1]}")]
    torch.cuda.synchronize()
    # Tuples of numbers, which every release of NIXL takes
    areas = [(buffer.data_ptr(), SIZE, number) for buffer, number in zip(buffers, devices)]
    for agent, area in zip(agents, areas):
        agent.register_memory([(*area, "")], "VRAM")
    sender, receiver = agents
    sender.add_remote_agent(receiver.get_agent_metadata())
    from_here, to_there = [agent.get_xfer_descs([area], "VRAM") for agent, area in zip(agents, areas)]
    tell(step="transfer")
    handle = sender.initialize_xfer("WRITE", from_here, to_there, "receiver")
    state = sender.transfer(handle)
    deadline = time.monotonic() + LONGEST_SECONDS
    while state == "PROC":
        if time.monotonic() > deadline:
            sys.exit(f"the transfer did not end within {LONGEST_SECONDS} s")
        time.sleep(0.001)
        state = sender.check_xfer_state(handle)
    torch.cuda.synchronize()
    arrived = buffers[1].cpu().tolist()
    wrong = [place for place, (one, other) in enumerate(zip(content.tolist(), arrived)) if one != other]
    tell(step="end", state=state, differs={"count": len(wrong), "first": wrong[0]} if wrong else None)


def main() -> None:
    # The image's environment names devices and servers of the machine that will run it.
    for name in ("UCX_TLS", "UCX_NET_DEVICES", "NIXL_ETCD_ENDPOINTS"):
        os.environ.pop(name, None)
    tell(step="import")
    import torch
    from nixl._api import nixl_agent, nixl_agent_config

    tell(step="torch")
    tell(device=device(torch))
    devices = [0, 1 if told["device"]["count"] > 1 else 0]
    tell(between=f"cuda:{devices[0]} to cuda:{devices[1]}")
    # The CUDA context exists before UCX looks for it.
    torch.zeros(1).to("cuda:0")
    tell(step="agents")
    agents = [nixl_agent(name, nixl_agent_config(backends=["UCX"])) for name in ("sender", "receiver")]
    tell(step="register", plugins=sorted(agents[0].get_plugin_list()))
    transfer(torch, agents, devices)
    # Some releases crash when Python ends, which is not measured here.
    os._exit(0)


if __name__ == "__main__":
    main()
