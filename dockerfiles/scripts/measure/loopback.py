"""Bytes that UCX' own tool moves between two processes of this machine, over shared memory and over TCP."""

import os
import re
import socket
import tempfile
import time

from .child import Child, run

# Devices are named for TCP alone: of several, UCX takes one that is up, which need not reach this machine.
TRANSPORTS = {
    "sharedMemory": {"UCX_TLS": "sm,self"},
    "tcp": {"UCX_TLS": "tcp,self", "UCX_NET_DEVICES": "lo"},
}
ITERATIONS = 50
TEST = ["-t", "tag_bw", "-s", str(1 << 20), "-n", str(ITERATIONS)]
# Each takes a second at most, on a machine that has nothing else to do.
SECONDS_TO_LISTEN = 30
SECONDS_TO_MOVE = 60
SECONDS_TO_END = 15
# What UCX takes of shared memory for two processes, and some more.
SHARED_BYTES = 8 << 20

# The rows of `ucx_perftest`: iterations, three latencies, bandwidth (average, overall) and message rate (average, overall).
FINAL = re.compile(r"(?m)^Final:\s+(\d+)(?:\s+[\d.]+){3}\s+[\d.]+\s+([\d.]+)")
ERROR = re.compile(r"(?m)^.*\bUCX +(?:ERROR|FATAL) +(.*\S)")
LISTENS = "0A"


def loopback():
    # Whatever the bytes go through, the two processes find each other over TCP.
    return {"sharedMemory": transport("sharedMemory", lambda: shared_memory() or tcp()), "tcp": transport("tcp", tcp)}


def transport(name, of_the_sandbox):
    """How fast it is; where nothing is moved, why, and why a program without UCX could not do so either, if that is so."""
    megabytes, error = moved(TRANSPORTS[name])
    if error is None:
        return {"outcome": "ok", "megabytesPerSecond": megabytes}
    return {"outcome": "error", "error": error, "sandbox": of_the_sandbox()}


def moved(environment):
    try:
        port = free_port()
        server = Child(["ucx_perftest", "-p", str(port)], environment)
    except OSError as error:
        return None, str(error)
    if not wait_for(server, port):
        done = server.end(0)
        return None, "did not begin to listen within %g s" % SECONDS_TO_LISTEN if done.late else why(done)
    client = run(["ucx_perftest", "127.0.0.1", "-p", str(port)] + TEST, environment, SECONDS_TO_MOVE)
    return result(client, server.end(SECONDS_TO_END))


def result(client, server):
    """Megabytes a second, or the line that says why nothing was moved."""
    if client.code != 0 or server.code != 0:
        return None, why(client, server)
    final = FINAL.search(client.out)
    if not final:
        return None, "ucx_perftest gave no result"
    if int(final.group(1)) < ITERATIONS or float(final.group(2)) <= 0:
        return None, "ucx_perftest moved nothing: %s" % final.group(0)
    return float(final.group(2)), None


def why(*ends):
    """Where one of the two dies, the other one says that it lost it: that is not the cause."""
    failed = [end for end in ends if end.code != 0]
    crashed = [end for end in failed if end.code is not None and end.code < 0]
    if crashed:
        return crashed[0].why()
    said = [line for end in failed for line in ERROR.findall(end.out + "\n" + end.err) if "closed connection" not in line]
    return said[0] if said else failed[0].why() if failed else "ucx_perftest did not begin to listen"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(server, port):
    """Looks whether it listens: a connection to find out would be the one that it waits for."""
    end = time.monotonic() + SECONDS_TO_LISTEN
    while time.monotonic() < end and server.is_running():
        if listens(port):
            return True
        time.sleep(0.02)
    return False


def listens(port):
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table, encoding="ascii") as file:
                rows = [row.split() for row in file]
        except OSError:
            continue
        if any(row[3] == LISTENS and row[1].endswith(":%04X" % port) for row in rows[1:]):
            return True
    return False


def shared_memory():
    """Why this machine gives no shared memory here; None if it does."""
    try:
        with tempfile.TemporaryFile(dir="/dev/shm") as file:
            os.posix_fallocate(file.fileno(), 0, SHARED_BYTES)
    except OSError as error:
        return "/dev/shm: %s" % error.strerror
    return None


def tcp():
    """Why no connection over 127.0.0.1 comes about here; None if one does."""
    try:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(1)
            socket.create_connection(listener.getsockname(), SECONDS_TO_END).close()
    except OSError as error:
        return "127.0.0.1: %s" % (error.strerror or error)
    return None
