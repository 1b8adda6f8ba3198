"""The debug tools, really started."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import Any

from .subprocesses import OK, failure, run

# Command, arguments that need neither a device nor a network, and a text that proves that the tool
# started, also if the exit code is 1: without InfiniBand in the kernel, ibv_devices says so and
# fails.
TOOLS = (
    ("ibv_devices", [], "Failed to get IB devices list"),
    ("ib_write_bw", ["--version"], "Version:"),
    ("ip", ["-V"], None),
    ("ping", ["-V"], None),
    ("ifconfig", ["--version"], "net-tools"),
)


def tools() -> list[dict[str, Any]]:
    return [
        {"command": command, "path": shutil.which(command), "start": start(command, arguments, answer)}
        for command, arguments, answer in TOOLS
    ]


def start(command: str, arguments: Sequence[str], answer: str | None) -> dict[str, str]:
    if shutil.which(command) is None:
        return failure(f"{command} is not on the PATH")
    done = run([command, *arguments])
    answered = answer is not None and done.code in (0, 1) and answer in done.out + done.err
    return OK if answered else done.outcome()
