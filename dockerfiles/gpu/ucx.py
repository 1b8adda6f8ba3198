"""Whether the image's UCX tools find the GPU: the transports in `ucx_info -d`.

    docker run --rm --gpus all -v "$PWD/dockerfiles/gpu:/gpu:ro" --entrypoint python3 IMAGE /gpu/ucx.py

Needs nothing but the image and one GPU. The last line that begins with `image-action-probe: ` counts.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from typing import Any

told: dict[str, Any] = {"step": "start", "lacks": None, "device": None, "transports": None}

LONGEST_SECONDS = 60


def tell(**more: Any) -> None:
    told.update(more)
    print("image-action-probe: " + json.dumps(told), flush=True)


def main() -> None:
    tell(step="tool")
    if shutil.which("ucx_info") is None:
        tell(lacks="ucx_info")
        return
    # The image's environment may allow fewer transports than there are.
    environment = {name: value for name, value in os.environ.items() if name not in ("UCX_TLS", "UCX_NET_DEVICES")}
    done = subprocess.run(
        ["ucx_info", "-d"], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=LONGEST_SECONDS, check=False,
    )
    found = re.findall(r"^#\s+Transport:\s*(\S+)", done.stdout, re.MULTILINE)
    tell(transports=list(dict.fromkeys(found)))
    if done.returncode != 0:
        sys.exit(done.stderr.strip() or f"ucx_info -d: exit code {done.returncode}")
    tell(step="end")


if __name__ == "__main__":
    main()
