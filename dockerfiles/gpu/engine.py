"""The engine's start on a GPU, as far as it goes without a model.

    docker run --rm --gpus all -v "$PWD/dockerfiles/gpu:/gpu:ro" --entrypoint python3 IMAGE /gpu/engine.py vllm

torch computes on the GPU, the engine chooses it as its device, one of its own kernels computes there,
and its server starts with --help. Needs nothing but the image and one GPU; the argument is `vllm` or
`sglang`. The last line that begins with `image-action-probe: ` counts.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

told: dict[str, Any] = {"step": "start", "lacks": None, "device": None, "platform": None, "compared": []}

SERVERS = {"vllm": ["vllm", "serve", "--help"], "sglang": [sys.executable, "-m", "sglang.launch_server", "--help"]}
# Where each engine says its device
DEVICES = {"vllm": ("vllm.platforms", "current_platform"), "sglang": ("sglang.srt.utils", "get_device")}
# A server imports torch and the engine, on a machine that may be busy.
LONGEST_SECONDS = 120
WIDTH = 256


def tell(**more: Any) -> None:
    told.update(more)
    print("image-action-probe: " + json.dumps(told), flush=True)


def lacks(what: str) -> None:
    tell(lacks=what)
    sys.exit(0)


def device(torch: Any) -> dict[str, Any]:
    if not torch.cuda.is_available():
        sys.exit("torch finds no GPU")
    major, minor = torch.cuda.get_device_capability(0)
    return {"name": torch.cuda.get_device_name(0), "capability": f"{major}.{minor}", "count": torch.cuda.device_count()}


def compared(what: str, wanted: list[float], found: list[float]) -> None:
    wrong = [place for place, (one, other) in enumerate(zip(wanted, found)) if abs(one - other) > 0.01 * abs(one)]
    differs = {"count": len(wrong), "first": wrong[0]} if wrong else None
    tell(compared=[*told["compared"], {"what": what, "differs": differs}])


def numbers(tensor: Any) -> list[float]:
    return tensor.float().cpu().flatten().tolist()


def work(torch: Any) -> None:
    """A product of whole numbers, which is exact on both sides."""
    matrix = (torch.arange(64 * 64) % 7).reshape(64, 64).to(torch.float32)
    on_gpu = matrix.cuda()
    compared("torch matmul", numbers(matrix @ matrix), numbers(on_gpu @ on_gpu))


def platform_of(engine: str) -> str:
    """What the engine calls its device."""
    module, name = DEVICES[engine]
    try:
        found = getattr(importlib.import_module(module), name)
    except AttributeError:
        lacks(f"{module}.{name}")
    return str(found().split(":")[0] if engine == "sglang" else found.device_type)


def norm_of(engine: str, torch: Any) -> Callable[[Any, Any], Any] | None:
    """The engine's kernel for RMS norm; None if this release has it under another name."""
    try:
        if engine == "sglang":
            kernel = importlib.import_module("sgl_kernel").rmsnorm
            return lambda values, weights: kernel(values, weights, 1e-6)
        in_place = importlib.import_module("vllm._custom_ops").rms_norm
    except (ModuleNotFoundError, AttributeError):
        return None

    def norm(values: Any, weights: Any) -> Any:
        out = torch.empty_like(values)
        in_place(out, values, weights, 1e-6)
        return out

    return norm


def kernels(engine: str, torch: Any) -> None:
    """Numbers of one size and both signs: their norm is the weight with their sign."""
    norm = norm_of(engine, torch)
    if norm is None:
        return
    signs = [1.0 if place % 3 else -1.0 for place in range(WIDTH)]
    weights = [float(place % 100 + 1) for place in range(WIDTH)]
    values = torch.tensor([[2.0 * sign for sign in signs]] * 4).to(torch.bfloat16).cuda()
    found = norm(values, torch.tensor(weights).to(torch.bfloat16).cuda())
    torch.cuda.synchronize()
    compared(f"RMS norm of {engine}", [sign * weight for sign, weight in zip(signs, weights)] * 4, numbers(found))


def server_help(engine: str) -> None:
    done = subprocess.run(
        SERVERS[engine], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LONGEST_SECONDS, check=False,
    )
    if done.returncode != 0:
        lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        sys.exit(f"{' '.join(SERVERS[engine])}: {lines[-1] if lines else f'exit code {done.returncode}'}")


def main() -> None:
    engine = sys.argv[1] if len(sys.argv) == 2 else ""
    if engine not in SERVERS:
        sys.exit(f"usage: engine.py {'|'.join(SERVERS)}")
    tell(step="torch")
    import torch

    tell(device=device(torch))
    tell(step="work")
    work(torch)
    tell(step="engine")
    importlib.import_module(engine)
    tell(step="platform")
    tell(platform=platform_of(engine))
    tell(step="kernels")
    kernels(engine, torch)
    tell(step="help")
    server_help(engine)
    tell(step="end")
    # What crashes when Python ends is not measured here.
    os._exit(0)


if __name__ == "__main__":
    main()
