"""Bytes that UCX's own tool moves between two processes here, over shared memory and TCP."""

from __future__ import annotations

import glob
import os
import re
import socket
import tempfile
import time
from collections.abc import Callable, Mapping
from typing import Any, Optional, Tuple

from .subprocesses import Child, Done, run

# Megabytes per second, or else why nothing was moved
Moved = Tuple[Optional[float], Optional[str]]

ITERATIONS = 50
TEST = ["-t", "tag_bw", "-s", str(1 << 20), "-n", str(ITERATIONS)]
# Each takes a second at most on an idle machine.
SECONDS_TO_LISTEN = 30
SECONDS_TO_MOVE = 60
SECONDS_TO_END = 15
# Each that moves nothing takes a second, or as long as SECONDS_TO_MOVE
OTHER_DEVICES = 2
# More shared memory than UCX takes for two processes
SHARED_BYTES = 8 << 20

# Columns of `ucx_perftest`: iterations, three latencies, bandwidth (average, overall) and message
# rate (average, overall)
FINAL = re.compile(r"(?m)^Final:\s+(\d+)(?:\s+[\d.]+){3}\s+[\d.]+\s+([\d.]+)")
ERROR = re.compile(r"(?m)^.*\bUCX +(?:ERROR|FATAL) +(.*\S)")
LISTENS = "0A"


def loopback() -> dict[str, Any]:
    over_memory = moved({"UCX_TLS": "sm,self"})
    return {
        "sharedMemory": answer(over_memory, lambda: shared_memory() or tcp()),
        # The two processes always find each other over TCP.
        "tcp": answer(moved_over_tcp(), tcp),
    }


def answer(result: Moved, why_impossible_here: Callable[[], str | None]) -> dict[str, Any]:
    """The speed of a transport, or the reason why nothing was moved.

    sandbox: why no program could move anything here, if that is so.
    """
    megabytes, error = result
    if error is None:
        return {"outcome": "ok", "megabytesPerSecond": megabytes}
    return {"outcome": "error", "error": error, "sandbox": why_impossible_here()}


def moved_over_tcp() -> Moved:
    """The result over the first network device that moves anything, or else that over `lo`.

    TCP alone names its device: UCX takes any of several that is up, which need not reach this
    machine. UCX 1.20 never moves anything over `lo`: it takes what identifies this machine for an
    address, to which it finds no route (src/uct/tcp/tcp_iface.c at v1.20.1; mended in v1.21.0).
    """
    results = []
    for device in ["lo", *other_devices()]:
        result = moved({"UCX_TLS": "tcp,self", "UCX_NET_DEVICES": device})
        if result[1] is None:
            return result
        results.append(result)
    return results[0]


def other_devices() -> list[str]:
    """The first network devices that are not down, without `lo`; those that say that they are up first."""
    states = {}
    for path in sorted(glob.glob("/sys/class/net/*/operstate")):
        with open(path, encoding="ascii") as file:
            states[path.split("/")[-2]] = file.read().strip()
    names = [name for name, state in states.items() if state != "down" and name != "lo"]
    return sorted(names, key=lambda name: states[name] != "up")[:OTHER_DEVICES]


def moved(environment: Mapping[str, str]) -> Moved:
    try:
        port = free_port()
        server = Child(["ucx_perftest", "-p", str(port)], environment)
    except OSError as error:
        return None, str(error)
    if not wait_for(server, port):
        done = server.end(0)
        return None, f"did not begin to listen within {SECONDS_TO_LISTEN:g} s" if done.late else why(done)
    client = run(["ucx_perftest", "127.0.0.1", "-p", str(port), *TEST], environment, SECONDS_TO_MOVE)
    return result(client, server.end(SECONDS_TO_END))


def result(client: Done, server: Done) -> Moved:
    """(megabytes per second, None), or (None, the line that says why nothing was moved)."""
    if client.code != 0 or server.code != 0:
        return None, why(client, server)
    final = FINAL.search(client.out)
    if not final:
        return None, "ucx_perftest gave no result"
    if int(final.group(1)) < ITERATIONS or float(final.group(2)) <= 0:
        return None, f"ucx_perftest moved nothing: {final.group(0)}"
    return float(final.group(2)), None


def why(*ends: Done) -> str:
    """The reason of a failure.

    If one of the two dies, the other reports that it lost it, which is not the reason.
    """
    failed = [end for end in ends if end.code != 0]
    crashed = [end for end in failed if end.code is not None and end.code < 0]
    if crashed:
        return crashed[0].why()
    lines = [line for end in failed for line in ERROR.findall(f"{end.out}\n{end.err}")]
    errors = [line for line in lines if "closed connection" not in line]
    return errors[0] if errors else failed[0].why() if failed else "ucx_perftest did not begin to listen"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(server: Child, port: int) -> bool:
    """Whether the server listens in time, without connecting.

    A connection would be the one that it waits for.
    """
    end = time.monotonic() + SECONDS_TO_LISTEN
    while time.monotonic() < end and server.is_running():
        if listens(port):
            return True
        time.sleep(0.02)
    return False


def listens(port: int) -> bool:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table, encoding="ascii") as file:
                rows = [row.split() for row in file]
        except OSError:
            continue
        if any(row[3] == LISTENS and row[1].endswith(f":{port:04X}") for row in rows[1:]):
            return True
    return False


def shared_memory() -> str | None:
    """Why this machine has no shared memory here, or None."""
    try:
        with tempfile.TemporaryFile(dir="/dev/shm") as file:
            os.posix_fallocate(file.fileno(), 0, SHARED_BYTES)
    except OSError as error:
        return f"/dev/shm: {error.strerror}"
    return None


def tcp() -> str | None:
    """Why no connection over 127.0.0.1 is possible here, or None."""
    try:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(1)
            socket.create_connection(listener.getsockname(), SECONDS_TO_END).close()
    except OSError as error:
        return f"127.0.0.1: {error.strerror or error}"
    return None
